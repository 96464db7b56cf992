"""What an audit report tells beyond its run, put together from what the user gave and what can be worked out."""

import os
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from iotscan.cli.made_with import made_with
from iotscan.model.brand import Brand
from iotscan.model.material import Edition, Material

if TYPE_CHECKING:
    from iotscan.cli.audits_before import Redact
    from iotscan.model.run import Run


class Extras(msgspec.Struct, frozen=True, kw_only=True):
    """The options of ``iotscan report`` that shape the document."""

    brand: Brand = Brand()
    title: str = ""
    is_final: bool = False
    previous: "Run | None" = None
    """The audit before: fills the retest status."""
    editions: tuple[Edition, ...] = ()
    recipients: tuple[str, ...] = ()
    judgement: tuple[str, ...] = ()
    run_sha256: str = ""
    command_line: str = ""
    """How the scan was started, without secrets; it may name what is private."""
    output: Path | None = None
    """Where runs and their history are kept: for the trend."""


def gather(run: "Run", extras: Extras, original: "Run", redact: "Redact") -> Material:
    """The material of a report on ``run``, which is redacted already. ``original`` is the same run before that: who is
    who in the audit before is told by what redaction may hide, so that only what comes out of it is redacted.
    """
    from iotscan.assess.conformance import conformance
    from iotscan.assess.proposing import propose
    from iotscan.assess.retesting import retests
    from iotscan.assess.roadmap import roadmaps
    from iotscan.cli.audits_before import compared_with, remembered
    from iotscan.data.remedies import load_programs
    from iotscan.data.standards import our_standards

    # A command line names networks and files: what is fit to be passed on does without it.
    command_line = extras.command_line if run.redaction != "strict" else ""
    comparison = compared_with(extras.previous, original, redact) if extras.previous is not None else None
    trend, first_seen = remembered(original, extras.output)
    return Material(
        made=today().isoformat(),
        is_final=extras.is_final,
        title=extras.title,
        editions=extras.editions,
        recipients=extras.recipients,
        judgement=extras.judgement,
        run_sha256=extras.run_sha256,
        versions=made_with(command_line),
        brand=extras.brand,
        comparison=comparison,
        retests=retests(comparison, original, first_seen) if comparison is not None else {},
        trend=trend,
        remedies=propose(run, load_programs()),
        roadmaps=roadmaps(run),
        standards=conformance(run, our_standards()),
    )


def today() -> date:
    """The day of writing: of ``SOURCE_DATE_EPOCH`` where that is set, so that a report can be made again."""
    epoch = os.environ.get("SOURCE_DATE_EPOCH", "")
    moment = datetime.fromtimestamp(int(epoch), UTC) if epoch.isdecimal() else datetime.now(UTC)
    return moment.date()
