"""Host keys and host certificates as they are shown, and whether a signature is theirs.

Source: RFC 4253 section 6.6, RFC 5656 section 3.1, RFC 8332, RFC 8709, PROTOCOL.certkeys and PROTOCOL.u2f of OpenSSH.
"""

import hashlib
from typing import Final

import msgspec
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed448, ed25519
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

from iotscan.wire.ssh.fields import Cut, Reader, string

LONGEST: Final = 64 * 1024
"""Bytes of the longest key that is read."""
FOREVER: Final = 2**64 - 1
_CERTIFIED: Final = "-cert-v01@openssh.com"
_CURVES: Final[dict[bytes, tuple[ec.EllipticCurve, hashes.HashAlgorithm]]] = {
    b"nistp256": (ec.SECP256R1(), hashes.SHA256()),
    b"nistp384": (ec.SECP384R1(), hashes.SHA384()),
    b"nistp521": (ec.SECP521R1(), hashes.SHA512()),
}
_FIELDS: Final = {
    "ssh-rsa": 2,
    "ssh-dss": 4,
    **dict.fromkeys(("ecdsa-sha2-nistp256", "ecdsa-sha2-nistp384", "ecdsa-sha2-nistp521"), 2),
    "ssh-ed25519": 1,
    "ssh-ed448": 1,
    "sk-ssh-ed25519@openssh.com": 2,
    "sk-ecdsa-sha2-nistp256@openssh.com": 3,
}
"""Fields of a public key after its type."""
_RSA_DIGESTS: Final = {
    b"ssh-rsa": ("sha1", bytes.fromhex("3021300906052b0e03021a05000414")),
    b"rsa-sha2-256": ("sha256", bytes.fromhex("3031300d060960864801650304020105000420")),
    b"rsa-sha2-512": ("sha512", bytes.fromhex("3051300d060960864801650304020305000440")),
}
"""Digest and its DigestInfo (RFC 8017 section 9.2, note 1)."""
_MOST_RSA_BITS: Final = 16384
_MOST_EXPONENT_BITS: Final = 64


class PublicKey(msgspec.Struct, frozen=True, kw_only=True):
    """A public key: its type (``ssh-rsa``), its fields after the type, and its own bytes."""

    algorithm: str
    fields: tuple[bytes, ...]
    blob: bytes

    @property
    def bits(self) -> int:
        """The RSA modulus or DSA prime in bits; 0 where the type fixes the size."""
        if self.algorithm not in ("ssh-rsa", "ssh-dss"):
            return 0
        return int.from_bytes(self.fields[self.algorithm == "ssh-rsa"], "big").bit_length()

    @property
    def sha256(self) -> str:
        """The fingerprint, hex."""
        return hashlib.sha256(self.blob).hexdigest()


class Certificate(msgspec.Struct, frozen=True, kw_only=True):
    """What an authority says of a key. Times in seconds since 1970; 0 and :data:`FOREVER` for no bound."""

    algorithm: str
    serial: int
    kind: int
    """1 for users, 2 for hosts."""
    key_id: bytes
    principals: tuple[bytes, ...]
    """Host names that it holds for; none for any."""
    valid_from: int
    valid_until: int
    authority: PublicKey
    is_signed: bool
    """Whether the signature is the authority's, and right."""


class HostKeyBlob(msgspec.Struct, frozen=True, kw_only=True):
    """What a server shows: a key, and what an authority says of it where it shows a certificate."""

    key: PublicKey
    certificate: Certificate | None = None


def read_host_key(blob: bytes) -> HostKeyBlob | None:
    """The key in ``K_S``; None for a type that is not known, or damage. Never raises."""
    if len(blob) > LONGEST:
        return None
    try:
        algorithm = Reader(blob).string().decode("ascii")
        if _CERTIFIED in algorithm:
            return _read_certificate(blob, algorithm)
        key = _read_public_key(blob)
        return HostKeyBlob(key=key) if key else None
    except (Cut, UnicodeDecodeError):
        return None


def _read_public_key(blob: bytes) -> PublicKey | None:
    reader = Reader(blob)
    algorithm = reader.string().decode("ascii")
    count = _FIELDS.get(algorithm)
    if count is None:
        return None
    fields = tuple(reader.string() for _ in range(count))
    return PublicKey(algorithm=algorithm, fields=fields, blob=blob) if reader.at == len(blob) else None


