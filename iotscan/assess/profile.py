"""A profile says which checks run, which of them must be assessed, and by which policy. Data, never code.

Schema ``iotscan/profile@1``. Ours ship in ``profiles/``; anybody's may be named by path.
"""

import hashlib
from collections.abc import Iterable, Sequence
from difflib import get_close_matches
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any, Literal

import msgspec

from iotscan.assess.check import Check, Policy
from iotscan.assess.gate import GateSettings, Threshold
from iotscan.assess.registry import CheckPack
from iotscan.data.strict_yaml import BadYaml, Document, Where, read
from iotscan.model.errors import BadInput
from iotscan.model.run import ProfileInfo
from iotscan.model.vocabulary import Element, Severity
from iotscan.shipped import shipped

SCHEMA = "iotscan/profile@1"
DEFAULT = "default"
Value = int | float | str | bool | list[str]
_ELEMENT = "element:"


class BadProfile(BadInput):
    """A profile that cannot be used: the message names file and line, and the nearest right word."""


class Selection(msgspec.Struct, frozen=True, kw_only=True):
    """Which checks: globs over ids and aliases, and ``element:keys``. Out wins over in."""

    include: tuple[str, ...] = ("*",)
    exclude: tuple[str, ...] = ()


class Profile(msgspec.Struct, frozen=True, kw_only=True):
    """What to run and how to judge it.

    ``required`` checks must be assessed: an involuntary gap makes the run incomplete (exit code 3).
    ``values`` are named values for single checks, by check id. ``fail_on`` is the gate's threshold where
    the command line gives none; empty leaves it to the command.
    """

    id: str
    version: str
    title: str
    policy: Literal["gateway", "constrained"] = "gateway"
    select: Selection = Selection()
    required: tuple[str, ...] = ()
    values: dict[str, dict[str, Value]] = {}
    fail_on: Threshold | Literal[""] = ""
    moment: Selection = Selection()
    """What the command line narrows it to."""
    origin: str = ""
    """The file it was read from, for messages; no part of what it says."""
    lines: dict[str, int] = {}
    """The line of each check that it names, for messages."""

    @property
    def sha256(self) -> str:
        """The hash of what it says, wherever it was read from."""
        said = msgspec.structs.replace(self, origin="", lines={})
        return hashlib.sha256(msgspec.json.encode(said, order="deterministic")).hexdigest()

    @property
    def gate(self) -> GateSettings:
        """What it says of the gate."""
        return GateSettings(fail_on=self.fail_on or None)

    def as_policy(self) -> Policy:
        """What every check is told; :attr:`values` come on top for single ones."""
        return Policy(kind=self.policy)

    def as_info(self) -> ProfileInfo:
        """How the run file names it."""
        return ProfileInfo(id=self.id, version=self.version, sha256=self.sha256, required=self.required)


def load_profile(name_or_path: str) -> Profile:
    """Read one of our profiles by name, or a file by path (anything with ``/`` or ending in .yaml).

    Raises :class:`BadProfile`.
    """
    path = _find(name_or_path)
    try:
        document = read(path)
    except BadYaml as error:
        raise BadProfile(str(error)) from error
    return _Reading(path, document).profile()


def narrow(profile: Profile, include: Sequence[str], exclude: Sequence[str]) -> Profile:
    """The profile with a selection of the moment: only ``include`` (where given), without ``exclude``.

    Words are as in a profile. A required check that falls out is no longer required.
    """
    return msgspec.structs.replace(profile, moment=Selection(include=tuple(include) or ("*",), exclude=tuple(exclude)))


def select(profile: Profile, pack: CheckPack) -> tuple[Check, ...]:
    """The checks that a profile runs, sorted by id.

    Raises :class:`BadProfile` where it names a check that the pack does not have, or requires one that
    it does not select.
    """
    for selection in (profile.select, profile.moment):
        for word in (*selection.include, *selection.exclude):
            if not any(_matches(word, check) for check in pack.checks) and not _is_everything(word):
                raise _unknown_check(profile, word, pack)
    for word in profile.values:
        if pack.by_id(word) is None:
            raise _unknown_check(profile, word, pack)
    for word in profile.required:
        required = pack.by_id(word)
        if required is None:
            raise _unknown_check(profile, word, pack)
        if not _takes(profile.select, required):
            raise BadProfile(f"{_place(profile, word)}'{word}' is required, but select leaves it out")
    return tuple(c for c in pack.checks if _takes(profile.select, c) and _takes(profile.moment, c))


def required_ids(profile: Profile, checks: Iterable[Check]) -> tuple[str, ...]:
    """The ids (aliases resolved) of the selected checks that the profile requires, sorted."""
    words = {word.lower() for word in profile.required}
    return tuple(sorted(c.info.id for c in checks if words & {n.lower() for n in (c.info.id, *c.info.aliases)}))


def values_by_id(profile: Profile, checks: Iterable[Check]) -> dict[str, dict[str, Value]]:
    """The values of single checks under their ids (aliases resolved)."""
    given = {word.lower(): values for word, values in profile.values.items()}
    names = {c.info.id: [n.lower() for n in (*c.info.aliases, c.info.id)] for c in checks}
    return {key: {k: v for n in own for k, v in given.get(n, {}).items()} for key, own in names.items()}


