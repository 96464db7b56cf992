"""FIT images: configurations that are signed over the nodes of their images, and data that hashes in those nodes name.

Source: U-Boot ``doc/usage/fit/signature.rst``, ``boot/image-fit-sig.c``, ``boot/image-fit.c``. The list of what is
hashed is not signed itself, so it counts only as far as it names the root, the configuration, and image and hash nodes.
"""

import hashlib
from collections.abc import Iterator, Sequence
from typing import Final

import msgspec
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from msgspec.structs import replace

from iotscan.model.answer import Answer
from iotscan.model.facts.signing import (
    ArtefactSignature,
    Payload,
    Protection,
    PublicKey,
    Scheme,
    SignedArtefact,
    TrustedKey,
)
from iotscan.model.text import safe_text
from iotscan.model.vocabulary import Reason
from iotscan.wire import fdt
from iotscan.wire.ber import Malformed
from iotscan.wire.fit_signature import signed_bytes
from iotscan.wire.signing.public_keys import describe_key
from iotscan.wire.signing.source import Source, digest_of
from iotscan.wire.signing.values import NO_KEY, coded, side_by_side
from iotscan.wire.signing.verifying import holds

_DIGESTS: Final = frozenset({"sha1", "sha224", "sha256", "sha384", "sha512"})
_STARTED: Final = ("kernel", "fdt", "ramdisk", "firmware", "loadables", "fpga", "setup", "standalone", "script")
"""Properties of a configuration that name images."""
_CONFIGURATIONS: Final = 200
_IMAGES: Final = 500
_KEYS: Final = 100
_WALKED: Final = 16 << 20
"""Bytes of the structure that are gone through for all signatures: each is over parts of all of it."""
_CURVES: Final[dict[int, ec.EllipticCurve]] = {32: ec.SECP256R1(), 48: ec.SECP384R1(), 66: ec.SECP521R1()}
_NO_HASH: Final = Answer[bool].missing(Reason.NOT_OBSERVABLE, "no hash names it")
_NO_DATA: Final = Answer[bool].missing(Reason.NOT_OBSERVABLE, "its data are not in it")


class _Signed(msgspec.Struct, frozen=True, kw_only=True):
    """A signature of a configuration, and the nodes that it is over."""

    signature: ArtefactSignature
    nodes: frozenset[str]


class _Configuration(msgspec.Struct, frozen=True, kw_only=True):
    name: str
    images: tuple[str, ...]
    signed: tuple[_Signed, ...]

    @property
    def covered(self) -> frozenset[str]:
        """Paths of nodes that every signature of it is over; none where it has none that is over itself."""
        own = f"/configurations/{self.name}"
        sets = [s.nodes for s in self.signed]
        if not sets or not all({"/", own} <= nodes for nodes in sets):
            return frozenset()
        return frozenset.intersection(*sets)


def read_fit(source: Source, path: str = "", keys: Sequence[PublicKey] = ()) -> SignedArtefact | None:
    """A FIT; None for a device tree without images, and what is none. Never raises but what the source raises.

    The signatures are those of the default configuration. Where there are several configurations, ``keys`` are tried
    with each: one that fails with any of them is none with which the FIT is verified.
    """
    if not fdt.is_fdt(source.read_at(0, fdt.HEADER)):
        return None
    try:
        tree = fdt.read(source.read_at, source.size)
        images = tree.root.child("images")
        if images is None:
            return None
        if _signatures_in(tree) * _structure(source) > _WALKED:
            why = "it has more signatures than are tried"
            return SignedArtefact(path=path, format="fit", protection="unknown", problem=why)
        return _artefact(source, path, tree, images, keys)
    except (fdt.BadTree, Malformed) as error:
        reason = safe_text(str(error) or "it is damaged", 300)
        return SignedArtefact(path=path, format="fit", protection="unknown", damage=reason)


def _structure(source: Source) -> int:
    """Bytes of the structure block, as the header says."""
    return int.from_bytes(source.read_at(36, 4), "big")


def _signatures_in(tree: fdt.DeviceTree) -> int:
    parent = tree.root.child("configurations")
    return sum(_is_signature(below) for node in (parent.nodes if parent is not None else []) for below in node.nodes)


