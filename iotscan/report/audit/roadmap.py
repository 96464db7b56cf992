"""Section: Roadmap. Which changes lift the grade, in which order, and who makes them."""

from collections.abc import Iterator

from iotscan.model.material import Roadmap, Step
from iotscan.model.vocabulary import Severity
from iotscan.report.audit.cells import letter, link, number, severity_tone
from iotscan.report.audit.found import Found
from iotscan.report.audit.told import Told
from iotscan.report.document import Block, Callout, Cell, Column, Paragraph, Section, Table, cell, plain
from iotscan.report.places import Places
from iotscan.report.words import NOTHING, clean, counted, listed

ID = "roadmap"
_NAMED = 3
_COLUMNS = (
    Column(title="Step", kind="number", weight=0.6),
    Column(title="Phase", weight=0.7),
    Column(title="What must be true", weight=3.2),
    Column(title="Severity", weight=1),
    Column(title="Where", weight=2.2),
    Column(title="Who acts", weight=1),
    Column(title="Effort", weight=0.9),
    Column(title="Grade then", weight=0.9),
)


def section(told: Told) -> Section | None:
    """None where nothing failed that counts for a grade."""
    if not told.material.roadmaps:
        return None
    found = Found(told)
    opening = (
        "Each step is one kind of change, made wherever it is needed. The order takes the worst letter first and the"
        " fewest changes to leave it; the last column is the grade once this step and all before it are done, by"
        " grading again. P1 is for this week (critical and high), P2 for the next maintenance (medium), P3 for later"
        " (low)."
    )
    blocks: list[Block] = [Paragraph(spans=plain(opening))]
    if any("≤" in r.shown or any("≤" in s.reaches for s in r.steps) for r in told.material.roadmaps):
        text = "A grade such as ≤C is C at best: questions are still open, and no repair answers them."
        blocks.append(Paragraph(spans=plain(text)))
    places = Places(told.run)
    if len(told.material.roadmaps) == 1:
        return Section(id=ID, title="Roadmap", blocks=(*blocks, *_one(told.material.roadmaps[0], found, places)))
    parts = tuple(
        Section(id=f"{ID}-{n}", title=_name(r, places), blocks=tuple(_one(r, found, places)))
        for n, r in enumerate(told.material.roadmaps, start=1)
    )
    return Section(id=ID, title="Roadmap", blocks=tuple(blocks), sections=parts)


def _name(roadmap: Roadmap, places: Places) -> str:
    return "The network" if roadmap.owner == "network" else f"The image {places.label(roadmap.owner)}"


def _one(roadmap: Roadmap, found: Found, places: Places) -> Iterator[Block]:
    if roadmap.sentence:
        yield Callout(tone="info", spans=plain(clean(roadmap.sentence, 300)))
    yield Paragraph(spans=plain(_acting(roadmap.steps)))
    yield Table(
        id=f"roadmap-steps-{'network' if roadmap.owner == 'network' else found.owner_link(roadmap.owner)}",
        caption=f"From {clean(roadmap.shown, 5)}, step by step",
        columns=_COLUMNS,
        rows=tuple(_row(n, s, found, places) for n, s in enumerate(roadmap.steps, start=1)),
    )


def _acting(steps: tuple[Step, ...]) -> str:
    """How many steps there are, and on whom they wait."""
    whose = {"owner": "the owner's settings", "vendor": "the vendor's firmware", "provider": "a provider's service"}
    told = [f"{n:,} in {words}" for by, words in whose.items() if (n := sum(s.by == by for s in steps))]
    return f"{counted(len(steps), 'step')}: {listed(told)}."


def _row(number_: int, step: Step, found: Found, places: Places) -> tuple[Cell, ...]:
    severity = Severity(step.severity)
    owners = listed([places.told_apart(o) for o in step.owners], _NAMED)
    several = f" ({counted(len(step.findings), 'place')})" if len(step.findings) > len(step.owners) else ""
    anchor = found.anchor_of(step.check)
    title = clean(step.title, 200)
    return (
        number(number_),
        cell(step.phase),
        Cell(spans=(link(title, anchor),)) if anchor else cell(title),
        cell(severity.value, severity_tone(severity)),
        cell(f"{owners}{several}"),
        cell(step.by),
        cell(clean(step.effort, 20) or NOTHING),
        letter(clean(step.reaches, 5)),
    )
