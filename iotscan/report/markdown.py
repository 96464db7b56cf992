"""The run in short as GitHub-flavoured Markdown: for the summary of a job. The whole of it is a document.

Every word from a device goes through :mod:`.gfm`; the template puts no link, image or HTML of its own.
"""

from collections.abc import Iterator, Sequence

from iotscan.model.run import Run
from iotscan.report import gfm
from iotscan.report.content import ElementRow, Finding, NetworkRow, OwnerRow, View
from iotscan.report.gfm import code, words
from iotscan.report.view import view
from iotscan.report.words import counted, listed

BYTES = 1024 * 1024
"""A step summary that GitHub takes (GitHub Docs, "Workflow commands": 1 MiB a step)."""
_ASIDE = 5
"""Devices and images whose grade without the question of trust is said."""
ROWS = 50
"""Rows of a table in the short form."""


def summary(run: Run) -> str:
    """The short form, verdict first, for a job's page; at most 1 MiB."""
    told = view(run)
    for most in (ROWS, 10, 1):
        sections = [*_opening(told), *_findings(told, most), *_grades(told, most), *_gaps(told)]
        sections += _decisions(told, most)
        text = "\n".join(sections)
        if len(text.encode()) <= BYTES:
            return text
    return "\n".join(_opening(told)[:2])


def _opening(told: View) -> list[str]:
    ending = f" (exit {told.exit_code})" if told.exit_code is not None else ""
    parts = [f"# iotscan: {told.gate}\n"]
    if told.banner:
        parts.append(f"**{words(told.banner)}**\n")
    if told.partial:
        parts.append(f"**{words(told.partial)}**\n")
    parts.append(f"Verdict: {words(told.verdict)}{ending}\n")
    reasons = [f"- because: {words(r)}\n" for r in told.reasons] + [f"- warning: {words(w)}\n" for w in told.warnings]
    parts += ["".join(reasons)] if reasons else []
    parts += [f"Baseline: {words(told.baseline)}\n"] if told.baseline else []
    return parts


def _grades(told: View, most: int) -> list[str]:
    owners = (*told.devices, *told.images)
    graded = next((row.elements for row in (told.network, *owners) if row and row.elements), ())
    rows = [_owner(row, len(graded)) for row in owners]
    if not rows:
        return ["## Grades\n", "Nothing was graded: no device answered and no image was read.\n"]
    network = [_network(told.network)] if told.network else []
    head = ["grade", "name", "address", *(e.element for e in graded), "assessed", "findings"]
    table = gfm.table(head, [*network, *rows[:most]])
    return ["## Grades\n", table, *_rest(rows, most, "device or image", "devices and images"), *_without_trust(told)]


def _without_trust(told: View) -> list[str]:
    """The grade without the question of who vouches for certificates, where it differs."""
    rows = [row for row in told.takes if row.without_trust]
    said = "; ".join(f"{words(row.owner)} {words(row.without_trust)}" for row in rows[:_ASIDE])
    more = f", and {len(rows) - _ASIDE} more" if len(rows) > _ASIDE else ""
    return [f"Without the question of trust: {said}{more}.\n"] if rows else []


def _network(row: NetworkRow) -> list[str]:
    letters = [_letter(e) for e in row.elements]
    return [f"**{row.shown}**", "the network", "", *letters, f"{row.assessed}/{row.total}", ""]


def _owner(row: OwnerRow, elements: int) -> list[str]:
    found = ", ".join(f"{n} {s}" for s, n in row.findings.items()) or ("none" if row.assessed else "nothing assessed")
    name = words(row.label or row.model or row.vendor, cell=True)
    letters = [_letter(e) for e in row.elements] or [""] * elements
    return [row.shown, name, code(row.address, cell=True), *letters, f"{row.assessed}/{row.total}", found]


def _letter(row: ElementRow) -> str:
    return f"{row.shown} (configured)" if row.configured else row.shown


def _findings(told: View, most: int) -> list[str]:
    pairs = [(group, finding) for group in told.findings for finding in group.findings]
    counts = ", ".join(f"{n} {s}" for s, n in told.severities.items())
    waived = f", {told.waived} of them waived" if told.waived else ""
    heading = [f"## Findings: {len(pairs)}\n", f"{counts}{waived}.\n" if pairs else _nothing_found(told)]
    if not pairs:
        return heading
    rows = [
        [g.severity.value, code(g.check), *_place(f), words(g.title, cell=True), _state(f)] for g, f in pairs[:most]
    ]
    table = gfm.table(["severity", "check", "device", "where", "what", "state"], rows)
    return [*heading, table, *_rest(pairs, most, "finding", "findings")]


def _nothing_found(told: View) -> str:
    """No finding is praise only where something was looked at."""
    done = sum(t.places for t in told.passed)
    return f"No finding; {counted(done, 'question')} passed.\n" if done else "No finding, and nothing was assessed.\n"


def _place(finding: Finding) -> tuple[str, str]:
    return words(finding.label, cell=True), code(finding.where, cell=True)


def _state(finding: Finding) -> str:
    waived = f"WAIVED {words(finding.waiver, cell=True)}" if finding.waiver else ""
    return " ".join(w for w in (waived, finding.baseline) if w)


def _rest(items: Sequence[object], most: int, noun: str, plural: str) -> list[str]:
    more = len(items) - most
    return [f"and {counted(more, noun, plural)} more.\n"] if more > 0 else []


def _gaps(told: View) -> list[str]:
    total = sum(g.count for g in told.gaps)
    forced = sum(g.count for g in told.gaps if not g.voluntary)
    heading = [f"## Not assessed: {total}\n"]
    if not told.gaps:
        is_whole = (told.passed or told.findings) and not told.faults
        return [*heading, "Every question that applies was answered.\n"] if is_whole else heading
    rows = [
        [
            "chosen" if g.voluntary else "**not chosen**",
            words(g.words, cell=True),
            f"{g.count} on {g.owners}",
            words(listed([t.check for t in g.checks], 8), cell=True),
            "; ".join(words(r, cell=True) for r in g.remedies[:3]),
        ]
        for g in told.gaps
    ]
    text = f"{forced} because something failed or was missing, {total - forced} by choice.\n"
    return [*heading, text, gfm.table(["", "why", "questions", "checks", "what it takes"], rows)]


def _decisions(told: View, most: int) -> Iterator[str]:
    if told.waivers:
        yield f"## Waivers: {len(told.waivers)}\n"
        head = ["state", "id", "check", "target", "reason", "owner", "expires", "findings"]
        cells = (
            [w.state.replace("_", " "), *_words(w.id, w.check, w.target, w.reason, w.owner, w.expires), str(w.findings)]
            for w in told.waivers[:most]
        )
        yield gfm.table(head, cells)
        yield from _rest(told.waivers, most, "waiver", "waivers")
    if told.attestations:
        yield f"## Attestations: {len(told.attestations)}\n"
        rows = (
            [a.state, "holds" if a.holds else "does not hold", *_words(a.check, a.target, a.by, a.reference, a.expires)]
            for a in told.attestations[:most]
        )
        yield gfm.table(["state", "says", "check", "target", "by", "reference", "expires"], rows)
        yield from _rest(told.attestations, most, "attestation", "attestations")


def _words(*texts: str) -> list[str]:
    return [words(t, cell=True) for t in texts]
