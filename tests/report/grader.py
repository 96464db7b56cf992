"""A second, naive grader: reference/grading.md word for word, so that the example's letters are true."""

from collections import Counter
from collections.abc import Iterable

from msgspec.structs import replace

from iotscan.model.grade import LETTERS, Coverage, Grade, Gradebook, Grades, Letter, Repair, Unknown
from iotscan.model.result import Result
from iotscan.model.vocabulary import Element, Outcome, Severity

UNKNOWN = (Outcome.NOT_ASSESSED, Outcome.ERROR)


def letter(severities: Iterable[Severity]) -> Letter:
    n = Counter(severities)
    if n[Severity.CRITICAL] or n[Severity.HIGH] > 3:
        return "F"
    if n[Severity.HIGH] >= 2:
        return "E"
    if n[Severity.HIGH] or n[Severity.MEDIUM] > 3:
        return "D"
    if n[Severity.MEDIUM] or n[Severity.LOW] > 3:
        return "C"
    return "B" if n[Severity.LOW] else "A"


def shown(best: Letter, worst: Letter, coverage: Coverage) -> str:
    if not coverage.assessed or (best == "A" and coverage.ratio < 0.5):
        return "–"
    return best if best == worst else f"≤{best}"


def grade_element(results: list[Result]) -> Grade:
    by_check: dict[str, Result] = {}
    for r in results:
        if r.severity is Severity.INFO:
            continue
        if r.check not in by_check or r.outcome.weight > by_check[r.check].outcome.weight:
            by_check[r.check] = r
    fails = [r.severity for r in by_check.values() if r.is_finding]
    unknown = [r.severity for r in by_check.values() if r.outcome in UNKNOWN]
    passes = sum(r.outcome is Outcome.PASS for r in by_check.values())
    coverage = Coverage(assessed=len(fails) + passes, unknown=len(unknown))
    best, worst = letter(fails), letter(fails + unknown)
    return Grade(best=best, worst=worst, shown=shown(best, worst, coverage), coverage=coverage)


def book(owner: str, results: list[Result]) -> Gradebook:
    made = grade_all(owner, results)
    caps: list[Result] = []
    for element in Element:
        failed = [r for r in results if r.element is element and r.is_finding and r.severity is not Severity.INFO]
        if failed and made.elements[element.value].best == made.best:
            top = max(r.severity.rank for r in failed)
            caps += [r for r in failed if r.severity.rank == top]
    return _with(made, results, caps)


def grade_all(owner: str, results: list[Result]) -> Gradebook:
    elements = {e.value: grade_element([r for r in results if r.element is e]) for e in Element}
    best = max(g.best for g in elements.values())
    worst = max(g.worst for g in elements.values())
    coverage = Coverage(
        assessed=sum(g.coverage.assessed for g in elements.values()),
        unknown=sum(g.coverage.unknown for g in elements.values()),
    )
    graded = sum(g.shown != "–" for g in elements.values())
    seen = "–" if not graded else best if best == worst else f"≤{best}"
    return Gradebook(
        owner=owner, best=best, worst=worst, shown=seen, coverage=coverage, elements=elements, graded_elements=graded
    )


def _with(made: Gradebook, results: list[Result], caps: list[Result]) -> Gradebook:
    raises: list[Repair] = []
    gone: set[str] = set()
    ranked = sorted((r for r in results if r.is_finding), key=lambda r: (-r.severity.rank, r.check, str(r.subject)))
    reached = made.best
    for r in ranked:
        gone.add(r.fingerprint)
        best = grade_all("", [x for x in results if x.fingerprint not in gone]).best
        if best < reached and len(raises) < 2:
            reached = best
            raises.append(Repair(reaches=best, findings=tuple(sorted(gone))))
    return replace(
        made,
        caps=tuple(sorted(r.fingerprint for r in caps)),
        raises=tuple(raises),
        narrow=tuple(
            Unknown(check=r.check, severity=r.severity.value, reason=(r.reason or "error"), remedy=r.remedy)
            for r in sorted(results, key=lambda r: (-r.severity.rank, r.check))
            if r.outcome in UNKNOWN
        ),
    )


def network(books: dict[str, Gradebook], results: list[Result]) -> Gradebook:
    whole = grade_all("network", results)
    elements = {}
    for e in Element:
        parts = [b.elements[e.value] for b in books.values()]
        coverage = Coverage(
            assessed=sum(p.coverage.assessed for p in parts), unknown=sum(p.coverage.unknown for p in parts)
        )
        best, worst = max(p.best for p in parts), max(p.worst for p in parts)
        elements[e.value] = Grade(best=best, worst=worst, shown=shown(best, worst, coverage), coverage=coverage)
    best, worst = max(b.best for b in books.values()), max(b.worst for b in books.values())
    caps = {f for b in books.values() if b.best == best and best != "A" for f in b.caps}
    made = _with(whole, results, [r for r in results if r.fingerprint in caps])
    return replace(
        made,
        best=best,
        worst=worst,
        shown=best if best == worst else f"≤{best}",
        coverage=Coverage(
            assessed=sum(b.coverage.assessed for b in books.values()),
            unknown=sum(b.coverage.unknown for b in books.values()),
        ),
        elements=elements,
        raises=tuple(r for r in made.raises if r.reaches in LETTERS),
        letters=dict(Counter(b.shown for b in books.values())),
        not_assessed=sum(b.shown == "–" for b in books.values()),
    )


def grade(results: list[Result], devices: list[str], images: list[str]) -> Grades:
    def mine(owner: str) -> list[Result]:
        return [r for r in results if r.subject.owner == owner]

    books = {d: book(d, mine(d)) for d in devices}
    return Grades(
        network=network(books, results) if books else None,
        devices=books,
        images={i: book(i, mine(i)) for i in images},
    )
