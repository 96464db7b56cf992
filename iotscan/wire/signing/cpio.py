"""cpio archives as SWUpdate reads them: newc and crc, member by member.

Sources: cpio(5), "New ASCII Format" and "New CRC Format"; SWUpdate ``core/cpio_utils.c`` (names of less than 256 bytes,
the last member is ``TRAILER!!!``).
"""

import hashlib
import zlib
from typing import Final

import msgspec

from iotscan.wire.ber import Malformed
from iotscan.wire.signing.source import STEP, Source, exactly

MAGICS: Final = (b"070701", b"070702")
_HEADER: Final = 110
_LONGEST_NAME: Final = 255
_MEMBERS: Final = 10_000
_TRAILER: Final = b"TRAILER!!!"
_PIECE: Final = 256
"""Bytes whose sum Adler-32 gives exactly: it counts modulo 65521."""


class Member(msgspec.Struct, frozen=True, kw_only=True):
    """A member, and where its bytes are. ``checksum`` is None in an archive without any."""

    name: bytes
    start: int
    size: int
    checksum: int | None


class Archive(msgspec.Struct, frozen=True, kw_only=True):
    """The members up to where reading ended. ``damage`` says how it is cut short, ``problem`` what was not read."""

    members: tuple[Member, ...] = ()
    end: int = 0
    damage: str = ""
    problem: str = ""


def read_archive(source: Source, known: int | None = None) -> Archive:
    """Read the members; of the first ``known`` bytes only, where there is a limit. Never raises but what they raise."""
    members: list[Member] = []
    at, limit = 0, source.size if known is None else known
    while len(members) < _MEMBERS:
        try:
            member, behind = _member(source, at, limit)
        except Malformed as error:
            if limit < source.size and at + _HEADER + _LONGEST_NAME > limit:
                return Archive(members=tuple(members), end=at, problem=f"only its first {limit} bytes were read")
            return Archive(members=tuple(members), end=at, damage=str(error))
        if member.name == _TRAILER:
            return Archive(members=tuple(members), end=behind)
        if behind > source.size:
            return Archive(members=(*members, member), end=at, damage="it is cut short")
        members.append(member)
        at = behind
    return Archive(members=tuple(members), end=at, problem=f"it has more than {_MEMBERS} members")


def _member(source: Source, at: int, limit: int) -> tuple[Member, int]:
    if at + _HEADER > limit:
        raise Malformed("it is cut short: nothing marks its end")
    header = exactly(source, at, _HEADER)
    magic, fields = header[:6], header[6:]
    if magic not in MAGICS:
        raise Malformed("a header in it is none of an archive")
    try:
        numbers = [int(fields[i : i + 8].decode("ascii"), 16) for i in range(0, 104, 8)]
    except ValueError as error:
        raise Malformed("a header in it holds no number") from error
    if any(c not in b"0123456789abcdefABCDEF" for c in fields):
        raise Malformed("a header in it holds no number")
    size, length, checksum = numbers[6], numbers[11], numbers[12]
    if not 1 <= length <= _LONGEST_NAME or at + _HEADER + length > limit:
        raise Malformed("a name in it is cut short or too long")
    name = exactly(source, at + _HEADER, length).split(b"\0")[0]
    start = _round(at + _HEADER + length)
    found = Member(name=name, start=start, size=size, checksum=checksum if magic == MAGICS[1] else None)
    return found, min(_round(start + size), max(source.size, start + size))


def digest_and_sum(source: Source, member: Member) -> tuple[bytes, int]:
    """The SHA-256 of a member and the sum of its bytes modulo 2^32 (cpio(5)), in one pass. Raises Malformed."""
    hashing, total, at, end = hashlib.sha256(), 0, member.start, member.start + member.size
    while at < end:
        data = exactly(source, at, min(STEP, end - at))
        hashing.update(data)
        if member.checksum is not None:
            total += sum_of(data)
        at += len(data)
    return hashing.digest(), total & 0xFFFFFFFF


def sum_of(data: bytes) -> int:
    """The sum of all bytes."""
    view = memoryview(data)
    return sum((zlib.adler32(view[i : i + _PIECE]) & 0xFFFF) - 1 for i in range(0, len(data), _PIECE))


def _round(at: int) -> int:
    return -(-at // 4) * 4
