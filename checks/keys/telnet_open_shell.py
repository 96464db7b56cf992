"""Telnet opens no shell without a login.

## What it looks at
What a telnet service shows before anything is typed: a demand for a login or password, or the prompt of a shell
that is already open. The last line decides, so that a `#` in a banner's frame is not taken for a prompt; and where it
looks like one, an empty line is sent, at which a shell runs nothing and shows its prompt again. (At the prompt of a
boot loader nothing is typed, as an empty line repeats its last command: that is not assessed.) In an image:
the program that telnetd is started with (`-l`).

## Why it matters
An open shell needs no attacker, only a visitor: `telnet` and the device is theirs, with the rights of whoever
started the service, which is nearly always root.

## How to fix
Remove telnet: take `telnetd` out of BusyBox (`CONFIG_TELNETD=n`), out of `/etc/inittab` and `/etc/inetd.conf`, and
offer SSH with keys. Where it has to stay for a while, start it with a login program (`telnetd -l /bin/login`, never
`-l /bin/sh`) and bind it to the service network only (`telnetd -b 192.0.2.1`).

## References
- ETSI EN 303 645 V3.1.3 provision 5.5-5
- BusyBox, telnetd (`-l LOGIN`: exec LOGIN on connect)
"""

from iotscan.sdk import Returned, Target, TelnetServer, bad, check, clause, command, good, unknown


@check(
    id="telnet-open-shell",
    aliases=("CRD-002",),
    title="Telnet opens no shell without a login",
    element="keys",
    variants={"open": ("critical", "Telnet opens a shell without any login")},
    clauses=(
        clause("ETSI EN 303 645", "V3.1.3", "5.5-5"),
        clause("EN 18031-1", "2024", "ACM-1"),
        clause("OWASP IoT Top 10", "2018", "I1"),
        clause("EU CRA (Regulation 2024/2847)", "2024", "Annex I I(2)(d)"),
    ),
    tags=("configuration", "credentials", "exposure", "network", "telnet"),
    since="0.1",
    effort="low",
)
def telnet_open_shell(telnet: TelnetServer, target: Target) -> Returned:
    """Fail on a prompt that was there without a login."""
    is_configured = bool(target.subject.image)
    if telnet.asks == "shell" and not (telnet.confirmed or is_configured):
        return unknown("what it showed looks like the prompt of a boot loader, at which nothing is typed to make sure")
    if telnet.asks == "shell":
        prompt = telnet.banner.split()[-1:] or ["the prompt of a shell"]
        return bad(
            "open",
            "telnetd is started with a shell" if is_configured else "a shell prompt is shown without any login",
            observed="telnetd runs a shell" if is_configured else telnet.banner or prompt[0],
            expected="no telnet, or at least a login",
            reproduce=command("curl", "-m", "4", "-s", target.url("telnet")) + " </dev/null",
            shows=prompt[0] if telnet.banner else "",
        )
    if telnet.asks == "unknown":
        return unknown(
            "what telnetd runs is not known to ask for a login"
            if is_configured
            else "what it showed is neither a login nor a known prompt"
        )
    return good(f"it asks for a {telnet.asks} first", observed=telnet.banner)
