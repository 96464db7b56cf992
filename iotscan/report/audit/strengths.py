"""What is well, in a few lines: questions that mattered and were answered well wherever they were."""

from collections import Counter
from typing import Final

from iotscan.model.run import Run
from iotscan.model.vocabulary import Outcome
from iotscan.report.words import clean

_MOST: Final = 4


def strengths(run: Run) -> tuple[str, ...]:
    """The gravest questions that passed and failed nowhere, with where; those answered most often first."""
    passed: Counter[str] = Counter()
    failed: set[str] = set()
    seen: set[tuple[str, str]] = set()
    for result in run.results:
        if result.outcome is Outcome.FAIL:
            failed.add(result.check)
        if result.outcome is Outcome.PASS and (key := (result.check, result.subject.owner)) not in seen:
            seen.add(key)
            passed[result.check] += 1
    known = {c.id: c for c in run.checks}
    good = [(known[c], n) for c, n in passed.items() if c not in failed and c in known]
    good.sort(key=lambda each: (-each[0].severity.rank, -each[1], each[0].id))
    noun = "image" if run.images and not run.devices else "device"
    return tuple(f"{clean(info.title, 200)} ({_where(n, noun)})." for info, n in good[:_MOST])


def _where(count: int, noun: str) -> str:
    return (
        f"on the one {noun} where it could be asked"
        if count == 1
        else f"on all {count:,} {noun}s where it could be asked"
    )
