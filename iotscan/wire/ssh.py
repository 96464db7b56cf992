"""The first two messages of an SSH server: identification string and KEXINIT (RFC 4253 §4.2, §6, §7.1)."""

import struct
from typing import Final

import msgspec

IDENTIFICATION: Final = b"SSH-2.0-iotscan\r\n"
"""Our own line; servers wait for it before they send KEXINIT."""

_MSG_KEXINIT: Final = 20
_LONGEST_PACKET: Final = 35000
_LONGEST_LINE: Final = 255
_COOKIE: Final = 16
_LISTS: Final = 10


class Identification(msgspec.Struct, frozen=True, kw_only=True):
    """``SSH-protocol-software comments``, as raw bytes, and where in the stream its line ended."""

    protocol: bytes
    software: bytes
    """Software version and comments: ``OpenSSH_9.2p1 Debian-2``."""
    end: int


class KexInit(msgspec.Struct, frozen=True, kw_only=True):
    """The algorithms a server offers, in its order. Server-to-client lists where there are two."""

    kex: tuple[str, ...]
    host_key_algorithms: tuple[str, ...]
    ciphers: tuple[str, ...]
    macs: tuple[str, ...]


def read_identification(data: bytes) -> Identification | None:
    """The first whole line that begins with ``SSH-``; lines before it are lawful. None without one. Never raises."""
    start = 0
    while (end := data.find(b"\n", start)) >= 0:
        line = data[start:end].rstrip(b"\r")
        start = end + 1
        if line.startswith(b"SSH-"):
            protocol, dash, software = line[4:].partition(b"-")
            if not dash or not protocol or len(line) > _LONGEST_LINE:
                return None
            return Identification(protocol=protocol, software=software, end=start)
    return None


def whole_length(data: bytes) -> int | None:
    """How long the packet at the start of ``data`` is in bytes: 4 while unknown, None when it can be none."""
    if len(data) < 4:
        return 4
    (length,) = struct.unpack_from(">I", data)
    return 4 + int(length) if 5 <= length <= _LONGEST_PACKET else None


def read_kexinit(data: bytes) -> KexInit | None:
    """The KEXINIT in the unencrypted packet at the start of ``data``; None when it is none. Never raises."""
    whole = whole_length(data)
    if whole is None or len(data) < max(whole, 6):
        return None
    payload = data[5 : whole - data[4]]
    if len(payload) < 1 + _COOKIE or payload[0] != _MSG_KEXINIT:
        return None
    lists = _read_name_lists(payload[1 + _COOKIE :])
    if lists is None:
        return None
    return KexInit(kex=lists[0], host_key_algorithms=lists[1], ciphers=lists[3], macs=lists[5])


def _read_name_lists(data: bytes) -> list[tuple[str, ...]] | None:
    lists: list[tuple[str, ...]] = []
    at = 0
    for _ in range(_LISTS):
        if at + 4 > len(data):
            return None
        end = at + 4 + int.from_bytes(data[at : at + 4], "big")
        names = data[at + 4 : end]
        # RFC 4251 §6: names are printable US-ASCII; whatever else stands there is no KEXINIT of a server.
        if end > len(data) or not all(0x20 < byte < 0x7F for byte in names):
            return None
        lists.append(tuple(names.decode("ascii").split(",")) if names else ())
        at = end
    return lists


def key_bits(blob: bytes) -> int:
    """The size of a public key in bits (RFC 4253 §6.6): RSA modulus or DSA prime; 0 for any other. Never raises.

    Other algorithms fix the size by their name (``ecdsa-sha2-nistp256``, ``ssh-ed25519``).
    """
    fields: list[bytes] = []
    at = 0
    while at + 4 <= len(blob) and len(fields) < 3:
        end = at + 4 + int.from_bytes(blob[at : at + 4], "big")
        fields.append(blob[at + 4 : end])
        at = end
    match fields:
        case [b"ssh-rsa", _, modulus]:
            return int.from_bytes(modulus, "big").bit_length()
        case [b"ssh-dss", prime, *_]:
            return int.from_bytes(prime, "big").bit_length()
    return 0
