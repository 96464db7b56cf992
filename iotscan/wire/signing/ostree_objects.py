"""Objects of an OSTree repository: how each is named by its bytes, and what it names.

Source: OSTree, src/libostree/ostree-core.h (types of the objects) and ostree-core.c (what is hashed of a file).
"""

import hashlib
import zlib
from collections.abc import Iterator
from typing import Any, Final

import msgspec

from iotscan.wire.ber import Malformed
from iotscan.wire.signing.feed import Files, load
from iotscan.wire.signing.gvariant import decode
from iotscan.wire.signing.source import STEP, Source, exactly
from iotscan.wire.signing.unpacking import NotRead

LARGEST_METADATA: Final = 10 << 20
"""Of one metadata object: OSTree takes no larger one."""
LARGEST_FILE: Final = 4 << 30
_LARGEST_HEADER: Final = 1 << 20
_LONGEST_NAME: Final = 255
"""Bytes: of Linux's file systems."""


class Commit(msgspec.Struct, frozen=True, kw_only=True):
    """A commit: what signatures are over is all of its bytes."""

    data: bytes
    metadata: bytes
    subject: str
    timestamp: int
    tree: str
    tree_metadata: str


def object_name(checksum: str, kind: str) -> str:
    """The file of an object within a repository."""
    return f"objects/{checksum[:2]}/{checksum[2:]}.{kind}"


def metadata_object(files: Files, checksum: str, kind: str) -> bytes | None:
    """The bytes of a metadata object; None where it is not there. Raises NotRead."""
    source = files(object_name(checksum, kind))
    return None if source is None else load(source, LARGEST_METADATA)


def read_commit(data: bytes) -> Commit:
    """Raises Malformed."""
    _, _, _, subject, _, timestamp, tree, tree_metadata = decode("(a{sv}aya(say)sstayay)", data)
    return Commit(
        data=data,
        # The dictionary is read where it is wanted; it stands first, its end is the last offset of the record.
        metadata=_first(data),
        subject=subject,
        timestamp=timestamp,
        tree=checksum_text(tree),
        tree_metadata=checksum_text(tree_metadata),
    )


def _first(data: bytes) -> bytes:
    width = 1 if len(data) <= 0xFF else 2 if len(data) <= 0xFFFF else 4
    return data[: int.from_bytes(data[-width:], "little")]


def read_tree(data: bytes) -> tuple[list[tuple[str, str]], list[tuple[str, str, str]]]:
    """Files with their checksum, folders with those of their tree and of their metadata. Raises Malformed."""
    files, folders = decode("(a(say)a(sayay))", data)
    names = [entry[0] for entry in (*files, *folders)]
    if len(set(names)) != len(names) or not all(map(_is_name, names)):
        raise Malformed("a folder holds a name that no file can have, or one twice")
    return (
        [(name, checksum_text(checksum)) for name, checksum in files],
        [(name, checksum_text(tree), checksum_text(metadata)) for name, tree, metadata in folders],
    )


def _is_name(name: str) -> bool:
    return name not in ("", ".", "..") and "/" not in name and len(name.encode()) <= _LONGEST_NAME


def check_folder_metadata(data: bytes) -> None:
    """Raises Malformed where it is none."""
    decode("(uuua(ayay))", data)


def checksum_text(data: bytes) -> str:
    """A checksum as OSTree writes it. Raises Malformed."""
    if len(data) != 32:
        raise Malformed("a checksum in it is none")
    return data.hex()


def packed_file_checksum(source: Source) -> str:
    """The checksum of a file of an archive repository (``.filez``). Raises Malformed and NotRead.

    It is over owner, mode, target and attributes, then the unpacked bytes; of the header only the size is not in it.
    """
    length = int.from_bytes(exactly(source, 0, 4), "big")
    if length > _LARGEST_HEADER or any(exactly(source, 4, 4)):
        raise Malformed("the head of a file is damaged")
    header = exactly(source, 8, length)
    fields = decode("(tuuuusa(ayay))", header)
    inner = _without_size(header, fields)
    hashing = hashlib.sha256(len(inner).to_bytes(4, "big") + bytes(4) + inner)
    size = 0
    for piece in _inflated(source, 8 + length, is_regular=fields[3] & 0o170000 == 0o100000):
        size += len(piece)
        if size > LARGEST_FILE:
            raise NotRead("a file of it is larger than is read")
        hashing.update(piece)
    if size != fields[0]:
        raise Malformed("a file has another size than it says")
    return hashing.hexdigest()


def _without_size(header: bytes, fields: tuple[Any, ...]) -> bytes:
    """The record of owner, mode, target and attributes, as it is hashed: the same without the first number."""
    target_end = 24 + len(fields[5].encode()) + 1
    width = 1 if len(header) <= 0xFF else 2 if len(header) <= 0xFFFF else 4
    body = header[8 : len(header) - width]
    width = next(w for w in (1, 2, 4) if len(body) + w <= (1 << 8 * w) - 1)
    return body + (target_end - 8).to_bytes(width, "little")


def _inflated(source: Source, start: int, *, is_regular: bool) -> Iterator[bytes]:
    if not is_regular:
        if start != source.size:
            raise Malformed("something follows a link")
        return
    inflating, at = zlib.decompressobj(-15), start
    try:
        while not inflating.eof:
            piece = inflating.unconsumed_tail
            if not piece:
                piece = exactly(source, at, min(STEP, source.size - at))
                at += len(piece)
            if not piece:
                raise Malformed("a file is cut short")
            yield inflating.decompress(piece, STEP)
    except zlib.error as error:
        raise Malformed("a file cannot be unpacked") from error
    if inflating.unused_data or at != source.size:
        raise Malformed("something follows a file")
