"""Letters, intervals, caps, what narrows and what raises: by example."""

import pytest

from iotscan.assess.grading import grade
from iotscan.assess.standing import letter
from iotscan.model.device import Image
from iotscan.model.vocabulary import Element, Outcome, Reason, Severity, Vantage
from tests.assess.making import device, on_image, result

C, H, M, L, I = Severity  # noqa: E741
PASS, FAIL, UNKNOWN, NA, ERROR = (
    Outcome.PASS,
    Outcome.FAIL,
    Outcome.NOT_ASSESSED,
    Outcome.NOT_APPLICABLE,
    Outcome.ERROR,
)


@pytest.mark.parametrize(
    ("severities", "expected"),
    [
        ([], "A"),
        ([I] * 9, "A"),
        ([L], "B"),
        ([L] * 3, "B"),
        ([L] * 4, "C"),
        ([L] * 40, "C"),
        ([M], "C"),
        ([M] * 3, "C"),
        ([M] * 4, "D"),
        ([H], "D"),
        ([H, M, M, M, M], "D"),
        ([H] * 2, "E"),
        ([H] * 3, "E"),
        ([H] * 4, "F"),
        ([C], "F"),
    ],
)
def test_letter(severities, expected):
    assert letter(severities) == expected


def one(*results, **more):
    return grade(results, [device(**more)], []).devices["d1"]


def communication(*results):
    return one(*results).elements["communication"]


class TestElement:
    def test_all_passed_is_an_a(self):
        grade = communication(result("a", PASS), result("b", PASS))
        assert (grade.shown, grade.coverage.assessed, grade.coverage.unknown) == ("A", 2, 0)

    def test_unknowns_open_the_interval(self):
        grade = communication(result("a", FAIL, M), result("b", UNKNOWN, H))
        assert (grade.best, grade.worst, grade.shown) == ("C", "D", "≤C")

    def test_an_unknown_that_cannot_matter_does_not(self):
        assert communication(result("a", FAIL, C), result("b", UNKNOWN, H)).shown == "F"

    def test_an_error_is_an_unknown(self):
        grade = communication(result("a", PASS), result("b", ERROR, H))
        assert (grade.worst, grade.coverage.unknown) == ("D", 1)

    def test_nothing_assessed_is_no_letter(self):
        assert communication(result("a", UNKNOWN)).shown == "–"
        assert communication(result("a", NA)).shown == "–"
        assert communication().shown == "–"

    def test_little_looked_at_is_no_praise(self):
        assert communication(result("a", PASS), result("b", UNKNOWN), result("c", UNKNOWN)).shown == "–"
        assert communication(result("a", PASS), result("b", UNKNOWN)).shown == "≤A"

    def test_bad_news_needs_no_coverage(self):
        unknowns = [result(f"u{n}", UNKNOWN) for n in range(9)]
        assert communication(result("a", FAIL, C), *unknowns).shown == "F"
        assert communication(result("a", FAIL, L), *unknowns).shown == "≤B"

    def test_not_applicable_counts_nowhere(self):
        grade = communication(result("a", PASS), result("b", NA, C))
        assert (grade.shown, grade.coverage.ratio) == ("A", 1.0)

    def test_informational_results_never_count(self):
        assert communication(result("a", FAIL, I)).shown == "–"
        assert communication(result("a", PASS), result("b", FAIL, I), result("c", UNKNOWN, I)).shown == "A"

    def test_what_the_profile_leaves_out_never_counts(self):
        left_out = result("b", UNKNOWN, C, reason=Reason.EXCLUDED)
        assert communication(result("a", PASS), left_out).shown == "A"

    def test_a_check_counts_once_by_its_worst(self):
        grade = communication(*(result("a", FAIL, H, service=f"tcp/{p}") for p in range(1, 9)))
        assert grade.shown == "D"
        mixed = communication(result("a", FAIL, L, service="tcp/1"), result("a", FAIL, M, service="tcp/2"))
        assert mixed.shown == "C"

    def test_a_fail_on_one_service_settles_the_check(self):
        grade = communication(result("a", FAIL, H, service="tcp/1"), result("a", UNKNOWN, H, service="tcp/2"))
        assert (grade.shown, grade.coverage.unknown) == ("D", 0)

    def test_an_unknown_service_may_still_be_worse(self):
        grade = communication(result("a", FAIL, L, service="tcp/1"), result("a", UNKNOWN, C, service="tcp/2"))
        assert (grade.best, grade.worst) == ("B", "F")

    def test_a_pass_on_one_service_does_not_settle_it(self):
        grade = communication(result("a", PASS, service="tcp/1"), result("a", UNKNOWN, service="tcp/2"))
        assert (grade.shown, grade.coverage.unknown) == ("–", 1)


