"""Secret keys of GnuPG: OpenPGP packets (RFC 9580 sections 4.2, 5.5) and the files of private-keys-v1.d.

The latter are canonical S-expressions, or name-value lines around one (GnuPG, agent/keyformat.txt). A key that only
says that a smartcard has the secret is none.
"""

import base64
import binascii
import re
import struct

from iotscan.wire.keys.found import FoundKey, NoKey

_SECRET_KEY, _SECRET_SUBKEY = 5, 7
_MPIS = {1: 2, 2: 2, 3: 2, 16: 3, 17: 4}
"""How many public numbers an algorithm has: RSA, Elgamal, DSA."""
_CURVES = (18, 19, 22)
_FIXED = {25: 32, 26: 56, 27: 32, 28: 57}
_GNU_S2K = 101
_AGENT = re.compile(
    rb"\(\d{0,3}:?(protected-|shadowed-)?private-key\s{0,8}\(\d{0,2}:?(rsa|dsa|elg|ecc|ecdsa|ecdh|eddsa)"
)


def looks_like_pgp(head: bytes, name: str) -> bool:
    """Cheap: a binary OpenPGP file that begins with a secret key, or a file of GnuPG's agent."""
    if name.endswith(".key") and (head[:1] == b"(" or head.startswith(b"Key: (") or b"\nKey: (" in head):
        return True
    # Old framing of packet 5 with a length of one or two bytes or four; new framing.
    return head[:1] in (b"\x94", b"\x95", b"\x96", b"\xc5") and (
        name.endswith((".gpg", ".pgp", ".asc", ".key", ".sec", ".bin")) or "secring" in name
    )


def read_agent(data: bytes) -> FoundKey:
    """The key of a file of private-keys-v1.d. Raises NoKey."""
    found = _AGENT.search(data[:16384])
    if found is None or found[1] == b"shadowed-":
        raise NoKey
    return FoundKey(format="gnupg", encrypted=found[1] == b"protected-")


def read_armoured(pem: bytes) -> FoundKey:
    """The first key of a ``PGP PRIVATE KEY BLOCK`` (RFC 9580 section 6.2). Raises NoKey."""
    _, _, body = pem.replace(b"\r", b"").partition(b"\n\n")
    lines = [line.strip() for line in body.split(b"\n")]
    coded = b"".join(line for line in lines if line and line[:1] not in (b"-", b"="))
    try:
        return read_packets(base64.b64decode(coded + b"=" * (-len(coded) % 4)))
    except binascii.Error as error:
        raise NoKey from error


def read_packets(data: bytes) -> FoundKey:
    """The secret key in the first packet; a subkey after it is not looked at. Raises NoKey."""
    try:
        tag, body = _packet(data)
        if tag not in (_SECRET_KEY, _SECRET_SUBKEY):
            raise NoKey
        return FoundKey(format="openpgp", encrypted=_is_encrypted(body))
    except (struct.error, IndexError) as error:
        raise NoKey from error


def _packet(data: bytes) -> tuple[int, bytes]:
    first = data[0]
    if not first & 0x80:
        raise NoKey
    if first & 0x40:
        length, start = data[1], 2
        if 192 <= length < 224:
            length, start = ((length - 192) << 8) + data[2] + 192, 3
        elif length == 255:
            length, start = struct.unpack_from(">I", data, 2)[0], 6
        elif length >= 224:
            raise NoKey
        tag = first & 0x3F
    else:
        size = (1, 2, 4, 0)[first & 3]
        if not size:
            raise NoKey
        length, start, tag = int.from_bytes(data[1 : 1 + size], "big"), 1 + size, (first >> 2) & 0xF
    if start + length > len(data):
        raise NoKey
    return tag, data[start : start + length]


def _is_encrypted(body: bytes) -> bool:
    version, algorithm = body[0], body[5]
    if version not in (4, 5, 6):
        raise NoKey
    at = 6 if version == 4 else 10
    if algorithm in _MPIS:
        for _ in range(_MPIS[algorithm]):
            at = _number(body, at)
    elif algorithm in _CURVES:
        at = _number(body, at + 1 + body[at])
        if algorithm == 18:
            at += 1 + body[at]
    elif algorithm in _FIXED:
        at += _FIXED[algorithm]
    else:
        raise NoKey
    usage = body[at]
    if usage == 0:
        return False
    # The kind of S2K and, in GNU's own, that the secret is not here (1) or on a card (2).
    if usage in (254, 255) and version == 4 and body[at + 2] == _GNU_S2K:
        raise NoKey
    return True


def _number(body: bytes, at: int) -> int:
    (bits,) = struct.unpack_from(">H", body, at)
    return at + 2 + (int(bits) + 7) // 8