def _is_signature(node: fdt.Node) -> bool:
    return node.name.startswith("signature") and bool(node.value("value"))


def _artefact(
    source: Source, path: str, tree: fdt.DeviceTree, images: fdt.Node, keys: Sequence[PublicKey]
) -> SignedArtefact:
    configurations = list(_configurations(source, tree))
    if len(images.nodes) > _IMAGES:
        raise Malformed(f"it has more than {_IMAGES} images")
    names = [n.name for n in images.nodes]
    if len(names) != len(set(names)) or len(configurations) != len({c.name for c in configurations}):
        raise Malformed("two of its nodes have one name")
    first = _default(tree, configurations)
    signatures = tuple(s.signature for s in first.signed) if first is not None else ()
    others = [c for c in configurations if c is not first]
    fails = _that_fail(others, keys)
    signatures = tuple(replace(s, fails_with=fails) for s in signatures)
    problem = ""
    if any(c.signed for c in others) and not any(_all_hold(configurations, key) for key in keys):
        problem = "several configurations are signed, and no key that was tried has signed all of them"
    single = tuple(_single_signatures(images)) if not any(c.signed for c in configurations) else ()
    if single:
        problem = "its images are signed one by one, which is not tried: they can be put together otherwise"
    is_signed = bool(signatures or single)
    protection: Protection = "signed" if is_signed else "none"
    unsigned = [c.name for c in configurations if not c.signed] if is_signed else []
    started = {name for c in configurations for name in c.images}
    covered = [(frozenset(c.images), c.covered) for c in configurations]
    idle = [n.name for n in images.nodes if configurations and n.name not in started]
    notes = [f"configuration {safe_text(name, 80)} is not signed" for name in unsigned[:20]]
    notes += [f"{safe_text(name, 80)} is in no configuration" for name in idle[:20]]
    return SignedArtefact(
        path=path,
        format="fit",
        version=safe_text(tree.root.text("description") or "", 200),
        compatible=_compatible(tree),
        protection=protection,
        signatures=signatures or single,
        payloads=tuple(_payload(source, tree, n, covered) for n in images.nodes if n.name not in idle),
        problem=problem,
        notes=tuple(notes),
    )


def _configurations(source: Source, tree: fdt.DeviceTree) -> Iterator[_Configuration]:
    parent = tree.root.child("configurations")
    nodes = parent.nodes if parent is not None else []
    if len(nodes) > _CONFIGURATIONS:
        raise Malformed(f"it has more than {_CONFIGURATIONS} configurations")
    for node in nodes:
        yield _Configuration(
            name=node.name,
            images=tuple(dict.fromkeys(name for kind in _STARTED for name in node.texts(kind))),
            signed=tuple(_signed(source, below) for below in node.nodes if _is_signature(below)),
        )


def _default(tree: fdt.DeviceTree, found: Sequence[_Configuration]) -> _Configuration | None:
    parent = tree.root.child("configurations")
    named = parent.text("default") if parent is not None else None
    if named is not None:
        return next((c for c in found if c.name == named), None)
    return found[0] if found else None


def _signed(source: Source, node: fdt.Node) -> _Signed:
    strings = node.value("hashed-strings")
    nodes = node.texts("hashed-nodes")
    size = int.from_bytes(strings[4:8], "big") if strings is not None else 0
    message = signed_bytes(source.read_at, nodes, size) if nodes else b""
    return _Signed(signature=_signature(node, message), nodes=frozenset(nodes))


def _signature(node: fdt.Node, message: bytes) -> ArtefactSignature:
    digest, _, kind = (node.text("algo") or "").partition(",")
    value = node.value("value") or b""
    scheme: Scheme = "other"
    if kind.startswith("rsa"):
        scheme = "rsa-pss" if node.text("padding") == "pss" else "rsa-pkcs1v15"
    elif kind.startswith(("ecdsa", "secp")):
        scheme, value = "ecdsa", side_by_side(value) or b"\0"
    known = digest in _DIGESTS and bool(message)
    return ArtefactSignature(
        scheme=scheme,
        digest=safe_text(digest, 20),
        value=coded(value),
        over=coded(hashlib.new(digest, message, usedforsecurity=False).digest()) if known else "",
        key_hint=safe_text(node.text("key-name-hint") or "", 100),
        fits=NO_KEY,
    )


