"""0 clean, 1 findings, 3 incomplete; 1 goes before 3."""

import pytest

from iotscan.assess.gate import decide
from iotscan.assess.grading import grade
from iotscan.model.grade import Grades
from iotscan.model.vocabulary import Outcome, Reason, Severity
from tests.assess.making import device, result

HIGH = result("doors", Outcome.FAIL, Severity.HIGH)
LOW = result("windows", Outcome.FAIL, Severity.LOW)
TIMEOUT = result("locks", Outcome.NOT_ASSESSED, reason=Reason.TIMEOUT, detail="no answer")
WITHHELD = result("locks", Outcome.NOT_ASSESSED, reason=Reason.CONSENT)
ERROR = result("locks", Outcome.ERROR, detail="KeyError in locks")
PASS = result("locks", Outcome.PASS)


def verdict(*results, **more):
    return decide(results, Grades(), **more)


@pytest.mark.parametrize(
    ("fail_on", "gate", "code"),
    [
        ("none", "none", 0),
        ("critical", "pass", 0),
        ("high", "fail", 1),
        ("low", "fail", 1),
        ("info", "fail", 1),
    ],
)
def test_threshold(fail_on, gate, code):
    said = verdict(HIGH, fail_on=fail_on)
    assert (said.gate, said.exit_code, said.fail_on, said.complete) == (gate, code, fail_on, True)


def test_waived_findings_do_not_fail():
    import msgspec

    assert verdict(msgspec.structs.replace(HIGH, waiver="W-1"), fail_on="low").exit_code == 0


@pytest.mark.parametrize(
    ("gap", "complete"), [(TIMEOUT, False), (ERROR, False), (WITHHELD, True), (PASS, True), (HIGH, True)]
)
def test_required_checks_must_be_assessed(gap, complete):
    said = verdict(gap, required=["locks"])
    assert (said.complete, said.exit_code) == (complete, 0 if complete else 3)
    assert verdict(gap).complete


def test_a_scan_that_was_cut_short_is_never_clean():
    said = verdict(was_cut_short=True)
    assert (said.exit_code, said.complete) == (3, False)
    assert "before everything was asked" in said.summary


def test_no_answer_at_all_is_incomplete():
    said = verdict(answered_targets=False)
    assert (said.complete, said.exit_code, said.reasons) == (False, 3, ("no target answered",))


def test_findings_outrank_gaps():
    said = verdict(HIGH, TIMEOUT, fail_on="high", required=["locks"], answered_targets=False)
    assert (said.exit_code, said.complete, said.gate) == (1, False, "fail")
    assert said.summary == (
        "gate fails: 1 finding at high or above: doors; "
        "incomplete: no target answered, locks could not be assessed on 192.0.2.1 tcp/80: no answer"
    )


def test_the_summary_is_one_short_line():
    many = [result(f"c{n}", Outcome.FAIL, Severity.HIGH if n % 2 else Severity.CRITICAL) for n in range(9)]
    said = verdict(*many, fail_on="high")
    assert said.summary == "gate fails: 9 findings at high or above: c0, c2, c4, c6 and 5 more"
    assert verdict(LOW, fail_on="high").summary == "gate holds"
    assert verdict(LOW).summary == "complete; no gate was set"


@pytest.mark.parametrize(
    ("results", "gate", "code"),
    [
        ([result("a", Outcome.FAIL, Severity.HIGH)], "fail", 1),
        ([result("a", Outcome.FAIL, Severity.LOW)], "pass", 0),
        ([result("a", Outcome.FAIL, Severity.LOW), result("b", Outcome.NOT_ASSESSED)], "pass", 3),
        ([result("a", Outcome.FAIL, Severity.LOW), result("b", Outcome.NOT_ASSESSED, Severity.LOW)], "pass", 0),
        ([], "pass", 3),
    ],
)
def test_min_grade(results, gate, code):
    said = decide(results, grade(results, [device()], []), min_grade="C")
    assert (said.gate, said.exit_code) == (gate, code)


def test_an_unknown_threshold_is_refused():
    with pytest.raises(ValueError, match="severe"):
        verdict(fail_on="severe")
