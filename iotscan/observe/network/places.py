"""Where an image updates from, in the words of the network: which device is meant, and what to ask it for.

A place opens no way of its own. A probe at a device asks for those that mean this very device: by the address as it
stands in the URL, by the name that the user gave for it, or by the one that it announced itself. No name is looked up.
"""

import posixpath
import re
from collections.abc import Iterable
from typing import Final
from urllib.parse import urlsplit

import msgspec

from iotscan.model.facts import Announcement
from iotscan.model.scope import Address, canonical
from iotscan.observe.network.probe import Door, speaks_tls

PORTS: Final = {"http": 80, "https": 443}
_KINDS: Final = {
    "opkg": "opkg", "apt": "apt", "apk": "apk", "ostree": "ostree", "tuf": "tuf", "aktualizr": "tuf",
}  # fmt: skip
"""The format of repositories that a system takes its updates from."""
_FILES: Final = re.compile(r"\.(?:bin|img|swu|raucb|mender|fw|trx|itb|uf2|json|gz|xz|zst|bz2|zip|tar)$", re.IGNORECASE)
"""What a URL of a file ends in: anything else may be an interface, which does as it is asked."""

_FILLED_IN: Final = re.compile(r"[$`{}<>\\\s]")


class UpdatePlace(msgspec.Struct, frozen=True, kw_only=True):
    """One place. ``repository`` names the format of one below ``path``, which ends in a slash then.

    ``is_file`` says that an artefact or a manifest stands at ``path``; with neither only the server is known, and of
    that perhaps no more than host and port (``scheme`` is empty then). ``named_by`` is what the image is called.
    """

    url: str
    scheme: str
    host: str
    port: int
    path: str
    repository: str = ""
    is_file: bool = False
    named_by: str

    @property
    def address(self) -> Address | None:
        """The address that stands in the URL; None for a name."""
        try:
            return canonical(self.host)
        except ValueError:
            return None

    def is_at(self, address: str, names: Iterable[str]) -> bool:
        """True when the device with this address and these names is meant."""
        own = self.address
        return own == canonical(address) if own is not None else self.host in names


def read_place(url: str, system: str, named_by: str, index: str = "") -> UpdatePlace | str:
    """What can be asked of a URL that an image names, or why nothing can; empty where it leads to no server.

    ``index`` is the path below it of the file that speaks for a repository, where its configuration says so.
    """
    if not url or re.match(r"/(?!/)", url) or re.match(r"(?:file|cdrom|copy|mirror\+file):", url, re.IGNORECASE):
        return ""
    try:
        parts = urlsplit(url)
        host, port = (parts.hostname or "").rstrip("."), parts.port
    except ValueError:
        return "it cannot be read as a URL"
    if parts.scheme not in PORTS and not (url.startswith("//") and port):
        return "only http and https are asked"
    if parts.query or parts.fragment:
        return "it asks for more than a path, and may do more than read"
    if not host or port == 0 or "…" in url:
        return "it cannot be read as a URL"
    if _FILLED_IN.search(url):
        return "what it is filled in with is not known"
    if "/controller/v1" in parts.path:
        return "hawkBit makes a device of who asks there"
    repository = _KINDS.get(system, "")
    if repository == "apk" and not index:
        return "below which architecture its index stands is not known"
    path = parts.path or "/"
    if repository:
        path = posixpath.dirname(f"{path.rstrip('/')}/{index or 'index'}").rstrip("/") + "/"
    return UpdatePlace(
        url=url,
        scheme=parts.scheme,
        host=host,
        port=port or PORTS.get(parts.scheme, 0),
        path=path,
        repository=repository,
        is_file=not repository and bool(_FILES.search(path)),
        named_by=named_by,
    )


def names_of(announcement: Announcement | None, given: str = "") -> frozenset[str]:
    """The names by which an image may mean a device: the user's for it, and its own in multicast DNS."""
    claims = announcement.claims if announcement is not None else ()
    own = (c.value.lower() for c in claims if c.what == "hostname" and "." not in c.value)
    return frozenset({given.lower(), *(name for host in own for name in (host, f"{host}.local"))} - {""})


def places_at(door: Door) -> tuple[UpdatePlace, ...]:
    """The places that mean the service behind a door."""
    announced = next((fact for _, fact in door.known if isinstance(fact, Announcement)), None)
    names = names_of(announced, door.server_name)
    scheme = "https" if speaks_tls(door.service) else "http"
    every: tuple[UpdatePlace, ...] = door.tools.get("update_places", ())
    here = (p for p in every if p.port == door.port and p.scheme in (scheme, ""))
    return tuple(p for p in here if p.is_at(door.address, names))
