"""The kernels of an image: in every file system of it, as /boot is often one by itself."""

import re
import zlib
from collections.abc import Callable, Iterator

import msgspec

from iotscan.model.facts import Kernel
from iotscan.model.text import safe_text
from iotscan.observe.image.blob import Blob
from iotscan.observe.image.site import Place, Site
from iotscan.observe.image.tree import Entry, Tree
from iotscan.observe.image.unreadable import Unreadable
from iotscan.wire.kernel_image import payload_of, release_of, release_of_bzimage

_RELEASE = re.compile(r"[0-9]\.[0-9]{1,3}(?:\.[0-9]+)?[\w.+~-]{0,60}")
_KERNEL_NAMES = ("vmlinuz", "vmlinux", "bzimage", "zimage", "image", "kernel", "linux")
_KERNEL_LIMIT, _UNPACKED_LIMIT = 64 << 20, 128 << 20
_MOST_KERNELS = 8
"""Kernel images of one image that are unpacked: some packing is slow."""
_MODULE_FOLDERS = ("/lib/modules", "/usr/lib/modules")
_HEAD = 64 << 10


class KernelFiles(msgspec.Struct, frozen=True, kw_only=True):
    """What was found, and what could not be read."""

    kernels: tuple[Kernel, ...]
    lost: tuple[str, ...]


def kernels_in(site: Site) -> KernelFiles:
    """The kernels of every file system of an image, and of its parts that are kernels. Never raises."""
    looking = _Looking()
    for place, tree in site.trees:
        looking.at(place, tree)
    for place in site.of_format("kernel"):
        if place.blob is not None:
            looking.part(place.shown, place.blob)
    return KernelFiles(kernels=tuple(dict.fromkeys(looking.kernels)), lost=tuple(looking.lost))


class _Looking:
    def __init__(self) -> None:
        self.kernels: list[Kernel] = []
        self.lost: list[str] = []
        self._unpacked = 0

    def at(self, place: Place, tree: Tree) -> None:
        """Look where a file system holds kernels and what belongs to them."""
        is_root = place.role in ("root", "initramfs")
        seen: set[str] = set()
        for folder in _MODULE_FOLDERS if is_root else ():
            for entry in self._children(tree, folder):
                if entry.kind == "folder" and entry.path not in seen and _RELEASE.fullmatch(entry.name):
                    seen.add(entry.path)
                    self._modules(tree, entry)
        for folder in ("/boot", "/") if is_root else ("/", "/boot"):
            for entry in self._children(tree, folder):
                if entry.kind == "file" and entry.size:
                    self._boot_file(tree, entry)

    def _modules(self, tree: Tree, folder: Entry) -> None:
        release = safe_text(folder.name, 80)
        self.kernels.append(Kernel(release=release, path=tree.show(folder.path), source="modules"))

    def _boot_file(self, tree: Tree, entry: Entry) -> None:
        name = entry.name.lower()
        release = _RELEASE.search(entry.name)
        if name.startswith(_KERNEL_NAMES) and not name.endswith((".txt", ".dtb", ".cfg", ".conf", ".img.sig")):
            self._guard(tree, entry.path, lambda: self.kernel(tree.show(entry.path), tree.content(entry)))
            if release and name.startswith(("vmlinuz-", "vmlinux-", "kernel-", "zimage-", "image-", "bzimage-")):
                known = Kernel(release=safe_text(release[0], 80), path=tree.show(entry.path), source="file-name")
                if not any(k.path == known.path for k in self.kernels):
                    self.kernels.append(known)

    def part(self, shown: str, blob: Blob) -> None:
        """A part of the image that is a kernel."""
        try:
            self.kernel(shown, blob)
        except Unreadable as error:
            self.lost.append(f"{shown}: {error}")

    def kernel(self, shown: str, blob: Blob) -> None:
        """A kernel image: its release, by its header or its banner. Raises Unreadable."""
        head = blob.read_at(0, _HEAD)
        release = release_of_bzimage(head)
        if not release and self._unpacked < _MOST_KERNELS and _is_kernel(head):
            self._unpacked += 1
            release = release_of(_unpacked(head, blob) or b"")
        if release:
            self.kernels.append(Kernel(release=safe_text(release, 80), path=shown, source="image"))

    def _guard(self, tree: Tree, path: str, read: Callable[[], None]) -> None:
        try:
            read()
        except Unreadable as error:
            self.lost.append(f"{tree.show(path)}: {error}")

    def _children(self, tree: Tree, folder: str) -> Iterator[Entry]:
        try:
            yield from tree.children(folder)
        except Unreadable as error:
            self.lost.append(f"{tree.show(folder)}: {error}")


def _is_kernel(head: bytes) -> bool:
    """True for what may be one: an x86, ARM or arm64 image, an ELF file, or a packed stream."""
    return (
        head[0x202:0x206] == b"HdrS"
        or head[0x24:0x28] == b"\x18\x28\x6f\x01"
        or head[0x38:0x3C] == b"ARM\x64"
        or head.startswith((b"\x7fELF", b"\x1f\x8b\x08"))
    )


def _unpacked(head: bytes, blob: Blob) -> bytes | None:
    """The kernel as it runs; None where it is packed in another way than gzip, or is no kernel."""
    if head.startswith(b"\x7fELF") or head[0x38:0x3C] == b"ARM\x64":
        return blob.read_at(0, min(blob.size, _KERNEL_LIMIT))
    if head.startswith(b"\x1f\x8b\x08"):
        return _gunzipped(blob.read_at(0, min(blob.size, _KERNEL_LIMIT)))
    packed = payload_of(head, blob.read_at)
    if packed is None:
        # zImage of ARM: the packed kernel follows its unpacker, nobody says where.
        data = blob.read_at(0, min(blob.size, _KERNEL_LIMIT))
        start = data.find(b"\x1f\x8b\x08")
        packed = data[start:] if start >= 0 else b""
    return _gunzipped(packed)


def _gunzipped(packed: bytes) -> bytes | None:
    if not packed.startswith(b"\x1f\x8b\x08"):
        return None
    unpacker = zlib.decompressobj(wbits=31)
    try:
        return unpacker.decompress(packed, _UNPACKED_LIMIT) or None
    except zlib.error:
        return None