def _read_certificate(blob: bytes, algorithm: str) -> HostKeyBlob | None:
    reader = Reader(blob)
    reader.string()
    reader.string()  # a nonce
    base = algorithm.replace(_CERTIFIED, "@openssh.com" if algorithm.startswith("sk-") else "")
    base = base if base in _FIELDS else "ssh-rsa"
    fields = tuple(reader.string() for _ in range(_FIELDS[base]))
    serial, kind, key_id, packed = reader.uint64(), reader.uint32(), reader.string(), Reader(reader.string())
    valid_from, valid_until = reader.uint64(), reader.uint64()
    for _ in ("critical options", "extensions", "reserved"):
        reader.string()
    authority, end = _read_public_key(reader.string()), reader.at
    signature = reader.string()
    if authority is None:
        return None
    key_blob = string(base.encode()) + b"".join(map(string, fields))
    certificate = Certificate(
        algorithm=algorithm,
        serial=serial,
        kind=kind,
        key_id=key_id,
        principals=_read_principals(packed),
        valid_from=valid_from,
        valid_until=valid_until,
        authority=authority,
        is_signed=is_signed_by(authority, signature, blob[:end]),
    )
    return HostKeyBlob(key=PublicKey(algorithm=base, fields=fields, blob=key_blob), certificate=certificate)


def _read_principals(packed: Reader) -> tuple[bytes, ...]:
    names = []
    while True:
        try:
            names.append(packed.string())
        except Cut:
            return tuple(names)


def is_signed_by(key: PublicKey, signature: bytes, data: bytes) -> bool:
    """Whether a signature over ``data`` was made with the private part of a key. Never raises, False for any damage."""
    reader = Reader(signature)
    try:
        algorithm, value = reader.string(), reader.string()
        if key.algorithm == "ssh-rsa":
            return _is_rsa(key, algorithm, value, data)
        if algorithm != key.algorithm.encode():
            return False
        match key.algorithm:
            case "ssh-dss":
                return _is_dsa(key, value, data)
            case "ssh-ed25519":
                ed25519.Ed25519PublicKey.from_public_bytes(key.fields[0]).verify(value, data)
            case "ssh-ed448":
                ed448.Ed448PublicKey.from_public_bytes(key.fields[0]).verify(value, data)
            case "sk-ssh-ed25519@openssh.com" | "sk-ecdsa-sha2-nistp256@openssh.com":
                return _is_by_token(key, value, data, reader.take(5))
            case _:
                return _is_ecdsa(key, value, data)
    except (Cut, ValueError, OverflowError, InvalidSignature, UnsupportedAlgorithm):
        return False
    return True


def _is_rsa(key: PublicKey, algorithm: bytes, value: bytes, data: bytes) -> bool:
    """PKCS #1 1.5 (RFC 8017 section 8.2.2), by hand: a library refuses the short keys that old devices have."""
    exponent, modulus = (int.from_bytes(field, "big") for field in key.fields)
    bits = modulus.bit_length()
    if algorithm not in _RSA_DIGESTS or bits > _MOST_RSA_BITS or not 1 < exponent < 1 << _MOST_EXPONENT_BITS:
        return False
    name, prefix = _RSA_DIGESTS[algorithm]
    told = prefix + hashlib.new(name, data, usedforsecurity=False).digest()
    length = (bits + 7) // 8
    number = int.from_bytes(value, "big")
    if modulus % 2 == 0 or number >= modulus or length < len(told) + 11:
        return False
    padded = b"\0\1" + b"\xff" * (length - len(told) - 3) + b"\0" + told
    return pow(number, exponent, modulus) == int.from_bytes(padded, "big")


def _is_dsa(key: PublicKey, value: bytes, data: bytes) -> bool:
    p, q, g, y = (int.from_bytes(field, "big") for field in key.fields)
    if len(value) != 40 or p.bit_length() > _MOST_RSA_BITS:
        return False
    public = dsa.DSAPublicNumbers(y, dsa.DSAParameterNumbers(p, q, g)).public_key()
    made = encode_dss_signature(int.from_bytes(value[:20], "big"), int.from_bytes(value[20:], "big"))
    public.verify(made, data, hashes.SHA1())  # noqa: S303  # the only digest of ssh-dss: RFC 4253 section 6.6
    return True


def _is_ecdsa(key: PublicKey, value: bytes, data: bytes) -> bool:
    curve, digest = _CURVES.get(key.fields[0], (None, None))
    if curve is None or digest is None:
        return False
    reader = Reader(value)
    made = encode_dss_signature(reader.mpint(), reader.mpint())
    ec.EllipticCurvePublicKey.from_encoded_point(curve, key.fields[1]).verify(made, data, ec.ECDSA(digest))
    return True


def _is_by_token(key: PublicKey, value: bytes, data: bytes, flags_and_counter: bytes) -> bool:
    """Signatures of FIDO tokens: over digests, with flags and a counter between them."""
    told = hashlib.sha256(key.fields[-1]).digest() + flags_and_counter + hashlib.sha256(data).digest()
    if key.algorithm.startswith("sk-ecdsa"):
        return _is_ecdsa(key, value, told)
    ed25519.Ed25519PublicKey.from_public_bytes(key.fields[0]).verify(value, told)
    return True
