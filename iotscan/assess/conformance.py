"""What a run says about each clause of a standard: evidence for it, against it, none, or that only papers tell. Pure.

Evidence towards a clause, never a statement of conformity: a check looks at what can be seen of a clause, not at all of
it. Only results that were assessed count, and a fail anywhere outweighs every pass.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping

from iotscan.data.standards import Standard, WrittenClause
from iotscan.model.material import ClauseRow, StandardTable
from iotscan.model.run import Run
from iotscan.model.vocabulary import Outcome

Cited = tuple[str, str, str]
"""Standard, edition, id."""
_OPEN = (Outcome.NOT_ASSESSED, Outcome.ERROR)


def conformance(run: Run, standards: Iterable[Standard]) -> tuple[StandardTable, ...]:
    """One table for each standard; clauses in the order of the standard."""
    citing: defaultdict[Cited, set[str]] = defaultdict(set)
    for check in run.checks:
        for clause in check.clauses:
            citing[clause.standard, clause.edition, clause.id].add(check.id)
    counts = _counted(run)
    return tuple(
        StandardTable(
            standard=s.standard,
            edition=s.edition,
            title=s.title,
            note=s.note,
            rows=tuple(_row(c, _checks(s, c, citing), counts) for c in s.clauses),
        )
        for s in standards
    )


def _counted(run: Run) -> Mapping[str, list[int]]:
    """Check -> how often it passed, failed, stayed open; what the profile left out is none of them."""
    counts: defaultdict[str, list[int]] = defaultdict(lambda: [0, 0, 0])
    for result in run.results:
        if result.outcome is Outcome.PASS:
            counts[result.check][0] += 1
        elif result.outcome is Outcome.FAIL:
            counts[result.check][1] += 1
        elif result.outcome in _OPEN and not (result.reason and result.reason.is_of_the_profile):
            counts[result.check][2] += 1
    return counts


def _checks(standard: Standard, clause: WrittenClause, citing: Mapping[Cited, set[str]]) -> tuple[str, ...]:
    """The checks that cite a clause, under its own id or under those of the edition that counts here, too."""
    found = set(citing.get((standard.standard, standard.edition, clause.id), ()))
    other = standard.counts_from
    if other is not None:
        ids = clause.also or ((clause.id,) if other.standard == standard.standard else ())
        found = found.union(*(citing.get((other.standard, other.edition, name), ()) for name in ids))
    return tuple(sorted(found))


def _row(clause: WrittenClause, checks: tuple[str, ...], counts: Mapping[str, list[int]]) -> ClauseRow:
    passed, failed, still = (sum(counts[c][n] for c in checks if c in counts) for n in range(3))
    against = tuple(c for c in checks if c in counts and counts[c][1])
    return ClauseRow(
        id=clause.id,
        title=clause.title,
        state="against" if failed else "documents" if clause.documents else "for" if passed else "not assessed",
        passed=passed,
        failed=failed,
        open=still,
        checks=checks,
        against=against,
    )
