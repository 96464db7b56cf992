"""Which device or image of one run is which of another: by the rules of :mod:`iotscan.model.links`."""

from iotscan.model.lasting import borne, identities
from iotscan.model.links import Link, linked
from iotscan.model.run import Run

__all__ = ("Link", "link")


def link(
    old: Run, new: Run, *, pair_lone_images: bool = False, by_address: bool = False, by_key: bool = True
) -> dict[str, Link]:
    """Old device or image id -> its counterpart. ``pair_lone_images`` takes the only image of each for one.

    ``by_address`` takes for one, too, who is at the same address where nothing speaks against it: enough for a list
    of devices, too little for a finding. ``by_key`` takes for one who shows one key at another address.
    """
    links = linked(
        borne(old.devices, old.observations),
        borne(new.devices, new.observations),
        first=identities(old.devices, old.images, old.observations),
        then=identities(new.devices, new.images, new.observations),
        by_address=by_address,
        by_key=by_key,
    )
    if pair_lone_images and len(old.images) == len(new.images) == 1:
        links.setdefault(old.images[0].id, Link(to=new.images[0].id, by="being the only image"))
    return links
