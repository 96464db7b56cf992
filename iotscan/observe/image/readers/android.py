"""Android's images, which gateways borrow: sparse ones, boot images, verified boot, tables of device trees.

Logical partitions (``super``) are recognised and not read. Sources: see :mod:`iotscan.wire.android`; for device tree
tables ``system/libufdt/utils/src/dt_table.h``.
"""

import struct

from iotscan.observe.image.blob import Blob, Piece, Pieced, Slice
from iotscan.observe.image.budget import GIB, Budget, OverBudget
from iotscan.observe.image.reader import Contents, Part, Reader
from iotscan.observe.image.readers.repeated import Repeated
from iotscan.observe.image.unreadable import Unreadable, Unsupported
from iotscan.wire import android

_LARGEST = 64 * GIB
"""Bytes of a sparse image when it is whole: the storage of no gateway is larger."""
_CHUNKS = 1 << 20
_CODE = ("kernel", "second")
"""What may be in a form that only its processor knows."""
_NO_PARTS = ("signature", "ramdisk-table", "bootconfig")
_TABLE_MAGIC, _TABLE_HEADER, _TABLE_ENTRIES = b"\xd7\xb7\xab\x1e", 32, 256
_GEOMETRY_MAGIC, _GEOMETRY_AT = b"gDla", 4096


def _open_sparse(blob: Blob, budget: Budget) -> Contents:
    try:
        pieces, total = _pieces(blob, budget)
    except android.BadHeader as error:
        raise Unreadable(str(error)) from error
    whole = Pieced(pieces)
    if whole.size != total:
        raise Unreadable("its chunks do not add up to its size")
    return Contents(parts=(Part(name="unsparsed", blob=whole),))


def _pieces(blob: Blob, budget: Budget) -> tuple[list[Piece], int]:
    sparse = android.read_sparse(blob.read_at(0, android.SPARSE_HEADER))
    total = sparse.blocks * sparse.block_size
    if total > _LARGEST:
        raise OverBudget(f"it is larger than {_LARGEST // GIB} GiB when it is whole")
    if sparse.chunks > _CHUNKS:
        raise OverBudget(f"it has more than {_CHUNKS:,} chunks")
    at, pieces = sparse.header_size, []
    for number in range(sparse.chunks):
        if number % 4096 == 0:
            budget.check_time()
        chunk = android.read_chunk(blob.read_at(at, android.CHUNK_HEADER))
        start, held = at + sparse.chunk_header_size, chunk.size - sparse.chunk_header_size
        length = chunk.blocks * sparse.block_size
        expected = {"raw": length, "fill": 4, "skip": 0, "crc": 4}[chunk.kind]
        if held != expected or start + held > blob.size:
            raise Unreadable("it is cut short, or a chunk makes no sense")
        if chunk.kind == "raw":
            pieces.append(Piece(length=length, source=blob, start=start))
        elif chunk.kind != "crc":
            pattern = blob.read_at(start, 4) if chunk.kind == "fill" else bytes(4)
            pieces.append(Piece(length=length, source=Repeated(pattern, length, budget)))
        at += chunk.size
    return pieces, total


def _open_boot(blob: Blob, budget: Budget) -> Contents:
    try:
        image = android.read_boot(blob.read_at(0, android.BOOT_HEADER))
    except android.BadHeader as error:
        raise Unreadable(str(error)) from error
    parts = []
    for section in image.sections:
        if section.offset + section.length > blob.size:
            raise Unreadable("it is cut short")
        if section.name not in _NO_PARTS:
            known_as = section.name if section.name in _CODE else ""
            data = Slice(blob, section.offset, section.length)
            parts.append(Part(name=section.name, blob=data, known_as=known_as))
    footer = android.read_footer(blob.read_at(max(0, blob.size - android.FOOTER), android.FOOTER))
    problem = ""
    if footer is not None and footer.vbmeta_offset + footer.vbmeta_size > blob.size:
        problem = "its footer names a vbmeta image that is not there"
    elif footer is not None:
        parts.append(Part(name="vbmeta", blob=Slice(blob, footer.vbmeta_offset, footer.vbmeta_size)))
    return Contents(parts=tuple(parts), problem=problem)


def _open_vbmeta(blob: Blob, budget: Budget) -> Contents:
    try:
        size = android.vbmeta_size(blob.read_at(0, android.VBMETA_HEADER))
        android.read_vbmeta(blob.read_at(0, size))
    except android.BadHeader as error:
        raise Unreadable(str(error)) from error
    return Contents()


def _open_table(blob: Blob, budget: Budget) -> Contents:
    head = blob.read_at(0, _TABLE_HEADER)
    if len(head) < _TABLE_HEADER:
        raise Unreadable("it is cut short")
    _, _, entry_size, count, entries_at = struct.unpack_from(">5I", head, 4)
    if count > _TABLE_ENTRIES or entry_size < 8:
        raise Unreadable("its table makes no sense")
    parts = []
    for number in range(count):
        entry = blob.read_at(entries_at + number * entry_size, 8)
        size, offset = struct.unpack(">II", entry) if len(entry) == 8 else (0, 0)
        if not size or offset + size > blob.size:
            raise Unreadable("it is cut short")
        budget.entry("")
        parts.append(Part(name=f"dtb-{number + 1}", blob=Slice(blob, offset, size)))
    return Contents(parts=tuple(parts))


def _is_super(head: bytes, blob: Blob) -> bool:
    """Its mark stands behind 4096 bytes that mean nothing."""
    try:
        return blob.read_at(_GEOMETRY_AT, 4) == _GEOMETRY_MAGIC
    except Unreadable:
        return False


def _open_super(blob: Blob, budget: Budget) -> Contents:
    raise Unsupported("logical partitions of Android (super) are not read: unpack it with lpunpack")


SPARSE = Reader(
    name="android-sparse", recognises=lambda head, blob: head.startswith(android.SPARSE_MAGIC), opens=_open_sparse
)
BOOT = Reader(
    name="android-boot",
    recognises=lambda head, blob: head.startswith((android.BOOT_MAGIC, android.VENDOR_BOOT_MAGIC)),
    opens=_open_boot,
)
VBMETA = Reader(name="vbmeta", recognises=lambda head, blob: head.startswith(android.VBMETA_MAGIC), opens=_open_vbmeta)
TABLE = Reader(name="dtbo", recognises=lambda head, blob: head.startswith(_TABLE_MAGIC), opens=_open_table)
SUPER = Reader(name="android-super", recognises=_is_super, opens=_open_super)
