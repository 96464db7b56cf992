"""Packets of OpenPGP, their armour and their numbers (RFC 9580 sections 3.2, 4.2, 6; RFC 4880 for what is older)."""

import base64
import binascii
import re
from typing import Final

import msgspec

from iotscan.wire.ber import Malformed

SIGNATURE: Final = 2
KEY: Final = 6
USER: Final = 13
SUBKEY: Final = 14
MOST_PACKETS: Final = 50_000
"""Of one file: Debian's keyring of all its developers has fewer."""
_LINE: Final = re.compile(rb"-----(BEGIN|END) PGP ([A-Z ]{3,30})-----[ \t\r]*$")
_CRC_START: Final = 0xB704CE
_CRC_POLYNOMIAL: Final = 0x1864CFB


class Packet(msgspec.Struct, frozen=True, kw_only=True):
    """One packet: what it is, and what it holds."""

    tag: int
    body: bytes


class Reader:
    """Bytes that are taken from the front. Raises Malformed where fewer are left than asked for."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.at = 0

    @property
    def left(self) -> int:
        """How many bytes are left."""
        return len(self.data) - self.at

    def take(self, length: int) -> bytes:
        """The next bytes."""
        if length > self.left:
            raise Malformed("it is cut short")
        self.at += length
        return self.data[self.at - length : self.at]

    def number(self, length: int) -> int:
        """An unsigned number, the most significant byte first."""
        return int.from_bytes(self.take(length), "big")

    def mpi(self) -> bytes:
        """A multiprecision integer (RFC 9580 section 3.2)."""
        bits = self.number(2)
        value = self.take((bits + 7) // 8)
        if int.from_bytes(value, "big").bit_length() != bits:
            raise Malformed("a number in it has another length than it says")
        return value


def packets(data: bytes) -> list[Packet]:
    """The packets of binary OpenPGP. Raises Malformed; also for lengths that are left open, as none of ours has."""
    reader = Reader(data)
    found: list[Packet] = []
    while reader.left:
        if len(found) >= MOST_PACKETS:
            raise Malformed(f"it has more than {MOST_PACKETS} packets")
        found.append(_packet(reader))
    return found


def _packet(reader: Reader) -> Packet:
    first = reader.number(1)
    if not first & 0x80:
        raise Malformed("it is no OpenPGP packet")
    if first & 0x40:
        return Packet(tag=first & 0x3F, body=reader.take(_new_length(reader)))
    if first & 3 == 3:
        raise Malformed("a packet in it has no length")
    return Packet(tag=first >> 2 & 0xF, body=reader.take(reader.number(1 << (first & 3))))


def _new_length(reader: Reader) -> int:
    first = reader.number(1)
    if first < 192:
        return first
    if first < 224:
        return ((first - 192) << 8) + reader.number(1) + 192
    if first < 255:
        raise Malformed("a packet in it has no length")
    return reader.number(4)


def subpackets(data: bytes) -> list[tuple[int, bool, bytes]]:
    """Type, whether it is critical, and content of each (RFC 9580 section 5.2.3.7). Raises Malformed."""
    reader = Reader(data)
    found: list[tuple[int, bool, bytes]] = []
    while reader.left:
        first = reader.number(1)
        length = first if first < 192 else reader.number(4) if first == 255 else 0
        if 192 <= first < 255:
            length = ((first - 192) << 8) + reader.number(1) + 192
        if not length:
            raise Malformed("a subpacket in it is empty")
        body = reader.take(length)
        found.append((body[0] & 0x7F, bool(body[0] & 0x80), body[1:]))
    return found


def is_armoured(data: bytes) -> bool:
    """Whether it is text rather than packets, whose first byte has its highest bit set."""
    return data[:1] < b"\x80"


def dearmour(data: bytes, kinds: frozenset[str]) -> bytes:
    """The packets of all blocks of armoured text that are one of ``kinds`` (``SIGNATURE`` …), one after the other.

    Raises Malformed where a block is damaged, or none is there. Text around blocks is left alone, as GnuPG does.
    """
    found, kind = bytearray(), ""
    block: list[bytes] | None = None
    for line in data.split(b"\n"):
        mark = _LINE.match(line)
        if mark is None:
            if block is not None:
                block.append(line.strip())
            continue
        name = mark[2].decode()
        if mark[1] == b"BEGIN":
            if block is not None:
                raise Malformed("a block in it has no end")
            block, kind = ([] if name in kinds else None), name
        elif block is not None:
            if name != kind:
                raise Malformed("a block in it has no end")
            found += _block(block)
            block = None
    if block is not None:
        raise Malformed("a block in it has no end")
    if not found:
        raise Malformed("it holds no OpenPGP block")
    return bytes(found)


def _block(lines: list[bytes]) -> bytes:
    if b"" not in lines:
        raise Malformed("a block in it has no empty line")
    body = lines[lines.index(b"") + 1 :]
    while body and not body[-1]:
        body.pop()
    checksum = body.pop()[1:] if body and body[-1][:1] == b"=" else None
    try:
        data = base64.b64decode(b"".join(body), validate=True)
        if checksum is not None and base64.b64decode(checksum, validate=True) != _crc(data).to_bytes(3, "big"):
            raise Malformed("the checksum of a block in it is not that of its bytes")
    except binascii.Error as error:
        raise Malformed("a block in it is no base64") from error
    return data


def _table() -> tuple[int, ...]:
    values = []
    for byte in range(256):
        value = byte << 16
        for _ in range(8):
            value <<= 1
            if value & 0x1000000:
                value ^= _CRC_POLYNOMIAL
        values.append(value)
    return tuple(values)


_CRC_TABLE: Final = _table()


def _crc(data: bytes) -> int:
    value = _CRC_START
    for byte in data:
        value = (value << 8 & 0xFFFFFF) ^ _CRC_TABLE[value >> 16 ^ byte]
    return value
