"""One device from the first knock to the last question, unit by unit.

A *unit* is what is finished at once and written down before the next: the port sweep, the
identification of one port, one probe on one service. A unit that an earlier, interrupted run
finished is taken from its journal instead of being asked again.
"""

import time
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from itertools import product

import anyio
import msgspec

from iotscan.model.device import Service, provisional_id
from iotscan.model.errors import BadInput
from iotscan.model.facts import Announcement, AnyFact, Fact, OpenService, PortSweep
from iotscan.model.observation import Observation, observe
from iotscan.model.redaction import Hiding
from iotscan.model.subject import Subject
from iotscan.model.vocabulary import AttemptStatus, Reason
from iotscan.observe.heard import Heard, Missed, all_missed, attempts_of
from iotscan.observe.network.agenda import Questions
from iotscan.observe.network.failures import DialError, OutOfScope, TimedOut
from iotscan.observe.network.fragile import STOPPED, AliveCheck, not_allowed
from iotscan.observe.network.identify import identify
from iotscan.observe.network.line import Line
from iotscan.observe.network.outgoing import asking
from iotscan.observe.network.probe import HAVE_TLS, Door, Probe, missed
from iotscan.observe.network.recall import Recall
from iotscan.observe.network.sweep import sweep
from iotscan.observe.network.udp_knock import CLOSED, NO_ANSWER, FirstWord, Knocked, knock_udp
from iotscan.observe.network.unit import Unit
from iotscan.observe.network.web_session import Planned, WebSession

Keep = Callable[[Unit], Awaitable[None]]
_WHOLE = 1000
"""Conversations of a probe that need not leave any to others."""


