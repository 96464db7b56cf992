"""What feeds have in common: files by their name, indexes of packages, and packages that are what an index says."""

import bz2
import io
import lzma
import posixpath
from collections.abc import Callable, Iterator, Sequence
from typing import Final

import msgspec

from iotscan.model.answer import Answer
from iotscan.model.facts.signing import ArtefactSignature, Payload
from iotscan.model.text import safe_text
from iotscan.wire.ber import Malformed
from iotscan.wire.signing.source import Source, digest_of, exactly
from iotscan.wire.signing.unpacking import NotRead, gathered

Files = Callable[[str], Source | None]
"""Gives the bytes of a file by its name within the feed; None where there is none."""

LARGEST_INDEX: Final = 64 << 20
MOST_PACKAGES: Final = 100_000
MOST_READ: Final = 5_000
"""Packages of one feed whose bytes are compared."""
MOST_LINES: Final = 2_500_000
"""Of one index: Debian's has half of them."""


class Listed(msgspec.Struct, frozen=True, kw_only=True):
    """A file as a signed index names it. ``value`` is lower case hex; empty without a digest that counts."""

    name: str
    size: int | None = None
    digest: str = ""
    value: str = ""


def load(source: Source, limit: int = LARGEST_INDEX) -> bytes:
    """All of a file. Raises NotRead."""
    if source.size > limit:
        raise NotRead(f"a file of it is larger than {limit >> 10} KiB")
    return exactly(source, 0, source.size)


def load_index(source: Source, name: str) -> bytes:
    """All of an index, unpacked by what its name ends in. Raises NotRead and Malformed."""
    kind = posixpath.splitext(name)[1]
    if kind == ".gz":
        return gathered(source, "gz", LARGEST_INDEX)
    data = load(source)
    try:
        if kind in (".xz", ".lzma"):
            return _unpack(lzma.LZMADecompressor(memlimit=256 << 20), data)
        if kind == ".bz2":
            return _unpack(bz2.BZ2Decompressor(), data)
    except (lzma.LZMAError, OSError, EOFError, ValueError) as error:
        raise Malformed(f"{safe_text(name, 80)} cannot be unpacked") from error
    return data


def _unpack(inflating: lzma.LZMADecompressor | bz2.BZ2Decompressor, data: bytes) -> bytes:
    text = inflating.decompress(data, LARGEST_INDEX + 1)
    if len(text) > LARGEST_INDEX:
        raise NotRead(f"an index is larger than {LARGEST_INDEX >> 20} MiB")
    if not inflating.eof or inflating.unused_data:
        raise Malformed("an index is cut short, or something follows it")
    return text


def lines_of(text: bytes) -> Iterator[str]:
    """The lines of a text, without their end, one after the other: all at once would take many times its size.

    Raises NotRead where they are too many.
    """
    for number, line in enumerate(io.BytesIO(text)):
        if number >= MOST_LINES:
            raise NotRead(f"its index has more than {MOST_LINES:,} lines")
        yield line.removesuffix(b"\n").decode("utf-8", "replace")


def stanzas(text: bytes, wanted: frozenset[str]) -> Iterator[dict[str, list[str]]]:
    """Blocks of ``Field: value`` lines, the values of the ``wanted`` fields (lower case) as their lines.

    Raises Malformed where a field stands twice: two readers would take two values; and NotRead.
    """
    fields: dict[str, list[str]] = {}
    into: list[str] | None = None
    for line in lines_of(text):
        if not line.strip():
            if fields:
                yield fields
            fields, into = {}, None
        elif line[0] in " \t":
            if into is not None:
                into.append(line.strip())
        else:
            name, colon, value = line.partition(":")
            key, into = name.strip().lower(), None
            if colon and key in wanted:
                if key in fields:
                    raise Malformed(f"it has the field {safe_text(name, 40)} twice")
                into = fields[key] = [value.strip()]
    if fields:
        yield fields


def within(name: str) -> str:
    """The name of a file of a feed without detours. Raises Malformed for one that leads out of it."""
    path = posixpath.normpath(name)
    if path.startswith(("/", "..")) or path == "." or "\0" in path or "\\" in path:
        raise Malformed(f"{safe_text(name, 80)} lies outside of it")
    return path


class Reading:
    """Compares the files of an index with what it says of them.

    A file that is not there is counted, not judged: nobody can install it from here, and the index says what it has to
    be wherever it comes from.
    """

    def __init__(self, files: Files) -> None:
        self._files = files
        self.payloads: list[Payload] = []
        self.missing = 0
        self.problem = ""

    def compare(self, listed: Listed) -> Source | None:
        """One file; gives it where it is there and is what the index says."""
        if len(self.payloads) >= MOST_READ:
            self.problem = f"more than {MOST_READ} files of it are not compared"
            return None
        source = self._files(within(listed.name))
        if source is None:
            self.missing += 1
        if source is None and listed.value:
            return None
        matches = source is not None and is_as_listed(source, listed)
        self.payloads.append(
            Payload(
                name=safe_text(listed.name, 160),
                size=source.size if source is not None else listed.size or 0,
                digest=listed.digest,
                is_covered=bool(listed.value),
                # Without a digest there is nothing to compare with; what is not covered is said above.
                matches=Answer.of(matches or not listed.value),
            )
        )
        return source if matches and listed.value else None

    def under(self, signatures: Sequence[ArtefactSignature]) -> tuple[Payload, ...]:
        """The payloads: none is covered where nobody signed what names them."""
        if signatures:
            return tuple(self.payloads)
        return tuple(msgspec.structs.replace(p, is_covered=False) for p in self.payloads)

    @property
    def notes(self) -> tuple[str, ...]:
        """What is to be said of the files that are not there."""
        return (f"{self.missing} files that it names are not there to compare",) if self.missing else ()


def is_as_listed(source: Source, listed: Listed) -> bool:
    """Whether a file has the size and the digest that the index says."""
    if listed.size is not None and source.size != listed.size:
        return False
    return digest_of(source, listed.digest).hex() == listed.value if listed.value else False


def size_of(text: str) -> int:
    """A size in decimal digits. Raises Malformed."""
    if not text.isascii() or not text.isdigit() or len(text) > 15:
        raise Malformed("a size in it is no number")
    return int(text)


def digest_text(text: str, algorithm: str) -> str:
    """A digest in hex, lower case. Raises Malformed where it has not the length of its algorithm."""
    length = {"md5": 32, "sha1": 40, "sha256": 64, "sha512": 128}[algorithm]
    if len(text) != length or any(c not in "0123456789abcdefABCDEF" for c in text):
        raise Malformed("a digest in it is none")
    return text.lower()
