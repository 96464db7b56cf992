"""What ``cryptography`` refuses to write, made of what it does: weak hashes, version 1, keys that are too short.

Source: RFC 5280 section 4.1 (Certificate), X.690 (DER).
"""

from collections.abc import Iterator

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa

_RSA_HASHES = {"md5": 4, "sha1": 5, "sha256": 11}
"""Last arc below 1.2.840.113549.1.1, RFC 8017 appendix A.2.4."""
_RSA_WITH = bytes.fromhex("06092a864886f70d0101")
_HASHES: dict[str, hashes.HashAlgorithm] = {"md5": hashes.MD5(), "sha1": hashes.SHA1(), "sha256": hashes.SHA256()}


def with_hash(signed: bytes, key: rsa.RSAPrivateKey, name: str) -> bytes:
    """A certificate or CRL that was signed with RSA and SHA-256, signed again with ``md5`` or ``sha1``."""
    body, algorithm, _ = parts(signed)
    weak = _RSA_WITH + bytes([_RSA_HASHES[name]])
    usual = _RSA_WITH + bytes([_RSA_HASHES["sha256"]])
    # The first one is the field in the body: a key names itself as rsaEncryption only.
    body, algorithm = body.replace(usual, weak, 1), algorithm.replace(usual, weak, 1)
    return _closed(body, algorithm, key.sign(body, padding.PKCS1v15(), _HASHES[name]))


def with_key(signed: bytes, spki: bytes, by: ec.EllipticCurvePrivateKey) -> bytes:
    """A certificate with another SubjectPublicKeyInfo, signed again with ECDSA and SHA-256."""
    body, algorithm, _ = parts(signed)
    fields = parts(body)
    fields[6] = spki
    body = element(0x30, b"".join(fields))
    return _closed(body, algorithm, by.sign(body, ec.ECDSA(hashes.SHA256())))


def as_version_1(signed: bytes, by: ec.EllipticCurvePrivateKey) -> bytes:
    """A certificate without version and extensions, signed again with ECDSA and SHA-256."""
    body, algorithm, _ = parts(signed)
    body = element(0x30, b"".join(p for p in parts(body) if p[0] not in (0xA0, 0xA3)))
    return _closed(body, algorithm, by.sign(body, ec.ECDSA(hashes.SHA256())))


def body_of(signed: bytes) -> bytes:
    """The part that is signed."""
    return parts(signed)[0]


def element(tag: int, content: bytes) -> bytes:
    """One DER element."""
    size = len(content)
    if size < 0x80:
        return bytes([tag, size]) + content
    length = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes([tag, 0x80 | len(length)]) + length + content


def parts(data: bytes) -> list[bytes]:
    """The elements inside of one element, each with its head."""
    return list(_parts(data))


def _parts(data: bytes) -> Iterator[bytes]:
    at, end = _inside(data, 0)
    while at < end:
        stop = _inside(data, at)[1]
        yield data[at:stop]
        at = stop


def _inside(data: bytes, at: int) -> tuple[int, int]:
    first = data[at + 1]
    if first < 0x80:
        return at + 2, at + 2 + first
    begin = at + 2 + (first & 0x7F)
    return begin, begin + int.from_bytes(data[at + 2 : begin], "big")


def _closed(body: bytes, algorithm: bytes, signature: bytes) -> bytes:
    return element(0x30, body + algorithm + element(0x03, b"\0" + signature))
