"""The data types of SSH: RFC 4251 section 5."""

import struct
from collections.abc import Iterable
from typing import Final

_PRINTABLE: Final = bytes(range(0x21, 0x7F))


class Cut(ValueError):
    """A message ends before the field that it announces, or a field holds what it must not."""


class Reader:
    """Reads one message field by field. Every method raises :class:`Cut` and nothing else."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self.at = 0
        """Where the next field begins."""

    def take(self, length: int) -> bytes:
        """The next ``length`` bytes."""
        end = self.at + length
        if length < 0 or end > len(self._data):
            raise Cut
        piece = self._data[self.at : end]
        self.at = end
        return piece

    def byte(self) -> int:
        """One byte."""
        return self.take(1)[0]

    def uint32(self) -> int:
        """Four bytes, most significant first."""
        return int.from_bytes(self.take(4), "big")

    def uint64(self) -> int:
        """Eight bytes, most significant first."""
        return int.from_bytes(self.take(8), "big")

    def string(self) -> bytes:
        """Bytes after their length."""
        return self.take(self.uint32())

    def mpint(self) -> int:
        """A whole number in two's complement; some servers forget the zero before a set bit, so none is negative."""
        return int.from_bytes(self.string(), "big")

    def names(self) -> tuple[str, ...]:
        """A name-list. Names are printable US-ASCII (RFC 4251 section 6); anything else is no list of a server."""
        raw = self.string()
        if raw.translate(None, _PRINTABLE):
            raise Cut
        return tuple(raw.decode("ascii").split(",")) if raw else ()


def uint32(value: int) -> bytes:
    """Four bytes, most significant first."""
    return struct.pack(">I", value)


def string(value: bytes) -> bytes:
    """Bytes after their length."""
    return uint32(len(value)) + value


def mpint(value: int) -> bytes:
    """A whole number that is not negative, in two's complement without needless zeros."""
    return string(value.to_bytes(value.bit_length() // 8 + 1, "big") if value else b"")


def names(value: Iterable[str]) -> bytes:
    """A name-list."""
    return string(",".join(value).encode("ascii"))
