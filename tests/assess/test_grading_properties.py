"""The properties of grading.md §Properties, over random results of random devices, services and checks."""

import itertools
import random

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from iotscan.assess.gate import GateRules, decide
from iotscan.assess.grading import grade
from iotscan.assess.standing import best_of, gather_standings, letter
from iotscan.model.grade import Gradebook
from iotscan.model.result import Result
from iotscan.model.vocabulary import Element, Outcome, Reason, Severity, Vantage
from tests.assess.making import at, device, result

DEVICES = (device("d1", "192.0.2.1"), device("d2", "192.0.2.2"))
LEVELS = [s for s in Severity if s is not Severity.INFO]
HIGHEST = {f"c{n}": LEVELS[n % 4] for n in range(10)}
"""Each check's highest variant: what its unknowns and passes carry."""
replace = msgspec.structs.replace


@st.composite
def results(draw: st.DrawFn, owners: tuple[str, ...] = ("d1", "d2")) -> list[Result]:
    """One result for each of some (check, device, service); a fail may be of any variant up to the highest."""
    keys = draw(
        st.lists(
            st.tuples(st.sampled_from(sorted(HIGHEST)), st.sampled_from(owners), st.sampled_from(["tcp/1", "tcp/2"])),
            unique=True,
            max_size=14,
        )
    )
    return [settle(blank(*key), draw(st.sampled_from(Outcome)), draw(st.integers(0, 3))) for key in keys]


def blank(check: str, owner: str, service: str) -> Result:
    element = list(Element)[int(check[1:]) % 3]
    subject = at(service, owner, "192.0.2.1")
    return result(check, Outcome.NOT_ASSESSED, HIGHEST[check], element, subject=subject)


def settle(one: Result, outcome: Outcome, milder: int = 0) -> Result:
    highest = HIGHEST[one.check]
    severity = LEVELS[min(3, LEVELS.index(highest) + milder)] if outcome is Outcome.FAIL else highest
    reason = Reason.TIMEOUT if outcome is Outcome.NOT_ASSESSED else None
    return replace(one, outcome=outcome, severity=severity, reason=reason)


def books(given_results: list[Result]) -> list[Gradebook]:
    grades = grade(given_results, DEVICES, [])
    assert grades.network
    return [grades.network, *grades.devices.values()]


def ends(given_results: list[Result]) -> list[tuple[str, str]]:
    """(best, worst) of the network, of every device, and of all their elements."""
    return [(g.best, g.worst) for b in books(given_results) for g in (b, *b.elements.values())]


def changed(given_results: list[Result], index: int, outcome: Outcome, milder: int = 0) -> list[Result]:
    return [settle(r, outcome, milder) if i == index else r for i, r in enumerate(given_results)]


def of_outcome(given_results: list[Result], *outcomes: Outcome) -> list[int]:
    return [i for i, r in enumerate(given_results) if r.outcome in outcomes]


@given(results())
def test_best_is_never_worse_than_worst(found: list[Result]):
    assert all(best <= worst for best, worst in ends(found))


@given(results(), st.integers(0, 3))
def test_1_a_pass_turned_fail_never_improves_either_end(found: list[Result], milder: int):
    for index in of_outcome(found, Outcome.PASS):
        for before, after in zip(ends(found), ends(changed(found, index, Outcome.FAIL, milder)), strict=True):
            assert after[0] >= before[0]
            assert after[1] >= before[1]


@given(results(), st.integers(0, 3))
def test_1_an_unknown_turned_fail_never_improves_best(found: list[Result], milder: int):
    for index in of_outcome(found, Outcome.NOT_ASSESSED):
        for before, after in zip(ends(found), ends(changed(found, index, Outcome.FAIL, milder)), strict=True):
            assert after[0] >= before[0]


@given(results())
def test_2_removing_evidence_widens(found: list[Result]):
    for index in of_outcome(found, Outcome.PASS, Outcome.FAIL):
        for before, after in zip(ends(found), ends(changed(found, index, Outcome.NOT_ASSESSED)), strict=True):
            assert after[0] <= before[0]
            assert after[1] >= before[1]


@given(results(), st.sampled_from([Outcome.PASS, Outcome.FAIL, Outcome.NOT_APPLICABLE]), st.integers(0, 3))
def test_3_settling_an_unknown_never_widens(found: list[Result], outcome: Outcome, milder: int):
    for index in of_outcome(found, Outcome.NOT_ASSESSED, Outcome.ERROR):
        for before, after in zip(ends(found), ends(changed(found, index, outcome, milder)), strict=True):
            assert after[0] >= before[0]
            assert after[1] <= before[1]


