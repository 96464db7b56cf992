"""Section: What was not assessed, why, and what it would take. Never tested is not tested and clean."""

from collections.abc import Iterator

from iotscan.model.vocabulary import Outcome
from iotscan.report.audit.cells import number, share
from iotscan.report.audit.gap_places import excluded, intervals, per_device, silent
from iotscan.report.audit.told import Told
from iotscan.report.content import Gap
from iotscan.report.document import Block, Cell, Column, Paragraph, Section, Table, cell, plain
from iotscan.report.inventory import is_inventory
from iotscan.report.words import counted, listed

ID = "gaps"
_CHECKS = 6
_REMEDIES = 3
_NOTHING = (
    "Devices were listed, and nothing was judged: of how secure any of them is this document says nothing, neither "
    "good nor bad. That takes a scan."
)


def section(told: Told) -> Section | None:
    """What nobody knows after this run. It stands there too where everything was answered."""
    if is_inventory(told.run):
        return Section(id=ID, title="What was not assessed", blocks=(Paragraph(spans=plain(_NOTHING)),))
    return Section(id=ID, title="What was not assessed", blocks=tuple(_opening(told)), sections=tuple(_parts(told)))


def _opening(told: Told) -> Iterator[Block]:
    gaps = told.view.gaps
    judged = sum(r.outcome in (Outcome.PASS, Outcome.FAIL) for r in told.run.results)
    open_ = sum(r.outcome in (Outcome.NOT_ASSESSED, Outcome.ERROR) for r in told.run.results)
    if not judged and not open_:
        yield Paragraph(spans=plain("No question was asked: nothing is known."))
        return
    forced = sum(g.count for g in gaps if not g.voluntary)
    chosen = sum(g.count for g in gaps if g.voluntary)
    broken = open_ - forced - chosen
    reasons = [f"{counted(forced, 'question')} because something failed or was missing"] if forced else []
    reasons += [f"{counted(chosen, 'question')} by choice or for want of another view"] if chosen else []
    reasons += [f"{counted(broken, 'question')} through an error of ours"] if broken else []
    rest = f" Open are {listed(reasons)}." if reasons else " Every question that applies was answered."
    answers = f"Answers, counted for each service and file: {share(judged, judged + open_)}."
    yield Paragraph(spans=plain(f"{answers}{rest}"))
    if open_:
        text = (
            "A question that was not answered says nothing, neither good nor bad. Grades count it both ways: see below."
        )
        yield Paragraph(spans=plain(text))


def _parts(told: Told) -> Iterator[Section]:
    gaps = told.view.gaps
    forced = _reasons("gaps-forced-reasons", tuple(g for g in gaps if not g.voluntary))
    chosen = _reasons("gaps-chosen-reasons", tuple(g for g in gaps if g.voluntary))
    parts = (
        ("gaps-forced", "What failed or was missing", (*forced, *_faults(told))),
        ("gaps-chosen", "What was left out by choice or needs another view", chosen),
        ("gaps-devices", "Device by device", tuple(per_device(told))),
        ("gaps-grades", "Grades that stay open because of it", tuple(intervals(told))),
        ("gaps-silent", "Found, and not assessed at all", tuple(silent(told))),
        ("gaps-excluded", "Left out of scope", tuple(excluded(told))),
    )
    yield from (Section(id=anchor, title=title, blocks=blocks) for anchor, title, blocks in parts if blocks)


def _reasons(id: str, gaps: tuple[Gap, ...]) -> tuple[Block, ...]:
    if not gaps:
        return ()
    return (
        Table(
            id=id,
            caption="Reasons, and what would lift them",
            columns=(
                Column(title="Reason", weight=2),
                Column(title="Questions", kind="number", weight=1.1),
                Column(title="On", kind="number", weight=0.7),
                Column(title="Checks", weight=3),
                Column(title="What it takes", weight=3),
            ),
            rows=tuple(_reason(g) for g in gaps),
        ),
    )


def _reason(gap: Gap) -> tuple[Cell, ...]:
    more = f" and {len(gap.remedies) - _REMEDIES} more" if len(gap.remedies) > _REMEDIES else ""
    return (
        cell(gap.words),
        number(gap.count),
        number(gap.owners),
        cell(listed([f"{t.check} ({t.places:,})" for t in gap.checks], _CHECKS)),
        cell("; ".join(gap.remedies[:_REMEDIES]) + more),
    )


def _faults(told: Told) -> tuple[Block, ...]:
    faults = told.view.faults
    if not faults:
        return ()
    return (
        Table(
            id="gaps-faults",
            caption="Errors of ours: what they touched counts as not assessed",
            columns=(Column(title="What", weight=2), Column(title="Where", weight=2), Column(title="Error", weight=4)),
            rows=tuple((cell(f.what), cell(f.where), cell(f.text)) for f in faults[:200]),
        ),
    )
