"""HTTP/2 messages as they pass by: one direction of a connection, bounded (RFC 9113 sections 4 and 6, RFC 7541).

Heads are unpacked by hpack, which keeps the table that both ends have built up to then. Whoever misses one byte of a
head has another table than they have from there on, and would read what nobody wrote: that direction is lost for good.
A hole in a body loses nothing but the body. h2 takes part in a connection and refuses what a listener has to bear.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Final

import msgspec
from hpack import Decoder, HPACKError

from iotscan.wire.http_stream import HEAD_CAP, End, Event, Head, Part

PREFACE: Final = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
"""What a client begins with (RFC 9113 section 3.4)."""
_FRAME_HEAD: Final = 9
_BLOCK_CAP: Final = 16 << 10
"""Bytes of a packed head, all its frames together: what a frame holds unless both ends agree on more (section 4.2)."""
_TABLE_CAP: Final = 16 << 10
"""Bytes of a table of fields; both ends begin with 4,096 (RFC 7541 section 4.2, RFC 9113 section 6.5.2)."""
_DATA, _HEADERS, _RESET, _PUSH, _CONTINUATION = 0, 1, 3, 5, 9
_END_STREAM, _END_HEADERS, _PADDED, _PRIORITY = 1, 4, 8, 0x20
_METHOD: Final = re.compile(rb"[A-Z][A-Z_-]{1,30}")
_TARGET: Final = re.compile(rb"[!-~\x80-\xff]{1,16384}")
_STATUS: Final = re.compile(rb"[1-9][0-9]{2}")


class _Frame(msgspec.Struct, frozen=True):
    kind: int
    flags: int
    stream: int
    length: int

    def has(self, flag: int) -> bool:
        return bool(self.flags & flag)


class Streams:
    """The messages of one direction, each with the number of its stream. Never raises, whatever comes."""

    def __init__(self) -> None:
        self.is_lost = False
        """Nothing more is understood: something was missing, or was no HTTP/2."""
        self._table = Decoder(max_header_list_size=HEAD_CAP)
        self._table.max_allowed_table_size = _TABLE_CAP
        self._held = bytearray()
        self._frame = _Frame(_DATA, 0, 0, 0)
        self._left = 0
        """Bytes of that frame which are still to come."""
        self._padding = 0
        """Bytes at the end of it that mean nothing; -1 until its first byte says how many."""
        self._block: tuple[_Frame, bytearray] | None = None
        """A head that goes on in the next frame."""

    def read(self, data: bytes) -> Iterator[tuple[int, Event]]:
        """Take the next bytes of the stream."""
        if self._held:
            data = bytes(self._held) + data
            self._held.clear()
        at = 0
        while at < len(data) and not self.is_lost:
            if self._left:
                part = data[at : at + self._left]
                at += len(part)
                yield from self._carry(part)
                continue
            size = _size_held(data, at)
            if len(data) - at < size:
                self._hold(data[at:], size)
                return
            yield from self._begin(_frame_at(data, at), data[at + _FRAME_HEAD : at + size])
            at += size

    def skip(self, count: int) -> Iterator[tuple[int, Event]]:
        """So many bytes of the stream are missing."""
        if self._held or not 0 < count <= self._left or self._padding < 0:
            self.lose()
            return
        self._left -= count
        if self._frame.kind == _DATA:
            yield self._frame.stream, Part(missing=count)
            yield from self._end()

    def lose(self) -> None:
        """What comes is not to be understood."""
        self.is_lost = True
        self._held.clear()
        self._block = None
        self._table = Decoder()

    def _hold(self, data: bytes, size: int) -> None:
        if size > _FRAME_HEAD + _BLOCK_CAP:
            self.lose()
        else:
            self._held += data

    def _begin(self, frame: _Frame, payload: bytes) -> Iterator[tuple[int, Event]]:
        """A frame: all of it where it bears a head, else its beginning."""
        if (self._block is not None) != (frame.kind == _CONTINUATION):
            self.lose()
        elif frame.kind in (_HEADERS, _PUSH, _CONTINUATION):
            yield from self._hear_block(frame, payload)
        else:
            self._frame, self._left = frame, frame.length
            self._padding = -1 if frame.kind == _DATA and frame.has(_PADDED) else 0
            if frame.kind == _RESET:
                yield frame.stream, End(is_whole=False)
            elif frame.kind == _DATA:
                yield from self._end()

    def _carry(self, part: bytes) -> Iterator[tuple[int, Event]]:
        """Some of the payload of a frame that is passed on, or over, as it comes."""
        self._left -= len(part)
        if self._frame.kind != _DATA:
            return
        if self._padding < 0:
            self._padding, part = part[0], part[1:]
            if self._padding > self._left + len(part):
                self.lose()
                return
        body = part[: len(part) - max(0, self._padding - self._left)]
        if body:
            yield self._frame.stream, Part(body)
        yield from self._end()

    def _end(self) -> Iterator[tuple[int, Event]]:
        if not self._left and self._frame.has(_END_STREAM):
            yield self._frame.stream, End()

    def _hear_block(self, frame: _Frame, payload: bytes) -> Iterator[tuple[int, Event]]:
        if self._block is None:
            bare = _bare(frame, payload)
            if bare is None:
                self.lose()
                return
            self._block = frame, bytearray(bare)
        else:
            self._block[1].extend(payload)
        first, block = self._block
        if first.stream != frame.stream or len(block) > _BLOCK_CAP:
            self.lose()
        elif frame.has(_END_HEADERS):
            self._block = None
            yield from self._unpack(first, bytes(block))

    def _unpack(self, frame: _Frame, block: bytes) -> Iterator[tuple[int, Event]]:
        try:
            fields = [(bytes(name), bytes(value)) for name, value in self._table.decode(block, raw=True)]
        except HPACKError:
            self.lose()
            return
        if frame.kind == _PUSH:  # the server's word for what was not asked; its fields are in the table all the same
            return
        head = _head(fields)
        if head is not None:
            yield frame.stream, head
        if frame.has(_END_STREAM):
            yield frame.stream, End()


def _size_held(data: bytes, at: int) -> int:
    """How much of a frame has to be there before it is read: all where it bears a head, else what says what it is."""
    if len(data) - at < _FRAME_HEAD:
        return _FRAME_HEAD
    frame = _frame_at(data, at)
    return _FRAME_HEAD + (frame.length if frame.kind in (_HEADERS, _PUSH, _CONTINUATION) else 0)


def _frame_at(data: bytes, at: int) -> _Frame:
    stream = int.from_bytes(data[at + 5 : at + 9], "big") & 0x7FFFFFFF
    return _Frame(data[at + 3], data[at + 4], stream, int.from_bytes(data[at : at + 3], "big"))


def _bare(frame: _Frame, payload: bytes) -> bytes | None:
    """The packed head of a frame, without padding, priority and the stream that is promised; None for a broken one."""
    before = 5 if frame.kind == _HEADERS and frame.has(_PRIORITY) else 4 if frame.kind == _PUSH else 0
    padding = 0
    if frame.has(_PADDED):
        if not payload:
            return None
        padding, before = payload[0], before + 1
    return payload[before : len(payload) - padding] if before + padding <= len(payload) else None


def _head(fields: Iterable[tuple[bytes, bytes]]) -> Head | None:
    """A head as one of HTTP/1 would be, ``Host`` and ``Cookie`` in one field each; None for trailers (section 8.1).

    Source: sections 8.2.3 (cookies) and 8.3 (pseudo-header fields).
    """
    said = [(name, value) for name, value in fields if name[:1] == b":"]
    pseudo = dict(said)
    plain = [(_text(name).lower(), _text(value)) for name, value in fields if name[:1] != b":"]
    if len(pseudo) != len(said):  # section 8.3: one twice makes it malformed
        return None
    if cookies := [value for name, value in plain if name == "cookie"]:
        plain = [*((n, v) for n, v in plain if n != "cookie"), ("cookie", "; ".join(cookies))]
    if status := pseudo.get(b":status"):
        is_sound = len(pseudo) == 1 and _STATUS.fullmatch(status)
        return Head(version="HTTP/2", status=int(status), fields=tuple(plain)) if is_sound else None
    return _request(pseudo, plain)


def _request(pseudo: Mapping[bytes, bytes], plain: list[tuple[str, str]]) -> Head | None:
    method, host = pseudo.get(b":method", b""), pseudo.get(b":authority", b"")
    target = host if method == b"CONNECT" and b":path" not in pseudo else pseudo.get(b":path", b"")
    if not _METHOD.fullmatch(method) or not _TARGET.fullmatch(target):
        return None
    if host:
        plain = [("host", _text(host)), *((name, value) for name, value in plain if name != "host")]
    return Head(version="HTTP/2", method=_text(method), target=_text(target), fields=tuple(plain))


def _text(raw: bytes) -> str:
    return raw.decode("latin-1")
