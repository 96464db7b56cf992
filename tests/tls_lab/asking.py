"""Our side: the probes ask a server of the lab as they ask any device, and the checks judge what they heard."""

from datetime import UTC, datetime
from typing import Literal

import anyio
import msgspec

from iotscan.assess.assessing import assess
from iotscan.assess.check import Check, Policy
from iotscan.assess.evidence import Evidence
from iotscan.assess.registry import load_checks
from iotscan.model.device import Device, Service
from iotscan.model.facts import AnyFact, PortSweep
from iotscan.model.facts.tls import DtlsServer, TlsEndpoint
from iotscan.model.observation import Attempt, Observation, observe
from iotscan.model.result import Result
from iotscan.model.scope import Pace, Scope
from iotscan.model.subject import Subject
from iotscan.observe.heard import attempts_of
from iotscan.observe.network.dial import Dialer
from iotscan.observe.network.probe import Door, Probe
from iotscan.observe.network.probes import all_probes
from tests.tls_lab.programs.listening import HOST
from tests.tls_lab.truth import Truth

PACE = Pace(attempts_per_second=5000, accepted_per_second=5000, connections=5000, datagrams=5000)
"""Fast, and with the default ceiling of connections for one TLS service."""
EVERYTHING = msgspec.structs.replace(PACE, complete_suites=True, tls_connections=2000)
OURS = (TlsEndpoint, DtlsServer)
AS_OF = datetime(2026, 11, 26, tzinfo=UTC)


class Heard(msgspec.Struct, frozen=True, kw_only=True):
    """What our probes learnt from one server, and whether they tried in vain."""

    subject: Subject
    observations: tuple[Observation, ...]
    attempts: tuple[Attempt, ...]

    @property
    def facts(self) -> tuple[AnyFact, ...]:
        return tuple(o.fact for o in self.observations)

    @property
    def endpoint(self) -> TlsEndpoint:
        """The fact that the truth is about; raises AssertionError where there is none."""
        for fact in self.facts:
            if isinstance(fact, TlsEndpoint):
                return fact
        raise AssertionError(f"nothing was learnt: {[(a.need, a.status, a.detail) for a in self.attempts]}")

    def results(self, policy: Literal["gateway", "constrained"]) -> tuple[Result, ...]:
        """Every check that reads what our own hellos bring, under one policy."""
        device = Device(id=HOST, addresses=(HOST,))
        sweep = PortSweep(open=(self.subject.port,) if self.subject.transport == "tcp" else ())
        swept = observe(sweep, Subject(device=HOST, address=HOST), probe="lab/1")
        evidence = Evidence([device], [], [*self.observations, swept], list(self.attempts), AS_OF)
        return assess(evidence, judges(self.subject.transport), policy=Policy(kind=policy))


def judges(transport: str) -> tuple[Check, ...]:
    """The checks whose question is about a TLS or DTLS server as its hellos show it."""
    anchors = OURS if transport == "udp" else (TlsEndpoint,)
    return tuple(c for c in load_checks().checks if c.anchor.fact in anchors)


def ask(truth: Truth, port: int, pace: Pace) -> Heard:
    """Put every question of the probes that are made for such a service, in their order."""
    return anyio.run(_ask, truth, port, pace)


async def _ask(truth: Truth, port: int, pace: Pace) -> Heard:
    service = Service(transport=truth.transport, port=port, protocol=truth.protocol)
    line = Dialer(Scope(include=("127.0.0.0/8",), pace=pace)).line(HOST)
    subject = Subject(device=HOST, address=HOST, service=service.name)
    observations: list[Observation] = []
    attempts: list[Attempt] = []
    for probe in _probes(service):
        known = tuple((service.name, o.fact) for o in observations)
        if probe.after and not any(isinstance(fact, probe.after) for _, fact in known):
            continue
        heard = await probe.ask(Door(line=line, service=service, known=known))
        seen = [observe(fact, subject, probe=probe.label) for fact in heard.facts]
        observations += seen
        attempts += attempts_of(probe.gives, heard, seen, subject, probe=probe.label)
    return Heard(subject=subject, observations=tuple(observations), attempts=tuple(attempts))


def _probes(service: Service) -> tuple[Probe, ...]:
    fit = (p for p in all_probes() if service.protocol in p.speaks and not p.grant)
    return tuple(sorted((p for p in fit if set(OURS) & set(p.gives)), key=lambda p: p.stage))
