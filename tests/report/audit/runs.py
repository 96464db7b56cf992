"""Runs of every shape that an audit report may have to tell, and material for one."""

from collections.abc import Iterator
from itertools import chain

from msgspec.structs import replace

from iotscan.model.brand import Brand
from iotscan.model.comparison import Change, Comparison, GradeChange, Member, Side, What
from iotscan.model.device import Device
from iotscan.model.material import Edition, Material, Retest, Roadmap, Step, TrendPoint
from iotscan.model.result import Result
from iotscan.model.run import Grades, Run, Verdict
from iotscan.model.scope import Grants, InScope, Mandate, OutOfBounds, Permits
from iotscan.model.subject import Subject
from iotscan.model.vocabulary import Element, Outcome, Severity
from tests.report.example import CHECKS, DEVICES, example_run, image_run
from tests.report.grader import grade

PASSED = Verdict(complete=True, gate="pass", fail_on="high", exit_code=0, summary="clean")


def counted_run(devices: int, failed: int, passed: int = 1, *, severity: Severity = Severity.HIGH) -> Run:
    """So many devices, the first ``failed`` of them with a finding, each with ``passed`` good answers (at most 3)."""
    members = tuple(_device(n) for n in range(devices))
    results = tuple(chain.from_iterable(_results(d, n < failed, passed, severity) for n, d in enumerate(members)))
    return replace(
        example_run(),
        devices=members,
        results=results,
        grades=grade(list(results), [d.id for d in members], []),
        observations=(),
        attempts=(),
        notices=(),
        costs={},
        waivers=(),
        attestations=(),
        verdict=PASSED if not failed else replace(PASSED, gate="fail", exit_code=1),
    )


def _device(number: int) -> Device:
    address = f"10.{number >> 16}.{number >> 8 & 255}.{number & 255}"
    return replace(DEVICES[0], id=f"dev-{number}", addresses=(address,), claims=())


def _results(device: Device, is_bad: bool, passed: int, severity: Severity) -> Iterator[Result]:
    subject = Subject(device=device.id, address=device.address, service="tcp/443")
    for check in ("forward-secrecy", "telnet-service", "shared-keys")[:passed]:
        yield Result(
            check=check, element=Element.COMMUNICATION, outcome=Outcome.PASS, subject=subject, severity=Severity.MEDIUM
        )
    if is_bad:
        yield Result(
            check="tls-versions",
            element=Element.COMMUNICATION,
            outcome=Outcome.FAIL,
            subject=subject,
            severity=severity,
            variant="tls-1.0-1.1",
            fingerprint=f"{device.id}-finding",
        )


def discovered() -> Run:
    """A list of devices: nothing was judged."""
    return replace(
        example_run(),
        command="discover",
        checks=(),
        results=(),
        observations=(),
        attempts=(),
        grades=Grades(),
        verdict=None,
        waivers=(),
        attestations=(),
    )


def mandated() -> Run:
    """The example under a scope file, with a grant."""
    run = example_run()
    mandate = Mandate(
        engagement="ACME-2026-11",
        client="ACME Ltd",
        assessor="Example Security",
        authorized_by="M. Muster, CISO",
        reference="contract 17",
        document_sha256="e" * 64,
        not_before="2026-11-22T06:00:00Z",
        not_after="2026-11-23T06:00:00Z",
        expires="2027-01-31T00:00:00Z",
        in_scope=(InScope(networks=("192.0.2.0/26",), ports=((443, 443), (8000, 8100)), note="the plant"),),
        out_of_scope=(OutOfBounds(networks=("192.0.2.9/32",), reason="a ventilator"),),
        permits=Permits(default_creds=True, attempts_per_account=2),
        emergency_contact="+49 30 1234567",
        file="scope.yaml",
        sha256="f" * 64,
    )
    scope = replace(run.scope, mandate=mandate, authority="ACME-2026-11", grants=Grants(default_creds=True))
    return replace(run, scope=scope, audit_root="d" * 64, own=("192.0.2.50",), ways={"arp": "", "icmp": "no privilege"})


def comparison(**counts: int) -> Comparison:
    """``comparison(fixed=3, added=1)`` with an audit of 1 October."""
    side = Side(
        run="01JB", command="scan", started="2026-10-01T08:00:00Z", status="complete", as_of="2026-10-01T08:00:00Z",
        tool="0.1.0", profile="home", profile_sha256="",
    )  # fmt: skip
    whats: tuple[What, ...] = ("added", "changed", "fixed", "no_longer_assessed", "unchanged")
    changes = tuple(
        Change(
            what=what, check="tls-versions", element=Element.COMMUNICATION, severity=Severity.HIGH,
            variant="tls-1.0-1.1", title="TLS 1.0", owner="gw", subject=Subject(device="dev-gw"), summary="",
        )
        for what in whats
        for _ in range(counts.get(what, 0))
    )  # fmt: skip
    return Comparison(
        old=side,
        new=replace(side, run="01JC", started="2026-11-22T18:00:00Z"),
        changes=changes,
        grades=(GradeChange(owner="network", before="F", after="D"), GradeChange(owner="gw", before="E", after="E")),
        members=(Member(what="gone", kind="device", id="dev-x", label="old-cam"),),
        passes_lost=1,
        notes=("the profile is another",),
    )


def material() -> Material:
    """Everything that a report may be given."""
    return Material(
        made="2026-11-27",
        title="",
        editions=(
            Edition(version="0.9", date="2026-11-25", author="Jane Doe", change="Draft for review"),
            Edition(version="1.0", date="2026-11-27", author="Jane Doe", change="First issue"),
        ),
        recipients=("A. Client", "B. Board"),
        judgement=("The cameras come first.", "The rest can wait for spring."),
        run_sha256="a" * 64,
        brand=Brand(
            company="Example Security", authors=("Jane Doe",), contact="jane@example.com", classification="TLP:AMBER",
            footer="Example Security", legal=("Our terms apply.",), notes=("the accent has no contrast",),
        ),
        comparison=comparison(fixed=3, added=1, unchanged=8, no_longer_assessed=2),
        retests={"x": Retest(status="open")},
        trend=(
            TrendPoint(run="01JB", at="2026-10-01", shown="F", devices=6, findings={"high": 3}, assessed=1, total=2),
            TrendPoint(run="01JC", at="2026-11-22", shown="D", devices=6, findings={}, assessed=2, total=2, rotated=2),
        ),
        roadmaps=(
            Roadmap(
                owner="network",
                shown="F",
                sentence="These two changes lift the network from F to D.",
                steps=(
                    Step(
                        check="default-login", title="Set a password of its own", severity="critical", findings=("x",),
                        owners=("dev-cam",), effort="low", by="owner", phase="P1", reaches="E",
                    ),
                ),
            ),
        ),
        versions={"Python": "3.11", "Command line of the scan": "iotscan scan 192.0.2.0/26"},
    )  # fmt: skip


def shapes() -> dict[str, Run]:
    """By name."""
    run = example_run()
    return {
        "example": run,
        "image": image_run(),
        "both": replace(run, images=image_run().images),
        "nobody": counted_run(0, 0),
        "one": counted_run(1, 1),
        "clean": counted_run(3, 0),
        "many": counted_run(130, 70),
        "interrupted": replace(run, status="interrupted", finished="", verdict=None),
        "list": discovered(),
        "empty list": replace(discovered(), devices=()),
        "mandate": mandated(),
        "no checks": replace(run, checks=()),
    }


__all__ = ("CHECKS", "comparison", "counted_run", "discovered", "mandated", "material", "shapes")
