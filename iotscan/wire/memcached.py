"""memcached, text protocol: its version, and whether a key may be read (memcached, doc/protocol.txt)."""

from typing import Final

import msgspec

NOBODYS_KEY: Final = "iotscan:no-such-key"
VERSION: Final = b"version\r\n"
READ: Final = f"get {NOBODYS_KEY}\r\n".encode()
"""Reads a key that nobody has set: the answer ``END`` shows no data and needs the right to read."""
_VERSION_LINE: Final = b"VERSION "
_UNAUTHENTICATED: Final = b"CLIENT_ERROR unauthenticated"
"""What a server with an authentication file answers to everybody who has not shown a password (``-Y``)."""


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """What came back to VERSION and READ: the version (device text), and whether reading is allowed; None: unclear."""

    version: str = ""
    may_read: bool | None = None


def is_answer(data: bytes) -> bool:
    """True for the answer of a memcached to ``version``. Never raises."""
    line = data.partition(b"\r\n")[0]
    return (line.startswith(_VERSION_LINE) and line[8:9].isdigit()) or line == _UNAUTHENTICATED


def is_whole(data: bytes) -> bool:
    """True once both questions are answered, or the first is refused: no other is read then."""
    return data.count(b"\r\n") >= 2 or data == _UNAUTHENTICATED + b"\r\n"


def read_answer(data: bytes) -> Answer | None:
    """The answers to VERSION and READ in one; None for anything else. Never raises."""
    if not is_answer(data):
        return None
    first, second = (*data.split(b"\r\n", 2), b"", b"")[:2]
    version = first.removeprefix(_VERSION_LINE).decode("utf-8", "replace") if first.startswith(_VERSION_LINE) else ""
    may_read = True if second == b"END" else False if _UNAUTHENTICATED in (first, second) else None
    return Answer(version=version, may_read=may_read)
