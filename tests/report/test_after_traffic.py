"""What to do next once a capture was read: a person can copy it, and it leads somewhere."""

from datetime import timedelta

from msgspec.structs import replace

from iotscan.model.facts import TrafficProfile
from iotscan.model.observation import Observation
from iotscan.model.result import Result
from iotscan.model.run import Run
from iotscan.model.subject import Subject
from iotscan.model.vocabulary import Element, Outcome, Reason, Severity
from iotscan.report.view import view

from .test_talking import run, seen, talk
from .test_using import many

OPEN = Result(
    check="backend-encryption",
    element=Element.CLOUD,
    outcome=Outcome.NOT_ASSESSED,
    subject=Subject(device="d1"),
    severity=Severity.HIGH,
    reason=Reason.NOT_OBSERVABLE,
    remedy="capture for longer, while the device starts",
)
LISTEN = (
    "iotscan traffic --listen IFACE --for 1h  # hear them for longer, best while they start: 1 question stayed open"
)


def steps(made: Run) -> list[str]:
    return [f"{step.command}  # {step.purpose}" for step in view(made).steps]


def heard_for(minutes: int) -> Observation:
    made = seen("d1", talk("cloud.example"))
    assert isinstance(made.fact, TrafficProfile)
    return replace(made, fact=replace(made.fact, last=made.fact.first + timedelta(minutes=minutes)))


def test_next_is_to_hear_for_longer_and_to_ask_the_devices() -> None:
    told = steps(replace(run(heard_for(2), seen("d2", talk("cloud.example"))), results=(OPEN,)))
    assert "iotscan scan 10.0.0.1 10.0.0.2  # ask them directly; then iotscan join judges both as one" in told
    assert LISTEN in steps(replace(run(heard_for(2)), results=(OPEN,)))


def test_nobody_is_told_to_hear_for_longer_what_was_heard_for_an_hour_or_was_answered() -> None:
    assert LISTEN not in steps(replace(run(heard_for(60)), results=(OPEN,)))
    assert not any("--listen" in step for step in steps(run(heard_for(2))))


def test_of_many_devices_the_weakest_are_to_be_asked() -> None:
    (step,) = [step for step in steps(many(100, 0)) if "directly" in step]
    assert step.startswith("iotscan scan 10.0.0.1 10.0.0.2 10.0.0.3  # ask the 3 weakest of 100 devices")


def test_what_is_no_address_is_never_in_a_line_to_copy() -> None:
    made = many(4, 0)
    addresses = ("fe80::1", "$(reboot)", "host-4f2a", "2001:db8::1%eth0;reboot")
    odd = tuple(replace(d, addresses=(a,)) for d, a in zip(made.devices, addresses, strict=True))
    assert not any("directly" in step or "reboot" in step for step in steps(replace(made, devices=odd)))
    assert not any("directly" in step for step in steps(replace(made, command="join")))
