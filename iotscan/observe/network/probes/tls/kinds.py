"""The kinds of cipher suites that a verdict hangs on: each a question to a group."""

from collections.abc import Callable, Mapping
from functools import cache
from operator import attrgetter
from types import MappingProxyType

from iotscan.wire.tls.framing import stream_version
from iotscan.wire.tls.suites import SUITES, CipherSuite, ranked

Wanted = Callable[[CipherSuite], bool]

EVERY: Wanted = attrgetter("name")
"""Any suite at all: each has a name."""
EPHEMERAL: Wanted = attrgetter("has_forward_secrecy")
STATIC: Wanted = attrgetter("lacks_forward_secrecy")
PLAIN_PSK: Wanted = attrgetter("is_plain_psk")
EPHEMERAL_PSK: Wanted = attrgetter("is_ephemeral_psk")
BROKEN: Wanted = attrgetter("is_broken")
WEAK: Wanted = attrgetter("is_weak")
AEAD: Wanted = attrgetter("is_aead")
CBC: Wanted = attrgetter("is_cbc")
SHORT_TAG: Wanted = attrgetter("has_short_tag")
LONG_TAG: Wanted = attrgetter("has_long_tag")
SIGNED: Wanted = attrgetter("is_signed")
PRIMES: Wanted = attrgetter("uses_primes")
CURVES: Wanted = attrgetter("uses_curves")
UNSIGNED_PRIMES: Wanted = attrgetter("uses_unsigned_primes")

SETTLED: Mapping[str, Wanted] = MappingProxyType(
    {
        "broken_ciphers": BROKEN,
        "forward_secrecy": EPHEMERAL,
        "without_forward_secrecy": STATIC,
        "plain_psk": PLAIN_PSK,
        "psk_forward_secrecy": EPHEMERAL_PSK,
        "weak_ciphers": WEAK,
        "cbc": CBC,
        "short_tag": SHORT_TAG,
        "aead": AEAD,
        "longer_tag": LONG_TAG,
        "dh_bits": PRIMES,
    }
)
"""Every kind that is settled in every version, by the answer of the fact that it fills, the gravest first."""
_MANDATORY_13 = 0x1301


@cache
def any_of(*kinds: Wanted) -> Wanted:
    """The suites of any of these kinds, which are constants: the same question is put to server after server."""
    return lambda suite: any(wanted(suite) for wanted in kinds)


@cache
def of_kind(version: str, wanted: Wanted) -> tuple[int, ...]:
    """The suites of a version and a kind (a constant, or of :func:`any_of`), in the order in which a hello offers."""
    return tuple(suite.code for suite in ranked(version) if wanted(suite))


@cache
def gravest_first(version: str, kinds: tuple[Wanted, ...]) -> tuple[int, ...]:
    """The suites of any of these kinds, those first that are of most; what devices hardly use comes last."""

    def rank(code: int) -> tuple[bool, int]:
        return SUITES[code].is_rare, -sum(bool(wanted(SUITES[code])) for wanted in kinds)

    return tuple(sorted(of_kind(version, any_of(*kinds)), key=rank))


@cache
def usual(version: str, wanted: Wanted) -> frozenset[int]:
    """The suites of a kind that a version has, without the families that devices hardly use."""
    return frozenset(code for code in of_kind(version, wanted) if not SUITES[code].is_rare)


def matters(version: str, wanted: Wanted) -> bool:
    """Whether not knowing a version leaves a kind open; in TLS 1.3 what nobody must have does not."""
    if stream_version(version) == "TLSv1.3":
        return wanted(SUITES[_MANDATORY_13])
    return bool(usual(version, wanted))
