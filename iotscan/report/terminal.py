"""The report on a terminal: one calm screen first, then findings, then what stayed open, verdict last."""

from collections import Counter

from rich.console import Console
from rich.text import Text

from iotscan.model.run import Run
from iotscan.model.vocabulary import Severity
from iotscan.report.asked import asked
from iotscan.report.content import (
    AttestationRow,
    Cause,
    ElementRow,
    Finding,
    FindingGroup,
    Gap,
    OwnerRow,
    Takes,
    View,
    WaiverRow,
)
from iotscan.report.ink import LETTER_STYLES, Column, Ink
from iotscan.report.roster import show_roster
from iotscan.report.talk_table import show_talks
from iotscan.report.view import view
from iotscan.report.words import counted, listed

DEVICES = 40
"""Rows of the device table before the rest is counted."""
PARTS = 16
"""Lines on what an image holds before the rest is counted."""
PLACES = 6
"""Places of one finding before the rest is counted."""
TALLIES = 6
"""Checks of one gap before the rest is counted."""
EXPLAINED = 6
"""Devices whose grade is explained one by one."""
NARROW = 76
"""Columns below which places are written on one line each."""
NETWORK = "network"
"""The owner that is no device: it stands by itself."""
LABEL = 10
"""Columns of the label before a finding's details."""


def render(run: Run, console: Console, *, show_passed: bool = False, ascii: bool = False) -> None:
    """Write ``run`` on ``console``, fitted to its width. ``ascii`` keeps to 7 bits (so does an ASCII console)."""
    told = view(run)
    ink = Ink(console, ascii=ascii)
    _top(ink, told)
    _elements(ink, told)
    _owners(ink, "devices", told.devices)
    _owners(ink, "images", told.images)
    _findings(ink, told)
    show_talks(ink, told.traffic, told.devices)
    _takes(ink, told.takes)
    _gaps(ink, told)
    if show_passed:
        _passed(ink, told)
    _decided(ink, told)
    _remarks(ink, told)
    _end(ink, told)


def _top(ink: Ink, told: View) -> None:
    if told.banner:
        ink.say(ink.text(told.banner, "bold yellow"))
    for number, line in enumerate(told.title):
        ink.say(ink.text(line, "dim" if number else "bold"))
    if told.partial:
        ink.blank()
        ink.say(ink.text(told.partial, "bold yellow"))
    ink.blank()
    if told.network:
        row = told.network
        weakest = f"held down by {listed(row.weakest, 3)} · " if row.weakest else ""
        covered = f"{row.assessed} of {counted(row.total, 'check')} assessed"
        ink.say(ink.join(("Network ", "bold"), (f" {row.shown} ", _badge(row.shown)), (f"  {weakest}{covered}", "")))
        spread = [(f"  {n} × {letter}", LETTER_STYLES.get(letter[-1:], "dim")) for letter, n in row.letters]
        silent = f"  {row.not_assessed} not assessed at all" if row.not_assessed else ""
        ink.say(ink.join((f"{counted(row.devices, 'device')}:", ""), *spread, (silent, "dim")))
    ink.say(_verdict(ink, told))


def _badge(shown: str) -> str:
    return f"{LETTER_STYLES.get(shown[-1:], 'dim')} reverse"


def _verdict(ink: Ink, told: View) -> Text:
    style = "bold red" if told.gate.startswith("FAIL") else "bold green" if told.gate == "PASS" else "bold yellow"
    ending = f"  exit {told.exit_code}" if told.exit_code is not None else ""
    return ink.join(("Verdict  ", "bold"), (told.gate, style), (f"  {told.verdict}", ""), (ending, "dim"))


def _elements(ink: Ink, told: View) -> None:
    rows = told.network.elements if told.network else told.images[0].elements if len(told.images) == 1 else ()
    if not rows:
        return
    ink.heading("five elements", ink.text("checks assessed of those that apply", "dim"))
    ink.grid(
        Column(),
        Column(),
        Column(),
        Column(right=True),
        Column(wraps=True),
        rows=[(ink.text(r.element), ink.letter(r.shown), *_coverage(ink, r)) for r in rows],
    )


