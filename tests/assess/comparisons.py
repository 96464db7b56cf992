"""Runs made by hand, to be compared."""

from collections.abc import Iterable
from typing import Any

from iotscan.assess.evidence import Evidence
from iotscan.assess.naming import named
from iotscan.model.device import Device, Image
from iotscan.model.observation import Observation
from iotscan.model.result import CheckInfo, Result, VariantInfo
from iotscan.model.run import ProfileInfo, Run, Tool
from iotscan.model.scope import Scope
from iotscan.model.vocabulary import Confidence, Element, Severity
from tests.assess.making import AS_OF, device

HIGH = VariantInfo(severity=Severity.HIGH, title="It is open")


def run_of(
    *results: Result,
    devices: Iterable[Device] | None = None,
    images: Iterable[Image] = (),
    seen: Iterable[Observation] = (),
    checks: Iterable[str] = ("c1", "c2"),
    id: str = "run",
    **more: Any,
) -> Run:
    devices = tuple([device()] if devices is None else devices)
    evidence = Evidence(devices, images, seen, (), AS_OF)
    return Run(
        id=id,
        tool=Tool(version="0.1"),
        status=more.pop("status", "complete"),
        command=more.pop("command", "image" if images else "scan"),
        started=AS_OF.isoformat(),
        as_of=AS_OF.isoformat(),
        targets=(),
        scope=more.pop("scope", Scope(include=("192.0.2.0/24",))),
        scope_sha256="",
        profile=ProfileInfo(id="p", version="1", sha256="0"),
        checks=tuple(
            CheckInfo(id=c, title=c, element=Element.KEYS, variants={"open": HIGH}, confidence=Confidence.CERTAIN)
            for c in checks
        ),
        devices=devices,
        images=tuple(images),
        observations=tuple(seen),
        results=named(results, evidence),
        ways=more.pop("ways", {"arp": ""}),
        **more,
    )
