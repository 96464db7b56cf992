"""Short ways to make evidence, checks and results for tests."""

from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from typing import Any

from iotscan.assess.assessing import assess
from iotscan.assess.check import Check, make_check
from iotscan.assess.evidence import Evidence
from iotscan.model.device import Device, Image
from iotscan.model.facts import (
    AdbServer,
    AnyFact,
    HttpServer,
    OpenService,
    PortSweep,
    SnmpAgent,
    TelnetServer,
    TrustedKey,
)
from iotscan.model.observation import Attempt, Observation, observe
from iotscan.model.result import Result
from iotscan.model.subject import Subject
from iotscan.model.vocabulary import AttemptStatus, Element, Outcome, Reason, Severity, Vantage

AS_OF = datetime(2026, 11, 22, tzinfo=UTC)
TELNET = TelnetServer(banner="login:", asks="login")
WEB = HttpServer(tls=False, status=200)
ADB = AdbServer(needs_key=True)
SNMP = SnmpAgent(version="2c", description="x")


def check(question: Callable[..., Any], id: str = "doors", **over: Any) -> Check:
    given: dict[str, Any] = {
        "title": "Doors are shut",
        "element": "communication",
        "variants": {"open": ("high", "A door is open"), "ajar": ("low", "A door is ajar")},
        "confidence": "certain",
        "aliases": (),
        "clauses": (),
        "since": "0.1",
        "lifecycle": "stable",
        "effort": "low",
    }
    return make_check(question, id=id, **(given | over))


def device(name: str = "d1", address: str = "192.0.2.1", **more: Any) -> Device:
    return Device(id=name, addresses=(address,), **more)


def at(service: str = "", name: str = "d1", address: str = "192.0.2.1") -> Subject:
    return Subject(device=name, address=address, service=service)


def on_image(path: str = "", line: int = 0, name: str = "gw") -> Subject:
    return Subject(image=name, path=path, line=line)


def seen(fact: AnyFact, subject: Subject) -> Observation:
    vantage = Vantage.CONFIGURED if subject.image else Vantage.OBSERVED
    return observe(fact, subject, probe="test/1", vantage=vantage)


def sweep(open: Iterable[int] = (), filtered: Iterable[int] = (), subject: Subject | None = None) -> Observation:
    return seen(PortSweep(open=tuple(open), closed=(1,), filtered=tuple(filtered)), subject or at())


def speaks(service: str, protocol: str) -> Observation:
    return seen(OpenService(protocol=protocol), at(service))


def tried(need: str, status: AttemptStatus, service: str = "", reason: Reason | None = None, **more: Any) -> Attempt:
    subject = more.pop("subject", None) or at(service)
    return Attempt(subject=subject, need=need, status=status, reason=reason, **more)


def ask(
    question: Callable[..., Any] | Check,
    *stated: Observation | Attempt,
    devices: Iterable[Device] | None = None,
    images: Iterable[Image] = (),
    trusted: Iterable[TrustedKey] = (),
    **more: Any,
) -> tuple[Result, ...]:
    one = question if isinstance(question, Check) else check(question)
    evidence = Evidence(
        [device()] if devices is None else devices,
        images,
        [s for s in stated if isinstance(s, Observation)],
        [s for s in stated if isinstance(s, Attempt)],
        AS_OF,
        trusted,
    )
    return assess(evidence, [one], **more)


def result(
    check: str = "c1",
    outcome: Outcome = Outcome.FAIL,
    severity: Severity = Severity.HIGH,
    element: Element = Element.COMMUNICATION,
    **more: Any,
) -> Result:
    subject = more.pop("subject", None) or at(more.pop("service", "tcp/80"), more.pop("device", "d1"))
    if outcome is Outcome.NOT_ASSESSED:
        more.setdefault("reason", Reason.TIMEOUT)
    mark = more.pop("fingerprint", f"{check}@{subject.owner}/{subject.service}{subject.path}")
    return Result(
        check=check, element=element, outcome=outcome, subject=subject, severity=severity, fingerprint=mark, **more
    )
