"""Flattened device trees: what a bootloader hands to a kernel, and the form of U-Boot's FIT images.

Source: Devicetree Specification v0.4 chapter 5; for data outside the tree U-Boot's ``doc/usage/fit/source_file_format``
(``mkimage -E``). A tree may be read where it lies: long values are places in it, never copied.
"""

from collections.abc import Callable, Iterator
from typing import Final

import msgspec

MAGIC: Final = b"\xd0\x0d\xfe\xed"
HEADER: Final = 40
"""Bytes of a header of version 17."""
VALUE_KEPT: Final = 64 << 10
"""Bytes: a longer value is only told by its place."""

_OLDEST, _NEWEST = 16, 17
_BEGIN, _END, _PROPERTY, _NOP, _LAST = 1, 2, 3, 4, 9
_WINDOW = 256 << 10

Read = Callable[[int, int], bytes]
"""``(offset, length)`` to bytes: fewer at the end only."""


class BadTree(ValueError):
    """It is no sound device tree: the message says why."""


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """What one tree may cost."""

    nodes: int = 100_000
    properties: int = 400_000
    depth: int = 64
    strings: int = 1 << 20
    """Bytes of the names of all properties."""
    kept: int = 64 << 20
    """Bytes of all values that are kept."""
    reserved: int = 4096
    """Entries of the memory reservation block."""
    name: int = 1024
    """Bytes of one node's name."""


