"""U-Boot's FIT images and the keys that a bootloader checks them with.

Source: U-Boot ``doc/usage/fit/signature.rst`` and ``doc/usage/fit/source_file_format.rst``; ``boot/image-fit-sig.c``.
"""

from collections.abc import Iterator
from itertools import chain as joined

from iotscan.model.facts import (
    BootKey,
    BootKeys,
    ControlTree,
    FitConfiguration,
    FitImage,
    FitImages,
    FitSignature,
)
from iotscan.model.text import safe_text
from iotscan.observe.image.blob import Blob, Slice, read_whole
from iotscan.observe.image.inspectors.boot.chain import Chain
from iotscan.observe.image.site import Place
from iotscan.observe.image.unreadable import Unreadable
from iotscan.wire import fdt

BOOTLOADER_LIMIT = 32 << 20
"""Bytes of a U-Boot program that are searched."""
_STARTED = ("kernel", "fdt", "ramdisk", "firmware", "loadables", "fpga", "setup", "standalone", "script")
"""Properties of a configuration that name images (``boot/image-fit.c``)."""
_KERNELS = ("kernel", "kernel_noload")
_TREES = 16


def read_images(chain: Chain) -> FitImages:
    """Every FIT. Raises Unreadable."""
    return FitImages(images=tuple(_image(place, _tree(place, blob).root) for place, blob in chain.places("fit")))


def read_keys(chain: Chain) -> BootKeys:
    """The control device trees: in U-Boot programs, beside them in a FIT of firmware, and by themselves.

    A device tree by itself counts where it holds keys. Raises Unreadable.
    """
    trees: list[ControlTree] = []
    without: list[str] = []
    for place, blob in chain.places("u-boot"):
        found = list(_embedded(read_whole(blob, BOOTLOADER_LIMIT)))
        trees += [_control(place.shown or place.format, tree.root) for tree in found]
        if not found:
            without.append(place.shown or place.format)
    for place, blob in chain.places("fit"):
        tree = _tree(place, blob)
        if not _has_kernel(tree.root):
            trees += _of_firmware(place, blob, tree)
    for place, blob in chain.places("dtb"):
        control = _control(place.shown or place.format, _tree(place, blob).root)
        if control.keys and control not in trees:
            trees.append(control)
    firmware = {tree.path.rpartition(":")[0] for tree in trees}
    return BootKeys(trees=tuple(trees), without=tuple(p for p in without if p.rpartition(":")[0] not in firmware))


def signed_nodes(place: Place, blob: Blob) -> frozenset[str]:
    """The image nodes of a FIT that every configuration which starts them signs. Raises Unreadable."""
    image = _image(place, _tree(place, blob).root)
    return frozenset(
        node
        for node in image.images
        if (users := [c for c in image.configurations if node in c.images])
        and all(any(s.has_value and node in s.covers for s in c.signatures) for c in users)
    )


def trees_in(place: Place, blob: Blob) -> Iterator[tuple[str, fdt.Node]]:
    """The device trees that a FIT holds, with the names of their nodes. Raises Unreadable."""
    tree = _tree(place, blob)
    images = tree.root.child("images")
    for node in images.nodes if images else ():
        where = fdt.data_of(tree, node)
        if node.text("type") != "flat_dt" or where is None or node.text("compression") not in (None, "none"):
            continue
        piece = Slice(whole=blob, start=where.offset, length=where.length)
        if fdt.is_fdt(piece.read_at(0, fdt.HEADER)):
            yield node.name, _tree(place, piece).root


def _tree(place: Place, blob: Blob) -> fdt.DeviceTree:
    try:
        return fdt.read(blob.read_at, blob.size)
    except fdt.BadTree as error:
        raise Unreadable(f"{place.shown or place.format}: {error}") from error


def _has_kernel(root: fdt.Node) -> bool:
    images, configurations = root.child("images"), root.child("configurations")
    kinds = {node.text("type") for node in images.nodes} if images else set()
    return bool(kinds.intersection(_KERNELS)) or any("kernel" in c.properties for c in _nodes(configurations))


def _nodes(node: fdt.Node | None) -> list[fdt.Node]:
    return node.nodes if node else []


def _image(place: Place, root: fdt.Node) -> FitImage:
    images = _nodes(root.child("images"))
    configurations = root.child("configurations")
    return FitImage(
        path=place.shown or place.format,
        default=safe_text((configurations and configurations.text("default")) or "", 80),
        configurations=tuple(_configuration(node) for node in _nodes(configurations)),
        image_signatures=tuple(joined.from_iterable(_signatures(n, own=n.name) for n in images)),
        images=tuple(safe_text(n.name, 80) for n in images),
        hashed=tuple(safe_text(n.name, 80) for n in images if any(b.name.startswith("hash") for b in n.nodes)),
        has_kernel=_has_kernel(root),
    )


def _configuration(node: fdt.Node) -> FitConfiguration:
    named = [text for name in _STARTED for text in node.texts(name)]
    return FitConfiguration(
        node=safe_text(node.name, 80),
        images=tuple(dict.fromkeys(safe_text(name, 80) for name in named if name)),
        signatures=tuple(_signatures(node)),
    )


def _signatures(node: fdt.Node, own: str = "") -> Iterator[FitSignature]:
    for below in node.nodes:
        if below.name.startswith("signature"):
            yield FitSignature(
                node=safe_text(below.name, 80),
                algorithm=safe_text(below.text("algo") or "", 40),
                key=safe_text(below.text("key-name-hint") or "", 80),
                has_value="value" in below.properties,
                covers=(safe_text(own, 80),) if own else _covered(below.texts("hashed-nodes")),
            )


def _covered(hashed: tuple[str, ...]) -> tuple[str, ...]:
    """Images whose node and hash are signed; a node without its hash says nothing of the data."""
    parts = [path.strip("/").split("/") for path in hashed]
    with_hash = {p[1] for p in parts if len(p) == 3 and p[0] == "images" and p[2].startswith("hash")}
    return tuple(safe_text(p[1], 80) for p in parts if len(p) == 2 and p[0] == "images" and p[1] in with_hash)


def _embedded(program: bytes) -> Iterator[fdt.DeviceTree]:
    """The device trees in a program's bytes."""
    at = found = 0
    while found < _TREES and (at := program.find(fdt.MAGIC, at)) >= 0:
        head = program[at : at + fdt.HEADER]
        if fdt.is_fdt(head) and at + fdt.total_size(head) <= len(program):
            try:
                yield fdt.read_bytes(program[at : at + fdt.total_size(head)])
                found += 1
            except fdt.BadTree:
                # Four bytes that look like the magic, in code.
                pass
        at += len(fdt.MAGIC)


def _of_firmware(place: Place, blob: Blob, tree: fdt.DeviceTree) -> Iterator[ControlTree]:
    if any(node.text("type") in ("firmware", "standalone", "tee") for node in _nodes(tree.root.child("images"))):
        for name, root in trees_in(place, blob):
            yield _control(f"{place.shown or place.format}:{safe_text(name, 80)}", root)


def _control(path: str, root: fdt.Node) -> ControlTree:
    nodes = _nodes(root.child("signature"))
    return ControlTree(path=path, keys=tuple(_key(node) for node in nodes if node.name.startswith("key")))


def _key(node: fdt.Node) -> BootKey:
    return BootKey(
        name=safe_text(node.text("key-name-hint") or node.name, 80),
        algorithm=safe_text(node.text("algo") or "", 40),
        required=safe_text(node.text("required") or "", 20),
        bits=node.number("rsa,num-bits") or 0,
    )