class Survey:
    """Asks one device everything in ``questions``; each finished unit goes to ``keep`` at once.

    ``done`` are the units that an interrupted run finished, ``then`` those of an earlier scan of the same device, asked
    for once its ports have answered; ``announced`` gives what discovery has heard the device say of itself so far,
    which helps to tell which product it is. ``hiding`` takes the secrets out of what it says: nothing that leaves here
    holds one, and what it said, whole, is known to its further probes alone.
    """

    def __init__(
        self,
        line: Line,
        questions: Questions,
        keep: Keep,
        *,
        server_name: str = "",
        done: Iterable[Unit] = (),
        then: Callable[[], Sequence[Unit]] = tuple,
        announced: Callable[[], Observation | None] = lambda: None,
        hiding: Hiding | None = None,
    ) -> None:
        self._line = line
        self._questions = questions
        self._keep = keep
        self._server_name = server_name
        self._done = {unit.name: unit for unit in done}
        self._then = then
        self._known: list[tuple[str, AnyFact]] = []
        self._announced = announced
        self._hiding = hiding or Hiding()
        self._web: dict[str, WebSession] = {}
        self._alive = AliveCheck()
        self._device = provisional_id(line.address)
        self._knocked: Mapping[int, Knocked] = {}
        self._identified: dict[int, Service] = {}
        self._asked: set[str] = set()
        if self._done:
            line.resume(max((u.cost for u in self._done.values()), key=lambda c: (c.conversations, c.datagrams)))

    async def run(self) -> None:
        """Sweep, identify, probe. Never raises a :class:`DialError`: every gap becomes an attempt."""
        datagrams = self._questions.datagrams_of(self._line.address)
        async with anyio.create_task_group() as beside:
            # No conversation: what is waited for here costs no time of its own.
            beside.start_soon(self._knock_udp, datagrams)
            open_ports = await self._sweep()
            await self._recall(open_ports)
            services = [await self._identify(port) for port in open_ports]
        services += (*datagrams, *self._questions.own_of(self._line.address))
        await self._spare()
        for probe in sorted((*self._questions.probes, *self._questions.left_out), key=lambda p: (p.stage, p.name)):
            if not self._questions.allows(probe):
                continue
            asked = [s for s in services if s.protocol in probe.speaks]
            left = sum(_name(probe, s) not in self._done and _name(probe, s) not in self._asked for s in asked)
            share = self._line.left // max(left, 1)
            for service in asked:
                await self._probe(probe, service, share)

    async def _recall(self, open_ports: Iterable[int]) -> None:
        """Take over what an earlier scan learned of services that are the same still."""
        then = self._then()
        if not then:
            return
        recall = Recall(then, [p for p in self._questions.probes if self._is_granted(p)], self)
        for port in open_ports:
            if port in self._identified or f"identify tcp/{port}" in self._done:
                continue
            for unit in await recall.service(port):
                self._done[unit.name] = await self._finish(unit)

    async def _finish(self, unit: Unit) -> Unit:
        finished = self._hiding.within(msgspec.structs.replace(unit, cost=self._line.cost()))
        await self._keep(finished)
        return finished

    def _earlier(self, name: str) -> Unit | None:
        unit = self._done.get(name)
        if unit is not None:
            self._known.extend((o.subject.service, o.fact) for o in unit.observations)
        return unit

    def _subject(self, service: Service | None = None) -> Subject:
        return Subject(device=self._device, address=self._line.address, service=service.name if service else "")

    async def _sweep(self) -> tuple[int, ...]:
        unit = self._earlier("sweep")
        if unit is None:
            clock = _Clock(self._line)

            async def look(open_ports: tuple[int, ...]) -> None:
                with clock.stopped():
                    await self._look_first(open_ports)

            with asking("sweep/1"):
                ports = self._questions.ports_of(self._line.address)
                swept = await sweep(self._line, ports, likely=self._questions.likely, look=look)
            # A device none of whose ports answered has told us nothing: that is no sweep.
            answered = bool(swept.open or swept.closed)
            why = _FORBIDDEN if swept.forbidden else _SILENT
            heard = Heard(facts=(swept,)) if answered else Heard(missed=(missed(PortSweep, why),))
            unit = await self._finish(self._unit("sweep", "sweep/1", None, (PortSweep,), heard, clock))
        return next((o.fact.open for o in unit.observations if isinstance(o.fact, PortSweep)), ())

    async def _look_first(self, open_ports: Iterable[int]) -> None:
        """Identify the likely ports, and ask what no further knowledge is needed for: so the first findings are early.

        Not about TLS, for which the conversations are shared out among all services, when these are known.
        """
        await self._recall(open_ports)
        brief = [p for p in self._questions.probes if p.stage <= 1 and not (p.wants or p.after or p.grant)]
        for port in open_ports:
            service = await self._identify(port)
            for probe in sorted(brief, key=lambda p: (p.stage, p.name)):
                if service.protocol in probe.speaks and service.protocol not in HAVE_TLS:
                    await self._probe(probe, service, self._line.left)

    async def _identify(self, port: int) -> Service:
        if port not in self._identified:
            self._identified[port] = await self._identify_now(port)
        return self._identified[port]

    async def _identify_now(self, port: int) -> Service:
        unit = self._earlier(f"identify tcp/{port}")
        if unit is None:
            unit = await self._finish(await self.name(port, self._questions.expected.get(port, "")))
        return unit.services[0]

    async def name(self, port: int, expected: str) -> Unit:
        """What an open TCP port speaks, asked first for what is expected of it; not kept yet."""
        clock = _Clock(self._line)
        service = Service(transport="tcp", port=port)
        try:
            with asking("identify/1"):
                found = await identify(self._line, port, expected=expected)
            service, heard = found.service, Heard(facts=(found.fact,), missed=found.missed)
        except DialError as error:
            # Nothing is known of this port now, so nothing may be said about any protocol on it.
            gaps = [missed(kind, error) for kind in self._questions.kinds("tcp")]
            heard = Heard(missed=(missed(OpenService, error), *gaps))
        made = self._unit(f"identify tcp/{port}", "identify/1", service, (OpenService,), heard, clock)
        return msgspec.structs.replace(made, services=(service,))

    async def _knock_udp(self, services: Iterable[Service]) -> None:
        """Say the first words to all UDP ports that a probe has yet to ask."""
        words: dict[int, dict[FirstWord, None]] = {}
        for probe, service in product(self._questions.probes, services):
            said = probe.first_words
            is_left = service.protocol in probe.speaks and _name(probe, service) not in self._done
            if said and is_left and self._is_granted(probe):
                words.setdefault(service.port, {}).update(dict.fromkeys(said()))
        with asking("udp/1"):
            self._knocked = await knock_udp(self._line, {port: tuple(said) for port, said in words.items()})

    def _is_granted(self, probe: Probe) -> bool:
        return not probe.grant or bool(getattr(self._questions.grants, probe.grant))

    async def _probe(self, probe: Probe, service: Service, share: int) -> None:
        name = _name(probe, service)
        if name in self._asked or self._earlier(name) is not None:
            return
        if probe.after is not None and not self._seen_before(probe, service):
            return
        self._asked.add(name)
        unit = await self.put(probe, service, share)
        is_found = service.protocol in (*self._questions.udp, *self._questions.own) and unit.observations
        services = (service,) if is_found else ()
        await self._finish(msgspec.structs.replace(unit, services=services))

    async def put(self, probe: Probe, service: Service, share: int = _WHOLE) -> Unit:
        """Ask one probe; not kept yet. ``share`` are the conversations that it may have."""
        clock = _Clock(self._line)
        heard = await self._ask(probe, service, share)
        if probe.fragile:
            self._alive.note(heard)
        return self._unit(_name(probe, service), probe.label, service, probe.gives, heard, clock)

    def _seen_before(self, probe: Probe, service: Service) -> list[AnyFact]:
        """The facts that the probe is asked after, on this service."""
        after = probe.after
        return [known for name, known in self._known if after and name == service.name and isinstance(known, after)]

    async def _spare(self) -> None:
        """Write down which equipment is not asked, once for the device."""
        spared = [p for p in self._questions.probes if not self._questions.allows(p)]
        closed = self._questions.not_granted(self._line.address)
        if not (spared or closed) or self._earlier("spared") is not None:
            return
        gaps = [
            gap
            for p in spared
            for gap in all_missed(p.gives, AttemptStatus.NOT_TRIED, Reason.NOT_ALLOWED, not_allowed(p.fragile)).missed
        ]
        said = {gap.need for gap in gaps}
        gaps += [
            Missed(need=kind, status=AttemptStatus.NOT_TRIED, reason=Reason.NOT_ALLOWED, detail=NOT_GRANTED)
            for kind in closed
            if kind not in said
        ]
        heard = Heard(missed=tuple(gaps))
        await self._finish(self._unit("spared", "spared/1", None, (), heard, _Clock(self._line)))

    async def _ask(self, probe: Probe, service: Service, share: int) -> Heard:
        if probe in self._questions.left_out:
            return all_missed(
                probe.gives, AttemptStatus.NOT_TRIED, Reason.EXCLUDED, "no check of this run asked for it"
            )
        if probe.where is not None and not any(map(probe.where, self._seen_before(probe, service))):
            return Heard()
        if not self._is_granted(probe):
            return all_missed(
                probe.gives, AttemptStatus.NOT_TRIED, Reason.CONSENT, f"needs --{probe.grant.replace('_', '-')}"
            )
        if probe.first_words and service.transport == "udp" and not self._is_heard_of(probe):
            match self._knocked.get(service.port):
                case "silent":
                    return all_missed(probe.gives, AttemptStatus.TIMED_OUT, Reason.TIMEOUT, NO_ANSWER)
                case "refused":
                    # Nobody has knocked before: an ICMP refusal is the answer that there is no such server.
                    return all_missed(probe.gives, AttemptStatus.ABSENT, None, CLOSED)
        is_first = service.name not in self._web
        door = self.door(service, share)
        if not await self._alive.lets_on(self._line, self._known):
            return all_missed(probe.gives, AttemptStatus.NOT_TRIED, Reason.UNREACHABLE, STOPPED)
        try:
            if is_first:
                door.web.plan(self._planned(door))
            # What was granted may carry a login.
            with asking(probe.label, with_secrets=bool(probe.grant)):
                return await probe.ask(door)
        except DialError as error:
            return Heard(missed=tuple(missed(fact, error) for fact in probe.gives))
        except BadInput:
            # For the user to mend, and no fault of the probe: the audit log, say, cannot be written.
            raise
        except Exception as error:
            # One broken probe must not cost the others. The type alone: the text may hold device data or a secret.
            return all_missed(
                probe.gives, AttemptStatus.BROKEN, Reason.PROBE_ERROR, f"{type(error).__name__} in {_where(error)}"
            )

    def _planned(self, door: Door) -> Iterator[Planned]:
        """What the further probes of a service will ask of a web server."""
        coming = (p for p in self._questions.probes if p.ahead and door.service.protocol in p.speaks)
        for probe in sorted(coming, key=lambda p: (p.stage, p.name)):
            is_granted = not probe.grant or getattr(self._questions.grants, probe.grant)
            if probe.ahead and is_granted and not probe.after and _name(probe, door.service) not in self._done:
                yield from (Planned(label=probe.label, ask=ask) for ask in probe.ahead(door))

    def _is_heard_of(self, probe: Probe) -> bool:
        """Whether the device announced what the probe asks for."""
        announced = self._announced()
        fact = announced.fact if announced else None
        return probe.heard_of is not None and isinstance(fact, Announcement) and probe.heard_of(fact)

    def door(self, service: Service, share: int = _WHOLE) -> Door:
        """The way to a service, with all that is known of its device by now."""
        announced = self._announced()
        return Door(
            line=self._line,
            service=service,
            grants=self._questions.grants,
            server_name=self._server_name,
            known=(*self._known, ("", announced.fact)) if announced else tuple(self._known),
            tools=self._questions.tools,
            share=share,
            web=self._web.setdefault(service.name, WebSession()),
        )

    def _unit(
        self,
        name: str,
        label: str,
        service: Service | None,
        gives: tuple[type[Fact], ...],
        heard: Heard,
        clock: "_Clock",
    ) -> Unit:
        # A product may be known by the very realm that says its password.
        self._known.extend((self._about(fact, service).service, fact) for fact in heard.facts)
        at = datetime.now(UTC).isoformat(timespec="seconds")
        seen = tuple(
            observe(
                fact,
                self._about(fact, service),
                probe=label,
                at=at,
                excerpt=heard.excerpt,
                hiding=self._hiding,
            )
            for fact in heard.facts
        )
        attempts = attempts_of(
            gives,
            heard,
            seen,
            self._subject(service),
            probe=label,
            seconds=clock.seconds,
            connections=clock.connections,
        )
        return Unit(address=self._line.address, name=name, observations=seen, attempts=attempts)

    def _about(self, fact: AnyFact, service: Service | None) -> Subject:
        return self._subject(service if fact.per == "service" else None)


