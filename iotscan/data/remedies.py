"""Changes that were proved to repair findings of well known programs, as they stand in ``remedies/*.yaml``.

One file a program, schema ``iotscan/remedies@1``. One change may repair several checks: it becomes one
:class:`~iotscan.model.remedy.Remedy` for each. ``tests/remedies`` proves every one with the real program.
"""

import re
from functools import cache
from pathlib import Path
from typing import Final

import msgspec

from iotscan.data.typed_yaml import Typed, read_typed
from iotscan.model.remedy import Absence, Program, Remedy

SCHEMA: Final = "iotscan/remedies@1"
FOLDER: Final = Path(__file__).with_name("remedies")
_PLACEHOLDER: Final = re.compile(r"<[A-Z][A-Z-]*>")
_LONGEST_PATTERN: Final = 200


class WrittenRemedy(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A change as it stands in a file; ``repairs`` maps a check to the ways to fail it that are repaired."""

    id: str
    repairs: dict[str, tuple[str, ...]]
    title: str
    file: str
    also: tuple[str, ...] = ()
    where: str = ""
    after: str = ""
    remove: tuple[str, ...] = ()
    text: str = ""
    fill: dict[str, str] = {}
    apply: tuple[str, ...]
    note: str = ""
    source: str


class WrittenRemedies(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A file as it is written, beside its key ``schema``. ``versions`` is what all of it was tried with."""

    program: str
    products: tuple[str, ...]
    paths: tuple[str, ...]
    versions: str
    remedies: tuple[WrittenRemedy, ...]
    absences: tuple[Absence, ...] = ()


@cache
def load_programs() -> tuple[Program, ...]:
    """The programs of which something is proved, by name."""
    return tuple(read_program(file) for file in sorted(FOLDER.glob("*.yaml")))


def read_program(file: Path) -> Program:
    """The changes of a file, in its order. Raises BadYaml."""
    read = read_typed(file, WrittenRemedies, schema=SCHEMA)
    said = read.value
    if not all((said.program, said.products, said.paths, said.versions)):
        raise read.bad("the program, its products, paths or versions are empty: fill them in")
    seen: set[str] = set()
    for number, written in enumerate(said.remedies):
        if written.id in seen:
            raise read.bad("has an id that is used before", "remedies", number, "id")
        seen.add(written.id)
        _check(read, number, written)
    return Program(
        name=said.program,
        products=said.products,
        paths=said.paths,
        remedies=tuple(r for written in said.remedies for r in _remedies(said, written)),
        absences=said.absences,
    )


def _check(read: Typed[WrittenRemedies], number: int, written: WrittenRemedy) -> None:
    """Raise BadYaml for what types do not tell."""
    where = ("remedies", number)
    if not all((written.id, written.title, written.file, written.apply, written.source)):
        raise read.bad("lacks its id, title, file, apply or source: fill it in", *where)
    if not written.repairs or not all(written.repairs.values()):
        raise read.bad("repairs nothing: name checks and the variants that were proved", *where, "repairs")
    if not written.text and not written.remove:
        raise read.bad("changes nothing: give text, remove, or both", *where)
    for key, patterns in (("remove", written.remove), ("after", (written.after,) if written.after else ())):
        for pattern in patterns:
            if complaint := _unfit(pattern):
                raise read.bad(f"is no pattern for whole lines: {complaint}", *where, key)
    said = {name for text in (written.text, *written.apply) for name in _PLACEHOLDER.findall(text)}
    if said != set(written.fill):
        names = ", ".join(sorted(said ^ set(written.fill)))
        raise read.bad(f"does not say under 'fill' what stands for what: {names}", *where)


def _unfit(pattern: str) -> str:
    if len(pattern) > _LONGEST_PATTERN:
        return f"longer than {_LONGEST_PATTERN} characters"
    try:
        fits_all = re.fullmatch(pattern, "") is not None
    except re.error as error:
        return str(error)
    return "it fits an empty line" if fits_all else ""


def _remedies(said: WrittenRemedies, written: WrittenRemedy) -> list[Remedy]:
    return [
        Remedy(
            id=written.id,
            program=said.program,
            check=check,
            variants=variants,
            title=written.title,
            file=written.file,
            also=written.also,
            where=written.where,
            after=written.after,
            remove=written.remove,
            text=written.text,
            fill=written.fill,
            apply=written.apply,
            note=written.note,
            versions=said.versions,
            source=written.source,
        )
        for check, variants in written.repairs.items()
    ]
