"""The keys by which an image verifies updates, packages and programs: of every root file system, and of bootloaders."""

from collections.abc import Callable, Iterator
from typing import Final

import msgspec

from iotscan.model.facts import TrustedKey
from iotscan.observe.image.budget import OverBudget
from iotscan.observe.image.inspectors.artefacts import feed_trust, image_trust, kernel_trust, other_trust
from iotscan.observe.image.inspectors.boot import fit
from iotscan.observe.image.inspectors.boot.chain import Chain
from iotscan.observe.image.site import Site
from iotscan.observe.image.tree import Tree
from iotscan.observe.image.unreadable import Unreadable

_READERS: Final[tuple[Callable[[Tree], Iterator[TrustedKey]], ...]] = (
    image_trust.rauc,
    image_trust.swupdate,
    image_trust.mender,
    feed_trust.opkg,
    feed_trust.apk,
    feed_trust.apt,
    other_trust.ostree,
    other_trust.kernel,
    other_trust.tuf,
    other_trust.containers,
)


class Placed(msgspec.Struct, frozen=True, kw_only=True):
    """A key, and the number of the place that holds it."""

    key: TrustedKey
    place: int


def trusted_keys(site: Site) -> Iterator[Placed]:
    """Every key, also those in kernels. Raises Unreadable where a configuration that names some cannot be read."""
    for number, place in enumerate(site.places):
        if place.role == "root" and place.tree is not None:
            for read in _READERS:
                yield from (Placed(key=key, place=number) for key in read(place.tree))
    yield from _of_bootloaders(site)


def _of_bootloaders(site: Site) -> Iterator[Placed]:
    try:
        chain = Chain(site)
        keys = (*fit.trusted_keys(chain), *kernel_trust.built_in(chain))
    except OverBudget:
        raise
    except Unreadable:
        # A gap of the questions about the boot chain, which is named there.
        return
    for key in keys:
        holders = [n for n, p in enumerate(site.places) if key.path == p.shown or key.path.startswith(f"{p.shown}:")]
        yield Placed(key=key, place=holders[-1] if holders else 0)
