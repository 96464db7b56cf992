"""A scan of the practice network says what is true of it and nothing else."""

from collections.abc import Iterable

import pytest

from iotscan.lab.state import LabState
from iotscan.lab.truth import OpenQuestion, TrueDevice, TrueFinding, Truth, load_truth
from iotscan.model.result import Result
from iotscan.model.run import Run
from iotscan.model.vocabulary import Outcome
from tests.e2e.conftest import Scanned

Said = tuple[str, str, str, str]
"""Address, check, variant, service."""


@pytest.fixture(scope="module")
def truth(practice_network: LabState) -> Truth:
    return load_truth(practice_network.prefix)


@pytest.fixture(params=["granted", "polite"])
def marked(request: pytest.FixtureRequest) -> tuple[Scanned, bool]:
    """A scan, and whether default logins were granted."""
    granted = request.param == "granted"
    return request.getfixturevalue("scanned" if granted else "scanned_politely"), granted


def findings_of(run: Run) -> set[Said]:
    return {(r.subject.address, r.check, r.variant, r.subject.service) for r in run.results if r.is_finding}


def true_findings(device: TrueDevice, *, granted: bool) -> tuple[TrueFinding, ...]:
    return (*device.findings, *(device.with_default_creds if granted else ()))


def fits(said: Said, address: str, finding: TrueFinding) -> bool:
    at, check, variant, service = said
    return (
        (at, check) == (address, finding.check)
        and finding.variant in ("", variant)
        and finding.service in ("", service)
    )


def test_every_true_finding_is_found(marked: tuple[Scanned, bool], truth: Truth) -> None:
    scanned, granted = marked
    said = findings_of(scanned.run)
    missed = [
        (d.title, f)
        for d in truth.devices
        for f in true_findings(d, granted=granted)
        if not any(fits(s, d.address, f) for s in said)
    ]
    assert not missed


def test_nothing_else_is_claimed(marked: tuple[Scanned, bool], truth: Truth) -> None:
    scanned, granted = marked
    false = [
        said
        for said in sorted(findings_of(scanned.run))
        if not any(fits(said, d.address, f) for d in truth.devices for f in true_findings(d, granted=granted))
    ]
    assert not false


def test_no_check_is_in_error(marked: tuple[Scanned, bool]) -> None:
    assert [(r.check, str(r.subject), r.detail) for r in marked[0].run.results if r.outcome is Outcome.ERROR] == []


def test_no_probe_broke(marked: tuple[Scanned, bool]) -> None:
    broken = [a for a in marked[0].run.attempts if a.status.value == "broken"]
    assert [(a.probe, a.need, str(a.subject), a.detail) for a in broken] == []


def test_open_questions_stay_open(marked: tuple[Scanned, bool], truth: Truth) -> None:
    scanned, granted = marked
    for device in truth.devices:
        own = [r for r in scanned.run.results if r.subject.address == device.address]
        for question in device.not_assessed:
            if question.reason == "consent_withheld" and granted:
                continue
            assert_open(own, question, device.title)


def assert_open(results: Iterable[Result], question: OpenQuestion, title: str) -> None:
    asked = [r for r in results if question.check in ("*", r.check) and question.service in ("", r.subject.service)]
    assert asked, f"{title}: nothing is said of {question}"
    judged = [r for r in asked if r.outcome in (Outcome.PASS, Outcome.FAIL)]
    assert not judged, f"{title}: {question} is answered"
    if question.check != "*":
        assert {r.reason for r in asked if r.outcome is Outcome.NOT_ASSESSED} == {question.reason}, title
    else:
        assert question.reason in {r.reason for r in asked if r.outcome is Outcome.NOT_ASSESSED}


def test_services_are_what_they_are(marked: tuple[Scanned, bool], truth: Truth) -> None:
    seen = {d.address: {s.name: s.protocol for s in d.services} for d in marked[0].run.devices}
    assert seen == {d.address: d.services for d in truth.devices}


def test_whoever_answers_has_a_letter_and_the_tarpit_has_none(marked: tuple[Scanned, bool], truth: Truth) -> None:
    run = marked[0].run
    shown = {d.address: run.grades.devices[d.id].shown for d in run.devices}
    silent = {d.address for d in truth.devices if any(q.check == "*" for q in d.not_assessed)}
    assert len(silent) == 1
    assert {a for a, letter in shown.items() if letter == "–"} == silent
    assert run.grades.network is not None
    assert run.grades.network.shown != "–"


def test_nothing_outside_the_practice_network_was_asked(
    marked: tuple[Scanned, bool], practice_network: LabState
) -> None:
    run = marked[0].run
    assert {d.address for d in run.devices} == set(practice_network.addresses)
    assert set(run.scope.include) == {f"{a}/32" for a in practice_network.addresses}
    assert {a.subject.address for a in run.attempts} <= set(practice_network.addresses)


def test_every_finding_says_what_to_do(marked: tuple[Scanned, bool]) -> None:
    for result in marked[0].run.results:
        if result.is_finding:
            assert result.summary, result
            assert result.observed, result
            assert result.expected, result
            assert result.reproduce, result
            assert result.observations, result


def test_every_protocol_is_looked_for(scanned: Scanned) -> None:
    """What has no place in the map of ports is asked of nobody, and stays open on every device."""
    unasked = [(r.subject.address, r.check) for r in scanned.run.results if "nothing that was done" in r.summary]
    assert unasked == []
