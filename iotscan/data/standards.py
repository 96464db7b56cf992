"""Standards as inventories of clauses: which ids exist, what each asks in our words, and which a tool can speak to.

One YAML file of schema ``iotscan/standards@1`` for each standard and edition, in the folder ``standards`` beside this
module. No text of a standard is in them.
"""

from functools import cache
from pathlib import Path
from typing import Final

import msgspec

from iotscan.data.typed_yaml import read_typed

SCHEMA: Final = "iotscan/standards@1"
FOLDER: Final = Path(__file__).with_name("standards")


class OtherEdition(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A standard whose citations count in this one, too."""

    standard: str
    edition: str


class WrittenClause(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A clause. ``documents`` says that only papers of the maker can answer it; ``also`` are ids of ``counts_from``
    that ask for the same.
    """

    id: str
    title: str
    documents: bool = False
    also: tuple[str, ...] = ()


class Standard(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A standard in one edition, beside the key ``schema``. ``source`` is where its ids were looked up.

    With ``counts_from`` of the same standard a clause without ``also`` counts what that edition has under its own id.
    """

    standard: str
    edition: str
    title: str
    source: str
    note: str = ""
    counts_from: OtherEdition | None = None
    clauses: tuple[WrittenClause, ...]


def read_standard(file: Path) -> Standard:
    """A standard of a file. Raises BadYaml."""
    read = read_typed(file, Standard, schema=SCHEMA)
    seen: set[str] = set()
    for number, clause in enumerate(read.value.clauses):
        if clause.id in seen:
            raise read.bad(f"clause '{clause.id[:40]}' stands here twice", "clauses", number)
        if clause.also and read.value.counts_from is None:
            raise read.bad("'also' needs 'counts_from': say of which standard these ids are", "clauses", number)
        seen.add(clause.id)
    return read.value


@cache
def our_standards() -> tuple[Standard, ...]:
    """The standards that ship with iotscan, read once, by name and edition."""
    read = (read_standard(file) for file in FOLDER.glob("*.yaml"))
    return tuple(sorted(read, key=lambda s: (s.standard, s.edition)))
