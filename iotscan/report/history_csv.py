"""The history as CSV for spreadsheets, one table at a time; cells are guarded as in :mod:`iotscan.report.csv`."""

import csv
import io
from collections.abc import Callable, Iterable, Mapping
from types import MappingProxyType

from iotscan.model.history import History
from iotscan.report.csv import guarded
from iotscan.report.words import clean

Rows = Iterable[tuple[object, ...]]
SEVERITIES = ("critical", "high", "medium", "low", "info")


def _runs(history: History) -> Rows:
    yield (
        "run",
        "started",
        "finished",
        "command",
        "status",
        "profile",
        "grade",
        "assessed",
        "total",
        *SEVERITIES,
        "accepted",
    )
    for r in history.runs:
        counts = (r.findings.get(severity, 0) for severity in SEVERITIES)
        yield r.run, r.at, r.finished, r.command, r.status, r.profile, r.shown, r.assessed, r.total, *counts, r.accepted


def _devices(history: History) -> Rows:
    yield "device", "kind", "name", "first seen", "last seen", "runs", "addresses", "grade"
    for d in history.devices:
        places = " ".join(a.address for a in d.addresses)
        yield d.id, d.kind, d.label, d.first_seen, d.last_seen, d.runs, places, d.sights[-1].shown


def _keys(history: History) -> Rows:
    heads = "device", "name", "service", "opening", "kind", "algorithm", "sha256", "first seen", "last seen", "runs"
    yield *heads, "certificate", "serial", "not before", "not after"
    for d in history.devices:
        for k in d.keys:
            seen = k.first_seen, k.last_seen, k.runs
            what = d.id, d.label, k.service, k.opening, k.kind, k.algorithm, k.key
            yield *what, *seen, k.certificate, k.serial, k.not_before, k.not_after


def _findings(history: History) -> Rows:
    yield "fingerprint", "check", "severity", "status", "first seen", "last seen", "runs"
    for f in history.findings:
        yield f.fingerprint, f.check, f.severity, f.status, f.first_seen, f.last_seen, f.runs


TABLES: Mapping[str, Callable[[History], Rows]] = MappingProxyType(
    {"runs": _runs, "devices": _devices, "keys": _keys, "findings": _findings}
)


def render(history: History, table: str) -> str:
    """One of :data:`TABLES`: a header line and one line an entry; lines end in CR LF."""
    out = io.StringIO()
    writer = csv.writer(out, quoting=csv.QUOTE_ALL, lineterminator="\r\n")
    writer.writerows([guarded(clean(str(cell), 1000)) for cell in row] for row in TABLES[table](history))
    return out.getvalue()
