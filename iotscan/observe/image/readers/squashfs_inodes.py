"""The inodes of a squashfs image: seven kinds, each in a short and a long form."""

import os
import struct
from typing import Any

import msgspec

from iotscan.observe.image.readers.inode_kinds import device_number
from iotscan.observe.image.readers.squashfs_image import Image
from iotscan.observe.image.tree import Kind
from iotscan.observe.image.unreadable import Unreadable

NONE = (1 << 32) - 1
"""No fragment, no attributes."""
_KINDS: dict[int, Kind] = {1: "folder", 2: "file", 3: "link", 4: "block", 5: "char", 6: "fifo", 7: "socket"}
_EXTENDED = 7
"""What the type of an extended inode is higher by."""


class Inode(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """``start`` and ``offset`` say where data or listing begin; ``after`` is where the list of blocks stands."""

    kind: Kind
    mode: int
    uid: int
    gid: int
    number: int
    links: int = 1
    size: int = 0
    start: int = 0
    offset: int = 0
    fragment: int = NONE
    target: str = ""
    device: tuple[int, int] | None = None
    attributes: int = NONE
    after: tuple[int, int] = (0, 0)


class Inodes:
    """Inodes, by their references: the block they begin in and the offset there."""

    def __init__(self, image: Image) -> None:
        self._image = image
        self._ids: dict[int, int] = {}

    def at(self, where: int) -> Inode:
        """Raises Unreadable."""
        image = self._image
        head, cursor = image.read((image.superblock.inode_table + (where >> 16), where & 0xFFFF), 16)
        kind_number, mode, uid, gid, _, number = struct.unpack("<4H2I", head)
        is_extended = kind_number > _EXTENDED
        kind = _KINDS.get(kind_number - _EXTENDED if is_extended else kind_number)
        if kind is None:
            raise Unreadable("an inode of it is damaged")
        if kind == "folder":
            own, cursor = self._folder(cursor, is_extended)
        elif kind == "file":
            own, cursor = self._file(cursor, is_extended)
        elif kind == "link":
            own, cursor = self._link(cursor, is_extended)
        else:
            own, cursor = self._special(cursor, is_extended, has_device=kind in ("char", "block"))
        return Inode(
            kind=kind, mode=mode & 0o7777, uid=self._id(uid), gid=self._id(gid), number=number, after=cursor, **own
        )

    def _folder(self, cursor: tuple[int, int], is_extended: bool) -> tuple[dict[str, Any], tuple[int, int]]:
        if not is_extended:
            data, cursor = self._image.read(cursor, 16)
            start, links, size, offset, _ = struct.unpack("<2I2HI", data)
            return {"start": start, "links": links, "size": size, "offset": offset}, cursor
        data, cursor = self._image.read(cursor, 24)
        links, size, start, _, _, offset, attributes = struct.unpack("<4I2HI", data)
        return {
            "start": start, "links": links, "size": size, "offset": offset, "attributes": attributes,
        }, cursor  # fmt: skip

    def _file(self, cursor: tuple[int, int], is_extended: bool) -> tuple[dict[str, Any], tuple[int, int]]:
        if not is_extended:
            data, cursor = self._image.read(cursor, 16)
            start, fragment, offset, size = struct.unpack("<4I", data)
            return {"start": start, "fragment": fragment, "offset": offset, "size": size}, cursor
        data, cursor = self._image.read(cursor, 40)
        start, size, _, links, fragment, offset, attributes = struct.unpack("<3Q4I", data)
        return {
            "start": start, "fragment": fragment, "offset": offset, "size": size, "links": links,
            "attributes": attributes,
        }, cursor  # fmt: skip

    def _link(self, cursor: tuple[int, int], is_extended: bool) -> tuple[dict[str, Any], tuple[int, int]]:
        data, cursor = self._image.read(cursor, 8)
        links, size = struct.unpack("<2I", data)
        if size > self._image.budget.limits.path:
            raise Unreadable("a link of it is longer than a path may be")
        target, cursor = self._image.read(cursor, size)
        own: dict[str, Any] = {"links": links, "target": os.fsdecode(target)}
        if is_extended:
            data, cursor = self._image.read(cursor, 4)
            own["attributes"] = int.from_bytes(data, "little")
        return own, cursor

    def _special(
        self, cursor: tuple[int, int], is_extended: bool, *, has_device: bool
    ) -> tuple[dict[str, Any], tuple[int, int]]:
        data, cursor = self._image.read(cursor, 4 + 4 * has_device + 4 * is_extended)
        words = struct.unpack(f"<{len(data) // 4}I", data)
        own: dict[str, Any] = {"links": words[0]}
        if has_device:
            own["device"] = device_number(data[4:8], "<")
        if is_extended:
            own["attributes"] = words[-1]
        return own, cursor

    def _id(self, index: int) -> int:
        known = self._ids.get(index)
        if known is None:
            if index >= self._image.superblock.ids:
                raise Unreadable("an inode of it is damaged")
            known = int.from_bytes(self._image.item(self._image.superblock.id_table, index, 4), "little")
            self._ids[index] = known
        return known
