"""The real command line against real daemons: what it finds is true, all of it, and nobody is harmed by it."""

from collections.abc import Iterable

import pytest

from iotscan.lab.truth import TrueFinding
from iotscan.model.device import Device
from iotscan.model.result import Result
from iotscan.model.vocabulary import Outcome, Reason
from tests.questions.conftest import Scan, Scans
from tests.questions.lan import QuestionLan, chosen
from tests.questions.truth import QuestionDevice

pytestmark = [pytest.mark.lan, pytest.mark.slow]

DEVICES = [device for _, device in chosen()]
each = pytest.mark.parametrize("true", DEVICES, ids=[d.host for d in DEVICES])
Claim = tuple[str, str, str, str]
"""Address (empty where it is of the whole device), check, variant, service."""


def test_every_machine_is_found_once_and_nothing_besides(scan: Scan) -> None:
    run = scan.finished.run
    assert {frozenset(d.addresses) for d in run.devices} == {frozenset(d.addresses) for d in DEVICES}
    assert len(run.devices) == len(DEVICES)
    assert (run.status, scan.finished.exit_code) == ("complete", 0)


@each
def test_services_are_those_of_the_truth(scan: Scan, true: QuestionDevice) -> None:
    assert {s.name: s.protocol for s in found(scan, true).services} == true.services


@each
def test_names_models_and_vendors_are_those_of_the_truth(scan: Scan, true: QuestionDevice) -> None:
    device = found(scan, true)
    assert {c.value for c in device.claims if c.what == "name"} == set(true.names)
    assert {c.value for c in device.claims if c.what == "model"} == set(true.models)
    assert (device.mac, device.vendor) == (true.hardware, true.vendor)


@each
def test_findings_are_those_of_the_truth_and_no_others(scan: Scan, true: QuestionDevice) -> None:
    is_granted = scan.finished.run.scope.grants.default_creds
    compare(scan, true, (*true.findings, *(true.with_default_creds if is_granted else ())))


@each
def test_what_is_well_is_said_to_be_well(scan: Scan, true: QuestionDevice) -> None:
    is_granted = scan.finished.run.scope.grants.default_creds
    wanted = {*true.passes, *(true.passes_with_default_creds if is_granted else ())}
    assert wanted <= {where(r) for r in results(scan, true) if r.outcome is Outcome.PASS}


@each
def test_open_questions_are_those_of_the_truth(scan: Scan, true: QuestionDevice) -> None:
    said = results(scan, true)
    is_granted = scan.finished.run.scope.grants.default_creds
    questions = (*true.not_assessed, *(true.not_assessed_with_default_creds if is_granted else ()))
    for question in questions:
        if question.check == "*" or (question.reason == Reason.CONSENT and is_granted):
            continue
        about = [r for r in said if r.check == question.check and r.subject.service in ("", question.service)]
        assert [(r.outcome, r.reason) for r in about] == [(Outcome.NOT_ASSESSED, question.reason)], question
    wanted = {(q.check, q.service, q.reason) for q in questions}
    open_ones = {(r.check, r.subject.service, r.reason) for r in said if r.reason and r.reason.is_involuntary}
    is_mute = any(q.check == "*" for q in questions)
    assert is_mute or open_ones <= wanted, {w for w in open_ones if w not in wanted}
    assert not [r for r in said if r.outcome is Outcome.ERROR]


def test_findings_under_further_grants_are_those_of_the_truth(scans: Scans) -> None:
    for words, extras in (
        (("--intrusive",), [(d, d.with_intrusive) for d in DEVICES if d.with_intrusive]),
        (("--profile", "controllers"), [(d, d.with_industrial) for d in DEVICES if d.with_industrial]),
    ):
        if not extras:
            continue
        made = scans.only([device for device, _ in extras], *words)
        assert not made.harm
        for device, extra in extras:
            claims = {(c, v, s) for _, c, v, s in claimed(results(made, device))}
            assert {(f.check, f.variant, f.service) for f in extra} <= claims, device.host


# What it did to them


def test_nothing_went_anywhere_else(scan: Scan) -> None:
    traffic = scan.finished.traffic
    assert (traffic.left, traffic.heard_outside) == (0, 0)


def test_nobody_was_harmed(scan: Scan) -> None:
    assert not scan.harm


def test_without_the_grant_nobody_was_asked_to_let_us_in(plain: Scan) -> None:
    assert not {host: tries for host, tries in plain.logins.items() if tries}


@each
def test_log_in_attempts_are_as_many_as_the_truth_says(granted: Scan, true: QuestionDevice) -> None:
    assert granted.logins[true.host] == true.tries


def test_the_counters_would_have_told(questions: QuestionLan) -> None:
    questions.forget_traffic()
    questions.scanner.run("nc", "-z", "-w", "1", "10.78.1.9", "80")
    assert questions.traffic().left > 0
    assert questions.traffic().heard_outside > 0


def compare(scan: Scan, true: QuestionDevice, findings: Iterable[TrueFinding]) -> None:
    wanted: set[Claim] = {(a, f.check, f.variant, f.service) for f in findings for a in true.addresses if f.service}
    wanted |= {("", f.check, f.variant, "") for f in findings if not f.service}
    claims = claimed(results(scan, true))
    assert claims == wanted, f"false {claims - wanted}, missed {wanted - claims}"


def claimed(said: Iterable[Result]) -> set[Claim]:
    failed = [(r, r.subject) for r in said if r.is_finding]
    return {(s.address if s.service else "", r.check, r.variant, s.service) for r, s in failed}


def found(scan: Scan, true: QuestionDevice) -> Device:
    """The device that a scan found where a machine stands."""
    (device,) = (d for d in scan.finished.run.devices if true.address in d.addresses)
    return device


def results(scan: Scan, true: QuestionDevice) -> list[Result]:
    """All that a scan says of a machine."""
    device = found(scan, true)
    return [r for r in scan.finished.run.results if r.subject.device == device.id]


def where(result: Result) -> str:
    return f"{result.check} {result.subject.service}".strip()
