"""The history for a person: runs, one of them, a device, the trend. Plain lines, a bar where a terminal draws."""

from collections.abc import Iterable, Iterator, Sequence

from iotscan.model.history import HistoryDevice, HistoryRun, Rotation, RunDetail, Sight, Trend
from iotscan.model.material import TrendPoint
from iotscan.model.sighting import KeySighting
from iotscan.report.words import NOTHING, clean, counted

SEVERITIES = ("critical", "high", "medium", "low", "info")
SHORT = 12
"""Hex digits of a key that a person reads."""
WIDTH = 20
"""Characters of a bar."""


def table(rows: Iterable[Sequence[str]]) -> Iterator[str]:
    """Rows as lines, their cells under one another; the first is the heading."""
    cells = [[clean(cell, 60) for cell in row] for row in rows]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    for row in cells:
        yield "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()


def runs_text(runs: Sequence[HistoryRun]) -> str:
    """One line a run, oldest first."""
    heads = ("RUN", "STARTED", "COMMAND", "STATUS", "SEEN", "GRADE", *(s.upper() for s in SEVERITIES), "ASSESSED")
    return _lines(table((heads, *map(_run_row, runs)))) if runs else "no runs yet: iotscan scan makes the first\n"


def _run_row(run: HistoryRun) -> tuple[str, ...]:
    counts = (str(run.findings.get(s, 0)) if run.total else NOTHING for s in SEVERITIES)
    seen = str(run.devices + run.images)
    return (run.run, minute(run.at), run.command, run.status, seen, run.shown or NOTHING, *counts, _share(run))


def run_text(detail: RunDetail) -> str:
    """A run, who was in it, and the keys that were others than in the run before."""
    return _lines(_run_lines(detail))


def _run_lines(detail: RunDetail) -> Iterator[str]:
    run = detail.run
    yield f"run: {clean(run.run)}, iotscan {clean(run.command)}, {clean(run.status)}, {minute(run.at)}"
    yield f"judged: by profile {clean(run.profile)}, iotscan {clean(run.tool)}, as of {clean(run.as_of)}"
    graded = f"{run.shown or NOTHING}, {_share(run)} of {counted(run.total, 'question')} assessed"
    yield f"grade: {graded}; {_found(run.findings)}; {run.accepted} accepted"
    yield ""
    heads = ("ID", "NAME", "ADDRESS", "GRADE", "ASSESSED", "KNOWN BY")
    rows = ((s.id, s.label, s.address, s.shown or NOTHING, _share(s), s.known_by or "new") for s in detail.sights)
    yield from table((heads, *rows))
    yield ""
    if not detail.previous:
        yield "keys: no earlier run saw any of these devices: nothing to compare"
        return
    yield f"keys: {counted(len(detail.rotations), 'service')} with another key than in {clean(detail.previous)}"
    names = {sight.id: sight for sight in detail.sights}
    yield from (f"  rotated: {_rotation(rotation, names)}" for rotation in detail.rotations)
    for rotation in detail.at_addresses:
        yield f"  another key: {_rotation(rotation, names)}: rotated, or it is another device"


def _rotation(rotation: Rotation, names: dict[str, Sight]) -> str:
    sight = names[rotation.owner]
    where = f"{clean(sight.address or sight.label)} {clean(rotation.service)} {rotation.kind}"
    return f"{where}: {_keys(rotation.before)} -> {_keys(rotation.after)}"


def _keys(keys: Iterable[str]) -> str:
    return ", ".join(clean(key)[:SHORT] for key in keys)


def devices_text(devices: Sequence[HistoryDevice], *, with_coverage: bool = False) -> str:
    """Devices over all runs: where they were, by what they are known, their keys and letters."""
    return "\n".join(_lines(_device_lines(device, with_coverage)) for device in devices)


