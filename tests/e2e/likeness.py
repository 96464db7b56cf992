"""When two scans say the same."""

from collections import Counter

from iotscan.model.run import Run

Key = tuple[str, str, str, int]


def said(run: Run) -> dict[Key, tuple[str, ...]]:
    """What a run says of each subject and check, without the ids of what that rests on.

    Numbered where a check says several things of one subject: a place in the whole list would move with every other.
    """
    found: dict[Key, tuple[str, ...]] = {}
    numbers: Counter[tuple[str, str, str]] = Counter()
    for r in run.results:
        place = (str(r.subject), r.check, r.variant)
        numbers[place] += 1
        found[*place, numbers[place]] = (
            r.outcome,
            r.severity,
            r.confidence,
            r.summary,
            r.observed,
            r.expected,
            r.reproduce,
            r.shows,
            str(r.reason),
            r.detail,
            r.remedy,
            r.fingerprint,
        )
    return found


def differences(one: Run, other: Run) -> list[tuple[object, object]]:
    """The first few places where two runs differ in results, in grades, in the verdict or in their devices."""
    left, right = said(one), said(other)
    found: list[tuple[object, object]] = [
        ((key, left.get(key)), right.get(key)) for key in {**left, **right} if left.get(key) != right.get(key)
    ]
    if one.grades != other.grades:
        found.append((one.grades.network, other.grades.network))
    if one.verdict != other.verdict:
        found.append((one.verdict, other.verdict))
    known = [[(d.label, d.addresses, d.services) for d in run.devices] for run in (one, other)]
    found += [(a, b) for a, b in zip(*known, strict=False) if a != b]
    return found[:8]
