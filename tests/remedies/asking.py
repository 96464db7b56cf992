"""Our side: the probes that a check needs ask a daemon as they ask any device, and the check judges what they heard."""

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

import anyio
import msgspec

from iotscan.assess.assessing import assess
from iotscan.assess.check import Check, Policy
from iotscan.assess.evidence import Evidence
from iotscan.assess.registry import load_checks
from iotscan.model.device import Device, Service
from iotscan.model.facts import Fact, OpenService, PortSweep
from iotscan.model.observation import Attempt, Observation, observe
from iotscan.model.result import Result
from iotscan.model.scope import Grants, Pace, Scope
from iotscan.model.subject import Subject
from iotscan.observe.heard import attempts_of
from iotscan.observe.network.dial import Dialer
from iotscan.observe.network.failures import DialError
from iotscan.observe.network.probe import Door, Heard, Probe, missed
from iotscan.observe.network.probes import all_probes
from iotscan.observe.network.revocations import Revocation
from iotscan.observe.network.workers.worker import Worker
from iotscan.store.ledger import Ledger

HOST = "127.0.0.1"
NAME = "device.example"
PACE = Pace(attempts_per_second=5000, accepted_per_second=5000, connections=5000, datagrams=5000)


class Question(msgspec.Struct, frozen=True, kw_only=True):
    """Which checks are asked about which services; ``stores`` are roots that the user trusts (name, path)."""

    checks: frozenset[str]
    services: tuple[Service, ...]
    stores: tuple[tuple[str, str], ...] = ()
    grants: Grants = Grants()


def results(question: Question) -> tuple[Result, ...]:
    """What the checks say."""
    return anyio.run(_results, question)


async def _results(question: Question) -> tuple[Result, ...]:
    checks = [c for c in load_checks().checks if c.info.id in question.checks]
    assert {c.info.id for c in checks} == question.checks
    observations = [_opened(service) for service in question.services]
    attempts: list[Attempt] = []
    line = Dialer(Scope(include=("127.0.0.0/8",), pace=PACE)).line(HOST)
    with TemporaryDirectory() as folder:
        async with Worker() as worker:
            tools = {
                "tls_worker": worker,
                "trust_stores": question.stores,
                "revocation": Revocation(files=[], stores=[path for _, path in question.stores], fetcher=None),
                "ledger": Ledger(Path(folder) / "ledger.jsonl", limit=10),
                "login_gap": 0.0,
            }
            for probe, service in _asked(checks, question):
                known = tuple((o.subject.service, o.fact) for o in observations)
                door = Door(
                    line=line, service=service, known=known, server_name=NAME, tools=tools, grants=question.grants
                )
                if _has_ground(probe, door):
                    seen, missed = await _ask(probe, door)
                    observations += seen
                    attempts += missed
    sweep = PortSweep(open=tuple(s.port for s in question.services if s.transport == "tcp"))
    swept = observe(sweep, Subject(device=HOST, address=HOST), probe="lab/1")
    evidence = Evidence([Device(id=HOST, addresses=(HOST,))], [], [*observations, swept], attempts, datetime.now(UTC))
    return assess(evidence, checks, policy=Policy())


def _has_ground(probe: Probe, door: Door) -> bool:
    at_service = (fact for name, fact in door.known if name == door.service.name)
    return probe.after is None or any(isinstance(fact, probe.after) for fact in at_service)


async def _ask(probe: Probe, door: Door) -> tuple[list[Observation], list[Attempt]]:
    subject = Subject(device=HOST, address=HOST, service=door.service.name)
    try:
        heard = await probe.ask(door)
    except DialError as error:
        heard = Heard(missed=tuple(missed(fact, error) for fact in probe.gives))
    seen = [observe(fact, subject, probe=probe.label) for fact in heard.facts]
    return seen, list(attempts_of(probe.gives, heard, seen, subject, probe=probe.label))


def _opened(service: Service) -> Observation:
    """What a look at the port would have told."""
    subject = Subject(device=HOST, address=HOST, service=service.name)
    return observe(OpenService(protocol=service.protocol), subject, probe="lab/1")


def _asked(checks: Iterable[Check], question: Question) -> Iterator[tuple[Probe, Service]]:
    wanted = {need.fact for check in checks for need in check.needs}
    allowed = [p for p in all_probes() if not p.grant or getattr(question.grants, p.grant)]
    for probe in sorted(allowed, key=lambda p: p.stage):
        for service in question.services:
            if service.protocol in probe.speaks and _facts_wanted(wanted, allowed) & {*probe.gives}:
                yield probe, service


def _facts_wanted(wanted: set[type[Fact]], probes: Iterable[Probe]) -> set[type[Fact]]:
    """With all that the probes which bring them read of others."""
    further = {w for p in probes if wanted & {*p.gives} for w in (*p.wants, *((p.after,) if p.after else ()))}
    return wanted if further <= wanted else _facts_wanted(wanted | further, probes)
