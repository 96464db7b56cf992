"""Tar as updaters write it, read strictly: every header adds up, every member is whole, nothing hides behind the end.

Source: POSIX.1-2008, pax, "ustar Interchange Format" and "pax Header Block"; GNU tar manual (long names).
Python's tarfile takes a damaged header for the end of the archive, which an updater must not.
"""

from collections.abc import Iterator
from typing import Final

import msgspec

from iotscan.wire.ber import Malformed
from iotscan.wire.signing.source import STEP
from iotscan.wire.signing.unpacking import NotRead, Stream

BLOCK: Final = 512
_ENTRIES: Final = 10_000
_EXTENDED: Final = 64 << 10
"""Bytes of a pax header or a long name."""


class Member(msgspec.Struct, frozen=True, kw_only=True):
    """One member. ``offset`` is where its bytes lie in the unpacked archive."""

    name: str
    size: int
    kind: str
    """``file``, ``folder``, or the letter of what else it is."""
    offset: int


class Tar:
    """The members of an archive, one after the other, and its stream to its end.

    Raises Malformed, and what the stream raises.
    """

    def __init__(self, stream: Stream) -> None:
        self._stream = stream
        self._at = 0
        self._left = 0
        self._padding = 0

    def members(self) -> Iterator[Member]:
        """Each member; the bytes of one are there (:meth:`chunks`) until the next is asked for."""
        names: set[str] = set()
        for _ in range(_ENTRIES):
            member = self._next()
            if member is None:
                self._stream.drain()
                return
            if member.name in names:
                raise Malformed(f"{member.name} stands in it twice")
            names.add(member.name)
            yield member
        raise NotRead(f"an archive of more than {_ENTRIES:,} members")

    def chunks(self) -> Iterator[bytes]:
        """The bytes of the member that was given last, what is left of them."""
        while self._left:
            piece = self._stream.take(min(self._left, STEP))
            if not piece:
                raise Malformed("an archive is cut short")
            self._left -= len(piece)
            self._at += len(piece)
            yield piece

    def data(self, limit: int, name: str) -> bytes:
        """All bytes of the member that was given last. Raises :class:`NotRead` for more than ``limit``."""
        if self._left > limit:
            raise NotRead(f"{name} is larger than {limit >> 10:,} KiB")
        return b"".join(self.chunks())

    def _next(self) -> Member | None:
        extended: dict[str, str] = {}
        for _ in range(8):
            header = self._header()
            if header is None:
                if extended:
                    raise Malformed("an archive ends behind an extended header")
                return None
            kind, size = header[156:157], _number(header[124:136])
            if kind in b"xgL":
                self._open(size)
                extended |= _extended(kind, self.data(_EXTENDED, "an extended header"))
                continue
            size = _decimal(extended["size"]) if "size" in extended else size
            name = extended.get("path") or _name(header)
            self._open(size if kind in (b"0", b"\0", b"7") else 0)
            kinds = {b"0": "file", b"\0": "file", b"7": "file", b"5": "folder"}
            return Member(name=name, size=size, kind=kinds.get(kind, kind.decode("latin-1")), offset=self._at)
        raise Malformed("too many extended headers before one member")

    def _open(self, size: int) -> None:
        self._left, self._padding = size, -size % BLOCK

    def _header(self) -> bytes | None:
        """The next header; None at the end of the archive, which two blocks of zeros are."""
        left = self._left + self._padding
        if self._stream.skip(left) != left:
            raise Malformed("an archive is cut short")
        self._at += left
        self._left = self._padding = 0
        header = self._block()
        if header is None or header.count(0) == BLOCK:
            second = self._block() if header is not None else None
            if header is None or second is None or second.count(0) != BLOCK:
                raise Malformed("an archive does not end as one does")
            return None
        unsigned = sum(header) - sum(header[148:156]) + 8 * 32
        if _number(header[148:156]) != unsigned:
            raise Malformed("a header of an archive does not add up")
        return header

    def _block(self) -> bytes | None:
        block = self._stream.exactly(BLOCK)
        self._at += len(block)
        return block if len(block) == BLOCK else None


def _name(header: bytes) -> str:
    name = header[:100].split(b"\0", 1)[0]
    prefix = header[345:500].split(b"\0", 1)[0] if header[257:263] == b"ustar\0" else b""
    whole = prefix + b"/" + name if prefix else name
    return whole.decode("utf-8", "backslashreplace")


def _number(field: bytes) -> int:
    if field[:1] == b"\x80":
        return int.from_bytes(field[1:], "big")
    text = field.strip(b" \0")
    if text and text.strip(b"01234567"):
        raise Malformed("a number in an archive is none")
    return int(text or b"0", 8)


def _decimal(text: str) -> int:
    if not text.isascii() or not text.isdigit() or len(text) > 18:
        raise Malformed("a number in an archive is none")
    return int(text)


def _extended(kind: bytes, data: bytes) -> dict[str, str]:
    """What counts of a long name of GNU, or of the records ``length key=value`` of pax."""
    if kind == b"L":
        return {"path": data.rstrip(b"\0").decode("utf-8", "backslashreplace")}
    found: dict[str, str] = {}
    at = 0
    while at < len(data):
        space = data.find(b" ", at, at + 8)
        if space < 0:
            raise Malformed("an extended header makes no sense")
        length = _decimal(data[at:space].decode("latin-1"))
        record = data[space + 1 : at + length]
        if length <= space + 1 - at or at + length > len(data) or record[-1:] != b"\n":
            raise Malformed("an extended header makes no sense")
        key, _, value = record[:-1].partition(b"=")
        if key in (b"path", b"size"):
            found[key.decode()] = value.decode("utf-8", "backslashreplace")
        at += length
    return found if kind == b"x" else {}
