"""The runs of which a joined run was made: each with its own time, authority and limits."""

from datetime import datetime
from typing import Final

import msgspec

from iotscan.model.capture import Capture
from iotscan.model.run import Part, Run
from iotscan.report.audit.times import moment
from iotscan.report.audit.told import Told
from iotscan.report.document import Cell, Column, Table, cell
from iotscan.report.record import about
from iotscan.report.words import NOTHING, clean, counted, listed

KINDS: Final = {"scan": "Scan", "discover": "List of devices", "image": "Image", "traffic": "Traffic"}
_MOST: Final = 20


def told_of(told: Told, part: Part) -> Told:
    """What the sections of a run read, for a part of it: how it was made, and nothing that it saw."""
    run = msgspec.structs.replace(
        told.run,
        id=part.id,
        tool=part.tool,
        command=part.command,
        status=part.status,
        started=part.started,
        finished=part.finished,
        targets=part.targets,
        scope=part.scope,
        scope_sha256=part.scope_sha256,
        profile=part.profile,
        ways=part.ways,
        own=part.own,
        parts=(),
        notices=(),
        attempts=(),
        audit_root=part.audit_root,
    )
    return Told(run=run, view=msgspec.structs.replace(told.view, about=about(run)), material=told.material)


def name(part: Part) -> str:
    """``Traffic of 27 November 2026, 07:22 UTC``: when it was seen, not when a file of it was read."""
    seen = min((c.first for c in part.captures if c.first), default=part.started)
    return f"{KINDS[part.command]} of {moment(seen)}"


def made(run: Run) -> Table:
    """One row for each run that was joined: what was done, when, with what."""
    return Table(
        id="method-runs",
        caption="The runs that are joined here",
        columns=(
            Column(title="Run", weight=2.2, kind="code"),
            Column(title="What was done", weight=3),
            Column(title="Began", weight=1.6),
            Column(title="Ended", weight=1.6),
            Column(title="Of what", weight=3),
            Column(title="What it looked at", weight=3),
            Column(title="Tool", weight=1.2),
        ),
        rows=tuple(map(_row, run.parts)),
    )


def _row(part: Part) -> tuple[Cell, ...]:
    is_whole = part.status == "complete"
    ended = moment(part.finished) if part.finished else "it did not end"
    return (
        cell(clean(part.id, 60)),
        cell(done(part.command)),
        cell(moment(part.started)),
        cell(ended if is_whole else f"{ended}, before everything was looked at", "" if is_whole else "warn"),
        cell(listed([clean(t, 120) for t in part.targets], _MOST) or NOTHING),
        cell("; ".join(_seen(part)) or NOTHING),
        cell(clean(f"{part.tool.name} {part.tool.version}", 40)),
    )


def done(command: str) -> str:
    """What a run of this kind does."""
    return {
        "scan": "devices were looked for, asked and judged, over the network",
        "discover": "devices were looked for, over the network",
        "image": "firmware images were read as files; nothing was run and nothing was sent",
        "traffic": "recorded traffic was read; nothing was sent",
    }[command]


def _seen(part: Part) -> list[str]:
    seen = [counted(part.devices, "device")] if part.command != "image" else []
    seen += [f"image {clean(n, 80)}" for n in part.images[:_MOST]]
    return seen + [capture(c) for c in part.captures[:_MOST]]


def capture(one: Capture) -> str:
    """``gateway.pcap: 44 frames in 2 s``."""
    lost = one.lost_frames + one.unread_frames + one.cut_frames
    more = f", {counted(lost, 'frame')} of them lost, cut or not read" if lost else ""
    problem = f"; it could not be read to its end: {clean(one.problem, 120)}" if one.problem else ""
    return f"{clean(one.source, 120)}: {counted(one.frames, 'frame')}{_span(one)}{more}{problem}"


def _span(one: Capture) -> str:
    try:
        seconds = (datetime.fromisoformat(one.last) - datetime.fromisoformat(one.first)).total_seconds()
    except (ValueError, TypeError):
        return ""
    return f" in {seconds:,.0f} s, from {moment(one.first)}"
