"""What an earlier scan learned of a device, and which of its services are still as they were then.

A service is asked what shows it: its front page, its banner, a few hellos. Where each answer is the one of then, the
costly answers of then hold on (:attr:`Probe.holds_on`); everything else is asked anew. Silence, and what could not be
read, is never taken over.
"""

from collections.abc import Iterator, Sequence
from typing import Any, Protocol

import msgspec

from iotscan.model.device import Service
from iotscan.model.facts import AnyFact, CertificateChain, TlsEndpoint
from iotscan.model.vocabulary import AttemptStatus
from iotscan.observe.network.hellos import over_stream
from iotscan.observe.network.probe import HAVE_TLS, Door, Probe
from iotscan.observe.network.probes.tls.still import Still, is_still
from iotscan.observe.network.unit import Unit

SETTLED = (AttemptStatus.OBSERVED, AttemptStatus.ABSENT)
_TLS = TlsEndpoint, CertificateChain


class Asker(Protocol):
    """Who asks a device, as a recall needs it. Nothing it does here is kept yet."""

    async def put(self, probe: Probe, service: Service) -> Unit:
        """One probe on one service."""
        ...

    async def name(self, port: int, expected: str) -> Unit:
        """What a port speaks, asked first for what is expected."""
        ...

    def door(self, service: Service) -> Door:
        """The way to a service."""
        ...


class Recall:
    """The units of an earlier scan of one device, by name, and the probes that this scan would ask."""

    def __init__(self, units: Sequence[Unit], probes: Sequence[Probe], asker: Asker) -> None:
        self._units = {unit.name: unit for unit in units}
        self._probes = probes
        self._asker = asker

    async def service(self, port: int) -> tuple[Unit, ...]:
        """The units of a TCP port that need not be asked (again); none where it is not the service of then."""
        named = self._units.get(f"identify tcp/{port}")
        if named is None or not is_settled(named) or not named.services:
            return ()
        service = named.services[0]
        own = [p for p in self._probes if service.protocol in p.speaks]
        shown = await self._shown([p for p in own if p.shows], service)
        still = await self._tls(service) if shown is not None and service.protocol in HAVE_TLS else None
        if shown is None or (still is not None and not still.is_same):
            return ()
        if not shown and still is None:
            again = await self._asker.name(port, service.protocol)
            return (again,) if again.services == named.services and is_same(named, again) else ()
        return named, *shown, *self._believed(own, service, still)

    async def _shown(self, probes: Sequence[Probe], service: Service) -> list[Unit] | None:
        """The answers to what shows a service, where they are those of then; else None."""
        units = []
        for probe in probes:
            then = self._then(probe, service)
            if then is None:
                return None
            now = await self._asker.put(probe, service)
            if not is_same(then, now):
                return None
            units.append(now)
        return units

    async def _tls(self, service: Service) -> Still | None:
        """Whether it is the TLS server of then; None where nobody asked for that, then or now."""
        tls = [p for p in self._probes if TlsEndpoint in p.gives and service.protocol in p.speaks]
        facts = [o.fact for p in self._probes if (unit := self._then(p, service)) for o in unit.observations]
        then = next((f for f in facts if isinstance(f, TlsEndpoint)), None)
        if not tls or then is None:
            return Still(is_same=False) if tls else None
        chain = next((f for f in facts if isinstance(f, CertificateChain)), None)
        door = self._asker.door(service)
        leaf = chain.certificates[0].sha256 if chain and chain.certificates else ""
        return await is_still(over_stream(door), then, leaf=leaf, server_name=door.server_name)

    def _believed(self, probes: Sequence[Probe], service: Service, still: Still | None) -> Iterator[Unit]:
        for probe in probes:
            then = self._then(probe, service)
            if then is None or probe.holds_on is None or not all(probe.holds_on(o.fact) for o in then.observations):
                continue
            if CertificateChain in probe.gives and not (still and still.shows_leaf and self._is_by_name(then, service)):
                continue
            yield then

    def _is_by_name(self, then: Unit, service: Service) -> bool:
        """Whether the chain was asked for by the host name of now: it is judged against that."""
        chains = (o.fact for o in then.observations if isinstance(o.fact, CertificateChain))
        return all(c.server_name == self._asker.door(service).server_name for c in chains)

    def _then(self, probe: Probe, service: Service) -> Unit | None:
        """What this very probe brought then, where nothing of it was left open."""
        unit = self._units.get(f"{probe.name} {service.name}")
        fits = unit is not None and is_settled(unit) and all(a.probe == probe.label for a in unit.attempts)
        return unit if fits else None


def is_settled(unit: Unit) -> bool:
    """Whether everything that was asked was answered, if only by an absence."""
    return bool(unit.attempts) and all(a.status in SETTLED for a in unit.attempts)


def is_same(then: Unit, now: Unit) -> bool:
    """Whether two units of one question hold the same answers, what passes left out."""
    return _ends(then) == _ends(now) and _shown(then) == _shown(now)


def _ends(unit: Unit) -> list[tuple[str, AttemptStatus]]:
    return sorted((a.need, a.status) for a in unit.attempts)


def _shown(unit: Unit) -> list[tuple[str, dict[str, Any]]]:
    return [(o.subject.service, _lasting(o.fact)) for o in unit.observations]


def _lasting(fact: AnyFact) -> dict[str, Any]:
    fields: dict[str, Any] = msgspec.to_builtins(fact)
    return {name: value for name, value in fields.items() if name not in fact.passing}