def _that_fail(others: Sequence[_Configuration], keys: Sequence[PublicKey]) -> tuple[str, ...]:
    """Those keys that have not signed all of the other configurations that are signed."""
    return tuple(k.sha256 for k in keys if not _all_hold(others, k))


def _all_hold(configurations: Sequence[_Configuration], key: PublicKey) -> bool:
    """Whether a key has signed every configuration that is signed."""
    return all(any(holds(s.signature, key) for s in c.signed) for c in configurations if c.signed)


def _single_signatures(images: fdt.Node) -> Iterator[ArtefactSignature]:
    for image in images.nodes:
        for below in image.nodes:
            if _is_signature(below):
                yield _signature(below, b"")


def _payload(
    source: Source, tree: fdt.DeviceTree, node: fdt.Node, covered: Sequence[tuple[frozenset[str], frozenset[str]]]
) -> Payload:
    """An image. It is covered where every configuration that starts it, and at least one, signs it and its hashes.

    ``covered`` are, for each configuration, the images that it starts and the nodes that are signed with it.
    """
    own = f"/images/{node.name}"
    hashes = [n for n in node.nodes if n.name.startswith("hash") and n.text("algo") in _DIGESTS and n.value("value")]
    users = [nodes for images, nodes in covered if node.name in images]
    place = fdt.data_of(tree, node)
    signed = [h for h in hashes if all({own, f"{own}/{h.name}"} <= nodes for nodes in users)] if users else []
    tried = signed or hashes
    return Payload(
        name=safe_text(node.name, 200),
        size=place.length if place is not None else 0,
        digest=tried[0].text("algo") or "" if tried else "",
        is_covered=bool(signed),
        matches=_matches(source, place, tried),
    )


def _matches(source: Source, place: fdt.Place | None, hashes: Sequence[fdt.Node]) -> Answer[bool]:
    if place is None:
        return _NO_DATA
    if not hashes:
        return _NO_HASH
    if place.offset + place.length > source.size:
        raise Malformed("it is cut short")
    made = {
        name: digest_of(source, name, place.offset, place.length) for name in {h.text("algo") or "" for h in hashes}
    }
    return Answer[bool].of(all(made[h.text("algo") or ""] == h.value("value") for h in hashes))


def _compatible(tree: fdt.DeviceTree) -> tuple[str, ...]:
    parent = tree.root.child("configurations")
    found = [text for node in (parent.nodes if parent is not None else []) for text in node.texts("compatible")]
    return tuple(safe_text(text, 100) for text in dict.fromkeys(found))[:50]


def control_keys(root: fdt.Node, path: str) -> tuple[TrustedKey, ...]:
    """The keys of a bootloader's control device tree (``/signature/key-*``), as U-Boot trusts them."""
    parent = root.child("signature")
    nodes = [n for n in (parent.nodes if parent is not None else []) if n.name.startswith("key")]
    return tuple(_control_key(node, path) for node in nodes[:_KEYS])


def _control_key(node: fdt.Node, path: str) -> TrustedKey:
    name = safe_text(node.text("key-name-hint") or node.name, 100)
    key = _public(node)
    problem = "" if key is not None else "its numbers make no key"
    return TrustedKey(use="fit", path=path, name=name, key=key, problem=problem)


def _public(node: fdt.Node) -> PublicKey | None:
    modulus, exponent = node.value("rsa,modulus"), node.number("rsa,exponent")
    x, y = node.value("ecdsa,x-point"), node.value("ecdsa,y-point")
    try:
        if modulus and len(modulus) <= 1024:
            return describe_key(rsa.RSAPublicNumbers(exponent or 65537, int.from_bytes(modulus, "big")).public_key())
        if x and y and len(x) in _CURVES:
            numbers = ec.EllipticCurvePublicNumbers(int.from_bytes(x, "big"), int.from_bytes(y, "big"), _CURVES[len(x)])
            return describe_key(numbers.public_key())
    except ValueError:
        return None
    return None
