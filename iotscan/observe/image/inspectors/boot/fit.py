"""U-Boot's FIT images and the keys that a bootloader checks them with.

Source: U-Boot ``doc/usage/fit/signature.rst`` and ``doc/usage/fit/source_file_format.rst``; ``boot/image-fit-sig.c``.
"""

from collections.abc import Iterator

from iotscan.model.answer import Answer
from iotscan.model.facts import (
    BootKey,
    BootKeys,
    ControlTree,
    FitConfiguration,
    FitImage,
    FitImages,
    FitSignature,
    TrustedKey,
)
from iotscan.model.text import safe_text
from iotscan.model.vocabulary import Reason
from iotscan.observe.image.blob import Blob, Slice
from iotscan.observe.image.inspectors.boot.chain import Chain
from iotscan.observe.image.inspectors.boot.fit_proof import changed, signature_holds
from iotscan.observe.image.site import Place
from iotscan.observe.image.unreadable import Unreadable
from iotscan.wire import fdt
from iotscan.wire.signing.fit import control_keys

BOOTLOADER_LIMIT = 32 << 20
"""Bytes of a U-Boot program that are searched."""
_STARTED = ("kernel", "fdt", "ramdisk", "firmware", "loadables", "fpga", "setup", "standalone", "script")
"""Properties of a configuration that name images (``boot/image-fit.c``)."""
_KERNELS = ("kernel", "kernel_noload")
_TREES = 16
_TOO_MANY = Answer[bool].missing(Reason.BUDGET, "more signatures than are tried for one image")
_NOT_TRIED = Answer[bool].missing(Reason.NOT_OBSERVABLE, "signatures of single images are not tried here")


def read_images(chain: Chain) -> FitImages:
    """Every FIT. Raises Unreadable."""
    return FitImages(images=tuple(image for _, _, image in chain.fits))


def read_keys(chain: Chain) -> BootKeys:
    """The control device trees: in U-Boot programs, beside them in a FIT of firmware, and by themselves.

    A device tree by itself counts where it holds keys. Raises Unreadable.
    """
    found = tuple(dict.fromkeys(_control(path, root) for path, root in _controls(chain)))
    # A device tree of the board may lie in the same area of raw storage: where another one has keys, it is none.
    keyed = {tree.path for tree in found if tree.keys}
    trees = tuple(tree for tree in found if tree.keys or tree.path not in keyed)
    firmware = {tree.path.rpartition(":")[0] for tree in trees}
    paths = {tree.path for tree in trees}
    programs = [place.shown or place.format for place, _ in chain.places("u-boot")]
    return BootKeys(
        trees=trees,
        without=tuple(p for p in programs if p not in paths and p.rpartition(":")[0] not in firmware),
    )


def trusted_keys(chain: Chain) -> Iterator[TrustedKey]:
    """The keys of the control device trees, in full. Raises Unreadable."""
    for path, root in _controls(chain):
        yield from control_keys(root, path)


def fits(chain: Chain) -> Iterator[tuple[Place, Blob, FitImage]]:
    """Each FIT with its place and bytes, its signatures tried with the keys of the bootloaders. Raises Unreadable."""
    keys = [key for _, root in _controls(chain) for key in _nodes(root.child("signature"))]
    for place, blob in chain.places("fit"):
        yield place, blob, _image(chain, place, blob, keys)


def signed_nodes(image: FitImage) -> frozenset[str]:
    """The image nodes of a FIT that every configuration which starts them signs, and that were not changed."""
    return frozenset(
        node
        for node in image.images
        if node not in image.changed
        and (users := [c for c in image.configurations if node in c.images])
        and all(any(_is_proof(s) and node in s.covers for s in c.signatures) for c in users)
    )


def _is_proof(signature: FitSignature) -> bool:
    return signature.has_value and signature.holds.known is not False


def _controls(chain: Chain) -> Iterator[tuple[str, fdt.Node]]:
    """Path and root of each control device tree. Raises Unreadable."""
    bootloaders = {place.path for place, _ in chain.places("u-boot") if place.path}
    for place, blob in chain.places("u-boot"):
        for tree in _embedded(blob.read_at(0, min(blob.size, BOOTLOADER_LIMIT))):
            yield place.shown or place.format, tree.root
    for place, blob in chain.places("fit"):
        tree = _tree(place, blob)
        if not _has_kernel(tree.root):
            yield from _of_firmware(place, blob, tree)
    for place, blob in chain.places("dtb"):
        if place.path.rpartition(":")[0] in bootloaders:
            # Met in the bootloader itself.
            continue
        root = _tree(place, blob).root
        if any(node.name.startswith("key") for node in _nodes(root.child("signature"))):
            yield place.shown or place.format, root


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


