"""Which change belongs to which finding: the program must be known at that very service, or by its file."""

import msgspec
import pytest

from iotscan.assess.proposing import propose
from iotscan.model.device import Device
from iotscan.model.identification import Clue, Identity, Software
from iotscan.model.remedy import Program, Remedy
from iotscan.model.result import Result
from iotscan.model.run import ProfileInfo, Run, Tool
from iotscan.model.scope import Scope
from iotscan.model.subject import Subject
from iotscan.model.vocabulary import Element, Outcome, Severity

CHANGE = Remedy(
    id="acmed-tls",
    program="acmed",
    check="tls-versions",
    variants=("tls-1.0-1.1",),
    title="Use TLS",
    file="/etc/acme.conf",
    text="tls\n",
)
ACME = Program(name="acmed", products=("Acme",), paths=("/etc/acme/*",), remedies=(CHANGE,))
AT_443 = Subject(device="dev-1", address="192.0.2.7", service="tcp/443")
IN_IMAGE = Subject(image="img-1", path="etc/acme/acme.conf", line=3)


def run(result: Result, *software: Software) -> Run:
    return Run(
        id="r",
        tool=Tool(version="0"),
        status="complete",
        command="scan",
        started="2026-11-27T00:00:00Z",
        as_of="2026-11-27T00:00:00Z",
        targets=("192.0.2.7",),
        scope=Scope(include=("192.0.2.7",)),
        scope_sha256="",
        profile=ProfileInfo(id="default", version="2"),
        devices=(Device(id="dev-1", addresses=("192.0.2.7",), identity=Identity(software=software)),),
        results=(result,),
    )


def fails(subject: Subject, variant: str = "tls-1.0-1.1", outcome: Outcome = Outcome.FAIL) -> Result:
    return Result(
        check="tls-versions",
        element=Element.COMMUNICATION,
        outcome=outcome,
        subject=subject,
        severity=Severity.HIGH,
        variant=variant,
        fingerprint="f" * 16,
    )


def acme(service: str = "tcp/443", *, by: str = "", product: str = "Acme") -> Software:
    return Software(service=service, product=product, clue=Clue(words="Acme/1", where="Server"), by=by)


def test_a_program_at_that_service_brings_its_change() -> None:
    assert propose(run(fails(AT_443), acme()), [ACME]) == {"f" * 16: (CHANGE,)}


@pytest.mark.parametrize(
    "seen",
    [
        run(fails(AT_443)),
        run(fails(AT_443), acme("tcp/80")),
        run(fails(AT_443), acme("")),
        run(fails(AT_443), acme(by="nmap 7.93")),
        run(fails(AT_443), acme(product="Acme Proxy")),
        run(fails(AT_443, "ssl"), acme()),
        run(fails(AT_443, outcome=Outcome.PASS), acme()),
        run(fails(msgspec.structs.replace(AT_443, service="")), acme("")),
        run(fails(msgspec.structs.replace(AT_443, device="dev-2")), acme()),
        run(fails(msgspec.structs.replace(IN_IMAGE, path="etc/other.conf")), acme()),
    ],
    ids=[
        "nothing known",
        "other service",
        "only announced",
        "the opinion of nmap",
        "other product",
        "other way to fail",
        "no finding",
        "of the whole device",
        "other device",
        "other file",
    ],
)
def test_nothing_is_guessed(seen: Run) -> None:
    assert propose(seen, [ACME]) == {}


def test_a_file_of_an_image_tells_the_program() -> None:
    assert propose(run(fails(IN_IMAGE)), [ACME]) == {"f" * 16: (CHANGE,)}