class TestOwner:
    def test_as_secure_as_the_weakest_element(self):
        book = one(result("a", FAIL, L), result("b", FAIL, H, Element.KEYS), result("c", PASS, element=Element.CLOUD))
        assert (book.shown, book.graded_elements) == ("D", 3)

    def test_a_device_that_says_nothing_has_no_letter(self):
        silent = [result(f"c{n}", UNKNOWN, C, e) for n, e in enumerate(Element)]
        book = one(*silent)
        assert (book.shown, book.worst, book.graded_elements) == ("–", "F", 0)

    def test_a_hardened_gateway(self):
        book = one(
            result("a", PASS),
            result("b", UNKNOWN, M),
            result("c", PASS, element=Element.KEYS),
            result("d", UNKNOWN, C, Element.HARDWARE, reason=Reason.NEEDS_IMAGE),
        )
        assert (book.shown, book.graded_elements) == ("≤A", 2)

    def test_the_network_never_praises_hardware(self):
        book = one(result("a", PASS, C, Element.HARDWARE))
        assert book.elements["hardware"].shown == "–"
        assert one(result("a", FAIL, C, Element.HARDWARE)).elements["hardware"].shown == "F"

    def test_an_image_may(self):
        praise = result("a", PASS, C, Element.HARDWARE, subject=on_image(), vantage=Vantage.CONFIGURED)
        book = grade([praise], [], [Image(id="gw", source="x", format="tar")]).images["gw"]
        assert book.elements["hardware"].shown == "A"

    def test_caps_name_what_sets_the_letter(self):
        book = one(
            result("a", FAIL, H, fingerprint="fa"),
            result("b", FAIL, M, fingerprint="fb"),
            result("c", FAIL, H, Element.KEYS, fingerprint="fc"),
            result("d", FAIL, L, Element.CLOUD, fingerprint="fd"),
        )
        assert (book.best, book.caps) == ("D", ("fa", "fc"))

    def test_nothing_caps_an_a(self):
        assert one(result("a", PASS)).caps == ()

    def test_narrow_names_unknowns_most_severe_first_with_their_remedy(self):
        book = one(
            result("a", FAIL, M),
            result("b", UNKNOWN, L, remedy="wait"),
            result("c", UNKNOWN, H, reason=Reason.CONSENT, remedy="grant it"),
            result("d", ERROR, H, remedy="report"),
            result("e", UNKNOWN, L, Element.KEYS),
        )
        assert [(u.check, u.severity, u.reason, u.remedy) for u in book.narrow] == [
            ("c", "high", "consent_withheld", "grant it"),
            ("d", "high", "error", "report"),
            ("b", "low", "timeout", "wait"),
        ]

    def test_a_check_that_fails_as_badly_as_it_can_narrows_nothing(self):
        settled = [result("a", FAIL, M, service="tcp/1"), result("a", UNKNOWN, M, service="tcp/2")]
        assert [u.check for u in one(*settled, result("b", UNKNOWN, H)).narrow] == ["b"]
        worse = [result("a", FAIL, M, service="tcp/1"), result("a", UNKNOWN, C, service="tcp/2")]
        assert [(u.check, u.severity) for u in one(*worse).narrow] == [("a", "critical")]

    def test_nothing_narrows_what_is_one_letter(self):
        assert one(result("a", FAIL, C), result("b", UNKNOWN, C)).narrow == ()


class TestRaises:
    def test_one_letter_and_two(self):
        book = one(
            result("a", FAIL, H, fingerprint="fa"),
            result("b", FAIL, M, fingerprint="fb"),
            result("c", FAIL, L, fingerprint="fc"),
        )
        assert [(r.reaches, r.findings) for r in book.raises] == [("C", ("fa",)), ("B", ("fa", "fb"))]

    def test_repairs_may_reach_further(self):
        book = one(result("a", FAIL, C, fingerprint="fa"))
        assert [(r.reaches, r.findings) for r in book.raises] == [("A", ("fa",))]

    def test_the_fewest_are_chosen(self):
        book = one(*(result(f"c{n}", FAIL, L, fingerprint=f"f{n}") for n in range(6)))
        assert book.best == "C"
        assert [(r.reaches, len(r.findings)) for r in book.raises] == [("B", 3), ("A", 6)]

    def test_all_services_of_a_check_go_together_and_few_are_preferred(self):
        wide = [result("a", FAIL, H, service=f"tcp/{p}", fingerprint=f"a{p}") for p in (1, 2)]
        book = one(*wide, result("b", FAIL, H, fingerprint="b"))
        assert book.best == "E"
        assert [(r.reaches, r.findings) for r in book.raises] == [("D", ("b",)), ("A", ("a1", "a2", "b"))]

    def test_an_a_cannot_be_raised(self):
        assert one(result("a", PASS)).raises == ()


class TestNetwork:
    DEVICES = (device("d1"), device("d2", "192.0.2.2"), device("d3", "192.0.2.3"))

    def network(self, *results):
        return grade(results, self.DEVICES, []).network

    def test_as_secure_as_its_weakest_device(self):
        book = self.network(
            result("a", FAIL, C, device="d1", fingerprint="f1"),
            result("a", FAIL, M, device="d2", fingerprint="f2"),
            result("a", UNKNOWN, C, device="d3"),
        )
        assert (book.shown, book.caps, book.letters, book.not_assessed) == ("F", ("f1",), {"C": 1, "F": 1}, 1)
        assert [(r.reaches, r.findings) for r in book.raises] == [("C", ("f1",))]

    def test_repairs_span_devices(self):
        book = self.network(
            result("a", FAIL, H, device="d1", fingerprint="f1"), result("b", FAIL, H, device="d2", fingerprint="f2")
        )
        assert [(r.reaches, r.findings) for r in book.raises] == [("A", ("f1", "f2"))]

    def test_a_silent_device_leaves_the_network_open(self):
        book = self.network(result("a", PASS, device="d1"), result("a", UNKNOWN, C, device="d2"))
        assert (book.shown, book.worst) == ("≤A", "F")
        assert [u.check for u in book.narrow] == ["a"]

    def test_nothing_assessed_at_all(self):
        assert self.network().shown == "–"

    def test_without_devices_there_is_none(self):
        assert grade([], [], []).network is None