def profile_names() -> tuple[str, ...]:
    """The names of the profiles that ship with iotscan."""
    return tuple(sorted(p.stem for p in shipped("profiles").glob("*.yaml")))


def _find(name_or_path: str) -> Path:
    if "/" in name_or_path or name_or_path.endswith((".yaml", ".yml")):
        return Path(name_or_path)
    if name_or_path not in profile_names():
        raise BadProfile(f"there is no profile '{name_or_path[:60]}'{_nearest(name_or_path, profile_names())}")
    return shipped("profiles") / f"{name_or_path}.yaml"


def _takes(selection: Selection, check: Check) -> bool:
    def names(words: Iterable[str]) -> bool:
        return any(_matches(word, check) for word in words)

    return names(selection.include) and not names(selection.exclude)


def _matches(word: str, check: Check) -> bool:
    if word.startswith(_ELEMENT):
        return word.removeprefix(_ELEMENT) == check.info.element.value
    return any(fnmatchcase(name.lower(), word.lower()) for name in (check.info.id, *check.info.aliases))


def _is_everything(word: str) -> bool:
    return word == "*" or word in [f"{_ELEMENT}{e.value}" for e in Element]


def _place(profile: Profile, word: str) -> str:
    return f"{profile.origin}:{profile.lines[word]}: " if word in profile.lines else ""


def _unknown_check(profile: Profile, word: str, pack: CheckPack) -> BadProfile:
    place = _place(profile, word)
    if word.startswith(_ELEMENT):
        return BadProfile(f"{place}there is no element '{word}'{_nearest(word, [_ELEMENT + e.value for e in Element])}")
    names = [n for c in pack.checks for n in (c.info.id, *c.info.aliases)]
    return BadProfile(f"{place}there is no check '{word[:60]}'{_nearest(word, names)}")


def _nearest(word: str, words: Sequence[str]) -> str:
    found = get_close_matches(word.lower(), [w.lower() for w in words], n=1, cutoff=0.5)
    exact = next((w for w in words if found and w.lower() == found[0]), "")
    return f": did you mean '{exact}'?" if exact else f": known are {', '.join(sorted(words)[:12])}"


class _Reading:
    """Turns a document into a profile; every complaint has its line."""

    def __init__(self, path: Path, document: Document) -> None:
        self._path = path
        self._document = document

    def profile(self) -> Profile:
        """The profile. Raises :class:`BadProfile`."""
        top = self._mapping(self._document.value, (), ("schema", *_KEYS))
        if top.get("schema") != SCHEMA:
            raise self._bad(("schema",), f"schema must be '{SCHEMA}'")
        for key in ("id", "version", "title"):
            if not isinstance(top.get(key), str) or not top[key]:
                raise self._bad((key,), f"'{key}' must be a text: put it in quotes")
        if "select" in top:
            self._mapping(top["select"], ("select",), tuple(Selection.__struct_fields__))
        said = {k: v for k, v in top.items() if k != "schema"}
        try:
            read_profile = msgspec.convert(said, Profile)
        except msgspec.ValidationError as error:
            problem, where = _located(str(error))
            raise self._bad(where, f"{problem}{_choices(where)}") from error
        return msgspec.structs.replace(read_profile, origin=str(self._path), lines=self._check_lines(read_profile))

    def _check_lines(self, profile: Profile) -> dict[str, int]:
        """Check or glob -> the line it stands on."""
        listed: list[tuple[Where, Sequence[str]]] = [
            (("select", "include"), profile.select.include),
            (("select", "exclude"), profile.select.exclude),
            (("required",), profile.required),
        ]
        lines = {word: self._document.line(*at, i) for at, words in listed for i, word in enumerate(words)}
        return lines | {word: self._document.line("values", word) for word in profile.values}

    def _mapping(self, value: object, where: Where, known: Sequence[str]) -> dict[str, Any]:
        if not isinstance(value, dict):
            raise self._bad(where, "a mapping is expected here")
        for key in value:
            if key not in known:
                raise self._bad((*where, key), f"unknown key '{key[:60]}'{_nearest(key, known)}")
        return value

    def _bad(self, where: Where, problem: str) -> BadProfile:
        return BadProfile(f"{self._path}:{self._document.line(*where)}: {problem}")


_KEYS = tuple(f for f in Profile.__struct_fields__ if f not in ("moment", "origin", "lines"))


def _located(message: str) -> tuple[str, Where]:
    """Split msgspec's ``Expected `str` - at `$.select.include[0]``` into problem and place."""
    problem, _, place = message.partition(" - at `")
    steps: list[str | int] = []
    for step in place.rstrip("`").replace("[", ".[").split(".")[1:]:
        inner = step.strip("[]")
        steps.append(int(inner) if step.startswith("[") and inner.isdigit() else step)
    return problem, tuple(s for s in steps if s != "[...]")


def _choices(where: Where) -> str:
    if where == ("policy",):
        return ": gateway or constrained"
    if where == ("fail_on",):
        return f": none, {', '.join(s.value for s in reversed(Severity))}"
    return ""
