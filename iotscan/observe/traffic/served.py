"""A device that was seen as the server of TLS or DTLS: what it chose, as the facts that a scan would ask it for.

What it chose it accepts; what it was not seen to choose nobody knows, so that no answer here is a no. The same checks
judge it as where it was asked.
"""

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from functools import cache
from typing import Any, Final, get_origin, get_type_hints

from iotscan.data.distrusted import DATED, distrusts
from iotscan.model.answer import Answer
from iotscan.model.facts import CertificateChain, Suite, TlsEndpoint, TlsSession
from iotscan.model.facts.tls import DTLS_VERSIONS, EVERY_VERSION, KeyExchange
from iotscan.model.vocabulary import Reason
from iotscan.wire.tls.groups import GROUPS
from iotscan.wire.tls.suites import SUITES, CipherSuite

FRESH: Final = timedelta(days=7)
"""For how long after it was seen a certificate is judged by today's date: what is older may have been renewed since."""
_UNSEEN: Final = "traffic shows only what the server chose"
_CODES: Final = {suite.name: suite for suite in SUITES.values()}
_GROUPS: Final = {group.name: group for group in GROUPS.values()}
Place = tuple[str, str]
"""A service as ``tcp/443``, and the protocol in which it began."""


def served(sessions: Iterable[TlsSession], now: datetime) -> Iterator[tuple[str, TlsEndpoint | CertificateChain]]:
    """The facts of each service, with its name as :class:`Subject` writes it."""
    places: dict[Place, list[TlsSession]] = {}
    for session in sessions:
        if session.role == "server" and session.kind != "quic" and session.version in EVERY_VERSION:
            places.setdefault((f"{session.transport}/{session.port}", session.opening), []).append(session)
    for (service, opening), seen in places.items():
        yield service, _endpoint(opening, seen)
        yield from ((service, chain) for chain in _chains(opening, seen, now))


def _endpoint(opening: str, seen: list[TlsSession]) -> TlsEndpoint:
    chosen = {(s.version, s.suite): _CODES[s.suite] for s in seen if s.suite in _CODES}
    suites = tuple(chosen.values())
    versions = DTLS_VERSIONS if seen[0].version in DTLS_VERSIONS else [v for v in EVERY_VERSION if v[0] != "D"]
    known = {
        "versions": {version: _yes(any(s.version == version for s in seen)) for version in versions},
        "selected": tuple(sorted(Suite(version=v, code=c.code, name=c.name) for (v, _), c in chosen.items())),
        "opening": opening,
        "exchanges": tuple(sorted({exchange for s in seen for exchange in _exchange(s)})),
        "client_certificate": _yes(any(s.asks_client_certificate for s in seen)),
        "psk_hint": next((s.psk_hint for s in seen if s.psk_hint), ""),
        **_answers(suites),
    }
    return TlsEndpoint(**(_open_questions(TlsEndpoint) | known))


@cache
def _open_questions(fact: type[TlsEndpoint | CertificateChain]) -> dict[str, Any]:
    """Every question of a fact, unanswered: it was not put, and no other run would put it to traffic either."""
    hints = get_type_hints(fact)
    answers = {name: hints[name] for name in fact.__struct_fields__ if get_origin(hints[name]) is Answer}
    return {name: kind.missing(Reason.NOT_OBSERVABLE, _UNSEEN) for name, kind in answers.items()}


def _answers(suites: Iterable[CipherSuite]) -> dict[str, Any]:
    """Every question to a group of suites: yes where one of them was chosen."""
    every = list(suites)
    return {
        "forward_secrecy": _yes(any(s.has_forward_secrecy for s in every)),
        "without_forward_secrecy": _yes(any(s.lacks_forward_secrecy for s in every)),
        "plain_psk": _yes(any(s.is_plain_psk for s in every)),
        "psk_forward_secrecy": _yes(any(s.is_ephemeral_psk for s in every)),
        "broken_ciphers": _yes(any(s.is_broken for s in every)),
        "weak_ciphers": _yes(any(s.is_weak for s in every)),
        "aead": _yes(any(s.is_aead for s in every)),
        "cbc": _yes(any(s.is_cbc for s in every)),
        "short_tag": _yes(any(s.has_short_tag for s in every)),
        "longer_tag": _yes(any(s.has_long_tag for s in every)),
    }


def _yes(was_chosen: bool) -> Answer[bool]:
    return Answer[bool].of(True) if was_chosen else _unseen()


def _unseen() -> Answer[bool]:
    return Answer[bool].missing(Reason.NOT_OBSERVABLE, _UNSEEN)


def _exchange(session: TlsSession) -> Iterator[KeyExchange]:
    group = _GROUPS.get(session.group)
    if group is not None:
        yield KeyExchange(version=session.version, group=group.name, bits=group.bits)


def _chains(opening: str, seen: list[TlsSession], now: datetime) -> Iterator[CertificateChain]:
    """The chain that it showed last, where that is not long ago."""
    shown = [s for s in seen if s.proof is not None and s.last is not None and now - FRESH <= s.last <= now + FRESH]
    if not shown:
        return
    proof = max(shown, key=lambda s: s.last or now).proof
    assert proof is not None
    public, private = proof.publicly_trusted, proof.privately_trusted
    known = {
        "certificates": proof.certificates,
        "trusted": private if private.known else public,
        "trust_detail": "as it was sent to a client",
        "privately_trusted": private,
        "distrusts": distrusts(proof.certificates),
        "distrust_dated": DATED.isoformat(),
        "engine": "traffic",
        "opening": opening,
    }
    yield CertificateChain(**(_open_questions(CertificateChain) | known))
