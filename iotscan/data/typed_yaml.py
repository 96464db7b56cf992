"""YAML files of ours read into types: every complaint names file, line and the nearest right word.

A format is a msgspec struct, as the file is written. Its fields say what may stand there; a reader of
one format (profiles, waivers, scopes …) adds the questions that types cannot ask, with :meth:`Typed.bad`.
"""

import types
import typing
from collections.abc import Iterator, Sequence
from datetime import date
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Generic, Literal, TypeVar, Union

import msgspec

from iotscan.data.strict_yaml import BadYaml, Document, Where, read

T = TypeVar("T", bound=msgspec.Struct)
_SHOWN = 60
"""Characters of a wrong word that a message repeats."""


class Typed(msgspec.Struct, Generic[T], frozen=True, kw_only=True):
    """What a file says, as its type, and where each value of it stands."""

    path: Path
    value: T
    document: Document

    def line(self, *where: str | int) -> int:
        """The line of a value, else of what it would stand in."""
        return self.document.line(*where)

    def bad(self, problem: str, *where: str | int) -> BadYaml:
        """The complaint about a value, to be raised."""
        return complaint(self.path, self.document, where, problem)


def read_typed(path: Path, kind: type[T], *, schema: str, hushed: bool = False) -> Typed[T]:
    """Read a file whose key ``schema`` says ``schema`` and whose other keys are the fields of ``kind``.

    Raises :class:`BadYaml` for what is no YAML, an unknown key, a missing one, or a value of another type.
    With ``hushed`` no message repeats a word of the file: for files that hold passwords.
    """
    return typed(path, read(path, hushed=hushed), kind, schema=schema, hushed=hushed)


def typed(path: Path, document: Document, kind: type[T], *, schema: str, hushed: bool = False) -> Typed[T]:
    """Like :func:`read_typed`, for what was read already; ``path`` is for messages."""
    said = _Reading(path, document, hushed).check(kind, schema)
    try:
        value = msgspec.convert(said, kind)
    except msgspec.ValidationError as error:
        problem, where = located(str(error))
        if hushed:
            problem = problem.partition("'")[0].strip()
        raise complaint(path, document, where, f"{problem}{_hint(problem)}") from error
    return Typed(path=path, value=value, document=document)


def _hint(problem: str) -> str:
    """What to do about a value of another type, where the type tells."""
    if problem in [f"Expected `str`, got `{kind}`" for kind in ("int", "float", "bool")]:
        return ": put it in quotes"
    return ": write a list, as [a, b]" if problem.startswith("Expected `array`") else ""


def complaint(path: Path, document: Document, where: Where, problem: str) -> BadYaml:
    """A :class:`BadYaml` at the line of a value."""
    return BadYaml(path, document.line(*where), 0, problem)


def nearest(word: str, words: Sequence[str]) -> str:
    """``: did you mean 'x'?`` where one of ``words`` is near, else what is known; the end of a message."""
    found = get_close_matches(word.lower()[:200], [w.lower() for w in words], n=1, cutoff=0.5)
    exact = next((w for w in words if found and w.lower() == found[0]), "")
    return f": did you mean '{exact}'?" if exact else f": known are {', '.join(sorted(words)[:12])}"


def shown(word: str) -> str:
    """A word of a file as a message may repeat it: one printable line, cut."""
    return word[:_SHOWN].encode("unicode_escape").decode("ascii") if not word.isprintable() else word[:_SHOWN]


def located(message: str) -> tuple[str, Where]:
    """Split msgspec's ``Expected `str` - at `$.select.include[0]``` into problem and place."""
    problem, _, place = message.partition(" - at `")
    steps: list[str | int] = []
    for step in place.rstrip("`").replace("[", ".[").split(".")[1:]:
        inner = step.strip("[]")
        steps.append(int(inner) if step.startswith("[") and inner.isdigit() else step)
    return problem, tuple(s for s in steps if s != "[...]")