def _coverage(ink: Ink, row: ElementRow) -> tuple[Text, Text, Text]:
    note = "nothing assessed" if not row.assessed else "configured, not seen running" if row.configured else ""
    return ink.bar(row.assessed, row.total), ink.text(f"{row.assessed}/{row.total}"), ink.text(note, "dim")


def _owners(ink: Ink, name: str, rows: tuple[OwnerRow, ...]) -> None:
    if not rows:
        return
    ink.heading(name, ink.text(str(len(rows)), "dim"))
    show_roster(ink, rows[:DEVICES])
    if len(rows) > DEVICES:
        ink.say(ink.text(f"and {len(rows) - DEVICES} more, none of them worse", "dim"), 2)
    for row in rows[:DEVICES]:
        _holds(ink, row, of_several=len(rows) > 1)


def _holds(ink: Ink, row: OwnerRow, *, of_several: bool) -> None:
    """What an image holds, where that is more than one file system, and always what could not be read of it."""
    if not (row.holds or row.unread):
        return
    ink.say(ink.text(f"{row.label} holds" if of_several else "holds", "bold"), 2)
    for line in row.holds[:PARTS]:
        ink.say(ink.text(line), 4)
    if len(row.holds) > PARTS:
        ink.say(ink.text(f"and {len(row.holds) - PARTS} more", "dim"), 4)
    for line in row.unread:
        ink.say(ink.join(("not read  ", "bold yellow"), (line, "")), 4)


def _findings(ink: Ink, told: View) -> None:
    counts = told.severities
    detail = Text("  ").join(ink.severity(s, f"{n} {s.value}") for s, n in counts.items())
    if told.waived:
        detail.append_text(ink.text(f"  {told.waived} waived", "dim"))
    ink.heading("findings", detail if counts else ink.text("none", "dim"))
    if told.baseline:
        ink.say(ink.text(told.baseline, "bold" if told.new else "dim"), 2)
    for group in told.findings:
        _finding(ink, group)


def _finding(ink: Ink, group: FindingGroup) -> None:
    ink.blank()
    many = f"  × {len(group.findings)}" if len(group.findings) > 1 else ""
    head = ink.join((group.title, "bold"), (f"  {group.check}{many}", "dim"))
    ink.grid(Column(), Column(wraps=True), rows=[(ink.severity(group.severity), head)], indent=0)
    if len(group.findings) > 1:
        _places(ink, group)
    first = group.findings[0]
    single = len(group.findings) == 1
    details: list[tuple[str, str]] = []
    if single:
        details.append(("where", f"{first.label}  {first.where}".strip()))
        details.append(("found", first.summary if first.summary.casefold() != group.title.casefold() else ""))
    if group.severity.rank >= Severity.MEDIUM.rank:
        details += [("observed", group.shared("observed")), ("expected", group.shared("expected"))]
    details.append(("fix", group.fix))
    if single:
        details.append(("evidence", _evidence(group)))
    rows = [(ink.text(name, "dim"), ink.text(words)) for name, words in details if words]
    ink.grid(Column(least=LABEL - 2), Column(wraps=True), rows=rows)
    if first.reproduce:
        ink.command(first.reproduce, indent=2)


def _evidence(group: FindingGroup) -> str:
    finding = group.findings[0]
    words = [finding.confidence, _seen(finding) or "observed", finding.fingerprint]
    words += ["new"] if finding.baseline == "new" else []
    return " · ".join([w for w in words if w] + ([f"waived by {finding.waived}"] if finding.waived else []))


def _seen(finding: Finding) -> str:
    return "configured" if finding.configured else "attested" if finding.attested else ""


