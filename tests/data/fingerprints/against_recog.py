"""Our rules beside recog's: ``python -m tests.data.fingerprints.against_recog DIR``, DIR being recog's ``xml``.

Run by hand. Prints which of our rules an example of recog's bears out (both name the same vendor, product or model),
which none does, and where the two disagree about one text: a wrong rule of ours shows there first. Nothing of recog's
is kept here.
"""

import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import msgspec

from iotscan.data.fingerprints.library import Library, own_databases
from iotscan.data.fingerprints.recog import Database, read_database

NAMES = ("vendor", "product", "model")
COMPARED = ("hw.vendor", "hw.product", "hw.model", "os.product", "service.product", "hw.version", "os.version")


class Disagreement(msgspec.Struct, frozen=True):
    """One text of which the two say something else."""

    rule: str
    what: str
    ours: str
    theirs: str
    text: str


def folded(text: str) -> str:
    return "".join(c for c in text.lower() if c.isalnum())


def same(one: str, other: str) -> bool:
    one, other = folded(one), folded(other)
    return bool(one and other) and (one in other or other in one)


def names(claims: Mapping[str, str]) -> list[str]:
    return [value for name, value in claims.items() if name.rpartition(".")[2] in NAMES]


def compare(theirs: tuple[Database, ...]) -> tuple[set[str], list[Disagreement]]:
    """The rules of ours that are borne out, as ``FILE: DESCRIPTION``, and the disagreements."""
    own, other = Library(own_databases()), Library(theirs)
    borne_out: set[str] = set()
    disagreements: list[Disagreement] = []
    for kind, text in texts(theirs):
        mine, yours = own.match(kind, text), other.match(kind, text)
        if mine is None or yours is None:
            continue
        if any(same(a, b) for a in names(mine.claims) for b in names(yours.claims)):
            borne_out.add(mine.rule)
        for what in COMPARED:
            a, b = mine.claims.get(what, ""), yours.claims.get(what, "")
            if a and b and not same(a, b):
                disagreements.append(Disagreement(mine.rule, what, a, b, text[:80]))
    return borne_out, disagreements


def texts(theirs: tuple[Database, ...]) -> Iterator[tuple[str, str]]:
    for database in (*theirs, *own_databases()):
        for rule in database.rules:
            for example in rule.examples:
                yield database.matches, example.text


def main(folder: Path) -> None:
    borne_out, disagreements = compare(tuple(read_database(file) for file in sorted(folder.glob("*.xml"))))
    every = [f"{d.file}: {r.description}" for d in own_databases() for r in d.rules]
    for name in every:
        print("borne out" if name in borne_out else "by itself", name, sep="\t")
    for found in disagreements:
        print("differs", found.rule, found.what, found.ours, found.theirs, found.text, sep="\t")
    print(f"{len(borne_out)} of {len(every)} rules are borne out; {len(disagreements)} disagreements", file=sys.stderr)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