def _device_lines(device: HistoryDevice, with_coverage: bool) -> Iterator[str]:
    yield f"{device.kind}: {clean(device.label)} ({clean(device.id)})"
    yield f"seen: in {counted(device.runs, 'run')}, first {minute(device.first_seen)}, last {minute(device.last_seen)}"
    if device.addresses:
        yield ""
        spans = ((a.address, minute(a.first_seen), minute(a.last_seen), str(a.runs)) for a in device.addresses)
        yield from table((("ADDRESS", "FIRST SEEN", "LAST SEEN", "RUNS"), *spans))
    if device.marks:
        yield ""
        yield from (f"known by: {clean(m.kind)} {clean(m.value)}, until {clean(m.last_run)}" for m in device.marks)
    yield ""
    if device.keys:
        columns = ("SERVICE", "KEY", "SHA-256", "FIRST SEEN", "LAST SEEN", "RUNS", "CERTIFICATE UNTIL")
        yield from table((columns, *map(_key_row, device.keys)))
    else:
        yield "keys: none was seen"
    yield ""
    heads = ("RUN", "STARTED", "GRADE", *(("ASSESSED", "QUESTIONS") if with_coverage else ()), "ADDRESS", "KNOWN BY")
    yield from table((heads, *(_sight_row(sight, with_coverage) for sight in device.sights)))


def _key_row(key: KeySighting) -> tuple[str, ...]:
    service = f"{key.service} {key.opening}".strip()
    until = key.not_after[:10] or NOTHING
    seen = minute(key.first_seen), minute(key.last_seen)
    return service, f"{key.kind} {key.algorithm}", key.key[:SHORT], *seen, str(key.runs), until


def _sight_row(sight: Sight, with_coverage: bool) -> tuple[str, ...]:
    coverage = (_share(sight), str(sight.total)) if with_coverage else ()
    return sight.run, minute(sight.at), sight.shown or NOTHING, *coverage, sight.address, sight.known_by or NOTHING


def trend_text(trend: Trend, *, is_drawn: bool = False) -> str:
    """Run after run, oldest first. Drawn, the open findings have bars, of equal scale."""
    if not trend.points:
        return "no run has judged anything yet: iotscan scan makes the first\n"
    most = max(sum(point.findings.values()) for point in trend.points)
    heads = ("RUN", "STARTED", "GRADE", *(s.upper() for s in SEVERITIES), "ASSESSED", "NEW", "FIXED", "KEYS ROTATED")
    bars = ("FINDINGS",) if is_drawn else ()
    rows = (_point_row(p, number, most, is_drawn) for number, p in enumerate(trend.points))
    doubts = ["note: ? is another key at an address where nothing shows whether the device is the same"]
    notes = [f"note: {clean(note, 400)}" for note in trend.notes]
    notes += doubts if any(point.rotated_perhaps for point in trend.points) else []
    return _lines([*table(((*heads, *bars), *rows)), *notes])


def _point_row(point: TrendPoint, number: int, most: int, is_drawn: bool) -> tuple[str, ...]:
    counts = (str(point.findings.get(s, 0)) for s in SEVERITIES)
    since = (str(point.added), str(point.fixed)) if point.is_compared else (NOTHING, NOTHING)
    rotated = f"{point.rotated}{f' + {point.rotated_perhaps}?' * bool(point.rotated_perhaps)}" if number else NOTHING
    drawn = (_bar(sum(point.findings.values()), most),) if is_drawn else ()
    return point.run, minute(point.at), point.shown or NOTHING, *counts, _share(point), *since, rotated, *drawn


def _bar(number: int, most: int) -> str:
    return "█" * round(WIDTH * number / most) if most else ""


def _share(of: HistoryRun | Sight | TrendPoint) -> str:
    return f"{100 * of.assessed // of.total} %" if of.total else NOTHING


def _found(findings: dict[str, int]) -> str:
    found = (f"{findings[s]} {s}" for s in SEVERITIES if findings.get(s))
    return ", ".join(found) or "no findings"


def minute(at: str) -> str:
    """``2026-11-27 00:54``: a time as a person reads it (UTC)."""
    return clean(at, 40).replace("T", " ")[:16]


def _lines(lines: Iterable[str]) -> str:
    return "".join(f"{line}\n" for line in lines)
