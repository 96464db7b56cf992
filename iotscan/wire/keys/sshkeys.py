"""Private keys of SSH programs: OpenSSH (PROTOCOL.key of OpenSSH), PuTTY (its manual, appendix C), Dropbear.

Dropbear's form (its signkey.c, dropbearkey(1)) is that of the SSH agent: the algorithm as a string, then its numbers
as in RFC 4253 section 6.6, the secret ones after the public ones.
"""

import base64
import binascii
import struct

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import load_ssh_public_key

from iotscan.wire.keys.found import FoundKey, NoKey, spki_of

_OPENSSH = b"openssh-key-v1\0"
_CURVES: dict[bytes, type[ec.EllipticCurve]] = {
    b"nistp256": ec.SECP256R1,
    b"nistp384": ec.SECP384R1,
    b"nistp521": ec.SECP521R1,
}
_LARGEST_DROPBEAR = 8192
PUTTY_MARK = b"PuTTY-User-Key-File-"


def read_openssh(data: bytes) -> FoundKey:
    """The key in the bytes between the PEM lines: its public half is readable whatever its cipher. Raises NoKey."""
    if not data.startswith(_OPENSSH):
        raise NoKey
    try:
        cipher, rest = _string(data[len(_OPENSSH) :])
        _, rest = _string(rest)
        _, rest = _string(rest)
        (count,) = struct.unpack_from(">I", rest)
        public, rest = _string(rest[4:])
        secret, _ = _string(rest)
    except struct.error as error:
        raise NoKey from error
    if count < 1 or len(secret) < 16:
        raise NoKey
    return FoundKey(format="openssh", encrypted=cipher != b"none", spki=_public(public))


def read_putty(data: bytes) -> FoundKey:
    """The key of a .ppk file. Raises NoKey."""
    lines = data[: 64 * 1024].replace(b"\r", b"").split(b"\n")
    fields = dict(line.split(b": ", 1) for line in lines if b": " in line)
    try:
        count, start = int(fields[b"Public-Lines"]), next(n for n, v in enumerate(lines) if v.startswith(b"Public-L"))
        if not 0 < count < 200 or int(fields[b"Private-Lines"]) < 1:
            raise NoKey
        public = base64.b64decode(b"".join(lines[start + 1 : start + 1 + count]), validate=True)
    except (KeyError, ValueError, StopIteration) as error:
        raise NoKey from error
    return FoundKey(format="putty", encrypted=fields.get(b"Encryption", b"none") != b"none", spki=_public(public))


def looks_like_dropbear(data: bytes) -> bool:
    """Cheap: the bytes begin with the name of an algorithm as an SSH string, and are few."""
    return data[:3] == b"\0\0\0" and 40 < len(data) < _LARGEST_DROPBEAR and data[4:8] in (b"ssh-", b"ecds")


def read_dropbear(data: bytes) -> FoundKey:
    """The host key of a Dropbear server. Raises NoKey where its numbers are none."""
    try:
        return FoundKey(format="dropbear", encrypted=False, spki=_dropbear(data))
    except (struct.error, ValueError, UnsupportedAlgorithm) as error:
        raise NoKey from error


def _dropbear(data: bytes) -> bytes:
    name, rest = _string(data)
    if name == b"ssh-ed25519":
        both, _ = _string(rest)
        key = ed25519.Ed25519PrivateKey.from_private_bytes(both[:32]).public_key()
        if key.public_bytes_raw() != both[32:]:
            raise NoKey
        return spki_of(key)
    if name.startswith(b"ecdsa-sha2-"):
        curve, rest = _string(rest)
        point, rest = _string(rest)
        secret, _ = _string(rest)
        if curve not in _CURVES or not int.from_bytes(secret, "big"):
            raise NoKey
        derived = ec.derive_private_key(int.from_bytes(secret, "big"), _CURVES[curve]()).public_key()
        if derived != ec.EllipticCurvePublicKey.from_encoded_point(_CURVES[curve](), point):
            raise NoKey
        return spki_of(derived)
    numbers: list[int] = []
    while rest and len(numbers) < 5:
        number, rest = _string(rest)
        numbers.append(int.from_bytes(number, "big"))
    if name == b"ssh-rsa":
        return _rsa(numbers)
    if name == b"ssh-dss" and len(numbers) == 5:
        p, q, g, y, _ = numbers
        return spki_of(dsa.DSAPublicNumbers(y, dsa.DSAParameterNumbers(p, q, g)).public_key())
    raise NoKey


def _rsa(numbers: list[int]) -> bytes:
    # Very old versions left p and q out.
    if len(numbers) < 3 or (len(numbers) == 5 and numbers[3] * numbers[4] != numbers[1]):
        raise NoKey
    return spki_of(rsa.RSAPublicNumbers(numbers[0], numbers[1]).public_key())


def _public(blob: bytes) -> bytes:
    try:
        name, _ = _string(blob)
        return spki_of(load_ssh_public_key(name + b" " + binascii.b2a_base64(blob, newline=False)))
    except (struct.error, ValueError, UnsupportedAlgorithm):
        return b""


def _string(data: bytes) -> tuple[bytes, bytes]:
    (length,) = struct.unpack_from(">I", data)
    if length > len(data) - 4:
        raise struct.error("a string is longer than what holds it")
    return data[4 : 4 + length], data[4 + length :]
