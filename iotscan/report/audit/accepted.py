"""Section: Accepted risks: what persons decided and stated, and what became of it in this run."""

from collections.abc import Iterator

from iotscan.report.audit.told import Told
from iotscan.report.content import AttestationRow, WaiverRow
from iotscan.report.document import Block, Callout, Cell, Column, Paragraph, Section, Table, Tone, cell, plain
from iotscan.report.words import NOTHING, counted

ID = "accepted"
_TONES: dict[str, Tone] = {"expired": "fail", "void": "fail", "unused": "warn", "not_asked": "unknown", "applied": ""}


def section(told: Told) -> Section | None:
    """What was accepted, or that nothing was: a reader looks for it."""
    blocks = (*_waivers(told.view.waivers), *_attestations(told.view.attestations))
    nothing = Paragraph(spans=plain("No risk was accepted: no waiver was given, and nobody attested anything."))
    return Section(id=ID, title="Accepted risks", blocks=blocks or (nothing,))


def _waivers(rows: tuple[WaiverRow, ...]) -> Iterator[Block]:
    if not rows:
        return
    text = (
        "A waiver takes a finding out of the gate and changes no grade: the risk is there until it is repaired. Expired"
        " ones stand first; what they covered counts again."
    )
    yield Paragraph(spans=plain(text))
    if expired := sum(w.state == "expired" for w in rows):
        said = f"{counted(expired, 'waiver has', 'waivers have')} expired: decide again, or repair what they covered."
        yield Callout(tone="warn", spans=plain(said))
    yield Table(
        id="accepted-waivers",
        caption="Waivers, by state",
        columns=(
            Column(title="Waiver", weight=1.4),
            Column(title="State", weight=1),
            Column(title="Covers", weight=2.4),
            Column(title="Reason", weight=2.6),
            Column(title="Owner, approver", weight=1.8),
            Column(title="Expires", weight=1.1),
            Column(title="Findings", kind="number", weight=0.9),
        ),
        rows=tuple(_waiver(w) for w in rows),
    )


def _waiver(row: WaiverRow) -> tuple[Cell, ...]:
    name = f"{row.id} ({row.ticket})" if row.ticket else row.id
    persons = f"{row.owner}, approved by {row.approved_by}" if row.approved_by else f"{row.owner}, approved by nobody"
    reason = " · ".join(filter(None, (f"{row.decision}: {row.reason}" if row.decision else row.reason, *row.notes)))
    return (
        cell(name),
        cell(row.state.replace("_", " "), _TONES.get(row.state, "")),
        cell(f"{row.check} on {row.target}"),
        cell(reason or NOTHING),
        cell(persons),
        cell(row.expires),
        cell(f"{row.findings:,}"),
    )


def _attestations(rows: tuple[AttestationRow, ...]) -> Iterator[Block]:
    if not rows:
        return
    yield Paragraph(spans=plain("Some questions only a person can answer. These are their words; nobody looked."))
    yield Table(
        id="accepted-attestations",
        caption="What persons stated",
        columns=(
            Column(title="Question", weight=2),
            Column(title="Of", weight=1.5),
            Column(title="Says", weight=1.2),
            Column(title="By", weight=1.5),
            Column(title="Reference", weight=2),
            Column(title="Expires", weight=1.1),
            Column(title="State", weight=1.5),
        ),
        rows=tuple(_attestation(a) for a in rows),
    )


def _attestation(row: AttestationRow) -> tuple[Cell, ...]:
    state = " · ".join((row.state.replace("_", " "), *row.notes))
    return (
        cell(row.check),
        cell(row.target),
        cell("it holds" if row.holds else "it does not hold", "" if row.holds else "fail"),
        cell(row.by),
        cell(row.reference or NOTHING),
        cell(row.expires),
        cell(state, _TONES.get(row.state, "")),
    )
