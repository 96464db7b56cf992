"""0 clean, 1 findings, 3 incomplete; 1 goes before 3."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from iotscan.assess.gate import GateRules, GateSettings, decide, settle
from iotscan.assess.grading import grade
from iotscan.model.errors import BadInput
from iotscan.model.grade import Grades
from iotscan.model.vocabulary import Outcome, Reason, Severity
from tests.assess.making import device, on_image, result

HIGH = result("doors", Outcome.FAIL, Severity.HIGH)
LOW = result("windows", Outcome.FAIL, Severity.LOW)
TIMEOUT = result("locks", Outcome.NOT_ASSESSED, reason=Reason.TIMEOUT, detail="no answer")
WITHHELD = result("locks", Outcome.NOT_ASSESSED, reason=Reason.CONSENT)
ERROR = result("locks", Outcome.ERROR, detail="KeyError in locks")
ELSEWHERE = result("locks", Outcome.NOT_ASSESSED, reason=Reason.NEEDS_IMAGE)
PASS = result("locks", Outcome.PASS)


RULES = set(GateRules.__struct_fields__)


def verdict(*results, grades=Grades(), **more):
    rules = GateRules(**{k: v for k, v in more.items() if k in RULES})
    return decide(results, grades, rules=rules, **{k: v for k, v in more.items() if k not in RULES})


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
    waived = replace(HIGH, waiver="W-1", baseline="new")
    assert verdict(waived, fail_on="low", fail_on_new="low", warn_on="low") == verdict(
        PASS, fail_on="low", fail_on_new="low", warn_on="low"
    )


@pytest.mark.parametrize(
    ("gap", "complete"),
    [(TIMEOUT, False), (ERROR, False), (ELSEWHERE, False), (WITHHELD, True), (PASS, True), (HIGH, True)],
)
def test_required_checks_must_be_assessed(gap, complete):
    other = result("doors", Outcome.PASS)
    said = verdict(gap, other, required=["locks"])
    assert (said.complete, said.exit_code) == (complete, 0 if complete else 3)
    assert verdict(gap, other).complete


def test_what_the_scan_never_looked_for_is_no_clean_run():
    left_out = [result(f"c{n}", Outcome.NOT_ASSESSED, reason=Reason.NOT_ASKED) for n in range(2)]
    said = verdict(PASS, *left_out, fail_on="high")
    assert (said.gate, said.complete, said.exit_code) == ("pass", False, 3)
    assert said.summary == "gate holds; incomplete: the scan did not look for what 2 checks ask: c0, c1"
    assert verdict(PASS, *left_out, fail_on="high", incomplete="warn").exit_code == 0


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
    said = verdict(*results, grades=grade(results, [device()], []), min_grade="C")
    assert (said.gate, said.exit_code) == (gate, code)


def test_new_findings_have_a_threshold_of_their_own():
    new, known = replace(LOW, baseline="new"), replace(HIGH, baseline="known")
    said = verdict(new, known, fail_on_new="low")
    assert (said.exit_code, said.fail_on_new) == (1, "low")
    assert said.summary == "gate fails: 1 finding not in the baseline at low or above: windows"
    assert verdict(known, fail_on_new="low").summary == "gate holds"
    assert verdict(LOW, fail_on_new="low").exit_code == 1, "what was not compared is not known"
    both = verdict(replace(HIGH, baseline="new"), fail_on="high", fail_on_new="low")
    assert both.reasons == ("1 finding at high or above: doors",), "one finding is named once"


def test_warnings_change_no_exit_code():
    said = verdict(HIGH, LOW, fail_on="high", warn_on="low", exit_zero=True, warnings=["W-1 has expired"])
    assert (said.exit_code, said.gate) == (0, "fail")
    assert said.warnings == ("1 finding at low or above: windows", "W-1 has expired")
    assert said.summary == (
        "gate fails (exit code 0 by --exit-zero): 1 finding at high or above: doors; "
        "to know: 1 finding at low or above: windows, W-1 has expired"
    )
    assert verdict(LOW, warn_on="low").exit_code == 0


@pytest.mark.parametrize(("what", "code"), [("fail", 3), ("warn", 0), ("ignore", 0)])
def test_what_an_incomplete_run_does(what, code):
    said = verdict(PASS, TIMEOUT, required=["locks"], incomplete=what, fail_on="high")
    assert (said.exit_code, said.complete, said.incomplete) == (code, False, what)
    assert "locks could not be assessed" in " ".join(said.reasons)
    assert "incomplete" in said.summary, "never silent"


@pytest.mark.parametrize("what", ["fail", "warn", "ignore"])
@pytest.mark.parametrize("nothing", [{"answered_targets": False}, {}])
def test_zero_evidence_is_never_zero(what, nothing):
    results = () if nothing else (TIMEOUT, WITHHELD)
    said = verdict(*results, incomplete=what, exit_zero=True, fail_on="high", **nothing)
    assert (said.exit_code, said.complete) == (3, False)


def test_exit_zero_leaves_incomplete():
    assert verdict(HIGH, exit_zero=True, fail_on="high").exit_code == 0
    assert verdict(HIGH, TIMEOUT, exit_zero=True, fail_on="high", required=["locks"]).exit_code == 3


def test_an_image_is_wholly_in_our_hands():
    image = result("locks", Outcome.NOT_ASSESSED, reason=Reason.UNREADABLE, detail="cut off", subject=on_image())
    assert verdict(PASS, image, fail_on="high").exit_code == 3
    for reason in (Reason.NEEDS_NETWORK, Reason.MISSING_TOOL):
        chosen = result("locks", Outcome.NOT_ASSESSED, reason=reason, subject=on_image())
        assert verdict(PASS, chosen, fail_on="high").exit_code == 0


@pytest.mark.parametrize(("least", "code"), [(0.0, 0), (0.5, 0), (0.51, 3), (1.0, 3)])
def test_coverage(least, code):
    results = [PASS, result("a", Outcome.NOT_ASSESSED, reason=Reason.CONSENT)]
    said = verdict(*results, grades=grade(results, [device()], []), fail_on="high", min_coverage=least)
    assert said.exit_code == code
    if code:
        assert "1 of 2 checks were assessed, less than the" in said.summary


def test_no_coverage_of_nothing():
    assert verdict(min_coverage=0.1).exit_code == 3


def test_the_first_layer_that_answers_wins():
    cli, profile = GateSettings(fail_on="low"), GateSettings(fail_on="high", min_grade="C", min_coverage=0.9)
    assert settle(cli, profile) == GateRules(fail_on="low", min_grade="C", min_coverage=0.9)
    assert settle(GateSettings(), GateSettings()) == GateRules()
    assert settle(GateSettings(exit_zero=False), GateSettings(exit_zero=True)).exit_zero is False


def test_the_fallback_holds_where_nobody_says_on_what_to_fail():
    assert settle(GateSettings(), fallback="high").fail_on == "high"
    assert settle(GateSettings(fail_on="none"), fallback="high").fail_on == "none"
    only_new = settle(GateSettings(fail_on_new="low"), fallback="high", has_baseline=True)
    assert (only_new.fail_on, only_new.fail_on_new) == ("none", "low")


def test_new_findings_need_a_baseline():
    with pytest.raises(BadInput, match="--baseline RUN"):
        settle(GateSettings(), GateSettings(fail_on_new="low"))


severities = st.sampled_from([*Severity])
findings = st.builds(
    result,
    st.sampled_from(["a", "b", "c"]),
    st.sampled_from([Outcome.FAIL, Outcome.PASS]),
    severities,
    waiver=st.sampled_from(["", "W-1"]),
    baseline=st.sampled_from(["", "new", "known"]),
)


@given(st.lists(findings, max_size=6), severities, severities)
def test_a_lower_threshold_never_turns_a_failure_into_a_pass(results, one, other):
    high, low = sorted((one, other), key=lambda s: -s.rank)
    for name in ("fail_on", "fail_on_new"):
        if verdict(*results, **{name: high.value}).gate == "fail":
            assert verdict(*results, **{name: low.value}).gate == "fail"


@given(st.lists(findings, max_size=6), severities)
def test_waiving_never_fails_a_gate(results, severity):
    waived = [replace(r, waiver="W-1") for r in results]
    assert verdict(*waived, fail_on=severity.value, fail_on_new=severity.value).gate == "pass"


def test_not_to_fail_on_new_findings_is_no_word_about_all_of_them():
    """The command's own threshold holds unless somebody says on what to fail."""
    assert settle(GateSettings(fail_on_new="none"), fallback="high").fail_on == "high"
    assert settle(GateSettings(fail_on_new="low"), fallback="high", has_baseline=True).fail_on == "none"


def test_reasons_name_things_as_people_do():
    fail = result("a", Outcome.FAIL, Severity.HIGH)
    image = result("locks", Outcome.ERROR, detail="broken", subject=on_image())
    said = verdict(
        fail,
        image,
        grades=grade([fail], [device()], []),
        min_grade="C",
        required=["locks"],
        names={"d1": "cam (192.0.2.1)", "gw": "gateway"},
    )
    assert said.reasons == (
        "cam (192.0.2.1) is graded D, below C",
        "locks could not be assessed on gateway: broken",
    )
