"""An image that starts nothing, and is a signed update or a folder of some."""

import msgspec

from iotscan.observe.image.site import Role, Site
from iotscan.observe.image.unreadable import Unreadable


def as_update(site: Site) -> Site | None:
    """The image as an update, or a folder of some, which are asked about by whom they are signed; None for others."""
    # Cryptography is loaded for what is nothing else that we know.
    from iotscan.observe.image.artefacts import Search

    search = Search(site)
    try:
        given = search.opened.get(0)
        if given is None:
            return site if next(search.all(), None) is not None else None
    except Unreadable:
        return None
    if site.format:
        return site
    # Its format is known after all, by a reader that opens nothing.
    role: Role = "sealed" if given.protection == "encrypted" else "code"
    first = msgspec.structs.replace(site.places[0], format=given.format, role=role, problem="")
    return msgspec.structs.replace(site, places=(first, *site.places[1:]))
