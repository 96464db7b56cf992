"""Where something was not assessed: devices, their grades, those that stayed silent, those that were left out."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from ipaddress import ip_network
from typing import Final

from iotscan.model.result import Result
from iotscan.model.scope import ends_of
from iotscan.model.vocabulary import Outcome, Reason
from iotscan.report.audit import anchors
from iotscan.report.audit.cells import letter, link, number, percent
from iotscan.report.audit.told import Told
from iotscan.report.content import OwnerRow
from iotscan.report.document import Block, Cell, Column, Paragraph, Table, cell, plain
from iotscan.report.words import NOTHING, REASONS, clean, counted, listed

ROWS: Final = 2000
"""Rows of a table; the run file holds all of them."""
_CHECKS = 4
_REMEDIES = 2


def per_device(told: Told) -> Iterator[Block]:
    """One row for each device or image and each reason."""
    rows = list(_per_device(told))
    if not rows:
        return
    yield Table(
        id="gaps-by-device",
        caption="Open questions of each device and image, and what would settle them",
        columns=(
            Column(title="Device or image", weight=2),
            Column(title="Assessed", weight=0.9),
            Column(title="Open", kind="number", weight=0.7),
            Column(title="Why", weight=2),
            Column(title="Checks", weight=3),
            Column(title="What it takes", weight=3),
        ),
        rows=tuple(rows[:ROWS]),
    )
    yield from _rest(len(rows))


def _per_device(told: Told) -> Iterator[tuple[Cell, ...]]:
    groups: defaultdict[str, defaultdict[Reason, list[Result]]] = defaultdict(lambda: defaultdict(list))
    for result in told.run.results:
        if result.outcome is Outcome.NOT_ASSESSED:
            groups[clean(result.subject.owner)][result.reason or Reason.NOT_OBSERVABLE].append(result)
    for row, anchor in _owners(told):
        reasons: Mapping[Reason, list[Result]] = groups.get(row.id, {})
        for reason in sorted(reasons, key=lambda r: (not r.is_involuntary, -len(reasons[r]), r)):
            yield _gap(row, anchor, reason, reasons[reason])


def _gap(row: OwnerRow, anchor: str, reason: Reason, group: Sequence[Result]) -> tuple[Cell, ...]:
    words, remedy = REASONS[reason]
    checks = Counter(clean(r.check) for r in group)
    said = Counter(clean(r.remedy) for r in group if r.remedy)
    remedies = [text for text, _ in said.most_common(_REMEDIES)] or [remedy]
    return (
        _named(row, anchor),
        cell(percent(row.assessed, row.total) if row.total else NOTHING),
        number(len(group), "unknown"),
        cell(words, "warn" if reason.is_involuntary else ""),
        cell(listed(sorted(checks, key=lambda c: (-checks[c], c)), _CHECKS)),
        cell("; ".join(remedies)),
    )


def intervals(told: Told) -> Iterator[Block]:
    """The grades that have two ends, and what would bring these together."""
    books = told.run.grades
    rows: list[tuple[Cell, ...]] = []
    told_of = {t.owner: t for t in told.view.takes}
    if books.network and books.network.best != books.network.worst:
        takes = told_of.get("network")
        asks = [f"{o.check}: {o.remedy}" for o in takes.open] if takes else []
        rows.append((cell("the network"), *_ends(books.network.shown, books.network.best, books.network.worst, asks)))
    for row, anchor in _owners(told):
        book = books.devices.get(row.id) or books.images.get(row.id)
        if book and book.best != book.worst:
            asks = [clean(f"{u.check}: {u.remedy}" if u.remedy else u.check) for u in book.narrow]
            rows.append((_named(row, anchor), *_ends(book.shown, book.best, book.worst, asks)))
    if not rows:
        return
    text = "The first letter holds if every open question turns out well, the second if every one turns out badly."
    yield Paragraph(spans=plain(text))
    yield Table(
        id="gaps-intervals",
        caption="Grades that are an interval, and what would narrow it most",
        columns=(
            Column(title="Device or image", weight=2),
            Column(title="Grade", weight=0.8),
            Column(title="Best", weight=0.7),
            Column(title="Worst", weight=0.7),
            Column(title="What would narrow it", weight=5),
        ),
        rows=tuple(rows[:ROWS]),
    )
    yield from _rest(len(rows))


def _ends(shown: str, best: str, worst: str, asks: Sequence[str]) -> tuple[Cell, ...]:
    return letter(clean(shown)), letter(best), letter(worst), cell(listed(asks, _CHECKS) or NOTHING)


def silent(told: Told) -> Iterator[Block]:
    """Devices and images of which nothing is known."""
    rows = [(row, anchor) for row, anchor in _owners(told) if not row.assessed]
    if not rows:
        return
    found = counted(len(rows), "device or image was", "devices and images were")
    text = f"{found} found, and no question about them was answered."
    why = _reasons(told, {row.id for row, _ in rows})
    yield Paragraph(spans=plain(text))
    yield Table(
        id="gaps-silent-list",
        caption="Found, and nothing known of them",
        columns=(
            Column(title="Device or image", weight=2),
            Column(title="Address", weight=2),
            Column(title="Vendor and model", weight=3),
            Column(title="Why", weight=3),
        ),
        rows=tuple(_silent(row, anchor, why.get(row.id, Counter())) for row, anchor in rows[:ROWS]),
    )
    yield from _rest(len(rows))


def _reasons(told: Told, owners: set[str]) -> dict[str, Counter[Reason]]:
    found: defaultdict[str, Counter[Reason]] = defaultdict(Counter)
    for result in told.run.results:
        owner = clean(result.subject.owner)
        if owner in owners and result.outcome is Outcome.NOT_ASSESSED and result.reason:
            found[owner][result.reason] += 1
    return found


def _silent(row: OwnerRow, anchor: str, reasons: Counter[Reason]) -> tuple[Cell, ...]:
    why = listed([REASONS[reason][0] for reason, _ in reasons.most_common(2)])
    who = f"{row.vendor} {row.model}".strip()
    return _named(row, anchor), cell(row.address), cell(who or NOTHING), cell(why or "no question applied to it")


def excluded(told: Told) -> Iterator[Block]:
    """What the scope leaves out, with the reason where a person gave one."""
    scope = told.run.scope
    reasons = {n: out.reason for out in (scope.mandate.out_of_scope if scope.mandate else ()) for n in out.networks}
    rows = [(clean(n, 60), clean(reasons.get(n, "")) or "given on the command line") for n in _chosen(told)]
    rows += [(clean(a, 60), "this machine itself, which looked") for a in told.run.own]
    if rows:
        yield Table(
            id="gaps-excluded-list",
            caption="Addresses that nobody asked anything",
            columns=(Column(title="Address or network", kind="code"), Column(title="Why", weight=3)),
            rows=tuple((cell(place), cell(why)) for place, why in rows[:ROWS]),
        )


def _chosen(told: Told) -> list[str]:
    """Exclusions that are a decision; the ends of a network are nobody's."""
    try:
        nobodys = {str(n) for n in ends_of(map(ip_network, told.run.scope.include))}
    except ValueError:
        nobodys = set()
    return [n for n in told.run.scope.exclude if n not in nobodys]


def _owners(told: Told) -> Iterator[tuple[OwnerRow, str]]:
    yield from ((row, anchors.device(row.id)) for row in told.view.devices)
    yield from ((row, anchors.image(row.id)) for row in told.view.images)


def _named(row: OwnerRow, anchor: str) -> Cell:
    return Cell(spans=(link(row.label or row.address or row.id, anchor),))


def _rest(count: int) -> Iterator[Block]:
    if count > ROWS:
        yield Paragraph(spans=plain(f"{counted(count - ROWS, 'more row')} in the run file."))
