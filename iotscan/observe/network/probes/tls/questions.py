"""What is asked once the versions are known: kinds of suites, key exchanges, signatures, signals."""

from collections.abc import Iterable, Sequence
from functools import partial

from iotscan.observe.network.probes.tls.asking import Asking
from iotscan.observe.network.probes.tls.exchanges import key_exchanges, own_curve, public_values, uses_weak_curve
from iotscan.observe.network.probes.tls.kinds import (
    CURVES,
    EPHEMERAL,
    EVERY,
    SETTLED,
    SIGNED,
    STATIC,
    UNSIGNED_PRIMES,
    Wanted,
    gravest_first,
)
from iotscan.observe.network.probes.tls.reply import Reply
from iotscan.observe.network.probes.tls.transcript import (
    AGAIN,
    ALPN,
    FALLBACK,
    HYBRID,
    PREFERENCE,
    WEAK_GROUPS,
    WEAK_SIGNATURE,
    is_13,
)
from iotscan.wire.tls.groups import HYBRIDS, WEAK_CURVES
from iotscan.wire.tls.signatures import WEAK as WEAK_SIGNATURES
from iotscan.wire.tls.suites import SUITES

NO_PROTOCOL = "iotscan-none"
"""An application protocol that does not exist."""
SHARES_WANTED = 3
_LONG_PRIME = 2048
"""Bits of a prime that is long enough: RFC 9325 section 4.5."""


async def ask_kinds(asking: Asking, version: str, kinds: Sequence[Wanted] = tuple(SETTLED.values())) -> None:
    """Ask on, in one version, until each of ``kinds`` is accepted somewhere, or refused here."""
    while (open_kinds := _open_kinds(asking, version, kinds)) and _worst_first(asking, version, open_kinds):
        ask = partial(_ask_suites, asking, version, open_kinds)
        reply = await asking.put_again_without_primes(await ask(), ask)
        if reply.kind == "open" or (reply.is_selected and not _adds(asking, open_kinds)):
            return


async def _ask_suites(asking: Asking, version: str, kinds: list[Wanted]) -> Reply:
    return await asking.put(f"suites of {version}", (version,), _worst_first(asking, version, kinds))


def _open_kinds(asking: Asking, version: str, kinds: Sequence[Wanted]) -> list[Wanted]:
    said = asking.said
    accepted = list(said.chosen())
    refused = said.refused(version)
    return [wanted for wanted in kinds if not any(map(wanted, accepted)) and not said.usual(version, wanted) <= refused]


def _adds(asking: Asking, open_kinds: Iterable[Wanted]) -> bool:
    last = asking.said.asked[-1].reply
    return any(wanted(SUITES[last.suite]) for wanted in open_kinds)


def _worst_first(asking: Asking, version: str, kinds: list[Wanted]) -> tuple[int, ...]:
    """The suites that settle most at once come first: who follows its clients then answers most with one hello."""
    refused = asking.said.refused(version)
    return asking.within_reach([code for code in gravest_first(version, tuple(kinds)) if code not in refused])


async def ask_unsigned_primes(asking: Asking) -> None:
    """DHE suites without a certificate, of less than 256 bit, where the server has any without one.

    OpenSSL takes the prime of these by the strength of the cipher: 3072 bits beside AES-256, 1024 beside AES-128. Where
    a short prime was seen already, a second one makes it no worse.
    """
    said, version = asking.said, asking.said.best
    has_short = any(e.group == "dh" and e.bits < _LONG_PRIME for e in key_exchanges(said))
    if has_short or not any(suite.is_psk or not suite.is_authenticated for suite in said.chosen(version)):
        return
    refused = said.refused(version)
    codes = [code for code in asking.offered(version, UNSIGNED_PRIMES) if code not in refused]
    if codes:
        await asking.put(f"primes beside small ciphers of {version}", (version,), codes)


