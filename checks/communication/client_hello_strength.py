"""The device offers current versions and sound cipher suites, and names the server it wants.

## What it looks at
The ClientHello of every TLS and DTLS connection that the device began in captured traffic: the newest version it
offers, the suites among which the server may choose, and whether it names the server (SNI) that it had asked a name
server for just before. That is not said where the address has several names, where names are asked for behind
encryption, or where it names the server at other times: then another program may have gone by the address. It passes
where enough was seen and all of it was sound; another program of the device may say other things.

## Why it matters
What a client offers, somebody on the way can make the server take. Suites without encryption or without authentication
open the connection to him; those of the export rules and of RC4 or DES are broken. A client that knows nothing newer
than TLS 1.1 is cut off when its server turns that off, and keeps the server from turning it off. Without a name many
servers show the wrong certificate, and clients then learn to take any.

## How to fix
Update the TLS library, and offer TLS 1.2 and 1.3 only, with current suites (RFC 9325 section 4.2; for constrained
devices RFC 7925 section 4.2). Leave `ALL`, `COMPLEMENTOFALL`, `eNULL`, `aNULL`, `EXPORT` and `@SECLEVEL=0` out of the
list of OpenSSL. Name the server: `SSL_set_tlsext_host_name`, `mbedtls_ssl_set_hostname`, `wolfSSL_UseSNI`.

## References
- RFC 9325 sections 3.1.1, 3.7 and 4.1; RFC 8996 (TLS 1.0 and 1.1); RFC 7925 section 4
- ETSI EN 303 645 V3.1.3 provision 5.5-1
"""

from collections.abc import Iterable

from iotscan.sdk import (
    ENOUGH,
    EVERY_VERSION,
    NameQuestion,
    Policy,
    ProtocolUse,
    Returned,
    TlsSession,
    TlsUse,
    TrafficProfile,
    Verdict,
    bad,
    check,
    clause,
    counted,
    filter_traffic,
    good,
    list_some,
    peer_name,
    peer_part,
    seen_in,
    too_little_seen,
    unknown,
)

CURRENT = ("TLSv1.2", "TLSv1.3", "DTLSv1.2", "DTLSv1.3")
OPEN = ("_NULL_", "_anon_", "TLS_SHA256_SHA256_", "TLS_SHA384_SHA384_")
"""What names of suites hold that do not encrypt, or do not tell with whom; the last two are of RFC 9150."""
BROKEN = ("EXPORT", "_RC4_", "_RC2_", "_DES_", "_DES40_")


JUST_BEFORE = 600
"""Seconds."""


@check(
    id="client-hello-strength",
    aliases=("TLS-021",),
    title="The device offers current versions and sound cipher suites",
    element="communication",
    variants={
        "open": ("high", "The device offers suites without encryption or without authentication"),
        "broken": ("medium", "The device offers broken cipher suites"),
        "old": ("medium", "The device offers no version newer than TLS 1.1"),
        "no-name": ("low", "The device does not name the server that it wants"),
    },
    clauses=(
        clause("RFC 9325", "2022", "3.1.1"),
        clause("RFC 9325", "2022", "4.1"),
        clause("ETSI EN 303 645", "V3.1.3", "5.5-1"),
        clause("IEC 62443-4-2", "2019", "CR 4.3"),
        clause("EU CRA (Regulation 2024/2847)", "2024", "Annex I I(2)(e)"),
    ),
    tags=("crypto", "tls", "traffic"),
    since="0.1",
    confidence="certain",
    effort="medium",
    parameters=ENOUGH,
)
def client_hello_strength(use: TlsUse, spoken: ProtocolUse, profile: TrafficProfile, policy: Policy) -> Returned:
    """Each server and each fault by itself."""
    hellos = [s for s in use.sessions if s.role == "client" and s.offered_suites]
    found: dict[tuple[str, str], list[TlsSession]] = {}
    missed: list[TlsSession] = []
    for hello in hellos:
        for variant in faults(hello, hellos, spoken):
            if variant == "old" and not all_heard(hello, hellos, profile):
                missed.append(hello)
                continue
            found.setdefault((variant, peer_part(hello)), []).append(hello)
    if found:
        return [finding(variant, sessions) for (variant, _), sessions in found.items()]
    if not hellos:
        return unknown("it was not seen to begin a TLS connection")
    if missed:
        whom = list_some(map(peer_name, missed), 5)
        return unknown(f"it offers old versions alone to {whom}, and not all of its hellos to it were heard")
    if back := [h for h in hellos if not set(h.offered_versions) & set(CURRENT) and newer_beside(h, hellos)]:
        whom = list_some(map(peer_name, back), 5)
        return unknown(f"now and then it offers old versions alone to {whom}: it falls back, or has an older program")
    if use.is_cut_off:
        return unknown("it began more kinds of connections than could be listed")
    if little := too_little_seen(profile, hellos, policy):
        return unknown(f"what it offers is sound, and little was seen: {little}")
    return good(f"its hellos of {seen_in(profile, hellos)} offer current versions and sound suites")