@given(results())
def test_4_a_device_that_answers_nothing_has_no_letter(found: list[Result]):
    silent = [settle(r, Outcome.NOT_ASSESSED) for r in found]
    assert all(b.shown == "–" for b in books(silent))
    assert all(g.shown == "–" for b in books(silent) for g in b.elements.values())


@given(results())
def test_5_the_network_alone_never_praises_hardware(found: list[Result]):
    assert all(r.vantage is Vantage.OBSERVED for r in found)
    for book in books(found):
        hardware = book.elements["hardware"]
        assert hardware.shown == "–" or hardware.best > "A"


@given(results(), st.randoms(use_true_random=False))
def test_6_order_does_not_matter(found: list[Result], chance: random.Random):
    shuffled = list(found)
    chance.shuffle(shuffled)
    devices = list(DEVICES)
    chance.shuffle(devices)
    assert msgspec.json.encode(grade(shuffled, devices, [])) == msgspec.json.encode(grade(found, DEVICES, []))


@given(results())
def test_7_a_waiver_changes_the_gate_and_no_grade(found: list[Result]):
    waived = [replace(r, waiver="W-1") if r.is_finding else r for r in found]
    before, after = grade(found, DEVICES, []), grade(waived, DEVICES, [])
    assert msgspec.json.encode(before) == msgspec.json.encode(after)
    assert decide(waived, after, rules=GateRules(fail_on="low")).gate == "pass"
    expected = "fail" if any(r.is_finding for r in found) else "pass"
    assert decide(found, before, rules=GateRules(fail_on="low")).gate == expected


@given(results())
def test_8_every_letter_can_be_traced_to_named_results(found: list[Result]):
    named = {r.fingerprint: r for r in found}
    for book in books(found):
        caps = [named[mark] for mark in book.caps]
        assert all(r.is_finding for r in caps)
        per_check = {(r.subject.owner, r.element, r.check): r.severity for r in caps}
        groups = {key[:2] for key in per_check}
        for group in groups:
            assert letter(s for key, s in per_check.items() if key[:2] == group) == book.best
        assert bool(caps) is (book.best > "A")
        assert bool(book.narrow) is (book.worst > book.best)
        for g in book.elements.values():
            assert g.shown == "–" or g.coverage.assessed or g.best > "A"


@given(results())
def test_9_a_stricter_severity_never_improves(found: list[Result]):
    for index in of_outcome(found, Outcome.FAIL):
        severer = [s for s in LEVELS if s.rank > found[index].severity.rank]
        for severity in severer:
            stricter = [replace(r, severity=severity) if i == index else r for i, r in enumerate(found)]
            for before, after in zip(ends(found), ends(stricter), strict=True):
                assert after[0] >= before[0]
                assert after[1] >= before[1]


@given(results())
def test_settling_all_that_narrows_gives_one_letter(found: list[Result]):
    for owner in ("d1", "d2"):
        narrow = {u.check for u in grade(found, DEVICES, []).devices[owner].narrow}
        settled = [
            settle(r, Outcome.PASS)
            if r.subject.owner == owner and r.check in narrow and r.outcome in (Outcome.NOT_ASSESSED, Outcome.ERROR)
            else r
            for r in found
        ]
        book = grade(settled, DEVICES, []).devices[owner]
        assert book.best == book.worst


@given(results(owners=("d1",)))
def test_repairs_are_the_fewest_there_are(found: list[Result]):
    standings = gather_standings(found).get("d1", ())
    book = grade(found, DEVICES, []).devices["d1"]
    failing = [s for s in standings if s.fails]
    for steps, repair in zip((1, 2), book.raises, strict=False):
        kept = [r for r in found if r.fingerprint not in repair.findings]
        assert grade(kept, DEVICES, []).devices["d1"].best == repair.reaches
        assert ord(book.best) - ord(repair.reaches) >= steps
        fewest = min(
            sum(len(s.fails) for s in repaired)
            for size in range(len(failing) + 1)
            for repaired in itertools.combinations(failing, size)
            if ord(book.best) - ord(best_of(s for s in standings if s not in repaired)) >= steps
        )
        assert len(repair.findings) == fewest
    assert bool(book.raises) is (book.best > "A")
