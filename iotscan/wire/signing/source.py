"""Bytes of an artefact, wherever they lie: a file, a part of an image, what a server gives piece by piece."""

import hashlib
from typing import Final, Protocol

from iotscan.wire.ber import Malformed

STEP: Final = 1 << 20
"""Bytes that are read at once."""


class Source(Protocol):
    """Bytes with a size that can be read anywhere. What it raises goes through every reader of a format."""

    @property
    def size(self) -> int:
        """How many bytes there are."""

    def read_at(self, offset: int, length: int) -> bytes:
        """Up to ``length`` bytes from ``offset``: fewer at the end only."""


def exactly(source: Source, offset: int, length: int) -> bytes:
    """All of a piece. Raises Malformed where it is cut short or lies before the beginning."""
    if offset < 0 or length < 0 or offset + length > source.size:
        raise Malformed("it is cut short")
    data = source.read_at(offset, length)
    if len(data) != length:
        raise Malformed("it is cut short")
    return data


def digest_of(source: Source, algorithm: str, start: int = 0, length: int | None = None) -> bytes:
    """The digest of ``length`` bytes from ``start``, or of all that follows. Raises Malformed where they are not there.

    ``algorithm`` is a name that :func:`hashlib.new` knows.
    """
    end = source.size if length is None else start + length
    if not 0 <= start <= end <= source.size:
        raise Malformed("it is cut short")
    hashing = hashlib.new(algorithm, usedforsecurity=False)
    at = start
    while at < end:
        data = exactly(source, at, min(STEP, end - at))
        hashing.update(data)
        at += len(data)
    return hashing.digest()