class _Reading:
    """Goes through a document beside its type, so that a wrong key or word is told with its neighbours."""

    def __init__(self, path: Path, document: Document, hushed: bool) -> None:
        self._path = path
        self._document = document
        self._hushed = hushed

    def check(self, kind: type[msgspec.Struct], schema: str) -> dict[str, Any]:
        top = self._mapping(self._document.value, ())
        if top.get("schema") != schema:
            raise self._bad(("schema",), f"schema must be '{schema}'")
        said = {k: v for k, v in top.items() if k != "schema"}
        self._struct(said, kind, (), also=("schema",))
        return said

    def _value(self, value: object, kind: Any, where: Where) -> None:
        options = list(_options(kind))
        if value is None and type(None) in options:
            return
        for option in options:
            is_struct = isinstance(option, type) and issubclass(option, msgspec.Struct)
            if is_struct and (isinstance(value, dict) or len(options) == 1):
                self._struct(self._mapping(value, where), option, where)
                return
        self._plain(value, options, where)

    def _plain(self, value: object, options: Sequence[Any], where: Where) -> None:
        words = [w for option in options for w in _words(option)]
        if words and isinstance(value, str) and value not in words and str not in options:
            raise self._bad(where, f"{self._quoted(value)} is not known here{nearest(value, [w for w in words if w])}")
        if date in options and str not in options and not _is_date(value):
            raise self._bad(where, f"'{shown(str(value))}' is no date: write it like 2026-12-31")
        for option in options:
            origin, arguments = typing.get_origin(option), typing.get_args(option)
            if origin in (tuple, list) and isinstance(value, list):
                for index, item in enumerate(value):
                    self._value(item, arguments[0], (*where, index))
            if origin is dict and isinstance(value, dict):
                for key, item in value.items():
                    self._plain(key, list(_options(arguments[0])), (*where, key))
                    self._value(item, arguments[1], (*where, key))
                    self._convert(item, arguments[1], (*where, key))

    def _convert(self, item: object, kind: Any, where: Where) -> None:
        """Try a value of a mapping here: the whole file's conversion could not say under which key it stood."""
        try:
            msgspec.convert(item, kind)
        except msgspec.ValidationError as error:
            problem, inside = located(str(error))
            raise self._bad((*where, *inside), f"{problem}{_hint(problem)}") from error

    def _struct(self, said: dict[str, Any], kind: type[msgspec.Struct], where: Where, also: Sequence[str] = ()) -> None:
        fields = {f.encode_name: f for f in msgspec.structs.fields(kind)}
        for key in said:
            if key not in fields:
                raise self._bad((*where, key), f"unknown key {self._quoted(key)}{nearest(key, [*also, *fields])}")
        for name, field in fields.items():
            if name in said:
                self._value(said[name], field.type, (*where, name))
            elif field.required:
                raise self._bad(where, f"'{name}' is missing here")

    def _mapping(self, value: object, where: Where) -> dict[str, Any]:
        if not isinstance(value, dict):
            raise self._bad(where, "a mapping is expected here: write 'key: value' lines")
        return value

    def _quoted(self, word: str) -> str:
        return "(not repeated here)" if self._hushed else f"'{shown(word)}'"

    def _bad(self, where: Where, problem: str) -> BadYaml:
        return complaint(self._path, self._document, where, problem)


def _is_date(value: object) -> bool:
    """True for a date as we read it: YYYY-MM-DD and no other of the ways that ISO 8601 has."""
    try:
        return isinstance(value, str) and date.fromisoformat(value).isoformat() == value
    except ValueError:
        return False


def _options(kind: Any) -> Iterator[Any]:
    """The members of a union, else the type itself."""
    if typing.get_origin(kind) in (Union, types.UnionType):
        for option in typing.get_args(kind):
            yield from _options(option)
    else:
        yield kind


def _words(kind: Any) -> Sequence[str]:
    """The words that a Literal or an enumeration allows."""
    if typing.get_origin(kind) is Literal:
        return [w for w in typing.get_args(kind) if isinstance(w, str)]
    members = getattr(kind, "__members__", None)
    return [str(m.value) for m in members.values()] if members else []
