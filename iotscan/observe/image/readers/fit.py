"""U-Boot's flattened image trees, and device trees that hold no images.

Source: U-Boot ``doc/usage/fit/source_file_format.rst``; ``boot/image-fit.c``. Hashes and signatures are not judged
here: that is a question about the boot chain.
"""

from iotscan.model.text import safe_text
from iotscan.observe.image.blob import Blob, Slice
from iotscan.observe.image.budget import Budget
from iotscan.observe.image.reader import Contents, Part, Reader
from iotscan.observe.image.readers.boot_pieces import pieces_of
from iotscan.observe.image.readers.naming import distinct, part_name, several
from iotscan.observe.image.unreadable import Unreadable
from iotscan.wire import fdt

_BARE_SYSTEMS = ("arm-trusted-firmware", "tee", "opensbi")
_KERNELS = ("kernel", "kernel_noload", "standalone", "firmware")
"""Types whose bytes may be in a form that only their processor knows."""
_BARE_TYPES = ("fpga", "tfa-bl31", "tfa-bl32", "tee")
"""Bare code of a processor or a chip: there are no files in it, so that not reading it is no gap."""


def read_tree(blob: Blob) -> fdt.DeviceTree:
    """The device tree at the beginning of a blob. Raises :class:`Unreadable`."""
    try:
        return fdt.read(blob.read_at, blob.size)
    except fdt.BadTree as error:
        raise Unreadable(str(error)) from error


def holds_images(tree: fdt.DeviceTree) -> bool:
    """True for a FIT: what a device tree of hardware never has."""
    return tree.root.child("images") is not None


def _is_fit(head: bytes, blob: Blob) -> bool:
    if not fdt.is_fdt(head):
        return False
    try:
        return holds_images(read_tree(blob))
    except Unreadable:
        # Damaged: what its first bytes name decides who says so.
        return b"images\0" in head


def _open_fit(blob: Blob, budget: Budget) -> Contents:
    tree = read_tree(blob)
    images = tree.root.child("images")
    nodes = [node for node in images.nodes if not _is_bare(node)] if images is not None else []
    parts, problems = [], []
    for name, node in zip(distinct([part_name(n.name, "image") for n in nodes]), nodes, strict=True):
        budget.entry(name)
        place = fdt.data_of(tree, node)
        label = safe_text(node.text("description") or "", 80)
        if place is None or place.offset + place.length > blob.size:
            problems.append(f"{name}: its data is not there")
            continue
        data = Slice(blob, place.offset, place.length)
        known_as = "kernel" if node.text("type") in _KERNELS else ""
        parts.append(Part(name=name, blob=data, label=label, known_as=known_as, sealed=_sealed(node)))
    # A boot loader's FIT may be the first thing in storage without a table.
    parts += [piece.part(blob) for piece in pieces_of(blob, fdt.size_with_data(tree))]
    return Contents(parts=tuple(parts), problem=several(problems))


def _is_bare(node: fdt.Node) -> bool:
    return node.text("os") in _BARE_SYSTEMS or node.text("type") in _BARE_TYPES


def _sealed(node: fdt.Node) -> str:
    cipher = node.child("cipher")
    return f"encrypted ({safe_text(cipher.text('algo') or '', 20)})" if cipher is not None else ""


def _open_dtb(blob: Blob, budget: Budget) -> Contents:
    read_tree(blob)
    return Contents()


FIT = Reader(name="fit", recognises=_is_fit, opens=_open_fit)
DTB = Reader(name="dtb", recognises=lambda head, blob: fdt.is_fdt(head), opens=_open_dtb)
"""Asked after :data:`FIT`."""
