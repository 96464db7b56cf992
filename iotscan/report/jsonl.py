"""JSON Lines: one object a line, each saying what it is in ``record``. For ``jq``, ``grep`` and log pipelines.

First the run, then devices, images, results, grades, waivers, attestations, notices and, last, the verdict: a file
without that line was cut. Fields are those of the run file (schema ``iotscan/run@1``); evidence is there only.
"""

from collections.abc import Iterator
from typing import Any

import msgspec

from iotscan.model.run import Run
from iotscan.report.json import record
from iotscan.report.rows import rows, shortfall

SCHEMA = "iotscan/records@1"
_HEADER = (
    *("id", "tool", "status", "command", "started", "finished", "as_of", "targets", "scope", "scope_sha256"),
    *("profile", "baseline", "redaction", "audit_root"),
)


def render(run: Run) -> str:
    """The records of a run, results in the order of :func:`~iotscan.report.rows.rows`."""
    return "".join(record(r) for r in _records(run))


def _records(run: Run) -> Iterator[dict[str, Any]]:
    yield {"record": "run", "schema": SCHEMA} | {name: msgspec.to_builtins(getattr(run, name)) for name in _HEADER}
    for device in sorted(run.devices, key=lambda d: d.id):
        yield _record("device", device, label=device.label, cost=msgspec.to_builtins(run.costs.get(device.id)))
    for image in sorted(run.images, key=lambda i: i.id):
        yield _record("image", image)
    for row in rows(run):
        # What a line needs to be read alone: the name of the device, and what the check is about.
        yield _record("result", row.result, label=row.label, title=row.title)
    if run.grades.network:
        yield _record("grade", run.grades.network, kind="network")
    for kind, books in (("device", run.grades.devices), ("image", run.grades.images)):
        for owner in sorted(books):
            yield _record("grade", books[owner], kind=kind)
    for use in run.waivers:
        yield _record("waiver", use)
    for attestation in run.attestations:
        yield _record("attestation", attestation)
    for notice in run.notices:
        yield _record("notice", notice)
    if run.verdict:
        yield _record("verdict", run.verdict)
    else:
        yield {"record": "verdict", "complete": False, "gate": "none", "summary": shortfall(run)}


def _record(what: str, content: msgspec.Struct, **more: Any) -> dict[str, Any]:
    told: dict[str, Any] = msgspec.to_builtins(content)
    return {"record": what, **more} | told
