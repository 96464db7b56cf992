"""What a FIT proves: that its signatures hold with a key of the bootloader, that its images give their hashes."""

import hashlib
from collections.abc import Callable, Iterator, Sequence

from iotscan.model.answer import Answer
from iotscan.model.vocabulary import Reason
from iotscan.observe.image.blob import Blob
from iotscan.wire import fdt
from iotscan.wire.fit_signature import holds, signed_bytes

_HASHES = ("md5", "sha1", "sha256", "sha384", "sha512")
_CHUNK = 4 << 20


def signature_holds(blob: Blob, node: fdt.Node, keys: Sequence[fdt.Node]) -> Answer[bool]:
    """Whether a configuration's signature holds with one of the keys; of those with its name, where there is any."""
    value, strings = node.value("value"), node.value("hashed-strings")
    if value is None or not node.texts("hashed-nodes"):
        return _open("it has no value, or does not say what it is made over")
    if not keys:
        return _open("no bootloader with a key is in the image")
    hint = node.text("key-name-hint")
    named = [key for key in keys if hint and key.text("key-name-hint") == hint]
    try:
        size = int.from_bytes(strings[4:8], "big") if strings is not None else 0
        message = signed_bytes(blob.read_at, node.texts("hashed-nodes"), size)
    except fdt.BadTree as error:
        return _open(str(error))
    said = [holds(node.text("algo") or "", node.text("padding") or "", key, value, message) for key in named or keys]
    if True in said:
        return Answer.of(True)
    return _open("its algorithm is not tried here") if None in said else Answer.of(False)


def changed(blob: Blob, tree: fdt.DeviceTree, allows: Callable[[int], bool]) -> Iterator[str]:
    """The names of the image nodes whose data do not give their hash, as far as ``allows`` says. Raises Unreadable."""
    images = tree.root.child("images")
    for node in images.nodes if images else ():
        place = fdt.data_of(tree, node)
        if place is None:
            continue
        for below in node.nodes:
            if below.name.startswith("hash") and allows(place.length) and _differs(below, blob, place):
                yield node.name
                break


def _differs(node: fdt.Node, blob: Blob, place: fdt.Place) -> bool:
    """True where a hash node says another hash than the data give; what cannot be computed does not differ."""
    algorithm, value = node.text("algo"), node.value("value")
    return algorithm in _HASHES and value is not None and _digest(blob, place, algorithm) != value


def _digest(blob: Blob, place: fdt.Place, algorithm: str) -> bytes:
    hashing = hashlib.new(algorithm, usedforsecurity=False)
    for at in range(0, place.length, _CHUNK):
        hashing.update(blob.read_at(place.offset + at, min(_CHUNK, place.length - at)))
    return hashing.digest()


def _open(why: str) -> Answer[bool]:
    return Answer.missing(Reason.NOT_OBSERVABLE, why)
