"""What is well, in a few lines: questions that mattered and were answered well wherever they were."""

from collections import defaultdict
from typing import Final

from iotscan.model.run import Run
from iotscan.model.vocabulary import Outcome
from iotscan.report.words import clean, listed

_MOST: Final = 4


def strengths(run: Run) -> tuple[str, ...]:
    """The gravest questions that passed and failed nowhere, with where; those answered most often first."""
    failed = {r.check for r in run.results if r.outcome is Outcome.FAIL}
    passed: defaultdict[str, set[str]] = defaultdict(set)
    for result in run.results:
        if result.outcome is Outcome.PASS and result.check not in failed:
            passed[result.check].add(result.subject.owner)
    known, images = {c.id: c for c in run.checks}, {i.id for i in run.images}
    good = [(known[c], owners) for c, owners in passed.items() if c in known]
    good.sort(key=lambda each: (-each[0].severity.rank, -len(each[1]), each[0].id))
    return tuple(f"{clean(info.title, 200)} ({_where(owners, images)})." for info, owners in good[:_MOST])


def _where(owners: set[str], images: set[str]) -> str:
    counts = {"device": len(owners - images), "image": len(owners & images)}
    words = {1: "the one {}", 2: "both {}s"}
    said = [words.get(n, f"all {n:,} {{}}s").format(noun) for noun, n in counts.items() if n]
    return f"on {listed(said)} where it could be asked"
