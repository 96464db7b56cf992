"""What is told of one device: who it is, and what it was seen to do."""

from collections.abc import Collection, Iterator, Sequence
from datetime import UTC, datetime
from typing import Final

import msgspec

from iotscan.model.device import Device, Service
from iotscan.model.facts import Announcement, AnyFact, Claim, Talk, TlsUse, TrafficProfile
from iotscan.model.facts.traffic import Use
from iotscan.model.observation import Observation, observe
from iotscan.model.subject import Subject
from iotscan.model.vocabulary import Vantage
from iotscan.observe.traffic.clock import Clock
from iotscan.observe.traffic.hiding import Hidden
from iotscan.observe.traffic.keeping import Keeping, Times
from iotscan.observe.traffic.locality import Locality
from iotscan.observe.traffic.parties import Group, Span
from iotscan.observe.traffic.served import served
from iotscan.observe.traffic.summing import Sum

PROBE: Final = "traffic/1"
FOUND_BY: Final = "traffic"
OWN: Final = Claim(what="role", value="the machine that captured", how="traffic")
_SERVICES: Final = 64
"""Services that are listed of one device."""
_EPHEMERAL: Final = 32_768
"""Where clients have their ports: what is not recognised there may be of either end."""


class Account:
    """One device, its parties together."""

    def __init__(
        self,
        group: Group,
        *,
        kept: Sequence[Keeping],
        claims: Sequence[Claim],
        spans: Sequence[Span],
        locality: Locality,
        clock: Clock,
    ) -> None:
        self._group, self._kept, self._spans, self._locality = group, kept, spans, locality
        self._clock = clock
        self._hidden = Hidden(secret for keeping in kept for secret in keeping.secrets)
        self._claims = self._hidden.within(tuple(dict.fromkeys(sorted(claims))))

    def device(self, own: Collection[str] = ()) -> Device:
        """Who it is. ``own`` are addresses of the machine that captured."""
        group = self._group
        is_own = group.mac in own or not set(own).isdisjoint(group.addresses)
        return Device(
            id=group.id,
            addresses=group.addresses,
            mac=group.mac,
            claims=(*self._claims, OWN) if is_own else self._claims,
            services=self._services(),
            found_by=(FOUND_BY,),
        )

    def observations(self) -> Iterator[Observation]:
        """What it was seen to do, and what it announced."""
        subject = Subject(device=self._group.id, address=self._group.addresses[0])
        facts = tuple(self._facts())
        sessions = (session for fact in facts if isinstance(fact, TlsUse) for session in fact.sessions)
        for service, offered in served(sessions, datetime.now(UTC)):
            place = msgspec.structs.replace(subject, service=service)
            yield observe(offered, place, probe=PROBE, vantage=Vantage.IN_USE, hiding=self._hidden.hiding)
        for fact in facts:
            # A name or a suite that is spelt like a secret is none: those facts hold nothing else that was said.
            told = fact if isinstance(fact, TlsUse | TrafficProfile) else self._hidden.within(fact)
            yield observe(told, subject, probe=PROBE, vantage=Vantage.IN_USE, hiding=self._hidden.hiding)

    def _facts(self) -> Iterator[AnyFact]:
        if self._claims:
            yield Announcement(claims=tuple(sorted(self._claims)))
        yield from Sum(self._kept, self._spans, self._locality, self._clock).facts()

    def _services(self) -> tuple[Service, ...]:
        """What it answered on; where a port was not recognised each time, what it was recognised as."""
        found: dict[str, Service] = {}
        for keeping in self._kept:
            for use, times in keeping.uses.get(Talk, {}).items():
                service = _served(use, times)
                if service is not None and found.get(service.name, service).protocol in ("unknown", service.protocol):
                    found[service.name] = service
        return tuple(sorted(found.values()))[:_SERVICES]


def _served(use: Use, times: Times) -> Service | None:
    """The service that a device was seen to be the server of, where that is sure: a capture that begins in the middle
    of a conversation may show nothing but two ports.
    """
    if not isinstance(use, Talk) or use.role != "server" or not times.sent or not times.is_proved:
        return None
    is_known = use.protocol != "unknown"
    if not is_known and (use.transport != "tcp" or use.port >= _EPHEMERAL):
        return None
    return Service(transport=use.transport, port=use.port, protocol=use.protocol, how="seen in traffic")
