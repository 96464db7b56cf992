"""The kinds of cipher suites that a verdict hangs on: each a question to a group."""

from collections.abc import Callable, Mapping
from operator import attrgetter
from types import MappingProxyType

from iotscan.wire.tls.framing import stream_version
from iotscan.wire.tls.suites import SUITES, CipherSuite, ranked

Wanted = Callable[[CipherSuite], bool]

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


def any_of(*kinds: Wanted) -> Wanted:
    """The suites of any of these kinds."""
    return lambda suite: any(wanted(suite) for wanted in kinds)


def usual(version: str, wanted: Wanted) -> frozenset[int]:
    """The suites of a kind that a version has, without the families that devices hardly use."""
    return frozenset(suite.code for suite in ranked(version) if wanted(suite) and not suite.is_rare)


def matters(version: str, wanted: Wanted) -> bool:
    """Whether not knowing a version leaves a kind open; in TLS 1.3 what nobody must have does not."""
    if stream_version(version) == "TLSv1.3":
        return wanted(SUITES[_MANDATORY_13])
    return bool(usual(version, wanted))
