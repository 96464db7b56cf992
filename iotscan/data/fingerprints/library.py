"""All fingerprint rules of a scan, and what one of them claims of a text."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Final

import msgspec

from iotscan.data.fingerprints.pattern import Pattern, Unusable
from iotscan.data.fingerprints.recog import Database, Param, Rule, read_database
from iotscan.model.errors import BadInput
from iotscan.model.text import safe_text

RULES: Final = Path(__file__).parent / "rules"
_FILES: Final = 500
_BYTES: Final = 64 * 1024 * 1024
"""Of all files of a folder; recog's have 4 MiB."""
_SIZE: Final = 8_000_000
"""Instructions of all rules together, of which recog's have 1.5 million: some 80 MiB and 5 s to compile."""
_REMEMBERED: Final = 4096
"""Texts whose rule is remembered."""
_VALUE: Final = 200
"""Characters of one claimed value."""


class Match(msgspec.Struct, frozen=True, kw_only=True):
    """What a rule claims of a text: its params by name, and which rule of which file it was."""

    claims: Mapping[str, str]
    rule: str
    certainty: float


class LeftOut(msgspec.Struct, frozen=True, kw_only=True):
    """A rule that cannot be used: where it stands and why."""

    where: str
    why: str


class Library:
    """Rules by the kind of text they are for; patterns are compiled when a text of their kind first comes."""

    def __init__(self, databases: Iterable[Database]) -> None:
        ordered = sorted(databases, key=lambda d: -d.preference)
        self._databases: dict[str, list[Database]] = {}
        for database in ordered:
            self._databases.setdefault(database.matches, []).append(database)
        self._compiled: dict[str, list[tuple[str, list[tuple[Rule, Pattern]]]]] = {}
        self._answers: dict[tuple[str, str], Match | None] = {}

    def match(self, kind: str, text: str) -> Match | None:
        """What the first rule that fits ``text`` claims; rules of ``kind`` alone are asked. Never raises.

        A device is looked at again after each answer: what was asked before is remembered.
        """
        asked = (kind, text)
        if asked not in self._answers:
            if len(self._answers) >= _REMEMBERED:
                self._answers.clear()
            self._answers[asked] = self._match(kind, text)
        return self._answers[asked]

    def _match(self, kind: str, text: str) -> Match | None:
        for file, rules in self._of(kind):
            for rule, pattern in rules:
                found = pattern.captures(text)
                if found is None:
                    continue
                if claims := claimed(rule, found):
                    named = f"{file}: {rule.description}" if rule.description else f"{file}:{rule.line}"
                    return Match(claims=claims, rule=named, certainty=rule.certainty)
                # A rule that claims nothing says: this text tells nothing. Another file may know better.
                break
        return None

    def _of(self, kind: str) -> list[tuple[str, list[tuple[Rule, Pattern]]]]:
        if kind not in self._compiled:
            self._compiled[kind] = [(d.file, _usable(d)[0]) for d in self._databases.get(kind, ())]
        return self._compiled[kind]


def claimed(rule: Rule, captures: Sequence[str]) -> dict[str, str]:
    """The params of a rule, filled in. Text of a device is put in as it is and never read as a reference again."""
    taken = {p.name: captures[p.pos] for p in rule.params if 0 < p.pos < len(captures)}
    taken |= {p.name: p.pieces[0] for p in rule.params if p.pos == 0 and len(p.pieces) == 1}
    composed = {p.name: _composed(p, taken) for p in rule.params if p.pos == 0 and len(p.pieces) > 1}
    values = {name: safe_text(value, _VALUE) for name, value in (taken | composed).items()}
    if all(name.endswith(".certainty") for name in values):
        return {}
    return {n: v for n, v in values.items() if v and not n.startswith("_tmp.")}


def _composed(param: Param, taken: Mapping[str, str]) -> str:
    # CPE names write "-" for what is not known (NISTIR 7695 section 5.3.1).
    missing = "-" if "cpe" in param.name else ""
    return "".join((taken.get(p) or missing) if i % 2 else p for i, p in enumerate(param.pieces))


def load_library(folders: Sequence[Path] = ()) -> tuple[Library, tuple[LeftOut, ...]]:
    """Our rules and those of ``folders``, which are asked first; and which of theirs cannot be used.

    Raises BadInput for a folder or file that is none of fingerprints.
    """
    theirs, left_out, room = [], [], _SIZE
    for file in (file for folder in folders for file in _files(folder)):
        database = read_database(file)
        usable, unusable, taken = _usable(database, room)
        room -= taken
        left_out += unusable
        theirs.append(msgspec.structs.replace(database, rules=tuple(rule for rule, _ in usable)))
    return Library((*theirs, *own_databases())), tuple(left_out)


def own_databases() -> tuple[Database, ...]:
    """The rules that come with iotscan."""
    return tuple(read_database(file) for file in sorted(RULES.glob("*.xml")))


def _files(folder: Path) -> tuple[Path, ...]:
    named = safe_text(str(folder), 300)
    if not folder.is_dir():
        raise BadInput(f"--fingerprints {named} is no folder: name one that holds *.xml in the format of recog")
    files = sorted(folder.glob("*.xml"))
    if not files:
        raise BadInput(f"--fingerprints {named} holds no *.xml")
    if len(files) > _FILES:
        raise BadInput(f"--fingerprints {named} holds more than {_FILES} files")
    if strange := next((file for file in files if not file.is_file()), None):
        raise BadInput(f"--fingerprints {named}: {safe_text(strange.name)} is no file")
    if sum(file.stat().st_size for file in files) > _BYTES:
        raise BadInput(f"--fingerprints {named} holds more than {_BYTES >> 20} MiB")
    return tuple(files)


def _usable(database: Database, room: int = _SIZE) -> tuple[list[tuple[Rule, Pattern]], list[LeftOut], int]:
    """The rules that can be used, those that cannot, and how many instructions of ``room`` both took."""
    usable, left_out, taken = [], [], 0
    for rule in database.rules:
        try:
            if taken >= room:
                raise Unusable(f"the rules before it have {_SIZE:,} instructions: no more are taken")
            pattern = Pattern(rule.pattern, rule.flags)
            taken += pattern.size
            if too_far := [p.pos for p in rule.params if p.pos > pattern.groups]:
                raise Unusable(f"param of capture {too_far[0]}, and it has {pattern.groups}")
        except Unusable as error:
            taken += error.size
            left_out.append(LeftOut(where=f"{database.file}:{rule.line}", why=safe_text(str(error))))
        else:
            usable.append((rule, pattern))
    return usable, left_out, taken
