"""The device trees that a boot chain hands to a kernel: those in a FIT, and those that stand by themselves."""

from collections.abc import Iterator

import msgspec

from iotscan.model.text import safe_text
from iotscan.observe.image.inspectors.boot import fit
from iotscan.observe.image.inspectors.boot.chain import Chain
from iotscan.observe.image.site import Place
from iotscan.observe.image.unreadable import Unreadable
from iotscan.wire import fdt


class FoundTree(msgspec.Struct, frozen=True, kw_only=True):
    """A device tree, and where it stands. ``is_signed``: a signature of its FIT that holds covers it."""

    path: str
    root: fdt.Node
    is_signed: bool = False


def device_trees(chain: Chain) -> Iterator[FoundTree]:
    """Every device tree, once. Raises Unreadable."""
    for place, blob, image in chain.fits:
        signed = fit.signed_nodes(image)
        for name, root in fit.trees_in(place, blob):
            shown = safe_text(name, 80)
            yield FoundTree(path=f"{place.shown or place.format}:{shown}", root=root, is_signed=shown in signed)
    for place, blob in chain.places("dtb"):
        if not _is_in_fit(chain, place):
            try:
                yield FoundTree(path=place.shown or place.format, root=fdt.read(blob.read_at, blob.size).root)
            except fdt.BadTree as error:
                raise Unreadable(f"{place.shown or place.format}: {error}") from error


def _is_in_fit(chain: Chain, place: Place) -> bool:
    above = place.path.rpartition(":")[0]
    return any(p.path == above and p is not place for p in chain.site.of_format("fit"))
