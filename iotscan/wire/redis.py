"""Redis: three inline commands that read, and their replies (Redis serialization protocol specification, RESP 2)."""

from typing import Final, Literal

import msgspec

PING: Final = b"PING\r\n"
NOBODYS_KEY: Final = "iotscan:no-such-key"
"""A key that nobody has set: asking whether it exists shows no data and needs the right to read."""
READ: Final = f"EXISTS {NOBODYS_KEY}\r\n".encode()
INFO: Final = b"INFO server\r\n"
REPLY_CAP: Final = 32 * 1024
_KINDS: Final[dict[bytes, Literal["status", "error", "number", "bulk"]]] = {
    b"+": "status",
    b"-": "error",
    b":": "number",
    b"$": "bulk",
}
_LONGEST_LINE: Final = 1024


def command(*words: str) -> bytes:
    """A command as an array of strings: a word may hold any character."""
    told = [word.encode() for word in words]
    return b"".join((b"*%d\r\n" % len(told), *(b"$%d\r\n%s\r\n" % (len(word), word) for word in told)))


class Reply(msgspec.Struct, frozen=True, kw_only=True):
    """One reply: what kind it is, its bytes without type and line ends, and how many bytes it took."""

    kind: Literal["status", "error", "number", "bulk"]
    data: bytes
    size: int

    @property
    def code(self) -> str:
        """The first word of an error (``NOAUTH``, ``NOPERM``, ``MOVED`` …); empty for anything else."""
        word = self.data.split(b" ", 1)[0][:32]
        return word.decode("ascii", "replace") if self.kind == "error" else ""


def read_reply(data: bytes) -> Reply | None:
    """The reply at the start of ``data``; None while it is not whole, and for what is none. Never raises."""
    kind = _KINDS.get(data[:1])
    end = data.find(b"\r\n", 0, _LONGEST_LINE)
    if kind is None or end < 0:
        return None
    line, size = data[1:end], end + 2
    if kind != "bulk":
        return Reply(kind=kind, data=line, size=size)
    if not line.isdigit() or len(line) > 9:
        return None
    whole = size + int(line)
    if len(data) < whole + 2:
        return None
    return Reply(kind=kind, data=data[size:whole], size=whole + 2)


def version_in(info: bytes) -> str:
    """The version that an answer to INFO names; empty where it names none. Device text."""
    for line in info[:REPLY_CAP].split(b"\r\n"):
        name, _, value = line.partition(b":")
        if name == b"redis_version":
            return value.decode("utf-8", "replace")
    return ""
