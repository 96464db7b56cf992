"""From a file and those it extends to one profile.

``extends`` names profiles of ours, or files beside the one that says so (a word with ``/`` or ending in .yaml).
They are read in order, each with its own parents first and every file once, the file itself last; what comes later
wins: ``include`` of ``select`` replaces, ``exclude``, ``required`` and ``maps_to`` add, ``values``, ``severities``,
``pace`` and ``gate`` go key by key.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import TypeVar

import msgspec

from iotscan.assess.profile.effective import BadProfile, Place, Profile, Selection
from iotscan.assess.profile.written import WrittenProfile, check_pace, read_written, statements
from iotscan.data.typed_yaml import Typed, nearest, shown
from iotscan.shipped import shipped

DEPTH = 3
"""How many generations of parents a profile may have."""
THOROUGH = "thorough"
"""The profile of ours that may ask a device for longer, and those that extend it."""
File = Typed[WrittenProfile]
S = TypeVar("S", bound=msgspec.Struct)


def load_profile(name_or_path: str) -> Profile:
    """One of our profiles by name, or a file by path (anything with ``/`` or ending in .yaml), with all it extends.

    Raises BadInput: :class:`BadProfile` for a name that there is not, BadYaml for what a file says.
    """
    files = _line_up(_find(name_or_path))
    patient = _path_of(THOROUGH).resolve()
    is_thorough = any(file.path.resolve() == patient for file in files)
    profile = Profile(id="", version="", title="")
    for file in files:
        check_pace(file, is_thorough=is_thorough)
        profile = _add(profile, file)
    return msgspec.structs.replace(profile, extends=tuple(f"{f.value.id} {f.value.version}" for f in files[:-1]))


def profile_names() -> tuple[str, ...]:
    """The names of the profiles that ship with iotscan."""
    return tuple(sorted(p.stem for p in shipped("profiles").glob("*.yaml")))


def is_path(word: str) -> bool:
    """True for a word that names a file and no profile of ours."""
    return "/" in word or word.endswith((".yaml", ".yml"))


def _find(name_or_path: str) -> Path:
    if is_path(name_or_path):
        return Path(name_or_path)
    if name_or_path not in profile_names():
        raise BadProfile(f"there is no profile '{shown(name_or_path)}'{nearest(name_or_path, profile_names())}")
    return _path_of(name_or_path)


def _path_of(name: str) -> Path:
    return shipped("profiles") / f"{name}.yaml"


def _line_up(path: Path) -> tuple[File, ...]:
    """A file and all it extends, parents first, every file once."""
    found: dict[Path, File] = {}
    _visit(path, (), found)
    return tuple(found.values())


def _visit(path: Path, above: Sequence[Path], found: dict[Path, File]) -> None:
    file = read_written(path)
    trail = (*above, path)
    for index, word in enumerate(file.value.extends):
        parent = _parent(file, index, word)
        circle = [p.resolve() for p in trail]
        if parent.resolve() in circle:
            ring = " → ".join(p.stem for p in (*trail[circle.index(parent.resolve()) :], parent))
            raise file.bad(f"extends in a circle: {ring}: leave one of them out", "extends", index)
        if len(trail) > DEPTH:
            raise file.bad(f"extends deeper than {DEPTH} generations: extend a nearer one", "extends", index)
        # A file that several extend counts once, at its first place.
        if parent.resolve() not in found:
            _visit(parent, trail, found)
    found.setdefault(path.resolve(), file)


def _parent(file: File, index: int, word: str) -> Path:
    if is_path(word):
        parent = file.path.parent / word
        if not parent.is_file():
            raise file.bad(f"there is no file '{shown(word)}' beside this one", "extends", index)
        return parent
    if word not in profile_names():
        raise file.bad(f"there is no profile '{shown(word)}'{nearest(word, profile_names())}", "extends", index)
    return _path_of(word)


def _add(base: Profile, file: File) -> Profile:
    """What ``base`` says, and over it what a file says."""
    said = file.value
    includes = base.select.include if said.select.include is None else said.select.include
    places = dict(base.places)
    if said.select.include is not None:
        places = {where: place for where, place in places.items() if where[:2] != ("select", "include")}
    places |= {
        where: Place(path=str(file.path), line=file.line(*at))
        for where, at in statements(said)
        # What a parent lets out or demands stays the parent's word.
        if (where[0] not in ("required", "maps_to") and where[:2] != ("select", "exclude")) or where not in places
    }
    return Profile(
        id=said.id,
        version=said.version,
        title=said.title,
        changelog=said.changelog,
        maps_to=_joined(base.maps_to, said.maps_to),
        policy=said.policy or base.policy,
        select=Selection(include=includes, exclude=_joined(base.select.exclude, said.select.exclude)),
        required=_joined(base.required, said.required),
        values=(*base.values, said.values) if said.values else base.values,
        severities=(*base.severities, said.severities) if said.severities else base.severities,
        ports=said.ports or base.ports,
        pace=_overlaid(base.pace, said.pace),
        fragile=base.fragile if said.fragile is None else said.fragile,
        gate=_overlaid(base.gate, said.rules),
        places=places,
    )


def _joined(first: tuple[str, ...], more: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys((*first, *more)))


def _overlaid(base: S, over: S) -> S:
    """``base`` with every field that ``over`` gives."""
    given = {name: value for name, value in msgspec.structs.asdict(over).items() if value is not None}
    return msgspec.structs.replace(base, **given)
