"""Whether a TLS server still accepts what it accepted, and refuses what it refused: asked with at most five hellos."""

from collections.abc import Iterator, Sequence
from hashlib import sha256
from typing import Final

import msgspec

from iotscan.model.facts.tls import VERSIONS, TlsEndpoint
from iotscan.observe.network.hellos import Ask
from iotscan.observe.network.probes.tls.reply import Reply, judge
from iotscan.wire.tls.hello import Offer
from iotscan.wire.tls.suites import SUITES, CipherSuite, offer

_NEW: Final = VERSIONS[-1]
_BEFORE: Final = VERSIONS[:-1]


class Still(msgspec.Struct, frozen=True, kw_only=True):
    """Whether the answers are those of then, and whether the certificate came and is the one of then."""

    is_same: bool
    shows_leaf: bool = False


_OTHER: Final = Still(is_same=False)


async def is_still(ask: Ask, then: TlsEndpoint, *, leaf: str = "", server_name: str = "") -> Still:
    """Ask for what would show a change: suites and versions that it refused, the newest, the worst suite, the oldest.

    ``then`` is what an earlier interview found, ``leaf`` the SHA-256 of the certificate of then, in hex. A server that
    had to be asked in a way of its own, or that takes SSLv2, is always another one: it is interviewed anew. Never
    raises a DialError.
    """
    accepted = [v for v in VERSIONS if v in then.versions and then.versions[v].known]
    is_odd = bool(then.intolerances or then.contradictions) or (
        "SSLv2" in then.versions and then.versions["SSLv2"].known
    )
    if not accepted or is_odd or not all(answer.is_answered for answer in then.versions.values()):
        return _OTHER
    shows_leaf = False
    for hello, may_select in _hellos(then, accepted, server_name):
        reply = judge(await ask(hello), hello)
        if not _is_as_then(reply, may_select):
            return _OTHER
        if shown := _leaf(reply):
            if leaf and shown != leaf:
                return _OTHER
            shows_leaf = bool(leaf)
    return Still(is_same=True, shows_leaf=shows_leaf)


def _is_as_then(reply: Reply, may_select: Sequence[int]) -> bool:
    if may_select:
        return reply.is_selected and reply.suite in may_select
    return reply.kind == "refused"


def _hellos(then: TlsEndpoint, accepted: list[str], name: str) -> Iterator[tuple[Offer, tuple[int, ...]]]:
    """Each hello, and the suites that were seen selected in its version; none where it was refused then."""
    before = [v for v in accepted if v != _NEW]
    usual = before[-1] if before else ""
    version, code = _worst(then, accepted)
    if usual and version != usual:
        yield Offer(versions=(usual,), suites=offer(usual), server_name=name), _seen(then, usual)
    if faulty := _faulty(then, usual) if code else ():
        # One that has come is chosen only where nothing better is offered.
        yield Offer(versions=(usual,), suites=faulty, server_name=name), ()
    if code:
        yield Offer(versions=(version,), suites=(code,), server_name=name), (code,)
    if version != accepted[0] and accepted[0] not in (usual, _NEW):
        oldest = accepted[0]
        yield Offer(versions=(oldest,), suites=offer(oldest), server_name=name), _seen(then, oldest)
    yield Offer(versions=(_NEW,), suites=offer(_NEW), server_name=name), _seen(then, _NEW)
    refused = [v for v in _BEFORE if v in then.versions and not then.versions[v].value and v != "SSLv3"]
    if older := [v for v in refused if VERSIONS.index(v) < VERSIONS.index(accepted[0])]:
        yield Offer(versions=(older[-1],), suites=offer(older[-1]), server_name=name), ()


def _seen(then: TlsEndpoint, version: str) -> tuple[int, ...]:
    return tuple(suite.code for suite in then.suites if suite.version == version)


def _worst(then: TlsEndpoint, accepted: Sequence[str]) -> tuple[str, int]:
    """The suite that a verdict may hang on the most, of those before TLS 1.3, in the oldest version that took it."""
    seen = [s for s in then.suites if s.code in SUITES and s.version in accepted and s.version != _NEW]

    worst = max(seen, key=lambda s: (_gravity(SUITES[s.code]), -VERSIONS.index(s.version)), default=None)
    return (worst.version, worst.code) if worst else ("", 0)


def _faulty(then: TlsEndpoint, version: str) -> tuple[int, ...]:
    """The suites of a version with a fault that no suite had which it took: each fault was asked for, and refused."""
    took = [_gravity(SUITES[s.code]) for s in then.suites if s.code in SUITES]
    had = [any(faults) for faults in zip(*took, strict=True)]
    return offer(version, lambda suite: any(has and not was for has, was in zip(_gravity(suite), had, strict=True)))


def _gravity(suite: CipherSuite) -> tuple[bool, bool, bool, bool]:
    return suite.is_broken, suite.lacks_forward_secrecy, suite.is_weak, suite.is_cbc


def _leaf(reply: Reply) -> str:
    flight = reply.flight
    is_x509 = flight.answer is not None and flight.answer.certificate_type == 0
    return sha256(flight.certificates[0]).hexdigest() if flight.certificates and is_x509 else ""