def faults(hello: TlsSession, hellos: Iterable[TlsSession], spoken: ProtocolUse) -> list[str]:
    """The variants of what is wrong with one hello."""
    newest = max((v for v in hello.offered_versions if v in EVERY_VERSION), key=EVERY_VERSION.index, default="")
    return [
        *(["open"] if weak(hello, OPEN) else []),
        *(["broken"] if weak(hello, BROKEN) else []),
        *(["old"] if newest and newest not in CURRENT and not newer_beside(hello, hellos) else []),
        *(["no-name"] if is_unnamed(hello, hellos, spoken) else []),
    ]


def all_heard(hello: TlsSession, hellos: Iterable[TlsSession], profile: TrafficProfile) -> bool:
    """Whether each conversation with that server has a hello: one that was lost, or cut, may offer what is current."""
    talks = [t for t in profile.talks if t.role == "client" and t.protocol in ("tls", "dtls", "unknown")]
    here = (hello.peer.address, hello.transport, hello.port)
    there = sum(t.count for t in talks if (t.peer.address, t.transport, t.port) == here)
    return there <= sum(h.count for h in hellos if (h.peer.address, h.transport, h.port) == here)


def newer_beside(hello: TlsSession, hellos: Iterable[TlsSession]) -> bool:
    """Whether the same server is also offered a current version: it falls back, or another program is older."""
    return any(peer_part(h) == peer_part(hello) and set(h.offered_versions) & set(CURRENT) for h in hellos)


def is_unnamed(hello: TlsSession, hellos: Iterable[TlsSession], spoken: ProtocolUse) -> bool:
    """Whether it asked for this address by one name just before, and then does not say which one it wants."""
    if hello.server_name or hello.has_encrypted_hello or hello.peer.named_by != "dns" or spoken.is_cut_off:
        return False
    asked = [q for q in spoken.names if q.role == "client" and (q.is_encrypted or hello.peer.address in q.answers)]
    if {q.name for q in asked} != {hello.peer.name} or any(q.is_encrypted for q in asked):
        return False
    is_named_elsewhere = any(h.server_name for h in hellos if h.peer.address == hello.peer.address)
    return not is_named_elsewhere and any(is_just_before(question, hello) for question in asked)


def is_just_before(question: NameQuestion, hello: TlsSession) -> bool:
    """Whether it was asked and then talked to: an answer of long ago may be of somebody else's address by now."""
    if question.first is None or question.last is None or hello.first is None:
        return False
    since = (hello.first - (question.last if question.last <= hello.first else question.first)).total_seconds()
    return 0 <= since <= JUST_BEFORE


def weak(hello: TlsSession, pieces: Iterable[str]) -> list[str]:
    """The suites whose names hold one of the pieces.

    Mail servers take encryption without authentication over none at all, on purpose (RFC 7672).
    """
    suites = [s for s in hello.offered_suites if not ("_anon_" in s and hello.opening == "smtp")]
    return [s for s in suites if any(piece in f"{s}_" for piece in pieces)]


def finding(variant: str, hellos: list[TlsSession]) -> Verdict:
    """One fault of what one server is offered."""
    first = hellos[0]
    names = list_some((s for hello in hellos for s in weak(hello, OPEN if variant == "open" else BROKEN)), 5)
    versions = list_some(version for hello in hellos for version in hello.offered_versions)
    suites = names or counted(len(first.offered_suites), "suite")
    said = {
        "open": f"offers suites that protect nothing: {names}",
        "broken": f"offers broken suites: {names}",
        "old": f"offers {versions} and nothing newer",
        "no-name": "names no server in its hello, though it asked for the address by name",
    }[variant]
    return bad(
        variant,
        f"it {said} (to {peer_name(first)})",
        observed=f"versions {versions}; {suites}; JA4 {first.ja4 or 'none'}",
        expected="TLS 1.2 or 1.3 with AES-GCM, AES-CCM or ChaCha20-Poly1305, and the server's name",
        reproduce=filter_traffic(first),
        part=peer_part(first),
    )
