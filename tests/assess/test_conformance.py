"""Standards: no citation of a check gets lost, and a clause has evidence for it only where something passed."""

from msgspec.structs import replace

from iotscan.assess.conformance import conformance
from iotscan.assess.registry import load_checks
from iotscan.data.standards import our_standards
from iotscan.model.material import ClauseRow
from iotscan.model.result import Clause, Result
from iotscan.model.vocabulary import Outcome, Reason
from tests.assess.making import result
from tests.assess.test_roadmap import info, run_of

V3 = ("ETSI EN 303 645", "V3.1.3")
V2 = ("ETSI EN 303 645", "V2.1.1")


def row(found: list[Result], cited: str, wanted: tuple[str, str] = V3, id: str = "") -> ClauseRow:
    """What a run of one check that cites a clause of V3.1.3 says of a clause."""
    clause = Clause(standard=V3[0], edition=V3[1], id=cited)
    run = run_of(found, checks=(replace(info("c1"), clauses=(clause,)),))
    tables = {(t.standard, t.edition): t for t in conformance(run, our_standards())}
    return next(r for r in tables[wanted].rows if r.id == (id or cited))


def test_every_clause_that_a_check_cites_is_in_the_inventory():
    known = {(s.standard, s.edition, c.id) for s in our_standards() for c in s.clauses}
    inventoried = {(s.standard, s.edition) for s in our_standards()}
    cited = {(c.standard, c.edition, c.id) for check in load_checks().checks for c in check.info.clauses}
    assert {c for c in cited if c[:2] in inventoried} <= known


def test_the_inventories_are_those_that_the_report_promises():
    counts = {(s.standard, s.edition): len(s.clauses) for s in our_standards()}
    assert counts[V2] == 67
    assert counts[V3] == 78
    assert counts["OWASP IoT Top 10", "2018"] == 10
    assert counts["NIST IR 8425", "2022"] == 10
    assert counts["EU CRA (Regulation 2024/2847)", "2024"] == 14 + 8
    assert len(counts) == 8


def test_what_counts_from_another_edition_is_a_clause_of_it():
    known = {(s.standard, s.edition, c.id) for s in our_standards() for c in s.clauses}
    for standard in our_standards():
        other = standard.counts_from
        for clause in standard.clauses if other else ():
            assert other is not None
            own = (clause.id,) if other.standard == standard.standard else ()
            assert all((other.standard, other.edition, name) in known for name in clause.also or own)


def test_only_a_pass_without_a_fail_speaks_for_a_clause():
    good, bad = result("c1", Outcome.PASS), result("c1", device="d2")
    assert row([good], "5.5-1").state == "for"
    against = row([good, bad], "5.5-1")
    assert (against.state, against.passed, against.failed, against.against) == ("against", 1, 1, ("c1",))


def test_silence_speaks_for_nothing():
    still = result("c1", Outcome.NOT_ASSESSED)
    assert row([still], "5.5-1").state == "not assessed"
    assert row([still], "5.5-1").open == 1
    assert row([replace(still, outcome=Outcome.NOT_APPLICABLE, reason=None)], "5.5-1").open == 0
    assert row([replace(still, outcome=Outcome.ERROR, reason=Reason.PROBE_ERROR)], "5.5-1").open == 1
    assert row([replace(still, reason=Reason.EXCLUDED)], "5.5-1").open == 0
    assert row([], "5.5-1").state == "not assessed"


def test_a_clause_for_documents_is_never_answered_by_a_pass():
    assert row([result("c1", Outcome.PASS)], "5.2-1").state == "documents"
    assert row([result("c1")], "5.2-1").state == "against"


def test_the_older_edition_counts_what_the_newer_one_split():
    good = [result("c1", Outcome.PASS)]
    assert row(good, "5.6-4A", V2, "5.6-4").state == "for"
    assert row(good, "5.5-1", V2).state == "for"
    assert row(good, "5.6-4A", V2, "5.6-3").state != "for"


def test_a_check_that_cites_both_editions_counts_once():
    clauses = tuple(Clause(standard=s, edition=e, id="5.7-1") for s, e in (V2, V3))
    run = run_of([result("c1", Outcome.PASS)], checks=(replace(info("c1"), clauses=clauses),))
    rows = [r for t in conformance(run, our_standards()) for r in t.rows if r.id == "5.7-1"]
    assert [r.passed for r in rows] == [1, 1]
