"""Handshakes of TLS, DTLS and QUIC in traffic, in words: what was offered, what was chosen, who proved what. Pure.

Whether a device looks at certificates is the answer of the check ``server-certificate-validation`` (decision 0057);
here it only stands beside the handshakes that it rests on.
"""

import re
from collections import defaultdict
from collections.abc import Iterable
from typing import Final

from msgspec.structs import replace

from iotscan.model.facts import Certificate
from iotscan.model.facts.tls_use import ServerProof, TlsSession
from iotscan.model.facts.traffic import Use
from iotscan.report.use_rows import HandshakeRow, HelloRow, Proved
from iotscan.report.words import clean, counted, listed

_SHOWN: Final = 60
"""Letters of a word that a device chose."""
_COMMON_NAME: Final = re.compile(r"(?:^|(?<!\\),)CN=((?:\\.|[^,+\\])+)")
_ESCAPE: Final = re.compile(r"\\(.)")
_RANKS: Final[dict[Proved, int]] = {"no": 0, "yes": 1, "unknown": 2}


def hello_rows(sessions: Iterable[TlsSession]) -> tuple[HelloRow, ...]:
    """What the device says of itself as a client; most servers first."""
    groups: dict[tuple[str, str, str], list[TlsSession]] = defaultdict(list)
    for session in sessions:
        if session.role == "client" and session.offered_versions:
            groups[clean(session.ja4, 40), clean(session.ja3, 40), _offers(session)].append(session)
    rows = [_hello(key, several) for key, several in groups.items()]
    return tuple(sorted(rows, key=lambda row: (-len(row.servers), row.ja4, row.ja3, row.offers)))


def client_rows(sessions: Iterable[TlsSession], proved_careless: frozenset[str]) -> tuple[HandshakeRow, ...]:
    """Handshakes that the device began. ``proved_careless`` are the parts of findings of the check, see above."""
    groups: dict[HandshakeRow, int] = defaultdict(int)
    for session in sessions:
        if session.role == "client":
            groups[_client(session, proved_careless)] += session.count
    rows = [replace(row, count=count) for row, count in groups.items()]
    return tuple(sorted(rows, key=lambda r: (_RANKS[r.proved], r.peer, r.over, r.asked, r.chose, r.identity, r.why)))


def server_rows(sessions: Iterable[TlsSession]) -> tuple[HandshakeRow, ...]:
    """Handshakes that others began with the device: what it chose for whom."""
    groups: dict[tuple[str, str, str], list[TlsSession]] = defaultdict(list)
    for session in sessions:
        if session.role == "server":
            groups[_over(session), _chose(session), _identity(session)].append(session)
    return tuple(_server(key, several) for key, several in sorted(groups.items()))


def part_of(use: Use) -> str:
    """What a result calls the peer that it is about."""
    return f"{use.peer.label} {use.transport}/{use.port}".strip()


def peer_of(use: Use) -> str:
    """``api.example (203.0.113.5)``; the address alone where nobody named it."""
    peer = use.peer
    return clean(f"{peer.name} ({peer.address})" if peer.name and peer.address else peer.label or "somebody", 120)


def _hello(key: tuple[str, str, str], sessions: list[TlsSession]) -> HelloRow:
    ja4, ja3, offers = key
    servers = tuple(sorted({clean(s.peer.label, 120) for s in sessions}))
    return HelloRow(ja4=ja4, ja3=ja3, offers=offers, servers=servers, count=sum(s.count for s in sessions))


def _client(session: TlsSession, careless: frozenset[str]) -> HandshakeRow:
    proved, why = _proved(session, careless)
    return HandshakeRow(
        peer=peer_of(session),
        name=clean(session.peer.label or "somebody", 120),
        over=_over(session),
        asked=_asked(session),
        version=clean(session.version, 20),
        chose=_chose(session),
        identity=_identity(session),
        proved=proved,
        why=clean(why, 300),
        count=0,
    )


def _server(key: tuple[str, str, str], sessions: list[TlsSession]) -> HandshakeRow:
    over, chose, identity = key
    names = sorted({clean(s.server_name, _SHOWN) for s in sessions} - {""})
    return HandshakeRow(
        peer=listed(sorted({peer_of(s) for s in sessions}), 3),
        name=listed(sorted({clean(s.peer.label, 120) for s in sessions}), 3),
        over=over,
        asked=f"SNI {listed(names, 3)}" if names else "no SNI",
        version=clean(sessions[0].version, 20),
        chose=chose,
        identity=identity,
        proved="unknown",
        why="",
        count=sum(s.count for s in sessions),
    )


def _over(session: TlsSession) -> str:
    opening = f" after {clean(session.opening, 20)}" if session.opening else ""
    return f"{session.kind}{opening} on {clean(session.transport, 5)}/{session.port}"


