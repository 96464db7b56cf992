"""The device refuses servers whose certificate is wrong.

## What it looks at
Captured handshakes up to TLS 1.2 and DTLS 1.2, in which certificates cross in clear, that the device began. Proof is a
certificate that is wrong for everybody at the time of the capture (its dates, its name, its signature, a list of
revoked ones that you gave with `--crl`) *and* data that the device sent of itself after the handshake, all of it
heard without a gap. Dates count where the capture bears out the clock of whoever captured (an answer of a time server
or of a web server, a certificate of a public authority); an end of more than 30 days ago counts unless that is
contradicted. That it finished a handshake proves nothing: many clients look at the name afterwards.

A device that holds a key beforehand (a pin) need not ask who issued its certificate, nor look at its name. So a
certificate that nobody here knows is no proof, nor is a wrong name alone. That it looks at no name is proved by
certificates with different keys that it takes under one name within a day and that have no domain in common. Of
self-signed ones it takes three keys at one address within a day: two may be the pin and its spare. Who tests a device
brings this about: put a certificate of your own for another name in the way, and let it meet its own server as well, or
another one of yours (of self-signed ones three). It never passes: who takes a right certificate may take a wrong one,
and TLS 1.3 and resumed sessions show none.

## Why it matters
Encryption with somebody whom nobody checked is encryption with the attacker. Whoever is on the path reads and changes
all of it, commands and updates too, and the device notices nothing. One that ignores dates or lists alone still takes
a key that was stolen and withdrawn long ago.

## How to fix
Leave the library's check on (`verify_mode` of Python, `SSL_VERIFY_PEER` and `SSL_set1_host` of OpenSSL,
`MBEDTLS_SSL_VERIFY_REQUIRED` and `mbedtls_ssl_set_hostname`, `wolfSSL_CTX_load_verify_locations` and
`wolfSSL_check_domain_name`, `setCACert` in place of `setInsecure` of ESP32) and give it the right root. Set the clock
before the first connection, from a source that needs none. Renew the server's certificate in time.

## References
- RFC 5280 section 6; RFC 9525 section 6; RFC 7925 section 4.4 and 17 (devices without a clock)
- RFC 7469 sections 2.5 and 4.3 (who pins a key has a spare one)
- ETSI EN 303 645 V3.1.3 provision 5.5-1; OWASP ISVS 4.1.3 (git edfda29b); CWE-295
"""

from collections.abc import Iterable
from datetime import timedelta

from iotscan.sdk import (
    Returned,
    TlsSession,
    TlsUse,
    Verdict,
    bad,
    check,
    clause,
    filter_traffic,
    list_some,
    peer_name,
    peer_part,
    skip,
    unknown,
)

FAULTS = {"bad-signature": "signature", "revoked": "revoked", "expired": "dates", "not-yet-valid": "dates"}
"""What a fault proves of who takes it, the worst first; a wrong name proves something beside another key, below."""
PINS = 2
"""Keys that a device may well hold for one name: the one that is used, and its spare."""


@check(
    id="server-certificate-validation",
    aliases=("TLS-022",),
    title="The device refuses servers whose certificate is wrong",
    element="communication",
    variants={
        "signature": ("critical", "The device talks to a server whose certificate nobody signed"),
        "any-name": ("critical", "The device talks to a server with a public certificate for another name"),
        "any-key": ("critical", "The device takes any self-signed certificate for one name"),
        "name": ("high", "The device talks to a server whose certificate is for another name"),
        "revoked": ("high", "The device talks to a server whose certificate was revoked"),
        "dates": ("high", "The device talks to a server whose certificate is out of date"),
    },
    clauses=(
        clause("ETSI EN 303 645", "V3.1.3", "5.5-1"),
        clause("OWASP ISVS", "edfda29b", "4.1.3"),
        clause("EN 18031-1", "2024", "SCM-1"),
        clause("OWASP IoT Top 10", "2018", "I7"),
        clause("EU CRA (Regulation 2024/2847)", "2024", "Annex I I(2)(e)"),
    ),
    tags=("certificates", "tls", "traffic"),
    since="0.1",
    confidence="firm",
    effort="low",
)
def server_certificate_validation(use: TlsUse) -> Returned:
    """Each server and each kind of proof by itself; without proof nothing is said, whatever was seen."""
    begun = [session for session in use.sessions if session.role == "client"]
    taken = [s for s in begun if s.proof is not None and s.ending == "application-data"]
    found: dict[tuple[str, str], list[TlsSession]] = {}
    for same in by_name(taken):
        for session in same:
            if variant := proved(session, same):
                found.setdefault((peer_part(session), variant), []).append(session)
    verdicts = [finding(variant, sessions) for (_, variant), sessions in found.items()]
    verdicts += [any_key(sessions) for same in by_name(taken) if (sessions := unknowable(same))]
    if not verdicts and begun and all(is_keyed(session) for session in begun):
        return skip("it knows its servers by pre-shared keys: there was no certificate to look at")
    return verdicts or unknown(without_proof(begun, taken))


def is_keyed(session: TlsSession) -> bool:
    """Whether both sides proved themselves by a key that they share, and by nothing else."""
    return "_PSK_" in session.suite and "_RSA_PSK_" not in session.suite


def proved(session: TlsSession, same: list[TlsSession]) -> str:
    """The variant of what taking this certificate proves, beside others under one name; empty where it is nothing."""
    proof = session.proof
    if proof is None:
        return ""
    if "bad-signature" in proof.faults:
        return "signature"
    if is_misnamed(session) and any(is_unlike(session, other) for other in same):
        return "any-name" if proof.publicly_trusted.known else "name"
    return next((variant for fault, variant in FAULTS.items() if fault in proof.faults), "")


