"""The public key of a certificate: its kind, size and curve (RFC 3279, RFC 5480, RFC 8410)."""

from typing import Final, NamedTuple

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec

from iotscan.wire.certificates.algorithms import CURVES, DSA, EC, EDWARDS, RSA
from iotscan.wire.certificates.elements import (
    BITS,
    INTEGER,
    OCTETS,
    OID,
    SEQUENCE,
    Broken,
    Defects,
    Reader,
    bits,
    dotted,
    unsigned,
)

EXPLICIT: Final = "the curve is spelled out in parameters of its own"
_UNREAD: Final = "the public key cannot be read"
_KNOWN: Final[dict[str, type[ec.EllipticCurve]]] = {
    curve.name.replace("brainpoolp", "brainpoolP"): curve
    for curve in (
        ec.SECP192R1, ec.SECP224R1, ec.SECP256R1, ec.SECP384R1, ec.SECP521R1, ec.SECP256K1,
        ec.BrainpoolP256R1, ec.BrainpoolP384R1, ec.BrainpoolP512R1,
    )
}  # fmt: skip
_LARGEST_MODULUS: Final = 1 << 15
"""Bits: OpenSSL and others refuse to compute with more than 16,384."""


class Key(NamedTuple):
    """What kind of key it is; no bits where they could not be read."""

    type: str
    bits: int = 0
    curve: str = ""


def read_key(body: bytes, defects: Defects) -> Key:
    """The key in a SubjectPublicKeyInfo (the content of the SEQUENCE). Never raises."""
    kind = "other"
    try:
        fields = Reader(body, defects)
        algorithm = Reader(fields.take(SEQUENCE).body, defects)
        oid = dotted(algorithm.take(OID).body)
        kind = _kind(oid)
        value = bits(fields.take(BITS))
        if fields.rest:
            defects.add("bytes follow the public key")
        if kind == "rsa":
            return Key(kind, _rsa_bits(value, defects))
        if kind == "ec":
            return _ec(algorithm, value, defects)
        if kind == "dsa":
            return Key(kind, _dsa_bits(algorithm, defects))
        return _edwards(oid, value)
    except Broken:
        defects.add(_UNREAD)
        return Key(kind)


def _kind(oid: str) -> str:
    if oid in RSA:
        return "rsa"
    if oid in EDWARDS:
        return EDWARDS[oid][0]
    return {EC: "ec", DSA: "dsa"}.get(oid, "other")


def _edwards(oid: str, value: bytes) -> Key:
    if oid not in EDWARDS:
        return Key("other")
    kind, size = EDWARDS[oid]
    # RFC 8032: 32 bytes, and 57 for a curve of 456 bits.
    if len(value) != size // 8:
        raise Broken(_UNREAD)
    return Key(kind, size)


def _rsa_bits(value: bytes, defects: Defects) -> int:
    numbers = Reader(Reader(value, defects).take(SEQUENCE).body, defects)
    modulus, exponent = (numbers.take(INTEGER).body for _ in range(2))
    if modulus[:1] >= b"\x80" or exponent[:1] >= b"\x80":
        defects.add("a number of the public key is negative")
    size = unsigned(modulus).bit_length()
    # An exponent of 1 signs nothing, and a modulus that two divides is factored: how long it is says nothing.
    if size > _LARGEST_MODULUS or not size or unsigned(exponent) < 3 or not exponent[-1] & modulus[-1] & 1:
        raise Broken(_UNREAD)
    return size


def _dsa_bits(algorithm: Reader, defects: Defects) -> int:
    if not algorithm.rest:
        raise Broken(_UNREAD)
    return unsigned(Reader(algorithm.take(SEQUENCE).body, defects).take(INTEGER).body).bit_length()


def _ec(algorithm: Reader, point: bytes, defects: Defects) -> Key:
    parameters = algorithm.take(OID, SEQUENCE)
    if parameters.tag == SEQUENCE:
        defects.add(EXPLICIT)
        return Key("ec", _order_bits(parameters.body, defects), "explicit")
    oid = dotted(parameters.body)
    size = _point_bits(point)
    if oid not in CURVES:
        return Key("ec", size, oid)
    name, order = CURVES[oid]
    # The order is a little shorter than the field, or a bit longer; the point is as long as the field.
    if not size - 8 <= order <= size + 1:
        raise Broken(_UNREAD)
    _require_on_curve(point, name)
    return Key("ec", order, name)


def _require_on_curve(point: bytes, name: str) -> None:
    """Raise Broken for a point that is none of its curve; of curves that the library does not know nobody can say."""
    curve = _KNOWN.get(name)
    if curve is None:
        return
    try:
        ec.EllipticCurvePublicKey.from_encoded_point(curve(), point)
    except UnsupportedAlgorithm:
        return
    except ValueError as error:
        raise Broken(_UNREAD) from error


def _point_bits(point: bytes) -> int:
    """How long the coordinates of a point are, by whole bytes. Raises Broken for what is no point (SEC 1, 2.3.3)."""
    if point[:1] in (b"\2", b"\3") and len(point) > 1:
        return (len(point) - 1) * 8
    if point[:1] in (b"\4", b"\6", b"\7") and len(point) > 1 and len(point) % 2:
        return (len(point) // 2) * 8
    raise Broken(_UNREAD)


def _order_bits(body: bytes, defects: Defects) -> int:
    """ECParameters: version, fieldID, curve, base, order, cofactor (RFC 3279 section 2.3.5)."""
    fields = Reader(body, defects)
    fields.take(INTEGER)
    fields.take(SEQUENCE)
    fields.take(SEQUENCE)
    fields.take(OCTETS)
    return unsigned(fields.take(INTEGER).body).bit_length()