def _asked(session: TlsSession) -> str:
    if session.has_encrypted_hello:
        return "SNI hidden (ECH)"
    if session.server_name and session.server_name == session.peer.name:
        return "the name is its SNI"
    return f"SNI {clean(session.server_name, 120)}" if session.server_name else "no SNI"


def _offers(session: TlsSession) -> str:
    words = [", ".join(clean(v, 20) for v in session.offered_versions)]
    if session.offered_suites:
        first = clean(session.offered_suites[0], _SHOWN)
        words.append(f"{counted(len(session.offered_suites), 'suite')}, first {first}")
    if session.alpn:
        words.append(f"ALPN {listed([clean(a, 20) for a in session.alpn], 4)}")
    return "; ".join(words)


def _chose(session: TlsSession) -> str:
    if not session.version:
        return "its answer was not seen"
    words = [session.version, session.suite, session.group]
    words += [f"ALPN {session.chosen_alpn}"] if session.chosen_alpn else []
    return ", ".join(clean(word, _SHOWN) for word in words if word)


def _identity(session: TlsSession) -> str:
    words = [_server_identity(session)]
    if session.client_certificate is not None:
        words.append(f"client certificate {_name(session.client_certificate)}")
    elif session.asks_client_certificate:
        words.append("the server asks for a client certificate")
    return clean("; ".join(words), 650)


def _server_identity(session: TlsSession) -> str:
    if session.psk_identity or session.psk_hint:
        identity = f'identity "{clean(session.psk_identity, _SHOWN)}"' if session.psk_identity else ""
        hint = f'hint "{clean(session.psk_hint, _SHOWN)}"' if session.psk_hint else ""
        return f"pre-shared key: {listed([w for w in (identity, hint) if w])}"
    if session.proof is not None and session.proof.certificates:
        return _certificate(session.proof)
    if session.is_resumed:
        return "resumed: the certificate is not sent again"
    if session.version in ("TLSv1.3", "DTLSv1.3") or session.kind == "quic":
        return f"certificate not visible: {'QUIC' if session.kind == 'quic' else session.version} encrypts it"
    return "no certificate was seen"


def _certificate(proof: ServerProof) -> str:
    leaf = proof.certificates[0]
    issuer = "self-signed" if proof.is_self_signed else f"by {_issuer(leaf)}"
    dates = f"; its dates are not judged: {clean(proof.open_dates, 250)}" if proof.open_dates else ""
    return f"certificate {_name(leaf)} {issuer}, until {leaf.not_after:%Y-%m-%d}; {_trust(proof)}{dates}"


def _name(certificate: Certificate) -> str:
    names = [clean(name, _SHOWN) for name in certificate.names]
    return listed(names, 2) or clean(certificate.subject, _SHOWN) or "without a name"


def _issuer(certificate: Certificate) -> str:
    """The issuer as its findings call it: by its common name, where it has one."""
    named = _COMMON_NAME.search(certificate.issuer)
    return clean(_ESCAPE.sub(r"\1", named[1]) if named else certificate.issuer, _SHOWN)


def _trust(proof: ServerProof) -> str:
    if proof.publicly_trusted.known:
        return "trusted publicly"
    if proof.privately_trusted.known:
        return "trusted by your own roots"
    return "nobody here knows its issuer" if proof.publicly_trusted.is_answered else "trust not tried"


def _proved(session: TlsSession, careless: frozenset[str]) -> tuple[Proved, str]:
    """Whether it looks at the certificate, as far as this handshake shows, and why that is said."""
    proof = session.proof
    if proof is None:
        return "unknown", _unproved(session)
    wrong = clean(proof.detail, 200)
    own = f"{session.server_name} {session.transport}/{session.port}"
    is_wrong = bool(proof.faults or proof.is_self_signed)
    if session.ending == "application-data" and is_wrong and not careless.isdisjoint((part_of(session), own)):
        return "no", f"it sent data all the same: {wrong or 'other keys under this name, too'}"
    if session.ending == "refused-by-client":
        return "yes", f"it refused this one{f': {wrong}' if wrong else ''}"
    if session.ending != "application-data":
        return "unknown", f"no data was seen after it{f': {wrong}' if wrong else ''}"
    if proof.is_self_signed or wrong:
        return "unknown", f"it may know this very certificate{f': {wrong}' if wrong else ''}"
    if not proof.publicly_trusted.known:
        return "unknown", "it may know who issued it"
    if proof.open_dates:
        return "unknown", "whether its dates were right is not known"
    return "unknown", "a right certificate proves nothing"


def _unproved(session: TlsSession) -> str:
    if session.psk_identity or session.psk_hint:
        return "both ends have a key, there is no certificate"
    return ""