def is_misnamed(session: TlsSession) -> bool:
    """Whether somebody issued it for another name: what signs itself may say anything."""
    return session.proof is not None and "wrong-name" in session.proof.faults and not session.proof.is_self_signed


def is_unlike(one: TlsSession, other: TlsSession) -> bool:
    """Whether an issued one has another key, and no name that a client might look for is in both, within a day."""
    if other.proof is None or other.proof.is_self_signed or not key(one) or not key(other):
        return False
    ours, others = domains(one), domains(other)
    return key(one) != key(other) and bool(ours and others) and not ours & others and is_near(one, other)


def key(session: TlsSession) -> str:
    """The server's, as its digest."""
    return session.proof.certificates[0].spki_sha256 if session.proof and session.proof.certificates else ""


def domains(session: TlsSession) -> set[str]:
    """The ends of all names in a server's certificate, wide enough for any star: two labels, or an address."""
    if not session.proof or not session.proof.certificates:
        return set()
    leaf = session.proof.certificates[0]
    common = leaf.extensions.common_names if leaf.extensions else ()
    return {".".join(name.lower().rstrip(".").split(".")[-2:]) for name in (*leaf.names, *common)}


def finding(variant: str, sessions: list[TlsSession]) -> Verdict:
    """What was taken of one server, and how often."""
    first = sessions[0]
    details = list_some((s.proof.detail for s in sessions if s.proof is not None), 3)
    return bad(
        variant,
        f"it sent data to {peer_name(first)}, whose certificate was wrong: {details}",
        observed=f"{first.version} {first.suite}, {times(sessions)} with data of the device after it; {details}",
        expected="an alert, and no data",
        reproduce=filter_traffic(first),
        part=peer_part(first),
    )


def by_name(taken: Iterable[TlsSession]) -> list[list[TlsSession]]:
    """Those under one name that the device asked for, at whichever address; where it named none, at one address."""
    found: dict[tuple[str, str, int], list[TlsSession]] = {}
    for session in taken:
        name = session.server_name or session.peer.address
        found.setdefault((name, session.transport, session.port), []).append(session)
    return list(found.values())


def unknowable(same: list[TlsSession]) -> list[TlsSession]:
    """Those of one name whose self-signed keys are more than a device holds: at one address, all within a day.

    Several addresses may be several servers, each with a key of its own that the device knows.
    """
    own = [s for s in same if s.proof is not None and s.proof.is_self_signed and s.server_name and key(s)]
    for one in own:
        near = [s for s in own if s.peer.address == one.peer.address and is_soon_after(one, s)]
        if count_keys(near) > PINS:
            return near
    return []


def is_soon_after(one: TlsSession, other: TlsSession) -> bool:
    """Whether it is near, and not over before: all that are so of one are near each other."""
    return is_near(one, other) and one.last is not None and other.last is not None and other.last >= one.last


def is_near(one: TlsSession, other: TlsSession) -> bool:
    """Whether less than a day lies between two, or between the first and last times of several of a kind."""
    if one.first is None or one.last is None or other.first is None or other.last is None:
        return False
    return max(one.first, other.first) - min(one.last, other.last) < timedelta(days=1)


def any_key(sessions: list[TlsSession]) -> Verdict:
    """One name, several keys, each its own witness."""
    first = sessions[0]
    keys = list_some((key(s)[:16] for s in sessions), 4)
    return bad(
        "any-key",
        f"it sent data to whoever called himself {first.server_name} with a certificate of his own",
        observed=f"{times(sessions)}, self-signed certificates with the keys (SHA-256) {keys}",
        expected="one key that the device knows, or that and its spare",
        reproduce=filter_traffic(first),
        part=f"{first.server_name} {first.transport}/{first.port}",
    )


def without_proof(begun: list[TlsSession], taken: list[TlsSession]) -> str:
    """Why nothing is known, with what was seen all the same."""
    refused = [s for s in begun if s.ending == "refused-by-client"]
    said = f" (it refused {list_some(map(peer_name, refused), 3)})" if refused else ""
    if not begun:
        return "it was not seen to begin a TLS connection"
    if not taken:
        hidden = "no certificate was seen that it went on to trust: TLS 1.3, resumed sessions and keys show none"
        return f"{hidden}{said}; a server of yours with a wrong certificate in place of its own would tell"
    if misnamed := [s for s in taken if is_misnamed(s)]:
        return f"{without_pins(misnamed)}: have it take another one of your own under that name{said}"
    own = [s for s in taken if s.proof is not None and s.proof.is_self_signed]
    if many := [s for same in by_name(own) if count_keys(same) > 1 for s in same]:
        keys = f"it takes self-signed certificates with several keys of {list_some(map(peer_name, many), 3)}"
        return f"{keys}, which it may know: more than {PINS} at one address within a day would tell{said}"
    if own:
        return f"it takes the self-signed certificate of {list_some(map(peer_name, own), 3)}, which it may know{said}"
    if undated := [s.proof.open_dates for s in taken if s.proof is not None and s.proof.open_dates]:
        return f"whether it took a certificate out of date is open: {list_some(undated, 2)}{said}"
    return f"no server showed it a wrong certificate that it took: right ones prove nothing{said}"


def without_pins(misnamed: list[TlsSession]) -> str:
    """What was taken under another name, and the excuse there is."""
    shown = list_some((f"{peer_name(s)} ({s.proof.detail})" for s in misnamed if s.proof is not None), 2)
    return f"it takes a certificate for another name of {shown}, unless it holds that very key"


def count_keys(sessions: list[TlsSession]) -> int:
    """How many keys were shown."""
    return len({key(s) for s in sessions})


def times(sessions: list[TlsSession]) -> str:
    """``3 handshakes``."""
    count = sum(s.count for s in sessions)
    return f"{count} handshake{'' if count == 1 else 's'}"