def _image(chain: Chain, place: Place, blob: Blob, keys: list[fdt.Node]) -> FitImage:
    tree = _tree(place, blob)
    root = tree.root
    images = _nodes(root.child("images"))
    configurations = root.child("configurations")
    return FitImage(
        path=place.shown or place.format,
        default=safe_text((configurations and configurations.text("default")) or "", 80),
        configurations=tuple(_configuration(chain, node, blob, keys) for node in _nodes(configurations)),
        image_signatures=tuple(_signature(s, (n.name,), _NOT_TRIED) for n in images for s in _signature_nodes(n)),
        images=tuple(safe_text(n.name, 80) for n in images),
        hashed=tuple(safe_text(n.name, 80) for n in images if any(b.name.startswith("hash") for b in n.nodes)),
        changed=tuple(safe_text(name, 80) for name in changed(blob, tree, chain.allows_hashing)),
        has_kernel=_has_kernel(root),
    )


def _configuration(chain: Chain, node: fdt.Node, blob: Blob, keys: list[fdt.Node]) -> FitConfiguration:
    named = [text for name in _STARTED for text in node.texts(name)]
    return FitConfiguration(
        node=safe_text(node.name, 80),
        images=tuple(dict.fromkeys(safe_text(name, 80) for name in named if name)),
        signatures=tuple(
            _signature(n, _covered(n), signature_holds(blob, n, keys) if chain.allows_try() else _TOO_MANY)
            for n in _signature_nodes(node)
        ),
    )


def _signature_nodes(node: fdt.Node) -> list[fdt.Node]:
    return [below for below in node.nodes if below.name.startswith("signature")]


def _signature(node: fdt.Node, covers: tuple[str, ...], holds: Answer[bool]) -> FitSignature:
    return FitSignature(
        node=safe_text(node.name, 80),
        algorithm=safe_text(node.text("algo") or "", 40),
        key=safe_text(node.text("key-name-hint") or "", 80),
        has_value="value" in node.properties,
        covers=tuple(safe_text(name, 80) for name in covers),
        holds=holds,
    )


def _covered(node: fdt.Node) -> tuple[str, ...]:
    """Images whose node and hash are signed; a node without its hash says nothing of the data."""
    parts = [path.strip("/").split("/") for path in node.texts("hashed-nodes")]
    with_hash = {p[1] for p in parts if len(p) == 3 and p[0] == "images" and p[2].startswith("hash")}
    return tuple(p[1] for p in parts if len(p) == 2 and p[0] == "images" and p[1] in with_hash)


def _embedded(program: bytes) -> Iterator[fdt.DeviceTree]:
    """The device trees in a program's bytes; a FIT beside it on raw storage is none, nor is what lies in that."""
    at = found = 0
    while found < _TREES and (at := program.find(fdt.MAGIC, at)) >= 0:
        head = program[at : at + fdt.HEADER]
        step = len(fdt.MAGIC)
        if fdt.is_fdt(head) and at + fdt.total_size(head) <= len(program):
            try:
                tree = fdt.read_bytes(program[at : at + fdt.total_size(head)])
            except fdt.BadTree:
                # Four bytes that look like the magic, in code.
                at += step
                continue
            step, found = _size(tree), found + 1
            if tree.root.child("images") is None:
                yield tree
        at += step


def _size(tree: fdt.DeviceTree) -> int:
    """Bytes of a tree with the data behind it."""
    images = tree.root.child("images")
    places = (fdt.data_of(tree, node) for node in _nodes(images))
    return max([tree.size, *(place.offset + place.length for place in places if place is not None)])


def _of_firmware(place: Place, blob: Blob, tree: fdt.DeviceTree) -> Iterator[tuple[str, fdt.Node]]:
    if any(node.text("type") in ("firmware", "standalone", "tee") for node in _nodes(tree.root.child("images"))):
        for name, root in trees_in(place, blob):
            yield f"{place.shown or place.format}:{safe_text(name, 80)}", root


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