def _places(ink: Ink, group: FindingGroup) -> None:
    rows = [_place(ink, group, finding) for finding in group.findings[:PLACES]]
    columns = [Column(least=LABEL - 2), Column(most=24), Column(wraps=True, least=12), Column(wraps=True)]
    if ink.width < NARROW:
        columns, rows = columns[:2], [(Text("  ").join(row),) for row in rows]
        columns[1] = Column(wraps=True)
    labels = [ink.text("" if number else "where", "dim") for number in range(len(rows))]
    ink.grid(*columns, rows=[(label, *row) for label, row in zip(labels, rows, strict=True)])
    if len(group.findings) > PLACES:
        more = counted(len(group.findings) - PLACES, "more place")
        ink.say(ink.text(f"and {more}: see the text or JSON report", "dim"), 2 + LABEL)


def _place(ink: Ink, group: FindingGroup, finding: Finding) -> tuple[Text, ...]:
    """Name, place, and what is particular to it."""
    summary = "" if group.shared("summary") else f"{finding.summary}  "
    notes = ["new"] if finding.baseline == "new" else []
    notes += [f"waived by {finding.waived}"] if finding.waived else []
    notes += [finding.confidence] if finding.confidence != "certain" else []
    notes += [_seen(finding)] if _seen(finding) else []
    note = ink.join((summary, ""), (" · ".join([*notes, finding.fingerprint]), "dim"))
    return ink.text(finding.label), ink.text(finding.where), note


