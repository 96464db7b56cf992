"""MongoDB as far as the question who may read: three commands that read nothing that is stored.

Source: MongoDB wire protocol (OP_QUERY, OP_REPLY, OP_MSG); commands ``isMaster``, ``buildInfo``, ``listDatabases``.
"""

from typing import Final

import msgspec

from iotscan.wire import bson

_REPLY, _QUERY, _MESSAGE = 1, 2004, 2013
_HEADER: Final = 16
_OWN_NUMBER: Final = 0x10753CA5
"""The number of our questions: an answer repeats it."""
CAP: Final = 64 * 1024
NOBODYS_DATABASE: Final = "iotscan-no-such-database"
UNAUTHORIZED: Final = 13
"""Error code: the command requires authentication."""


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """The document of an answer to one of our questions (device text!), and how many bytes the message took."""

    document: dict[str, bson.Value]
    size: int

    @property
    def is_ok(self) -> bool:
        """True where the command was done."""
        return self.document.get("ok") == 1

    @property
    def code(self) -> int:
        """The error code, 0 for none."""
        code = self.document.get("code")
        return code if isinstance(code, int) and not isinstance(code, bool) else 0


def is_master() -> bytes:
    """Who are you: the one question that every release answers to everybody, in the oldest form (OP_QUERY)."""
    return _query({"isMaster": 1})


def build_info(*, is_old: bool) -> bytes:
    """Which version: answered without a login. ``is_old`` for a server that knows no OP_MSG yet (before 3.6)."""
    return _ask({"buildInfo": 1}, is_old=is_old)


def list_nothing(*, is_old: bool) -> bytes:
    """List the databases of a name that nobody has: needs the right to list, and brings no name."""
    return _ask({"listDatabases": 1, "nameOnly": True, "filter": {"name": NOBODYS_DATABASE}}, is_old=is_old)


def knows_messages(hello: Answer) -> bool:
    """True for a server that takes OP_MSG: wire version 6 and later."""
    version = hello.document.get("maxWireVersion")
    return isinstance(version, int) and version >= 6


def size_of(data: bytes) -> int:
    """Bytes of the message that begins here, by its own word; 0 while that is not told, or cannot be."""
    size = int.from_bytes(data[:4], "little") if len(data) >= 4 else 0
    return size if _HEADER <= size <= CAP else 0


def read_answer(data: bytes) -> Answer | None:
    """The answer at the start of ``data``; None while it is not whole and for anything else. Never raises."""
    size = size_of(data)
    if not size or len(data) < size or int.from_bytes(data[8:12], "little") != _OWN_NUMBER:
        return None
    operation = int.from_bytes(data[12:16], "little")
    if operation == _REPLY:
        at = _HEADER + 20  # flags, cursor, start, count
    elif operation == _MESSAGE and data[_HEADER + 4 : _HEADER + 5] == b"\x00":
        at = _HEADER + 5  # flags, a section of one document
    else:
        return None
    document = bson.decode(data[at:size])
    return Answer(document=document, size=size) if document is not None else None


def _ask(command: dict[str, int | str | bool | dict[str, str]], *, is_old: bool) -> bytes:
    if is_old:
        return _query(command)
    return _framed(_MESSAGE, bytes(5) + bson.encode({**command, "$db": "admin"}))


def _query(command: dict[str, int | str | bool | dict[str, str]]) -> bytes:
    body = bytes(4) + b"admin.$cmd\x00" + bytes(4) + (-1).to_bytes(4, "little", signed=True)
    return _framed(_QUERY, body + bson.encode({**command}))


def _framed(operation: int, body: bytes) -> bytes:
    header = (_HEADER + len(body), _OWN_NUMBER, 0, operation)
    return b"".join(number.to_bytes(4, "little") for number in header) + body
