"""What another vantage answers is no open question: in results, letters and roadmaps alike."""

import pytest

from iotscan.assess.answering import settle_by_vantages
from iotscan.assess.grading import grade
from iotscan.assess.remedies import GIVE_IMAGE, WHICH_IMAGE
from iotscan.model.device import Device, Image
from iotscan.model.result import Result
from iotscan.model.subject import Subject
from iotscan.model.vocabulary import Element, Outcome, Reason, Severity

DEVICE, OTHER = (Device(id=f"dev-{n}", addresses=(f"192.0.2.{n}",)) for n in (7, 8))
IMAGE = Image(id="img-g", source="g.tar", format="tar", name="gateway")
RUNS = {"dev-7": "img-g"}
PASS, FAIL, OPEN, NOT_HERE = Outcome.PASS, Outcome.FAIL, Outcome.NOT_ASSESSED, Outcome.NOT_APPLICABLE


def result(owner: str, outcome: Outcome, reason: Reason | None = None, *, check: str = "a-check") -> Result:
    return Result(
        check=check,
        element=Element.UPDATES,
        outcome=outcome,
        subject=Subject(image=owner) if owner.startswith("img") else Subject(device=owner),
        severity=Severity.HIGH,
        reason=reason,
        remedy=GIVE_IMAGE if reason is Reason.NEEDS_IMAGE else "",
        fingerprint=f"{owner} {check} {outcome}",
    )


def left(*results: Result, runs=RUNS) -> list[Result]:
    return list(settle_by_vantages(results, (DEVICE, OTHER), (IMAGE,), runs))


NEEDS_IMAGE = result("dev-7", OPEN, Reason.NEEDS_IMAGE)


@pytest.mark.parametrize(
    "answer", [(PASS, None), (FAIL, None), (NOT_HERE, None), (OPEN, Reason.NOT_OBSERVABLE), (Outcome.ERROR, None)]
)
def test_what_the_image_was_asked_is_not_open_on_its_device(answer):
    of_image = result("img-g", *answer)
    assert left(NEEDS_IMAGE, of_image) == [of_image]


@pytest.mark.parametrize("reason", [Reason.NEEDS_NETWORK, Reason.NEEDS_TRAFFIC])
@pytest.mark.parametrize("answer", [(PASS, None), (FAIL, None), (OPEN, Reason.TIMEOUT), (OPEN, Reason.NEEDS_TRAFFIC)])
def test_what_the_device_was_asked_is_not_open_in_its_image(reason, answer):
    of_device = result("dev-7", *answer)
    assert left(of_device, result("img-g", OPEN, reason)) == [of_device]


def test_what_each_leaves_to_the_other_stays_open():
    both = [NEEDS_IMAGE, result("img-g", OPEN, Reason.NEEDS_NETWORK)]
    assert left(*both) == both


def test_an_image_answers_for_the_device_that_runs_it_alone():
    other = result("dev-8", OPEN, Reason.NEEDS_IMAGE)
    (_, kept) = left(result("img-g", PASS), other)
    assert kept.reason is Reason.NEEDS_IMAGE
    # Nobody knows whether it runs this one: that is what has to be said.
    assert kept.remedy == WHICH_IMAGE


def test_without_an_image_in_the_run_nothing_changes():
    assert settle_by_vantages((NEEDS_IMAGE,), (DEVICE,), (), {}) == (NEEDS_IMAGE,)


def test_a_gap_of_another_kind_is_no_business_of_an_image():
    timed_out = result("dev-7", OPEN, Reason.TIMEOUT)
    assert timed_out in left(timed_out, result("img-g", PASS))


def letters(*results: Result) -> tuple[str, str]:
    settled = settle_by_vantages(results, (DEVICE,), (IMAGE,), RUNS)
    grades = grade(settled, (DEVICE,), (IMAGE,), RUNS)
    assert grades == grade(results, (DEVICE,), (IMAGE,), RUNS)
    return grades.devices["dev-7"].shown, grades.images["img-g"].shown


def test_no_letter_gets_better_because_a_gap_is_not_told_twice():
    assert letters(NEEDS_IMAGE, result("img-g", FAIL)) == ("D", "D")
    # Only the device shows it: an image that is run is no better than what is seen of it there.
    assert letters(result("dev-7", FAIL), result("img-g", OPEN, Reason.NEEDS_NETWORK)) == ("D", "D")


def test_what_a_device_does_otherwise_than_its_image_is_its_own():
    assert letters(result("dev-7", FAIL), result("img-g", PASS)) == ("D", "A")