class Property(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A property: where its value lies in the blob, and the value unless it is longer than :data:`VALUE_KEPT`."""

    name: str
    offset: int
    length: int
    value: bytes | None


class Node(msgspec.Struct, frozen=True, kw_only=True):
    """A node with its properties by name. The first of two with one name counts, as with libfdt."""

    name: str
    properties: dict[str, Property]
    nodes: list["Node"]

    def value(self, name: str) -> bytes | None:
        """The bytes of a property; None without one, and for one too long to be kept."""
        found = self.properties.get(name)
        return found.value if found is not None else None

    def text(self, name: str) -> str | None:
        """A property that is text, without the zero behind it: the first of several."""
        texts = self.texts(name)
        return texts[0] if texts else None

    def texts(self, name: str) -> tuple[str, ...]:
        """A property that is one text or more (``compatible``); bytes that are no UTF-8 are escaped."""
        value = self.value(name)
        if not value:
            return ()
        return tuple(part.decode("utf-8", "backslashreplace") for part in value.removesuffix(b"\0").split(b"\0"))

    def number(self, name: str) -> int | None:
        """A property that is one number of 32 or 64 bits; None for anything else."""
        value = self.value(name)
        return int.from_bytes(value, "big") if value is not None and len(value) in (4, 8) else None

    def child(self, name: str) -> "Node | None":
        """The node of this name directly below."""
        return next((node for node in self.nodes if node.name == name), None)

    def find(self, path: str) -> "Node | None":
        """The node at a path from here (``configurations/conf-1``)."""
        here: Node | None = self
        for name in path.strip("/").split("/"):
            here = here.child(name) if here is not None and name else here
        return here

    def walk(self, path: str = "") -> Iterator[tuple[str, "Node"]]:
        """The node and all below with their paths (``/images/kernel-1``; ``/`` is the root), in the tree's order."""
        waiting = [(path, self)]
        while waiting:
            here, node = waiting.pop()
            yield here or "/", node
            waiting.extend((f"{here}/{below.name}", below) for below in reversed(node.nodes))


class DeviceTree(msgspec.Struct, frozen=True, kw_only=True):
    """A flattened device tree. ``size`` is its own, without data outside; ``reserved`` are (address, size) pairs."""

    size: int
    version: int
    reserved: tuple[tuple[int, int], ...]
    root: Node


class Place(msgspec.Struct, frozen=True, kw_only=True):
    """Where bytes lie, counted from the beginning of the tree. ``is_inside`` is False for data behind the tree."""

    offset: int
    length: int
    is_inside: bool


def is_fdt(head: bytes) -> bool:
    """True where 40 bytes or more begin as a device tree: by more than its magic."""
    if len(head) < HEADER or not head.startswith(MAGIC):
        return False
    version, oldest = _number(head, 20), _number(head, 24)
    return oldest <= _NEWEST and version >= _OLDEST and _number(head, 4) >= HEADER and _number(head, 8) >= HEADER - 4


def total_size(head: bytes) -> int:
    """Bytes of a tree by its header, without data outside."""
    return _number(head, 4)


def read_bytes(data: bytes, limits: Limits = Limits()) -> DeviceTree:
    """Read a tree that is in memory. Raises :class:`BadTree`."""
    return read(lambda offset, length: data[offset : offset + length], len(data), limits)


def read(source: Read, size: int, limits: Limits = Limits()) -> DeviceTree:
    """Read a tree that begins at offset 0 of ``size`` bytes. Raises :class:`BadTree`, and what ``source`` raises."""
    return _Reading(source, size, limits).tree()


def data_of(tree: DeviceTree, image: Node) -> Place | None:
    """The bytes of a FIT's image: inside (``data``), or behind the tree (``data-position``, ``data-offset``).

    None where the node has none. Whether the bytes are there is the caller's to look at.
    """
    inside = image.properties.get("data")
    length = image.number("data-size")
    position, offset = image.number("data-position"), image.number("data-offset")
    if position is not None and length is not None:
        return Place(offset=position, length=length, is_inside=False)
    if offset is not None and length is not None:
        return Place(offset=((tree.size + 3) & ~3) + offset, length=length, is_inside=False)
    if inside is not None:
        return Place(offset=inside.offset, length=inside.length, is_inside=True)
    return None


def size_with_data(tree: DeviceTree) -> int:
    """Bytes of a tree with the data of its images that lies behind it."""
    images = tree.root.child("images")
    places = [data_of(tree, image) for image in images.nodes] if images is not None else []
    return max([tree.size, *(place.offset + place.length for place in places if place is not None)])


def _number(data: bytes, offset: int, size: int = 4) -> int:
    return int.from_bytes(data[offset : offset + size], "big")


class _Reading:
    def __init__(self, source: Read, size: int, limits: Limits) -> None:
        self._source = source
        self._limits = limits
        head = source(0, HEADER)
        if not is_fdt(head):
            raise BadTree("no device tree of version 16 or 17")
        self._size = _number(head, 4)
        if self._size > size:
            raise BadTree("it is cut short")
        self._version = _number(head, 20)
        self._struct, strings, self._map = _number(head, 8), _number(head, 12), _number(head, 16)
        strings_size = _number(head, 32)
        self._struct_size = _number(head, 36) if self._version >= _NEWEST else self._size - self._struct
        if self._struct % 4 or self._struct + self._struct_size > self._size or strings + strings_size > self._size:
            raise BadTree("a block lies outside of it")
        if strings_size > limits.strings:
            raise BadTree(f"its names take more than {limits.strings:,} bytes")
        self._strings = source(strings, strings_size)
        self._names: dict[int, str] = {}
        self._window, self._window_at = b"", 0
        self._nodes = self._properties = self._kept = 0

    def tree(self) -> DeviceTree:
        return DeviceTree(size=self._size, version=self._version, reserved=self._reserved(), root=self._root())

    def _reserved(self) -> tuple[tuple[int, int], ...]:
        pairs: list[tuple[int, int]] = []
        for index in range(self._limits.reserved):
            offset = self._map + 16 * index
            if offset + 16 > self._size:
                raise BadTree("its memory reservations do not end")
            entry = self._source(offset, 16)
            pair = _number(entry, 0, 8), _number(entry, 8, 8)
            if pair == (0, 0):
                return tuple(pairs)
            pairs.append(pair)
        raise BadTree(f"more than {self._limits.reserved:,} memory reservations")

    def _root(self) -> Node:
        at, end = self._struct, self._struct + self._struct_size
        open_nodes: list[Node] = []
        root: Node | None = None
        while at + 4 <= end:
            token = _number(self._bytes(at, 4), 0)
            at += 4
            if token == _BEGIN:
                node, at = self._begin(at, end)
                if open_nodes:
                    open_nodes[-1].nodes.append(node)
                elif root is None:
                    root = node
                else:
                    raise BadTree("it has two roots")
                open_nodes.append(node)
                if len(open_nodes) > self._limits.depth:
                    raise BadTree(f"its nodes are nested deeper than {self._limits.depth}")
            elif token == _END and open_nodes:
                open_nodes.pop()
            elif token == _PROPERTY and open_nodes:
                at = self._property(at, end, open_nodes[-1])
            elif token == _LAST and root is not None and not open_nodes:
                return root
            elif token != _NOP:
                raise BadTree("its structure makes no sense")
        raise BadTree("its structure does not end")

    def _begin(self, at: int, end: int) -> tuple[Node, int]:
        self._nodes += 1
        if self._nodes > self._limits.nodes:
            raise BadTree(f"more than {self._limits.nodes:,} nodes")
        raw = self._bytes(at, min(self._limits.name, end - at))
        length = raw.find(b"\0")
        if length < 0:
            raise BadTree("a node's name does not end")
        name = raw[:length].decode("utf-8", "backslashreplace")
        return Node(name=name, properties={}, nodes=[]), _aligned(at + length + 1)

    def _property(self, at: int, end: int, node: Node) -> int:
        self._properties += 1
        if self._properties > self._limits.properties:
            raise BadTree(f"more than {self._limits.properties:,} properties")
        head = self._bytes(at, 8)
        length, name_at = _number(head, 0), _number(head, 4)
        start = at + 8
        if len(head) < 8 or start + length > end:
            raise BadTree("a property lies outside of it")
        value = None
        if length <= VALUE_KEPT:
            self._kept += length
            if self._kept > self._limits.kept:
                raise BadTree(f"its values take more than {self._limits.kept:,} bytes")
            value = self._bytes(start, length)
        name = self._name(name_at)
        node.properties.setdefault(name, Property(name=name, offset=start, length=length, value=value))
        return _aligned(start + length)

    def _name(self, at: int) -> str:
        known = self._names.get(at)
        if known is None:
            end = self._strings.find(b"\0", at, at + self._limits.name)
            if end < 0:
                raise BadTree("the name of a property does not end")
            known = self._names[at] = self._strings[at:end].decode("utf-8", "backslashreplace")
        return known

    def _bytes(self, at: int, length: int) -> bytes:
        """Bytes of the structure, out of a window over it."""
        within = at - self._window_at
        if within < 0 or within + length > len(self._window):
            wanted = min(max(_WINDOW, length), self._size - at)
            self._window, self._window_at, within = self._source(at, wanted), at, 0
            if len(self._window) < min(length, wanted):
                raise BadTree("it is cut short")
        return self._window[within : within + length]


def _aligned(offset: int) -> int:
    return (offset + 3) & ~3
