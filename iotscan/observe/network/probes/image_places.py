"""What images of the run take their updates from, asked where it is served: files, manifests and repositories."""

from collections.abc import Iterable, Mapping
from typing import Final, TypeVar

import msgspec

from iotscan.model.facts.signing import PublicKey
from iotscan.model.facts.update import Artefact
from iotscan.model.text import safe_text
from iotscan.observe.network.places import UpdatePlace, places_at
from iotscan.observe.network.probe import Door
from iotscan.observe.network.probes.repositories import read_repository, reserve_is_reached
from iotscan.observe.network.probes.repository_kinds import KINDS, Kind
from iotscan.observe.network.probes.web import origin
from iotscan.observe.network.web_session import Reply
from iotscan.wire.http import HttpResponse

FILES: Final = 4
"""Files and manifests of images that one service is asked for."""
REPOSITORIES: Final = 8
"""Repositories of images that one service is asked for: OpenWrt names seven."""
_GONE: Final = (404, 410)
_UNKNOWN: Final = "what it gives is no update that is known"
_KINDS: Final = {kind.name: kind for kind in KINDS}
Names = tuple[str, ...]
Key = TypeVar("Key")


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """What images name on one service: path to the names of the images. ``left_out`` is too much to ask for."""

    files: dict[str, Names] = {}
    repositories: dict[tuple[Kind, str], Names] = {}
    left_out: int = 0

    @property
    def manifests(self) -> Names:
        """Paths of manifests, to be read whole."""
        return tuple(path for path in self.files if path.lower().endswith(".json"))

    @property
    def images(self) -> Names:
        """Paths of images."""
        return tuple(path for path in self.files if path not in self.manifests)


def wanted_at(door: Door) -> Wanted:
    """What the images of the run name on the service behind a door."""
    places = places_at(door)
    own = origin(door)
    files = _by_names((path, p) for p in places if p.is_file and (path := own.resolve(p.path)))
    folders = _by_names(
        ((_KINDS[p.repository], path), p) for p in places if p.repository and (path := own.resolve(p.path))
    )
    return Wanted(
        files=dict(list(files.items())[:FILES]),
        repositories=dict(list(folders.items())[:REPOSITORIES]),
        left_out=max(len(files) - FILES, 0) + max(len(folders) - REPOSITORIES, 0),
    )


def _by_names(found: Iterable[tuple[Key, UpdatePlace]]) -> dict[Key, Names]:
    names: dict[Key, dict[str, None]] = {}
    for key, place in found:
        names.setdefault(key, {})[safe_text(place.named_by, 80)] = None
    return {key: tuple(several) for key, several in names.items()}


async def read_repositories(
    door: Door, wanted: Wanted, keys: tuple[PublicKey, ...]
) -> tuple[tuple[Artefact, ...], int]:
    """The repositories that images name here, and how many places were too many to ask for, be it of this device."""
    found: list[Artefact] = []
    for number, ((kind, folder), names) in enumerate(wanted.repositories.items()):
        if reserve_is_reached(door):
            return tuple(found), wanted.left_out + len(wanted.repositories) - number
        found += await read_repository(door, kind, folder, keys, names)
    return tuple(found), wanted.left_out


def with_names(artefacts: Iterable[Artefact], wanted: Wanted) -> tuple[Artefact, ...]:
    """Artefacts with the images that name them."""
    return tuple(
        msgspec.structs.replace(a, named_by=names) if (names := wanted.files.get(a.path)) else a for a in artefacts
    )


def unread_files(wanted: Wanted, replies: Mapping[str, Reply], found: Iterable[Artefact]) -> tuple[Artefact, ...]:
    """What images name and the service did not give, or not in a form that is known: that is no absence."""
    known = {a.path for a in found}
    return tuple(
        Artefact(
            path=safe_text(path, 300),
            role="manifest" if path in wanted.manifests else "image",
            format="unknown",
            signature="unknown",
            detail=_UNKNOWN if reply.status in (200, 206) else f"it answers {reply.status}",
            named_by=names,
        )
        for path, names in wanted.files.items()
        if path not in known and isinstance(reply := replies.get(path), HttpResponse) and reply.status not in _GONE
    )
