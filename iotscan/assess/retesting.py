"""What became of each finding since the audit before: the retest status that a report states. Pure."""

from collections.abc import Iterator, Mapping
from typing import Final

from iotscan.model.comparison import Change, Comparison, What
from iotscan.model.material import Retest, RetestStatus
from iotscan.model.run import Run

_STATUS: Final[Mapping[What, RetestStatus]] = {
    "added": "new",
    "changed": "changed",
    "fixed": "fixed",
    "no_longer_assessed": "not retested",
    "unchanged": "open",
}


def retests(told: Comparison, run: Run, first_seen: Mapping[str, str] | None = None) -> dict[str, Retest]:
    """Fingerprint -> what became of it. Those that the run does not have any more go by that of the run before.

    A finding that somebody answers for is *accepted*, whatever else it is. ``first_seen`` are the times of a history
    by fingerprint; without it, what both runs have was first seen in the earlier one at the latest.
    """
    waived = {r.fingerprint for r in run.results if r.is_finding and r.waiver}
    return dict(_each(told, run, waived, first_seen or {}))


def _each(told: Comparison, run: Run, waived: set[str], first_seen: Mapping[str, str]) -> Iterator[tuple[str, Retest]]:
    # What is here comes last: it goes before what an earlier run had by the same fingerprint.
    for change in sorted(told.changes, key=lambda c: bool(c.fingerprint)):
        name = change.fingerprint or change.fingerprint_before
        if not name:
            continue
        status = "accepted" if change.fingerprint in waived else _STATUS[change.what]
        yield name, Retest(status=status, since=_since(change, told, run, first_seen), note=change.note)


def _since(change: Change, told: Comparison, run: Run, first_seen: Mapping[str, str]) -> str:
    """The day on which it was first seen."""
    known = [first_seen[f] for f in (change.fingerprint, change.fingerprint_before) if f and f in first_seen]
    seen = run.started if change.what == "added" else told.old.started
    return min((*known, seen))[:10]
