"""Compressed parts of an artefact as a stream of bytes with an end: what a bomb would unpack to is not waited for.

Sources: RFC 1952 (gzip), the .xz file format text of XZ Utils, RFC 8878 (zstd).
"""

import lzma
import zlib
from collections.abc import Iterator
from typing import Final

from iotscan.wire.ber import Malformed
from iotscan.wire.signing.source import STEP, Source

_PACKED_STEP: Final = 64 << 10
_RATIO: Final = 200
"""Times its size that a packed part may become, as for any stream of an image: deflate reaches 1,032, and a megabyte
that a server sends would keep everything waiting for a gigabyte."""
_FREE: Final = 16 << 20
"""Bytes that every part may become."""
_MOST: Final = 16 << 30
_MEMORY: Final = 256 << 20
"""Of a dictionary."""
_MEMBERS: Final = 100_000
"""Of one gzip file: an empty one takes 20 bytes, and as long to open as any other."""


class NotRead(Exception):
    """A limit or a missing library: the message says which, for ``problem`` of an artefact."""


class Stream:
    """Bytes that come one after the other. Raises Malformed for damaged ones, :class:`NotRead` beyond a limit."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        self._pieces = pieces
        self._piece = b""
        self._at = 0

    def take(self, length: int) -> bytes:
        """Up to ``length`` bytes, no more than are at hand; none at the end."""
        while self._at == len(self._piece):
            following = next(self._pieces, None)
            if following is None:
                return b""
            self._piece, self._at = following, 0
        taken = self._piece[self._at : self._at + length]
        self._at += len(taken)
        return taken

    def exactly(self, length: int) -> bytes:
        """All of a short piece; fewer bytes at the end only."""
        gathered = bytearray()
        while len(gathered) < length:
            taken = self.take(length - len(gathered))
            if not taken:
                break
            gathered += taken
        return bytes(gathered)

    def skip(self, length: int) -> int:
        """Leave out up to ``length`` bytes: how many there were."""
        left = length
        while left:
            taken = self.take(left)
            if not taken:
                break
            left -= len(taken)
        return length - left

    def drain(self) -> None:
        """Go to the end: only there a packed stream says whether it is whole."""
        while self.take(STEP):
            pass


class _Plain(Stream):
    """A source that leaves out without reading."""

    def __init__(self, source: Source) -> None:
        super().__init__(iter(()))
        self._source = source
        self._place = 0

    def take(self, length: int) -> bytes:
        data = self._source.read_at(self._place, min(length, STEP, self._source.size - self._place))
        self._place += len(data)
        return data

    def skip(self, length: int) -> int:
        there = min(length, self._source.size - self._place)
        self._place += there
        return there

    def drain(self) -> None:
        self._place = self._source.size


def plain(source: Source) -> Stream:
    """A source from its beginning to its end."""
    return _Plain(source)


def unpacked(source: Source, kind: str) -> Stream:
    """The bytes of a packed source. ``kind`` is how file names end: ``gz``, ``xz``, ``zst`` or nothing."""
    if not kind:
        return plain(source)
    engines = {"gz": _gzip, "xz": _xz, "zst": _zstd}
    if kind not in engines:
        raise NotRead(f"packed in a way that is not read here (.{kind})")
    return Stream(_bounded(engines[kind](source), max(_FREE, min(_MOST, source.size * _RATIO))))


def gathered(source: Source, kind: str, limit: int) -> bytes:
    """All of a packed source. Raises Malformed, and :class:`NotRead` where that is more than ``limit``."""
    stream, text = unpacked(source, kind), bytearray()
    while piece := stream.take(limit):
        text += piece
        if len(text) > limit:
            raise NotRead(f"a part unpacks to more than {limit >> 20:,} MiB")
    return bytes(text)


def _bounded(pieces: Iterator[bytes], most: int) -> Iterator[bytes]:
    total = 0
    try:
        for piece in pieces:
            total += len(piece)
            if total > most:
                raise NotRead(f"a part unpacks to more than {most >> 20:,} MiB")
            yield piece
    except (zlib.error, lzma.LZMAError, EOFError) as error:
        raise Malformed("a packed part is damaged") from error


def _steps(source: Source) -> Iterator[bytes]:
    at = 0
    while at < source.size:
        piece = source.read_at(at, _PACKED_STEP)
        if not piece:
            raise Malformed("it is cut short")
        yield piece
        at += len(piece)


def _gzip(source: Source) -> Iterator[bytes]:
    """Several members behind one another are one stream."""
    machine, members = None, 0
    for piece in _steps(source):
        rest = piece
        while rest:
            if machine is None:
                members += 1
                machine = zlib.decompressobj(zlib.MAX_WBITS | 16)
            if members > _MEMBERS:
                raise NotRead(f"a part is packed in more than {_MEMBERS:,} pieces")
            yield machine.decompress(rest, STEP)
            rest = machine.unconsumed_tail
            if machine.eof:
                rest, machine = machine.unused_data, None
    if machine is not None:
        raise Malformed("a packed part is cut short")


def _xz(source: Source) -> Iterator[bytes]:
    machine = lzma.LZMADecompressor(lzma.FORMAT_XZ, memlimit=_MEMORY)
    for piece in _steps(source):
        data = piece
        while data or not machine.needs_input:
            if machine.eof:
                data = machine.unused_data.lstrip(b"\0")
                if not data:
                    break
                machine = lzma.LZMADecompressor(lzma.FORMAT_XZ, memlimit=_MEMORY)
            yield machine.decompress(data, STEP)
            data = b""
    if not machine.eof:
        raise Malformed("a packed part is cut short")


def _zstd(source: Source) -> Iterator[bytes]:
    try:
        import zstandard
    except ImportError as error:
        raise NotRead("unpacking it needs a library: pip install 'iotscan[image]'") from error
    reading = zstandard.ZstdDecompressor(max_window_size=_MEMORY).stream_reader(
        _File(source),  # type: ignore[arg-type]  # of a file it only reads
        read_size=_PACKED_STEP,
        read_across_frames=True,
    )
    try:
        while piece := reading.read(STEP):
            yield piece
    except zstandard.ZstdError as error:
        raise Malformed("a packed part is damaged") from error


class _File:
    """A source as zstandard reads it."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self._at = 0

    def read(self, length: int = -1) -> bytes:
        data = self._source.read_at(self._at, _PACKED_STEP if length < 0 else length)
        self._at += len(data)
        return data
