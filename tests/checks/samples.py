"""Samples of checks: a little evidence in YAML, and what a check must say of it. See README.md."""

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

import msgspec
import yaml

from iotscan.assess.assessing import assess
from iotscan.assess.check import Check, Policy
from iotscan.assess.evidence import Evidence
from iotscan.assess.registry import read_file
from iotscan.data.strict_yaml import CoreLoader
from iotscan.model.answer import Unanswered
from iotscan.model.device import Device, Image
from iotscan.model.earlier import EarlierCertificate
from iotscan.model.facts import FACT_TYPES, Announcement, AnyFact, PortSweep
from iotscan.model.known_key import KnownKey
from iotscan.model.observation import Attempt, Observation, observe
from iotscan.model.result import Result
from iotscan.model.sighting import Memory
from iotscan.model.subject import Subject
from iotscan.model.vocabulary import AttemptStatus, Outcome, Reason, Vantage
from iotscan.shipped import shipped


class SampleLoader(CoreLoader):
    """YAML 1.2 scalars, and for these tests ``<<`` to build one sample's facts from another's."""


SampleLoader.add_implicit_resolver("tag:yaml.org,2002:merge", re.compile(r"^<<$"), ["<"])

HERE = Path(__file__).parent
KINDS = ("fires", "silent", "unknown", "error")


class Seen(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    on: str
    fact: AnyFact
    vantage: Vantage | None = None


class Missed(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    on: str
    need: str
    status: AttemptStatus
    reason: Reason | None = None
    detail: str = ""


class Expected(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    outcome: Outcome
    variant: str = ""
    reason: Reason | None = None
    on: str = ""
    summary: str = ""
    line: int = 0


class Sample(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    as_of: datetime = datetime(2026, 11, 22, tzinfo=UTC)
    policy: Literal["gateway", "constrained"] = "gateway"
    values: dict[str, Any] = {}
    devices: tuple[str, ...] = ()
    backends: tuple[str, ...] = ()
    images: tuple[str, ...] = ()
    seen: tuple[Seen, ...] = ()
    missed: tuple[Missed, ...] = ()
    sweep: Literal["auto", "none"] = "auto"
    filtered: tuple[int, ...] = ()
    earlier: tuple[EarlierCertificate, ...] = ()
    macs: dict[str, str] = {}
    memory: Memory | None = None
    known_keys: tuple[KnownKey, ...] = ()
    expect: Expected
    note: str = ""


def read_sample(path: Path) -> Sample:
    raw = yaml.load(path.read_text(), SampleLoader)
    return msgspec.convert({k: v for k, v in raw.items() if not k.startswith("_")}, Sample)


def sample_files() -> list[Path]:
    return sorted(p for kind in KINDS for p in HERE.glob(f"*/{kind}*.yaml"))


def check_files() -> dict[str, Path]:
    """Check id (as the file name says) -> file."""
    found = (p for p in sorted(shipped("checks").glob("*/*.py")) if not p.name.startswith("_"))
    return {p.stem.replace("_", "-"): p for p in found}


def read_check(check_id: str) -> Check:
    # Alone, so that a check that is being written breaks only its own samples.
    return read_file(check_files()[check_id], "iotscan")


def subject_of(on: str) -> Subject:
    """``ADDRESS [transport/port]`` or ``image:NAME [PATH[:LINE]]``."""
    who, _, where = on.strip().partition(" ")
    if who.startswith("image:"):
        path, _, line = where.strip().partition(":")
        return Subject(image=who.removeprefix("image:"), path=path, line=int(line or 0))
    if where and not re.fullmatch(r"(tcp|udp)/\d{1,5}", where.strip()):
        raise ValueError(f"on: {on!r} is neither 'ADDRESS [transport/port]' nor 'image:NAME [PATH[:LINE]]'")
    return Subject(device=who, address=who, service=where.strip())


def evidence_of(sample: Sample) -> Evidence:
    for missed in sample.missed:
        assert missed.need in FACT_TYPES, f"missed: there is no kind of fact {missed.need!r}"
    subjects = [subject_of(s.on) for s in (*sample.seen, *sample.missed)]
    subjects += [subject_of(on) for on in (*sample.devices, *(f"image:{i}" for i in sample.images))]
    devices = [_device(a, sample) for a in sorted({s.device for s in subjects if s.device})]
    images = [Image(id=i, source=f"{i}.tar", format="tar") for i in sorted({s.image for s in subjects if s.image})]
    observations = [_observation(s) for s in sample.seen]
    if sample.sweep == "auto":
        observations += [_sweep(d, subjects, sample) for d in devices if not _has_sweep(d, sample.seen)]
    attempts = [
        Attempt(subject=subject_of(m.on), need=m.need, status=m.status, reason=m.reason, detail=m.detail)
        for m in sample.missed
    ]
    return Evidence(
        devices,
        images,
        observations,
        attempts,
        sample.as_of,
        earlier=sample.earlier,
        memory=sample.memory,
        known_keys=sample.known_keys,
    )


def judge(check: Check, sample: Sample) -> tuple[Result, ...]:
    """Assess the sample; what the check's own code raises is raised here, with its traceback."""
    raised: list[Exception] = []

    def question(**arguments: Any) -> Any:
        try:
            return check.question(**arguments)
        except Unanswered:
            raise
        except Exception as bug:
            raised.append(bug)
            raise

    watched = msgspec.structs.replace(check, question=question)
    given: Mapping[str, Mapping[str, Any]] = {check.info.id: sample.values}
    results = assess(evidence_of(sample), [watched], policy=Policy(kind=sample.policy), values=given)
    if raised:
        raise raised[0]
    return results


def worst(results: Sequence[Result], on: str = "") -> Result:
    """The result that counts: over all owners, or on one subject (a device or image, one service, one path)."""
    where = subject_of(on) if on else Subject()
    wanted = {k: v for k, v in msgspec.structs.asdict(where).items() if v}
    here = [r for r in results if all(getattr(r.subject, k) == v for k, v in wanted.items())]
    assert here, f"nothing is said of '{on}', only of {sorted({str(r.subject) for r in results})}"
    return max(here, key=lambda r: (r.outcome.weight, r.severity.rank))


def _device(address: str, sample: Sample) -> Device:
    """A device with what it announced, as a scan takes it in."""
    own = (s.fact for s in sample.seen if subject_of(s.on).device == address)
    claims = tuple(claim for fact in own if isinstance(fact, Announcement) for claim in fact.claims)
    mac, role = sample.macs.get(address, ""), "backend" if address in sample.backends else "device"
    return Device(id=address, addresses=(address,), claims=claims, mac=mac, role=role)


def _observation(seen: Seen) -> Observation:
    subject = subject_of(seen.on)
    default = Vantage.CONFIGURED if subject.image else Vantage.OBSERVED
    return observe(seen.fact, subject, probe="sample/1", vantage=seen.vantage or default)


def _has_sweep(device: Device, seen: Iterable[Seen]) -> bool:
    return any(isinstance(s.fact, PortSweep) and subject_of(s.on).device == device.id for s in seen)


def _sweep(device: Device, subjects: Iterable[Subject], sample: Sample) -> Observation:
    found = {s.port for s in subjects if s.device == device.id and s.transport == "tcp"}
    sweep = PortSweep(open=tuple(sorted(found)), closed=(1,), filtered=sample.filtered)
    return observe(sweep, Subject(device=device.id, address=device.address), probe="sample/1")
