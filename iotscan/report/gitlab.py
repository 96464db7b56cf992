"""GitLab code quality: an array of issues, each with a path and a line.

Source: GitLab Docs, "Code Quality" (import): ``description``, ``check_name``, ``fingerprint``, ``severity``,
``location.path`` (relative) and ``location.lines.begin`` (at least 1). Of two with one fingerprint GitLab shows the
first. It knows no waivers, so that waived findings are left out, and no gaps: an incomplete run is an issue of its
own, else a run that reached nobody would show as all clear. It has no place for the redaction level, either.
"""

import hashlib
from collections.abc import Iterator
from typing import Any

from iotscan.model.run import Run
from iotscan.model.vocabulary import Outcome, Severity
from iotscan.report.json import document
from iotscan.report.rows import Row, rows, shortfall
from iotscan.report.uris import ROOT

SEVERITIES = {
    Severity.CRITICAL: "blocker",
    Severity.HIGH: "critical",
    Severity.MEDIUM: "major",
    Severity.LOW: "minor",
    Severity.INFO: "info",
}
"""GitLab's five from the worst down."""


def render(run: Run) -> str:
    """The findings that no waiver covers, most severe first."""
    short = shortfall(run)
    about_run = [
        _issue(
            f"The run is incomplete, so that a missing issue may not be fixed: {short}",
            "incomplete-run",
            "major",
            f"{ROOT}/run",
            1,
            "",
        )
    ]
    return document([*(about_run if short else ()), *_findings(rows(run))])


def _findings(every: tuple[Row, ...]) -> Iterator[dict[str, Any]]:
    for row in every:
        if row.outcome is Outcome.FAIL and not row.waiver:
            text = f"{row.sentence} {row.fix}".strip()
            yield _issue(text, row.check, SEVERITIES[row.severity], row.uri, row.line, row.fingerprint)


def _issue(text: str, check: str, severity: str, uri: str, line: int, mark: str) -> dict[str, Any]:
    return {
        "description": text,
        "check_name": check,
        "fingerprint": mark or hashlib.sha256(f"{check}\x1f{uri}".encode()).hexdigest()[:16],
        "severity": severity,
        "location": {"path": uri, "lines": {"begin": line}},
    }