def _name(probe: Probe, service: Service) -> str:
    return f"{probe.name} {service.name}"


NOT_GRANTED = "another port of this back end would show it, and one port alone was granted"
_SILENT = TimedOut("none of its ports answered")
_FORBIDDEN = OutOfScope("the scope allowed none of its ports to be asked, or none that answered")


class _Clock:
    """What a unit cost: read once when it ends."""

    def __init__(self, line: Line) -> None:
        self._line = line
        self._began = time.monotonic()
        self._before = line.connections + line.exchanges

    @property
    def seconds(self) -> float:
        return round(time.monotonic() - self._began, 3)

    @contextmanager
    def stopped(self) -> Iterator[None]:
        """The block is no part of the unit."""
        began, before = time.monotonic(), self._line.connections + self._line.exchanges
        yield
        self._began += time.monotonic() - began
        self._before += self._line.connections + self._line.exchanges - before

    @property
    def connections(self) -> int:
        return self._line.connections + self._line.exchanges - self._before


def _where(error: Exception) -> str:
    """The innermost place of ours in a traceback: ``probes/http.py:41``."""
    place, frame = "", error.__traceback__
    while frame is not None:
        path = frame.tb_frame.f_code.co_filename
        if "iotscan" in path:
            place = f"{'/'.join(path.rsplit('/', 2)[-2:])}:{frame.tb_lineno}"
        frame = frame.tb_next
    return place
