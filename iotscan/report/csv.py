"""CSV for spreadsheets: every result one row, whatever its outcome (RFC 4180); of an inventory every device.

A cell that a spreadsheet would take for a formula gets an apostrophe in front (CWE-1236); every cell is quoted.
Filter by ``outcome`` first: a row is a finding only where it says ``fail`` (``waived`` where a waiver covers it).
"""

import csv
import io
from collections.abc import Callable

from iotscan.model.run import Run
from iotscan.model.vocabulary import Outcome
from iotscan.report.inventory import Entry, entries, is_inventory
from iotscan.report.rows import Row, rows
from iotscan.report.words import clean

FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
"""What a spreadsheet takes for the start of a formula (OWASP, "CSV injection"), full-width forms too."""


def render(run: Run) -> str:
    """A header line and one line a result or device, each with the run's redaction level; lines end in CR LF."""
    out = io.StringIO()
    writer = csv.writer(out, quoting=csv.QUOTE_ALL, lineterminator="\r\n")
    if is_inventory(run):
        writer.writerow([*(name for name, _ in DEVICE_COLUMNS), "redaction"])
        writer.writerows([*(guarded(of(e)) for _, of in DEVICE_COLUMNS), run.redaction] for e in entries(run))
        return out.getvalue()
    writer.writerow([*(name for name, _ in COLUMNS), "redaction"])
    writer.writerows([*(guarded(cell(row)) for _, cell in COLUMNS), run.redaction] for row in rows(run))
    return out.getvalue()


def guarded(cell: str) -> str:
    """``cell`` as text for a spreadsheet. Undo: take one apostrophe off where such a character follows."""
    return f"'{cell}" if cell.lstrip(" '").startswith(FORMULA) else cell


def _outcome(row: Row) -> str:
    return "waived" if row.outcome is Outcome.FAIL and row.waiver else row.outcome.value


COLUMNS: tuple[tuple[str, Callable[[Row], str]], ...] = (
    ("outcome", _outcome),
    ("severity", lambda r: r.severity.value),
    ("check", lambda r: r.check),
    ("element", lambda r: r.result.element.value),
    ("title", lambda r: r.title),
    ("name", lambda r: r.label),
    ("device", lambda r: clean(r.result.subject.device)),
    ("address", lambda r: clean(r.result.subject.address)),
    ("service", lambda r: clean(r.result.subject.service)),
    ("image", lambda r: clean(r.result.subject.image)),
    ("path", lambda r: clean(r.result.subject.path, 1000)),
    ("line", lambda r: str(r.result.subject.line or "")),
    ("summary", lambda r: r.summary),
    ("observed", lambda r: r.observed),
    ("expected", lambda r: r.expected),
    ("why", lambda r: r.why),
    ("remedy", lambda r: r.remedy),
    ("fix", lambda r: r.fix),
    ("reproduce", lambda r: r.reproduce),
    ("confidence", lambda r: r.result.confidence.value),
    ("vantage", lambda r: r.result.vantage.value),
    ("variant", lambda r: clean(r.result.variant)),
    ("waiver", lambda r: r.waived),
    ("baseline", lambda r: r.result.baseline),
    ("clauses", lambda r: "; ".join(r.clauses)),
    ("fingerprint", lambda r: r.fingerprint),
    ("asset", lambda r: r.asset),
)
"""Columns and what stands in them. New ones are added at the end."""
DEVICE_COLUMNS: tuple[tuple[str, Callable[[Entry], str]], ...] = (
    ("address", lambda e: e.address),
    ("other addresses", lambda e: " ".join(e.others)),
    ("mac", lambda e: e.mac),
    ("name", lambda e: e.name),
    ("kind", lambda e: e.kind),
    ("vendor", lambda e: e.vendor),
    ("model", lambda e: e.model),
    ("software", lambda e: "; ".join(e.software)),
    ("services", lambda e: "; ".join(e.services)),
    ("found by", lambda e: "; ".join(e.found_by)),
    ("remarks", lambda e: "; ".join(e.remarks)),
    ("one device", lambda e: e.oneness),
)
"""Of an inventory; ``--from-file`` reads the first one back. New ones are added at the end."""
