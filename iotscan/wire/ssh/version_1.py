"""The first packet of an SSH 1 server, which shows its keys (draft-ylonen-ssh-protocol-00, sections 2 and 5)."""

import zlib
from typing import Final

import msgspec

from iotscan.wire.ssh.fields import Cut, Reader

IDENTIFICATION: Final = b"SSH-1.5-iotscan\r\n"
"""Our own line to a server that speaks nothing newer."""
_PUBLIC_KEY: Final = 2
_LONGEST: Final = 8 * 1024
_CIPHERS: Final = ("none", "idea", "des", "3des", "tss", "rc4", "blowfish")
_LOGINS: Final = (
    *("", "rhosts", "rsa", "password", "rhosts-rsa", "tis", "kerberos", "kerberos-tgt"),
    *("", "", "", "", "", "", "", ""),
)


class Version1(msgspec.Struct, frozen=True, kw_only=True):
    """What it shows: sizes of its two RSA keys, ciphers and ways to log in by name (a number where there is none)."""

    host_key_bits: int
    server_key_bits: int
    ciphers: tuple[str, ...]
    logins: tuple[str, ...]


def whole_length(data: bytes) -> int | None:
    """How long the packet at the start of ``data`` is in bytes: 4 while unknown, None when it can be none."""
    if len(data) < 4:
        return 4
    length = int.from_bytes(data[:4], "big")
    return 4 + (8 - length % 8) + length if 5 <= length <= _LONGEST else None


def read_public_keys(data: bytes) -> Version1 | None:
    """SMSG_PUBLIC_KEY, the packet that ``data`` is; None when it is none. Never raises."""
    whole = whole_length(data)
    if whole is None or len(data) != whole:
        return None
    length = int.from_bytes(data[:4], "big")
    checked, told = data[4:-4], int.from_bytes(data[-4:], "big")
    if _crc(checked) != told:
        return None
    reader = Reader(data[whole - length : -4])
    try:
        if reader.byte() != _PUBLIC_KEY:
            return None
        reader.take(8)  # a cookie
        server, host = _read_key(reader), _read_key(reader)
        reader.uint32()  # flags
        ciphers, logins = reader.uint32(), reader.uint32()
    except Cut:
        return None
    return Version1(
        host_key_bits=host, server_key_bits=server, ciphers=_names(ciphers, _CIPHERS), logins=_names(logins, _LOGINS)
    )


def _crc(data: bytes) -> int:
    """CRC-32 that begins with zeros and is not inverted."""
    return zlib.crc32(data, 0xFFFFFFFF) ^ 0xFFFFFFFF


def _read_key(reader: Reader) -> int:
    """The bits of the modulus of an RSA key; what the server says of its size is not asked."""
    reader.uint32()
    sizes = []
    for _ in ("exponent", "modulus"):
        bits = int.from_bytes(reader.take(2), "big")
        sizes.append(int.from_bytes(reader.take((bits + 7) // 8), "big").bit_length())
    return sizes[1]


def _names(mask: int, known: tuple[str, ...]) -> tuple[str, ...]:
    bits = [place for place in range(32) if mask >> place & 1]
    return tuple((known[place] if place < len(known) else "") or f"number {place}" for place in bits)
