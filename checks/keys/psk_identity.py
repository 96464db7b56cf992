"""The identity of a pre-shared key does not say which device it is.

## What it looks at
Captured handshakes with pre-shared keys: the identity in the ClientKeyExchange up to TLS 1.2 and DTLS 1.2, and that of
external keys in the hello of TLS 1.3. Only what is plainly the number of a piece of hardware counts as such: a MAC
address, an IMEI with its check digit, a `urn:dev:` name. Two devices that name one key to one server are told where
something proves that they are two machines. It passes where enough handshakes were seen and their
identities change. Tickets of resumed sessions are no identities.

## Why it matters
The identity crosses in clear before anything is encrypted. Whoever listens anywhere on the way can follow the device
by it from network to network, and one that holds a MAC address or an IMEI tells maker, model and often the owner.
Who has the key that several devices use can speak for each of them.

## How to fix
Give each device a random identity of its own with its key, and a new one with each new key (LwM2M: instance 0 of the
Security object, at bootstrap). Better, take certificates with TLS 1.3, or DTLS 1.3, which encrypt who the client is.

## References
- RFC 9257 section 5.1 and RFC 9258 (identities of external keys); RFC 4279 section 7.3; RFC 7925 section 22.1
- RFC 8428 and RFC 9039 (`urn:dev:`); RFC 7254 (IMEI)
"""

import re

from iotscan.sdk import (
    Apart,
    Fleet,
    Returned,
    Seen,
    TlsSession,
    TlsUse,
    Verdict,
    bad,
    check,
    clause,
    counted,
    filter_traffic,
    good,
    list_some,
    may_be_one,
    peer_name,
    peer_part,
    unknown,
)

MAC = re.compile(r"(?<![0-9a-f:])[0-9a-f]{2}([:-])(?:[0-9a-f]{2}\1){4,6}[0-9a-f]{2}(?![0-9a-f])")
"""An EUI-48 or EUI-64 with its separators; without them it may be anything."""
IMEI = re.compile(r"(?<!\d)\d{15}(?!\d)")
NAMED = re.compile(r"urn:(?:dev:(?:mac|ow|org|os|ops):|imei:|gsma:imei:)")
ENOUGH_HANDSHAKES = 3
Holder = Seen[TlsUse]


@check(
    id="psk-identity",
    aliases=("KEY-014",),
    title="The identity of a pre-shared key does not say which device it is",
    element="keys",
    variants={
        "hardware": ("low", "The identity of the pre-shared key holds a number of the hardware"),
        "shared": ("info", "Two devices name the same pre-shared key to one server"),
        "static": ("info", "The identity of the pre-shared key is the same each time"),
    },
    clauses=(
        clause("ETSI EN 303 645", "V3.1.3", "6-1"),
        clause("EU CRA (Regulation 2024/2847)", "2024", "Annex I I(2)(g)"),
    ),
    tags=("credentials", "tls", "traffic"),
    since="0.1",
    effort="medium",
)
def psk_identity(fleet: Fleet[TlsUse], apart: Apart) -> Returned:
    """Each server of each device by itself; who else names the same key to it."""
    named: dict[tuple[str, str], list[Holder]] = {}
    for seen in sorted(fleet, key=lambda s: s.subject):
        for key in sorted({(peer_part(s), s.psk_identity) for s in keyed(seen.fact)}):
            named.setdefault(key, []).append(seen)
    return [verdict for seen in fleet for verdict in of_device(seen, named, apart)]


def of_device(seen: Holder, named: dict[tuple[str, str], list[Holder]], apart: Apart) -> list[Verdict]:
    """What is said of one device."""
    servers: dict[str, list[TlsSession]] = {}
    for session in keyed(seen.fact):
        servers.setdefault(peer_part(session), []).append(session)
    if not servers:
        return [unknown("no identity of a pre-shared key was seen", about=seen.subject)]
    verdicts = [judge(seen, sessions, named, apart) for sessions in servers.values()]
    found = [verdict for verdict in verdicts if verdict is not None]
    if found:
        return found
    if all(len({s.psk_identity for s in sessions}) >= ENOUGH_HANDSHAKES for sessions in servers.values()):
        return [good("its identities change, and hold no number of the hardware that can be told", about=seen.subject)]
    return [unknown("too few handshakes were seen to know whether its identity changes", about=seen.subject)]


def keyed(use: TlsUse) -> list[TlsSession]:
    """The handshakes in which the device named a pre-shared key."""
    return [s for s in use.sessions if s.role == "client" and s.psk_identity]


def judge(
    seen: Holder, sessions: list[TlsSession], named: dict[tuple[str, str], list[Holder]], apart: Apart
) -> Verdict | None:
    """What the identities say that one server is told; None where they say nothing that can be told."""
    first, count = sessions[0], sum(s.count for s in sessions)
    plain = next((s for s in sessions if hardware(s.psk_identity)), None)
    if plain is not None:
        what = hardware(plain.psk_identity)
        return finding("hardware", seen, plain, f"shows {what} to everybody on the way to", count)
    for session in sessions:
        twin, proof = other_machine(seen, session, named, apart)
        if proof:
            does = f"names the same pre-shared key as {twin} to"
            return finding("shared", seen, session, does, session.count, f"; two: {proof}")
    if len({s.psk_identity for s in sessions}) == 1 and count > 1:
        return finding("static", seen, first, "is known by one identity to everybody on the way to", count)
    return None


def other_machine(
    seen: Holder, session: TlsSession, named: dict[tuple[str, str], list[Holder]], apart: Apart
) -> tuple[str, str]:
    """Who else names this key to this server, and what shows it to be another machine that passes nothing on."""
    own, key = seen.subject.owner, (peer_part(session), session.psk_identity)
    for twin in named[key]:
        if twin.subject.owner == own:
            continue
        theirs = [s for s in keyed(twin.fact) if (peer_part(s), s.psk_identity) == key]
        mine = [s for s in keyed(seen.fact) if (peer_part(s), s.psk_identity) == key]
        if any(may_be_one(a, b) for a in mine for b in theirs):
            continue
        if proof := apart.proof(own, twin.subject.owner):
            return str(twin.subject), proof
    return "", ""


def hardware(identity: str) -> str:
    """What number of the hardware an identity holds; empty where none can be told."""
    text = identity.lower()
    if MAC.search(text):
        return "a MAC address"
    if any(is_checked(found) for found in IMEI.findall(text)):
        return "an IMEI"
    return "a name of the hardware" if NAMED.search(text) else ""


def is_checked(digits: str) -> bool:
    """Whether the last digit is that of Luhn, as an IMEI's is."""
    doubled = (int(d) * (1 + at % 2) for at, d in enumerate(digits))
    return sum(d // 10 + d % 10 for d in doubled) % 10 == 0


def finding(variant: str, seen: Holder, session: TlsSession, does: str, count: int, why: str = "") -> Verdict:
    """One identity."""
    handshakes = counted(count, "handshake")
    return bad(
        variant,
        f"it {does} {peer_name(session)}",
        observed=f"identity {list_some([session.psk_identity])}, {session.version}, {handshakes}{why}",
        expected="a random identity that changes with its key, or certificates in TLS 1.3",
        reproduce=filter_traffic(session),
        about=seen.subject,
        part=peer_part(session),
    )
