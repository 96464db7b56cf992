"""The device refuses servers whose certificate is wrong.

## What it looks at
Captured handshakes up to TLS 1.2 and DTLS 1.2, in which certificates cross in clear, that the device began. Proof is a
certificate that is wrong for everybody at the time of the capture (its dates, its name, its signature, a list of
revoked ones that you gave with `--crl`) *and* data that the device sent of itself after the handshake, all of it
heard without a gap. Dates count where the capture bears out the clock of whoever captured (an answer of a time server
or of a web server, a certificate of a public authority); an end of more than 30 days ago counts unless that is
contradicted. That it finished a handshake proves nothing: many clients look at the name afterwards. A certificate that
only nobody here knows is no proof either: the device may know its issuer, or hold this very key. Two self-signed ones
with different keys under one name within a day are. It never passes: who takes a right certificate may take a wrong
one, and TLS 1.3 and resumed sessions show none.

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
- ETSI EN 303 645 V3.1.3 provision 5.5-1; OWASP ISVS 4.1.3 (git edfda29b); CWE-295
"""

from collections.abc import Iterable
from datetime import timedelta
from itertools import combinations

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
"""What a fault proves of who takes it, the worst first; a wrong name is judged by its issuer, below."""


@check(
    id="server-certificate-validation",
    aliases=("TLS-022",),
    title="The device refuses servers whose certificate is wrong",
    element="communication",
    variants={
        "signature": ("critical", "The device talks to a server whose certificate nobody signed"),
        "any-name": ("critical", "The device talks to a server with a public certificate for another name"),
        "two-keys": ("critical", "The device takes any self-signed certificate for one name"),
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
    for session in taken:
        if variant := proved(session):
            found.setdefault((peer_part(session), variant), []).append(session)
    verdicts = [finding(variant, sessions) for (_, variant), sessions in found.items()]
    verdicts += [two_keys(sessions) for sessions in by_name(taken) if are_unrelated(sessions)]
    if not verdicts and begun and all(is_keyed(session) for session in begun):
        return skip("it knows its servers by pre-shared keys: there was no certificate to look at")
    return verdicts or unknown(without_proof(begun, taken))


def is_keyed(session: TlsSession) -> bool:
    """Whether both sides proved themselves by a key that they share, and by nothing else."""
    return "_PSK_" in session.suite and "_RSA_PSK_" not in session.suite


def proved(session: TlsSession) -> str:
    """The variant of what taking this certificate proves; empty where it proves nothing."""
    proof = session.proof
    if proof is None:
        return ""
    if "bad-signature" in proof.faults:
        return "signature"
    # Who holds this very certificate need not look at its name, nor ask who issued it.
    if "wrong-name" in proof.faults and not proof.is_self_signed:
        return "any-name" if proof.publicly_trusted.known else "name"
    return next((variant for fault, variant in FAULTS.items() if fault in proof.faults), "")


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
    """Those with self-signed certificates under one name that the device asked for, at whichever address."""
    found: dict[str, list[TlsSession]] = {}
    for session in taken:
        if session.proof is not None and session.proof.is_self_signed and session.server_name:
            found.setdefault(f"{session.server_name} {session.transport}/{session.port}", []).append(session)
    return list(found.values())


def are_unrelated(sessions: list[TlsSession]) -> bool:
    """Whether they show more than one key within a day: a server's key is renewed, and the device told of it."""
    shown = [(s.proof.certificates[0].spki_sha256, s) for s in sessions if s.proof is not None]
    return any(key != other and is_near(a, b) for (key, a), (other, b) in combinations(shown, 2))


def is_near(one: TlsSession, other: TlsSession) -> bool:
    """Whether less than a day lies between two, or between the first and last times of several of a kind."""
    if one.first is None or one.last is None or other.first is None or other.last is None:
        return False
    return max(one.first, other.first) - min(one.last, other.last) < timedelta(days=1)


def two_keys(sessions: list[TlsSession]) -> Verdict:
    """One name, several keys, each its own witness."""
    first = sessions[0]
    keys = list_some((s.proof.certificates[0].spki_sha256[:16] for s in sessions if s.proof is not None), 4)
    return bad(
        "two-keys",
        f"it sent data to whoever called himself {first.server_name} with a certificate of his own",
        observed=f"{times(sessions)}, self-signed certificates with the keys (SHA-256) {keys}",
        expected="one key that the device knows",
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
        return f"{hidden}{said}"
    own = [s for s in taken if s.proof is not None and s.proof.is_self_signed]
    if own:
        return f"it takes the self-signed certificate of {list_some(map(peer_name, own), 3)}, which it may know{said}"
    if undated := [s.proof.open_dates for s in taken if s.proof is not None and s.proof.open_dates]:
        return f"whether it took a certificate out of date is open: {list_some(undated, 2)}{said}"
    return f"no server showed it a wrong certificate that it took: right ones prove nothing{said}"


def times(sessions: list[TlsSession]) -> str:
    """``3 handshakes``."""
    count = sum(s.count for s in sessions)
    return f"{count} handshake{'' if count == 1 else 's'}"