async def ask_weak_curves(asking: Asking) -> None:
    """Curves below 224 bit alone; for an ECDSA key once more with its own curve, which must be offered, as the last.

    RFC 8422 section 5.1. A server that then takes that curve takes no weak one: not from a client whose order it
    follows, for the weak ones came first, and not by its own order, for every client must offer that curve.
    """
    said, version = asking.said, asking.said.best
    if not version or version == "SSLv3" or said.way.is_bare:
        return
    refused = said.refused(version)
    suites = [code for code in asking.offered(version, CURVES) if code not in refused]
    own = own_curve(said)
    for curves in (WEAK_CURVES, WEAK_CURVES + own) if own else (WEAK_CURVES,):
        if suites and not uses_weak_curve(said):
            await asking.put("curves below 224 bit", (version,), suites, topic=WEAK_GROUPS, groups=curves)
        suites = [code for code in suites if "ECDSA" in SUITES[code].key_exchange]


async def ask_weak_signature(asking: Asking) -> None:
    """SHA-1 and MD5 alone, in TLS 1.2: older versions have nothing better, TLS 1.3 never signs with them."""
    said, usual_version = asking.said, asking.said.before[-1]
    if not any(map(SIGNED, said.chosen(usual_version))) or said.way.is_bare:
        return
    if not any(scheme in WEAK_SIGNATURES for scheme in said.schemes()):
        suites = asking.offered(usual_version, SIGNED)
        question = "signatures with SHA-1 or MD5"
        await asking.put(question, (usual_version,), suites, topic=WEAK_SIGNATURE, signatures=WEAK_SIGNATURES)


async def ask_preference(asking: Asking) -> None:
    """Offer the suite it selected with forward secrecy, then the one without: which will it be?

    In this order a server that follows its clients is not blamed for what it would never do to a real one.
    """
    said, version = asking.said, asking.said.best
    ephemeral, static = said.first(version, EPHEMERAL), said.first(version, STATIC)
    if ephemeral is not None and static is not None and version:
        both = (ephemeral.suite, static.suite)
        await asking.put("preference of forward secrecy", (version,), both, topic=PREFERENCE)


async def ask_alpn(asking: Asking) -> None:
    """A protocol that does not exist; the hello is one more handshake to compare key shares with."""
    version = asking.said.best or asking.said.newest
    if version == "SSLv3" or asking.said.way.is_bare:
        return
    await _ask_again(asking, version, "unknown application protocol", ALPN, alpn=(NO_PROTOCOL,))


async def ask_again(asking: Asking) -> None:
    """Repeat a handshake until there are enough public values to tell that they differ."""
    said = asking.said
    for _ in range(SHARES_WANTED - 1):
        values = public_values(said)
        if not values or len(values) >= SHARES_WANTED or len(set(values)) < len(values):
            return
        in_old = any(map(EPHEMERAL, said.chosen(said.best))) if said.best else False
        version = said.best if in_old else said.newest
        if not said.selections(version):
            # The values came with suites that are broken otherwise: NULL, anonymous.
            return
        reply = await _ask_again(asking, version, "another key share", AGAIN)
        if not reply.is_selected:
            return


async def _ask_again(asking: Asking, version: str, question: str, topic: str, *, alpn: tuple[str, ...] = ()) -> Reply:
    """The suites of the first hello, the one that was selected last: does the server insist on it?"""
    said = asking.said
    first = next(a for a in said.selections(version) if a.topic not in (ALPN, AGAIN))
    ephemeral = said.first(version, EPHEMERAL)
    chosen = (ephemeral or first.reply).suite
    kind = EPHEMERAL if ephemeral is not None else EVERY
    suites = (*(code for code in asking.offered(version, kind) if code != chosen), chosen)
    return await asking.put(question, (version,), suites, topic=topic, alpn=alpn)


async def ask_fallback(asking: Asking) -> None:
    """The newest version but one, with the signal that it is a second try: RFC 7507."""
    older = [version for version in asking.said.accepted[1:] if not is_13(version)]
    if older:
        suites = asking.offered(older[0])
        await asking.put(f"fallback to {older[0]}", older[:1], suites, topic=FALLBACK, is_fallback=True)


async def ask_hybrids(asking: Asking) -> None:
    """Hybrid groups alone, without a key share: who has one asks for it."""
    newest = asking.said.newest
    if asking.said.selections(newest):
        suites = asking.offered(newest)
        await asking.put("hybrid groups", (newest,), suites, topic=HYBRID, groups=HYBRIDS, shares=())
