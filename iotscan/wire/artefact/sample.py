"""What was read of an artefact, and what is said of it."""

import struct
from collections.abc import Callable
from typing import Final

import msgspec

from iotscan.model.facts.update import Signature

NOT_VERIFIED: Final = "not verified: no key"


class Sample(msgspec.Struct, frozen=True, kw_only=True):
    """The first and, where the size is known, the last bytes of a file. ``size`` is None when nobody told."""

    head: bytes
    tail: bytes = b""
    size: int | None = None

    @property
    def is_whole(self) -> bool:
        """True when nothing of the file is missing."""
        return self.size == len(self.head)

    @property
    def ending(self) -> bytes:
        """The last bytes of the file, empty when they were not read."""
        return self.head if self.is_whole else self.tail

    def at(self, offset: int, length: int) -> bytes | None:
        """``length`` bytes from ``offset``, out of head or tail; None where they were not read or do not exist."""
        if offset >= 0 and offset + length <= len(self.head):
            return self.head[offset : offset + length]
        if self.size is not None and self.tail:
            start = offset - (self.size - len(self.tail))
            if start >= 0 and start + length <= len(self.tail):
                return self.tail[start : start + length]
        return None

    def number(self, layout: str, offset: int) -> int | None:
        """One integer in the layout of :mod:`struct`; None where it was not read."""
        data = self.at(offset, struct.calcsize(layout))
        return None if data is None else int(struct.unpack(layout, data)[0])


class Judged(msgspec.Struct, frozen=True, kw_only=True):
    """The format of an artefact and whether a signature is there, by structure alone.

    ``wants_tail`` when only the end of the file, which was not read, could tell.
    """

    format: str
    signature: Signature
    detail: str = ""
    wants_tail: bool = False


Recogniser = Callable[[Sample], Judged | None]


def signed(format: str, what: str) -> Judged:
    """A signature is there."""
    return Judged(format=format, signature="embedded", detail=f"{what}; {NOT_VERIFIED}")


def unsigned(format: str, why: str) -> Judged:
    """The structure was read to its end and holds no signature."""
    return Judged(format=format, signature="none", detail=why)


def unclear(format: str, why: str, *, wants_tail: bool = False) -> Judged:
    """What was read does not tell."""
    return Judged(format=format, signature="unknown", detail=why, wants_tail=wants_tail)
