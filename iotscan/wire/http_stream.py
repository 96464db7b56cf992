"""HTTP/1 messages, and those that look like them (RTSP, SIP), as they pass by: one direction of a connection, bounded.

h11 takes part in a conversation and refuses what it should not answer; whoever only listens must go on after a hole,
after what breaks a rule, and without knowing what was asked. Source: RFC 9112 sections 2, 6 and 7; RFC 2326, RFC 3261.
"""

import re
from collections.abc import Callable, Generator, Iterator
from typing import Final, Literal

import msgspec

HEAD_CAP: Final = 32 * 1024
_LINE_CAP: Final = 4 * 1024
_FIELDS: Final = 128
_END: Final = re.compile(rb"\r?\n\r?\n")
_REQUEST: Final = re.compile(rb"([A-Z][A-Z_-]{1,30}) (\S{1,16384}) ((?:HTTP|RTSP|SIP)/[0-9]\.[0-9])")
_STATUS: Final = re.compile(rb"((?:HTTP|RTSP|SIP)/[0-9]\.[0-9]) ([1-9][0-9]{2})(?: |$)")
_STARTS: Final = re.compile(rb"[A-Z][A-Z_-]{1,30} \S|(?:HTTP|RTSP|SIP)/[0-9]")
_SIZE: Final = re.compile(rb"[ \t]*([0-9A-Fa-f]{1,15})[ \t]*(?:;.*)?\Z", re.DOTALL)
_State = Literal["head", "length", "chunk size", "chunk", "chunk end", "trailer", "until the end", "lost", "switched"]


class Head(msgspec.Struct, frozen=True, kw_only=True):
    """A start line and fields: names in lower case, values raw. ``status`` is 0 for a request."""

    version: str
    method: str = ""
    target: str = ""
    status: int = 0
    fields: tuple[tuple[str, str], ...] = ()

    def all(self, name: str) -> tuple[str, ...]:
        """All values of a field."""
        return tuple(value for key, value in self.fields if key == name)

    def first(self, name: str) -> str:
        """The first value of a field, empty without one."""
        return next((value for key, value in self.fields if key == name), "")


class Part(msgspec.Struct, frozen=True):
    """Some of a body: bytes, or how many of them are missing."""

    data: bytes = b""
    missing: int = 0


class End(msgspec.Struct, frozen=True):
    """A message is over. ``is_whole`` where its own framing says so, or its stream ended as it may."""

    is_whole: bool = True


Event = Head | Part | End
Framing = Literal["none", "stated", "until the end"]
"""How long a body is: there is none, its fields say it, or the end of the stream ends it."""


def read_head(data: bytes) -> Head | None:
    """Start line and fields, without the empty line that ends them; None for anything else. Never raises."""
    first, *lines = data.split(b"\n", _FIELDS)
    first = first.rstrip(b"\r")
    request, status = _REQUEST.fullmatch(first), _STATUS.match(first)
    if request is None and status is None:
        return None
    fields: list[tuple[str, str]] = []
    for line in lines:
        name, colon, value = line.partition(b":")
        if colon and name and name[:1] not in b" \t":
            fields.append((name.strip().lower().decode("latin-1"), value.strip().decode("latin-1")))
    if request is not None:
        method, target, version = (word.decode("latin-1") for word in request.groups())
        return Head(version=version, method=method, target=target, fields=tuple(fields))
    assert status is not None
    return Head(version=status[1].decode(), status=int(status[2]), fields=tuple(fields))


def starts_message(data: bytes) -> bool:
    """Whether bytes begin like the start line of a message."""
    return _STARTS.match(data) is not None


def framing_of(head: Head, *, method: str = "") -> Framing:
    """How the body of a message is framed (RFC 9112 section 6.3). ``method`` is that of what an answer answers."""
    is_bare = 100 <= head.status < 200 or head.status in (204, 304) or (head.status and method == "HEAD")
    if is_bare or (method == "CONNECT" and 200 <= head.status < 300):
        return "none"
    if head.first("transfer-encoding") or head.first("content-length"):
        return "stated"
    return "until the end" if head.status and head.version.startswith("HTTP") else "none"


