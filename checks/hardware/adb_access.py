"""No Android debug bridge answers on the network.

## What it looks at
Whether a service answers the CNXN message of the Android debug bridge (ADB), and how: with a session, with a demand
for a signed token (AUTH), or with one for TLS (STLS: the wireless debugging of Android 11, which also announces itself
by mDNS at a port that changes). Nothing is opened on the device and no key is offered. In an image: whether adbd is
started and a property puts it on the network.

## Why it matters
ADB is a debug interface: whoever gets a session has a shell, can install programs and copy the storage. Open on
the network it is a root shell for everybody, and worms (ADB.Miner) live on it. Where a key is demanded, a
person in front of the screen, or one leaked developer key, is all that keeps the door shut.

## How to fix
Build production images without network ADB: leave `service.adb.tcp.port` and `persist.adb.tcp.port` unset, set
`ro.adb.secure=1` and `ro.debuggable=0` (a `user` build, not `userdebug`), and drop `adbd` from `init.rc`. On a
device in the field: `adb usb`, or switch off *Developer options* and *Wireless debugging* in them, and forget the
paired devices; block TCP 5555 until it is updated.

## References
- Android Open Source Project, packages/modules/adb, protocol.txt (CNXN, AUTH, STLS)
- ETSI EN 303 645 V3.1.3 provision 5.6-4A, V2.1.1 provision 5.6-4 (debug interfaces)
"""

from iotscan.sdk import AdbServer, Returned, Target, bad, check, clause, command

# CNXN: version 0x01000000, 4096 bytes, then length, sum and payload "host::\0" (protocol.txt), as printf octal.
CNXN = r"CNXN\0\0\0\1\0\20\0\0\7\0\0\0\62\2\0\0\274\261\247\261host::\0"


@check(
    id="adb-access",
    aliases=("HW-012",),
    title="No Android debug bridge answers on the network",
    element="hardware",
    variants={
        "open": ("critical", "The Android debug bridge gives a session to anybody"),
        "key-demanded": ("high", "The Android debug bridge is reachable and demands a key"),
        "wireless": ("high", "Wireless debugging is on: the Android debug bridge is reachable behind TLS"),
    },
    clauses=(
        clause("ETSI EN 303 645", "V3.1.3", "5.6-4A"),
        clause("ETSI EN 303 645", "V2.1.1", "5.6-4"),
        clause("OWASP IoT Top 10", "2018", "I2"),
        clause("EU CRA (Regulation 2024/2847)", "2024", "Annex I I(2)(j)"),
    ),
    tags=("configuration", "exposure", "network"),
    since="0.1",
    effort="low",
)
def adb_access(adb: AdbServer, target: Target) -> Returned:
    """Fail on every bridge that answers; how badly depends on whether it demands a key."""
    if adb.announced:
        return bad(
            "wireless",
            "the device announces its debug bridge to everybody",
            observed="mDNS _adb-tls-connect._tcp",
            expected="no debug bridge on the network",
            reproduce=_browse(target),
            shows="_adb-tls-connect._tcp",
        )
    answer = "STLS" if adb.tls else "AUTH" if adb.needs_key else "CNXN"
    ask = f"{command('printf', CNXN)} | {command('nc', '-w', '3', target.host, str(target.port))} | head -c 4"
    sentences = {
        "open": "the debug bridge opens a session without a key",
        "key-demanded": "the debug bridge demands a key",
        "wireless": "the debug bridge goes on inside TLS",
    }
    variant = "wireless" if adb.tls else "key-demanded" if adb.needs_key else "open"
    return bad(
        variant,
        sentences[variant],
        observed="adbd on the network" if target.subject.image else f"{answer} {adb.banner}".strip(),
        expected="no debug bridge on the network",
        reproduce=ask,
        shows=answer,
    )


def _browse(target: Target) -> str:
    bare = target.host.partition("%")[0]
    return command("avahi-browse", "-r", "-t", "-p", "_adb-tls-connect._tcp") + " | grep -F " + command(bare)
