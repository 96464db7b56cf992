"""An SSH public key in the form in which certificates and key files hold it: SubjectPublicKeyInfo, DER.

Source: RFC 4253 section 6.6, RFC 5656 section 3.1, RFC 8709; RFC 3279 section 2.3, RFC 5480, RFC 8410. By hand: a
library refuses the short keys that old devices have.
"""

from typing import Final

from iotscan.wire.ssh.host_keys import PublicKey

_RSA: Final = bytes.fromhex("300d06092a864886f70d0101010500")
_DSA: Final = bytes.fromhex("06072a8648ce380401")
_FIXED: Final = {
    "ssh-ed25519": (bytes.fromhex("302a300506032b6570032100"), 32),
    "ssh-ed448": (bytes.fromhex("3043300506032b6571033a00"), 57),
    "ecdsa-sha2-nistp256": (bytes.fromhex("3059301306072a8648ce3d020106082a8648ce3d030107034200"), 65),
    "ecdsa-sha2-nistp384": (bytes.fromhex("3076301006072a8648ce3d020106052b81040022036200"), 97),
    "ecdsa-sha2-nistp521": (bytes.fromhex("30819b301006072a8648ce3d020106052b8104002303818600"), 133),
}
"""All before the point, and how long that is, uncompressed."""


def spki_of(key: PublicKey) -> bytes:
    """The SubjectPublicKeyInfo of a host key; empty for a kind that has none, and for damage. Never raises."""
    if key.algorithm == "ssh-rsa":
        exponent, modulus = map(_integer, key.fields)
        return _wrapped(0x30, _RSA + _bits(_wrapped(0x30, modulus + exponent)))
    if key.algorithm == "ssh-dss":
        *parameters, public = map(_integer, key.fields)
        return _wrapped(0x30, _wrapped(0x30, _DSA + _wrapped(0x30, b"".join(parameters))) + _bits(public))
    prefix, length = _FIXED.get(key.algorithm, (b"", 0))
    return prefix + key.fields[-1] if prefix and len(key.fields[-1]) == length else b""


def _integer(field: bytes) -> bytes:
    plain = field.lstrip(b"\0")
    return _wrapped(0x02, b"\0" + plain if plain[:1] >= b"\x80" or not plain else plain)


def _bits(content: bytes) -> bytes:
    return _wrapped(0x03, b"\0" + content)


def _wrapped(tag: int, content: bytes) -> bytes:
    size = len(content)
    if size < 0x80:
        return bytes((tag, size)) + content
    digits = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes((tag, 0x80 | len(digits))) + digits + content
