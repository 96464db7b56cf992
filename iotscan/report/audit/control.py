"""Section: Document control. Which version this is, for whom, made of what, and how to check that."""

import shlex
from collections.abc import Iterator

from iotscan.model.run import Part, Run
from iotscan.report.audit import cover
from iotscan.report.audit.cells import fact
from iotscan.report.audit.parts import KINDS
from iotscan.report.audit.times import day
from iotscan.report.audit.told import Told
from iotscan.report.document import (
    Block,
    Bullets,
    Callout,
    Code,
    Column,
    Fact,
    Facts,
    Paragraph,
    Section,
    Span,
    Table,
    cell,
    plain,
)
from iotscan.report.inventory import is_inventory
from iotscan.report.words import clean

_LEVELS = {
    "strict": "strict: names, identifiers and public addresses are replaced by pseudonyms, secrets are hidden",
    "standard": "standard: secrets are hidden; names and addresses are shown",
    "off": "off: nothing is hidden; not to be passed on",
}


def section(told: Told) -> Section | None:
    """The section; every report has it."""
    return Section(id="control", title="Document control", blocks=tuple(_blocks(told)))


def _blocks(told: Told) -> Iterator[Block]:
    if told.view.partial:
        yield Callout(tone="warn", spans=plain(_partial(told)))
    yield _versions(told)
    if told.material.recipients:
        yield Paragraph(spans=plain("This document goes to:"))
        yield Bullets(items=tuple(plain(clean(r, 200)) for r in told.material.recipients))
    yield Facts(rows=tuple(_origin(told)))
    yield from _verification(told)


def _partial(told: Told) -> str:
    what = "was interrupted" if told.run.status == "interrupted" else "did not end"
    if told.run.parts:
        parts = ", ".join(clean(p.id, 60) for p in told.run.parts if p.status != "complete")
        return f"One of the runs that this report is made of {what} ({parts}): what it lacks was not looked at."
    return f"The run that this report is made of {what}: what is missing here was not looked at, and is not good."


def _versions(told: Told) -> Table:
    editions = [
        (clean(e.version, 40), clean(e.date, 40), clean(e.author, 120), clean(e.change, 300))
        for e in told.material.editions
    ]
    own = (cover.version(told), clean(told.material.made, 40), cover.assessor(told), "Made of the run named below.")
    return Table(
        id="control-versions",
        caption="Versions of this document",
        columns=(
            Column(title="Version", weight=1.4),
            Column(title="Date", weight=1.4),
            Column(title="Author", weight=2),
            Column(title="Change", weight=4),
        ),
        rows=tuple(tuple(map(cell, line)) for line in editions or [own]),
    )


def _origin(told: Told) -> Iterator[Fact]:
    run, about = told.run, told.view.about
    yield fact("Run", about.run)
    yield fact("Made with", about.tool)
    if not is_inventory(run):
        yield fact("Judged by profile", about.profile)
        yield fact("Ages judged as of", day(run.as_of))
    if told.material.run_sha256:
        yield _hash("SHA-256 of the run file", told.material.run_sha256)
    for part in run.parts:
        yield fact("Joined of", f"{KINDS[part.command].lower()}, run {clean(part.id, 60)}")
    for one in _logged(run):
        yield _hash(f"Root of the audit log{f' of run {clean(one.id, 60)}' if run.parts else ''}", one.audit_root)
    yield fact("Redaction", _LEVELS[run.redaction])
    for note in told.material.brand.notes:
        yield fact("Not taken from the brand", clean(note, 300))


def _logged(run: Run) -> list[Run | Part]:
    """Whose log of what was sent there is: of a joined run, that of the runs that it was made of."""
    every: list[Run | Part] = [run, *run.parts]
    return [one for one in every if one.audit_root]


def _hash(name: str, value: str) -> Fact:
    return Fact(name=name, spans=(Span(clean(value, 200), "code"),))


def _verification(told: Told) -> Iterator[Block]:
    """How whoever holds the run's folder can check that this report is of it, and that its log is whole."""
    run, digest = told.run, told.material.run_sha256
    lines = []
    if digest:
        lines.append(f"sha256sum run.json  # {clean(digest, 64)}")
    logged = _logged(run)
    for one in logged:
        named = shlex.quote(clean(one.id, 120))
        lines.append(f"iotscan audit verify {named} --root {shlex.quote(clean(one.audit_root, 120))}")
    if not lines:
        return
    yield Paragraph(
        spans=plain(
            "Whoever holds the folder of the run can check that this report is made of it"
            + (", and that the log of everything that was sent is the one that was closed:" if logged else ":")
        )
    )
    yield Code(text="\n".join(lines), label="Check it yourself")