def _takes(ink: Ink, rows: tuple[Takes, ...]) -> None:
    if not rows:
        return
    ink.heading("what it takes")
    # Of many devices of which nothing is known the same is said: once.
    alike: dict[tuple[str, tuple[tuple[str, str], ...]], list[str]] = {}
    for row in rows:
        alike.setdefault((row.owner if row.owner == NETWORK else "", tuple(_steps_up(row))), []).append(row.owner)
    lines: list[tuple[Text, ...]] = []
    for (_, steps), owners in list(alike.items())[: EXPLAINED + 1]:
        who = ink.text(_owners_named(owners), "bold")
        for number, (mark, words) in enumerate(steps):
            lines.append((who if not number else ink.text(""), ink.letter(mark), ink.text(words)))
    ink.grid(Column(most=max(16, ink.width // 5), wraps=True), Column(), Column(wraps=True), rows=lines)
    left = sum(len(owners) for owners in list(alike.values())[EXPLAINED + 1 :])
    if left:
        ink.say(ink.text(f"and {left} more: see the text or JSON report", "dim"), 2)


def _owners_named(owners: list[str]) -> str:
    return owners[0] if len(owners) == 1 else f"{owners[0]} and {len(owners) - 1} more"


def _steps_up(row: Takes) -> list[tuple[str, str]]:
    """(letter, why or how) lines of one owner."""
    lines = [(row.shown, f"because of {_causes(row.why)}")] if row.why else []
    if row.without_trust:
        lines.append((row.shown if not lines else "", f"without the question of trust: {row.without_trust}"))
    for lift in row.lifts:
        also = f"{lift.before} as above, then " if lift.before else ""
        what = "just these" if lift.causes == row.why else f"{also}{_causes(lift.causes)}"
        lines.append((lift.reaches, f"after {counted(lift.repairs, 'repair')}: {what}"))
    if row.open and row.worst != row.best:
        first = row.open[0]
        remedy = f" ({first.remedy})" if first.remedy else ""
        count = counted(len(row.open), "open question")
        lines.append(
            (
                row.shown if not lines else "",
                f"could be as low as {row.worst}: {count}, the gravest is {first.check}{remedy}",
            )
        )
    return lines


def _causes(causes: tuple[Cause, ...]) -> str:
    said = [f"{c.check} on {listed(c.places, 3)}" if any(c.places) else c.check for c in causes[:4]]
    return "; ".join(said) + (f"; and {counted(len(causes) - 4, 'more check')}" if len(causes) > 4 else "")


def _gaps(ink: Ink, told: View) -> None:
    if not told.gaps:
        return
    for voluntary, name in ((False, "not assessed, involuntary"), (True, "not assessed, by choice")):
        gaps = [g for g in told.gaps if g.voluntary is voluntary]
        if gaps:
            ink.heading(name, ink.text(str(sum(g.count for g in gaps)), "dim"))
            ink.grid(Column(right=True), Column(wraps=True), rows=[_gap(ink, g) for g in gaps])


def _gap(ink: Ink, gap: Gap) -> tuple[Text, Text]:
    checks = [f"{t.check} × {t.places}" if t.places > 1 else t.check for t in gap.checks]
    words = ink.join(
        (gap.words, "bold"),
        (f"  {listed(checks, TALLIES)}\n", "dim"),
        (f"→ {'; '.join(gap.remedies[:2])}", ""),
    )
    return ink.text(str(gap.count)), words


def _passed(ink: Ink, told: View) -> None:
    ink.heading("passed", ink.text(str(sum(t.places for t in told.passed)), "dim"))
    ink.say(ink.text(", ".join(f"{t.check} × {t.places}" for t in told.passed) or "nothing"), 2)


def _decided(ink: Ink, told: View) -> None:
    """Waivers and attestations: state, id, what they are about, by whose word until when."""
    if told.waivers:
        states = Counter(w.state for w in told.waivers)
        ink.heading("waivers", ink.text(" · ".join(f"{n} {state}" for state, n in states.items()), "dim"))
        ink.grid(Column(), Column(), Column(wraps=True), rows=[_waiver(ink, w) for w in told.waivers])
    if told.attestations:
        ink.heading("attestations", ink.text(str(len(told.attestations)), "dim"))
        ink.grid(Column(), Column(), Column(wraps=True), rows=[_attestation(ink, a) for a in told.attestations])


def _waiver(ink: Ink, row: WaiverRow) -> tuple[Text, ...]:
    words = f"{row.check} on {row.target}, {row.owner} until {row.expires}: {row.reason}"
    return _decision(ink, row.state, row.id, words, row.notes)


def _attestation(ink: Ink, row: AttestationRow) -> tuple[Text, ...]:
    holds = "holds" if row.holds else "does not hold"
    words = f"{row.check} {holds} on {row.target}, {row.by} until {row.expires}: {row.reference}"
    return _decision(ink, row.state, row.id, words, row.notes)


def _decision(ink: Ink, state: str, name: str, words: str, notes: tuple[str, ...]) -> tuple[Text, ...]:
    style = "green" if state == "applied" else "dim" if state == "not_asked" else "yellow"
    note = f"\n{'; '.join(notes)}" if notes else ""
    return ink.text(state.replace("_", " "), style), ink.text(name, "bold"), ink.join((words, ""), (note, "dim"))


def _remarks(ink: Ink, told: View) -> None:
    if told.faults:
        ink.heading("errors of ours", ink.text("please report them", "dim"))
        for fault in told.faults:
            ink.say(ink.join((f"{fault.what}", "bold"), (f"  {fault.where}: {fault.text}", "")), 2)
    if told.notices:
        ink.heading("to know")
        for about, text in told.notices:
            ink.say(ink.join((about, "bold"), (f"  {text}", "")), 2)
    _asked(ink, told)


def _asked(ink: Ink, told: View) -> None:
    if line := asked([(row.cost, row.label) for row in told.devices if row.cost]):
        ink.heading("what we asked of the devices")
        ink.say(ink.text(line), 2)


def _end(ink: Ink, told: View) -> None:
    ink.blank()
    ink.say(_verdict(ink, told))
    for reason in told.reasons:
        ink.say(ink.text(reason), 2)
    for warning in told.warnings:
        ink.say(ink.text(f"to know: {warning}", "yellow"), 2)
    ink.say(ink.text("Next", "bold"))
    for step in told.steps:
        ink.command(step.command, indent=2, note=step.purpose)