class Messages:
    """The messages of one direction. ``framing`` is asked for each head. Never raises, whatever comes.

    After a hole it goes on with the next bytes that come first in a piece and begin like a message.
    """

    def __init__(self, framing: Callable[[Head], Framing] = framing_of) -> None:
        self._framing = framing
        self._state: _State = "head"
        self._held = bytearray()
        self._left = 0

    @property
    def is_lost(self) -> bool:
        """True after a hole, or what is no message, until one begins again."""
        return self._state == "lost"

    def read(self, data: bytes) -> Iterator[Event]:
        """Take the next bytes of the stream."""
        if self._state == "lost":
            if not starts_message(data):
                return
            self._state = "head"
        if self._held:
            self._held += data
            data = bytes(self._held)
            self._held.clear()
        while data:
            before = self._state, len(data)
            data = yield from self._step(data)
            if (self._state, len(data)) == before:
                self._held += data
                return

    def switch(self) -> None:
        """What comes from here on is no HTTP/1: both agreed on something else."""
        self._state = "switched"

    def rest(self) -> bytes:
        """What came behind the message that switched, once."""
        held = bytes(self._held) if self._state == "switched" else b""
        self._held.clear()
        return held

    def skip(self, count: int) -> Iterator[Event]:
        """So many bytes of the stream are missing."""
        if self._state == "length" and count < self._left and not self._held:
            self._left -= count
            yield Part(missing=count)
        elif self._state == "until the end":
            yield Part(missing=count)
        else:
            yield from self._lose()

    def close(self) -> Iterator[Event]:
        """The stream is over."""
        if self._state == "until the end":
            yield End()
            self._state = "head"
        else:
            yield from self._lose()

    def _lose(self) -> Iterator[Event]:
        is_within = self._state not in ("head", "lost")
        self._held.clear()
        self._state = "lost"
        if is_within:
            yield End(is_whole=False)

    def _step(self, data: bytes) -> Generator[Event, None, bytes]:
        match self._state:
            case "head":
                return (yield from self._head(data))
            case "length" | "chunk":
                return (yield from self._counted(data))
            case "until the end":
                yield Part(data)
                return b""
            case "lost":
                return b""
            case "switched":
                return data
            case _:
                return (yield from self._line(data))

    def _head(self, data: bytes) -> Generator[Event, None, bytes]:
        if data[:1] in (b"\r", b"\n"):  # an empty line before a message is ignored (RFC 9112 section 2.2)
            return data.lstrip(b"\r\n")
        end = _END.search(data, 0, HEAD_CAP)
        if end is None:
            if len(data) >= HEAD_CAP or (len(data) > 40 and not starts_message(data)):
                yield from self._lose()
                return b""
            return data
        head = read_head(data[: end.start()])
        if head is None:
            yield from self._lose()
            return b""
        yield head
        yield from self._frame(head)
        return data[end.end() :]

    def _frame(self, head: Head) -> Iterator[Event]:
        framing = self._framing(head)
        coding, length = head.first("transfer-encoding"), head.first("content-length")
        if framing == "none":
            yield End()
        elif framing == "until the end":
            self._state = "until the end"
        elif coding:
            self._state = "chunk size" if coding.lower().rpartition(",")[2].strip() == "chunked" else "until the end"
        elif length.isascii() and length.isdigit() and len(length) <= 15:
            self._left = int(length)
            self._state = "length" if self._left else "head"
            if not self._left:
                yield End()
        else:
            self._state = "until the end"
            yield from self._lose()

    def _counted(self, data: bytes) -> Generator[Event, None, bytes]:
        part, rest = data[: self._left], data[self._left :]
        self._left -= len(part)
        yield Part(part)
        if not self._left:
            if self._state == "length":
                self._state = "head"
                yield End()
            else:
                self._state = "chunk end"
        return rest

    def _line(self, data: bytes) -> Generator[Event, None, bytes]:
        line, end, rest = data.partition(b"\n")
        if not end or len(line) > _LINE_CAP:
            if len(line) > _LINE_CAP:
                yield from self._lose()
                return b""
            return data
        line = line.rstrip(b"\r")
        if self._state == "chunk size":
            size = _SIZE.match(line)
            if size is None:
                yield from self._lose()
                return b""
            self._left = int(size[1], 16)
            self._state = "chunk" if self._left else "trailer"
        elif self._state == "chunk end":
            self._state = "chunk size"
        elif not line:
            self._state = "head"
            yield End()
        return rest
