"""Grades without the question of trust: never a worse letter, and silent where nothing is gained."""

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from iotscan.assess.grading import NOT_GRADED, grade
from iotscan.assess.setting_aside import grade_aside, of_trust
from iotscan.model.grade import Gradebook
from iotscan.model.result import Result
from iotscan.model.vocabulary import Element, Outcome, Severity
from tests.assess.making import device, result
from tests.assess.test_grading_properties import DEVICES, results
from tests.checks.samples import read_check

COMMUNICATION = Element.COMMUNICATION
ASIDE = frozenset({"c1", "c4"})


def made(*severities: Severity, passes: int = 0) -> list[Result]:
    """Fails of communication, the first of them of trust, and passes beside them."""
    found = [result(f"c{n}", Outcome.FAIL, s, COMMUNICATION) for n, s in enumerate(severities, 1)]
    return found + [result(f"p{n}", Outcome.PASS, Severity.LOW, COMMUNICATION) for n in range(passes)]


def letters(found: list[Result]) -> tuple[str, str, str]:
    book = grade_aside(found, (device(),), (), aside={"c1"}).devices["d1"]
    return book.shown, book.without_trust, book.elements["communication"].without_trust


def test_the_better_letter_is_said() -> None:
    assert letters(made(Severity.MEDIUM, Severity.LOW)) == ("C", "B", "B")
    assert letters(made(Severity.MEDIUM, passes=2)) == ("C", "A", "A")


def test_nothing_is_said_where_nothing_is_gained() -> None:
    assert letters(made(Severity.MEDIUM, Severity.MEDIUM)) == ("C", "", "")
    assert letters(made(Severity.MEDIUM)) == ("C", "", ""), "without it nothing is graded at all"
    open_only = [result("c1", Outcome.NOT_ASSESSED, Severity.MEDIUM, COMMUNICATION), *made(passes=2)]
    assert letters(open_only) == ("≤A", "", "")


def test_an_element_may_gain_where_the_device_does_not() -> None:
    elsewhere = result("k1", Outcome.FAIL, Severity.HIGH, Element.KEYS)
    assert letters([*made(Severity.MEDIUM, Severity.LOW), elsewhere]) == ("D", "", "B")


def ends(book: Gradebook) -> list[tuple[str, str, str]]:
    return [(g.best, g.worst, g.without_trust) for g in (book, *book.elements.values())]


@given(results())
def test_without_a_question_no_grade_is_worse(found: list[Result]) -> None:
    """Both ends of every interval; what is noted is what grading without those results shows."""
    aside = grade_aside(found, DEVICES, (), aside=ASIDE)
    plain = grade(found, DEVICES, ())
    without = grade([r for r in found if r.check not in ASIDE], DEVICES, ())
    assert aside.network
    assert plain.network
    assert without.network
    pairs = [(aside.network, plain.network, without.network)]
    pairs += [(aside.devices[d], plain.devices[d], without.devices[d]) for d in plain.devices]
    for noted, before, after in pairs:
        for (best, worst, said), (old_best, old_worst, _), (new_best, new_worst, _) in zip(
            ends(noted), ends(before), ends(after), strict=True
        ):
            assert (best, worst) == (old_best, old_worst)
            assert new_best <= old_best
            assert new_worst <= old_worst
            assert said in ("", new_best, f"≤{new_best}")
            assert said != NOT_GRADED
            assert not said or new_best < old_best


@given(results(), st.permutations(["d1", "d2"]))
def test_the_order_does_not_matter(found: list[Result], order: list[str]) -> None:
    devices = sorted(DEVICES, key=lambda d: order.index(d.id))
    one, other = (grade_aside(f, d, (), aside=ASIDE) for f, d in ((found, DEVICES), (found[::-1], devices)))
    assert msgspec.json.encode(one) == msgspec.json.encode(other)


def test_trust_is_what_is_tagged_so() -> None:
    checks = [read_check(name) for name in ("certificate-trust", "certificate-validity")]
    assert of_trust(checks) == {"certificate-trust"}
