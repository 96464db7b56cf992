"""Groups of the key exchange by code point, with their size in bits.

Source: IANA "TLS Supported Groups" registry; RFC 8422, RFC 7919, RFC 7027, draft-ietf-tls-ecdhe-mlkem.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Literal

import msgspec

Kind = Literal["curve", "prime", "hybrid"]


class Group(msgspec.Struct, frozen=True, kw_only=True):
    """One named group. ``bits`` is the size of the curve's field or of the prime; of a hybrid that of its curve."""

    code: int
    name: str
    bits: int
    kind: Kind

    @property
    def is_weak(self) -> bool:
        """True below 224 bit on a curve, below 2048 in a prime field: RFC 9325 section 4.5."""
        return self.bits < (2048 if self.kind == "prime" else 224)


_CURVES = (
    *((1, "sect163k1", 163), (2, "sect163r1", 163), (3, "sect163r2", 163), (4, "sect193r1", 193)),
    *((5, "sect193r2", 193), (6, "sect233k1", 233), (7, "sect233r1", 233), (8, "sect239k1", 239)),
    *((9, "sect283k1", 283), (10, "sect283r1", 283), (11, "sect409k1", 409), (12, "sect409r1", 409)),
    *((13, "sect571k1", 571), (14, "sect571r1", 571), (15, "secp160k1", 160), (16, "secp160r1", 160)),
    *((17, "secp160r2", 160), (18, "secp192k1", 192), (19, "secp192r1", 192), (20, "secp224k1", 224)),
    *((21, "secp224r1", 224), (22, "secp256k1", 256), (23, "secp256r1", 256), (24, "secp384r1", 384)),
    *((25, "secp521r1", 521), (26, "brainpoolP256r1", 256), (27, "brainpoolP384r1", 384)),
    *((28, "brainpoolP512r1", 512), (29, "x25519", 255), (30, "x448", 448)),
    *((31, "brainpoolP256r1tls13", 256), (32, "brainpoolP384r1tls13", 384), (33, "brainpoolP512r1tls13", 512)),
    (41, "curveSM2", 256),
)
_PRIMES = ((256, "ffdhe2048", 2048), (257, "ffdhe3072", 3072), (258, "ffdhe4096", 4096), (259, "ffdhe6144", 6144))
_LAST_PRIME = (260, "ffdhe8192", 8192)
_HYBRIDS = (
    (0x11EB, "SecP256r1MLKEM768", 256),
    (0x11EC, "X25519MLKEM768", 255),
    (0x11ED, "SecP384r1MLKEM1024", 384),
    (0x6399, "X25519Kyber768Draft00", 255),
)


def _rows() -> Mapping[int, Group]:
    kinds: tuple[tuple[Kind, tuple[tuple[int, str, int], ...]], ...] = (
        ("curve", _CURVES),
        ("prime", (*_PRIMES, _LAST_PRIME)),
        ("hybrid", _HYBRIDS),
    )
    return MappingProxyType(
        {code: Group(code=code, name=name, bits=bits, kind=kind) for kind, rows in kinds for code, name, bits in rows}
    )


GROUPS: Mapping[int, Group] = _rows()
"""Every group by its code point."""
X25519, SECP256R1, X25519MLKEM768 = 29, 23, 0x11EC
USUAL = (29, 23, 24, 25, 30, 26, 27, 28, 22, 21, 256, 257, 258)
"""What a hello offers in the order of its preference: strong groups, those of old devices last."""
WEAK_CURVES = tuple(g.code for g in GROUPS.values() if g.kind == "curve" and g.is_weak)
"""Curves below 224 bit."""
HYBRIDS = tuple(g.code for g in GROUPS.values() if g.kind == "hybrid")


def group_name(code: int) -> str:
    """The IANA name, or the code as ``0xABCD`` for a group nobody registered."""
    return GROUPS[code].name if code in GROUPS else f"0x{code:04X}"
