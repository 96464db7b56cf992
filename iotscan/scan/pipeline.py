"""One scan from start to end: discover, survey, judge, and lose nothing on the way.

Devices go to probing the moment they are found. Every finished unit is in the journal before its
findings are told. Whatever ends the scan early (Ctrl-C, a deadline, ``kill -9``) leaves a journal
that :func:`scan` with ``earlier`` goes on from, with the same results.
"""

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Literal

import anyio
import msgspec
from anyio.abc import TaskGroup
from anyio.streams.memory import MemoryObjectReceiveStream, MemoryObjectSendStream

from iotscan.assess.judging import judge
from iotscan.model.device import Device, provisional_id
from iotscan.model.facts import Announcement, PortSweep, UpdateServer
from iotscan.model.identity_rule import settled
from iotscan.model.redaction import Hiding, without_secrets
from iotscan.model.run import Cost, Notice, Run
from iotscan.model.scope import Fence, utc_now
from iotscan.model.vocabulary import Reason
from iotscan.observe.network.agenda import Questions
from iotscan.observe.network.dial import Dialer
from iotscan.observe.network.discovery.connect import is_answer, who_answers, who_is_there
from iotscan.observe.network.discovery.found import Found
from iotscan.observe.network.discovery.host_names import ask_host_names
from iotscan.observe.network.discovery.neighbours import neighbour
from iotscan.observe.network.group_call import is_of
from iotscan.observe.network.outgoing import asking
from iotscan.observe.network.places import UpdatePlace, names_of
from iotscan.observe.network.probes import all_probes
from iotscan.observe.network.survey import Survey
from iotscan.observe.network.unit import Unit
from iotscan.scan.announced import Announced, as_words
from iotscan.scan.back_ends import ports_of, unheard
from iotscan.scan.children import children_notices
from iotscan.scan.crowds import Crowds
from iotscan.scan.cut_short import partial, unasked
from iotscan.scan.events import DeviceDone, DeviceFound, Event, UnitDone
from iotscan.scan.holders import owners
from iotscan.scan.inventory import Inventory, rebind
from iotscan.scan.left_alone import LeftAlone
from iotscan.scan.listed import with_listed
from iotscan.scan.looking import Looking, discovery_ports
from iotscan.scan.name_lookup import UNIT as NAME_RECORDS
from iotscan.scan.name_lookup import NameLookup
from iotscan.scan.plan import INVENTORY, choose_probes, second_opinions
from iotscan.scan.regrouping import rule_notices
from iotscan.scan.request import ScanRequest
from iotscan.scan.since import since_notices
from iotscan.scan.telling import Telling
from iotscan.scan.tools import shared_tools
from iotscan.scan.update_places import Seen, attempts_of, more_ports, notices_of, places_of
from iotscan.store.audit import open_log
from iotscan.store.journal import Journal
from iotscan.store.runs import write_run

DEVICES_AT_ONCE = 64
Entry = Unit | Found
"""What the journal of a scan holds. ``Found`` and ``Unit`` are told apart by their tag."""
Watch = Callable[[Event], None]


class Scan:
    """A scan in progress. Make one, then :meth:`run` it once.

    ``earlier`` is what the journal of an interrupted run holds, None for a run that begins.
    """

    def __init__(
        self,
        request: ScanRequest,
        watch: Watch,
        earlier: Sequence[Entry] | None = None,
        *,
        clock: Callable[[], datetime] = utc_now,
    ) -> None:
        self._request = request
        self._watch = watch
        self._audit = open_log(request.folder, request.header, request.caller, goes_on=earlier is not None)
        self._dialer = Dialer(request.header.scope, self._audit, clock)
        servers = {server.address: server.name for server in request.plan.backends}
        self._inventory = Inventory(request.library, request.header.identity_rules, servers)
        self._hidings: dict[str, Hiding] = defaultdict(Hiding)
        for router in request.routers:
            self._hidings[router.address].remember(router.community.reveal())
        self._earlier = earlier or ()
        kinds = {need.kind for check in request.checks for need in check.needs}
        self._lookup = NameLookup(request.header.scope, request.plan.resolver, servers, self._audit, kinds)
        self._journal: Journal[Entry] = Journal(request.folder, request.header if earlier is None else None)
        self._journalled = {entry for entry in self._earlier if isinstance(entry, Found)}
        self._finished: set[str] = set()
        self._costs: dict[str, Cost] = {}
        self._clock: anyio.CancelScope | None = None
        self._interrupted = False
        self._asked: list[str] = []
        self._announced = Announced(request.plan.attached)
        self._crowds = Crowds(max(request.plan.most, len(request.plan.addresses)))
        self._surveys = anyio.CapacityLimiter(DEVICES_AT_ONCE)
        self._questions: Questions | None = None
        self._telling = Telling(request, self._inventory, watch)
        self._fence = Fence(request.header.scope)
        self._left_alone = LeftAlone(request.header.scope)
        self._places = places_of(request.header.images, request.header.observations)
        self._added = with_listed(more_ports(self._places, self._fence, request.plan), self._fence, request.plan)

    def interrupt(self) -> None:
        """Stop asking; :meth:`run` then returns what there is."""
        self._interrupted = True
        if self._clock is not None:
            self._clock.cancel()

    async def run(self) -> Run:
        """Scan, write ``run.json`` and return the judged run: whole, or what there was when it was cut."""
        with anyio.CancelScope(deadline=_deadline(self._request.deadline)) as self._clock:
            places = tuple(named.place for named in self._places if named.place is not None)
            given = {"trusted_keys": self._telling.trusted, "update_places": places}
            async with shared_tools(self._request, self._dialer, given) as tools:
                await self._observe(tools)
        return self._finish(self._why_cut(is_cut=self._clock.cancelled_caught))

    def _why_cut(self, *, is_cut: bool) -> Reason | None:
        if is_cut:
            return Reason.INTERRUPTED if self._interrupted else Reason.DEADLINE
        return Reason.OUT_OF_SCOPE if self._dialer.outgoing.is_closed else None

    async def _observe(self, tools: dict[str, Any]) -> None:
        request = self._request
        every = all_probes()
        chosen = choose_probes(request.checks, every, INVENTORY)
        self._questions = Questions(
            tcp=request.plan.tcp,
            more_tcp=self._added,
            alone=ports_of(request.plan.backends),
            probes=(*chosen, *second_opinions(request.plan)),
            left_out=tuple(p for p in every if p not in chosen),
            expected=request.plan.expected,
            udp=request.plan.udp,
            own=request.plan.own_services,
            fragile=request.plan.fragile,
            grants=request.header.scope.grants,
            tools={**tools, "device_at": self._inventory.device},
        )
        send, receive = anyio.create_memory_object_stream[Found](1024)
        async with anyio.create_task_group() as group:
            group.start_soon(self._discover, send)
            await self._survey_found(receive, group)

    async def _discover(self, send: MemoryObjectSendStream[Found]) -> None:
        async with send:
            for entry in self._earlier:
                if isinstance(entry, Found):
                    await send.send(entry)
            known = {e.address for e in self._earlier if isinstance(e, Found) and is_answer(e)}
            looking = Looking(self._dialer, self._request, self._asked.append, self._inventory.places_of)
            with asking("discovery/1"):
                alone = ports_of(self._request.plan.backends)
                await looking.look(send, known=known, more={**self._added, **alone})

    async def _survey_found(self, receive: MemoryObjectReceiveStream[Found], group: TaskGroup) -> None:
        units: dict[str, list[Unit]] = {}
        for entry in self._earlier:
            if isinstance(entry, Unit):
                units.setdefault(entry.address, []).append(entry)
        async with receive:
            async for found in receive:
                if not self._dialer.allows(found.address) or found.address in self._request.plan.own:
                    continue
                for believed in self._announced.take(found):
                    self._meet(believed, units, group)
        await self._settle_announced(units, group)
        # What one MAC alone stands for, among many: some are asked, and who does not answer itself is left out.
        if some := self._crowds.some():
            with asking("discovery/1"):
                for answer in await who_answers(self._dialer, some, discovery_ports(self._request.plan)):
                    self._meet(answer, units, group)
        self._dialer.outgoing.all_fell_short(self._crowds.shortfall)

    def _meet(self, found: Found, units: Mapping[str, list[Unit]], group: TaskGroup) -> None:
        """Take in a sign of life; an address that is new goes to probing."""
        if self._crowds.take(found) and self._note(found):
            self._watch(DeviceFound(device=self._inventory.device(found.address)))
            group.start_soon(self._survey, found.address, units.get(found.address, []))

    async def _settle_announced(self, units: Mapping[str, list[Unit]], group: TaskGroup) -> None:
        """Nobody else has shown the rest to be there: ask each once more, and leave out who is not."""
        held = self._announced.held
        if not held:
            return
        with asking("discovery/1"):
            there = await who_is_there(self._dialer, held, discovery_ports(self._request.plan))
        for address in there:
            for believed in self._announced.confirm(address):
                self._meet(believed, units, group)

    def _note(self, found: Found) -> bool:
        """Write a sign of life down unless the journal holds it; True when its address is new."""
        found = without_secrets(found)
        if found not in self._journalled:
            self._journalled.add(found)
            self._journal.append(found)
        return self._inventory.add(found)

    async def _survey(self, address: str, done: list[Unit]) -> None:
        assert self._questions is not None
        questions = self._questions.of_server() if self._is_server(address) else self._questions
        for unit in done:
            self._inventory.keep(unit)
        async with self._surveys:
            survey = Survey(
                self._dialer.line(address),
                questions,
                self._keep,
                server_name=self._request.plan.names.get(address, ""),
                done=done,
                then=lambda: self._then(address),
                announced=lambda: self._inventory.announcement(address),
                hiding=self._hidings[address],
            )
            if not self._left_alone.holds(address, self._inventory.device(address).mac):
                async with anyio.create_task_group() as beside:
                    beside.start_soon(self._ask_names, address)
                    await survey.run()
        await self._ask_of_name(address)
        self._costs[address] = self._dialer.line(address).cost()
        if known := neighbour(address):
            self._note(known)
        self._finished.add(address)
        self._telling.tell(address)
        self._watch(
            DeviceDone(
                address=address,
                devices=len(self._inventory),
                devices_done=len(self._finished),
                device=self._inventory.device(address),
            )
        )

    def _is_server(self, address: str) -> bool:
        """Whether an address is that of a back end."""
        return any(server.address == address for server in self._request.plan.backends)

    def _then(self, address: str) -> tuple[Unit, ...]:
        """What the scan to go back to learned of the machine that has this address now."""
        if self._request.earlier is None:
            return ()
        seen = neighbour(address)
        mac = (seen.mac if seen else "") or self._inventory.device(address).mac
        return self._request.earlier.of(address, mac)

    async def _ask_names(self, address: str) -> None:
        """Ask a device on a link of ours what it is called: elsewhere nobody speaks that."""
        if not any(is_of(link, address) for link in self._request.plan.links):
            return
        with asking("discovery-names/1"):
            for found in await ask_host_names(self._dialer, address):
                self._note(found)

    async def _ask_of_name(self, address: str) -> None:
        """Ask what the DNS says of the name of a back end, once its services are known."""
        device = self._inventory.device(address)
        if device.role == "backend" and not any(unit.name == NAME_RECORDS for unit in self._inventory.units(address)):
            await self._keep(await self._lookup.unit(address, device.services))

    async def _keep(self, unit: Unit) -> None:
        self._journal.append(unit)
        self._inventory.keep(unit)
        self._watch(
            UnitDone(
                address=unit.address,
                name=unit.name,
                devices=len(self._inventory),
                devices_done=len(self._finished),
            )
        )
        self._telling.tell_unit(unit)

    def _finish(self, cut: Reason | None) -> Run:
        self._journal.close()
        inventory = self._inventory
        devices = tuple(self._without_its_secrets(device) for device in inventory.devices())
        owner = owners(devices)
        rules = settled(self._request.header.identity_rules, inventory.sightings())
        observations = list(self._request.header.observations)
        attempts = list(self._request.header.attempts)
        units = (unit for address in inventory.addresses() for unit in inventory.units(address))
        notices = [*self._request.header.notices, *self._notices(cut), *since_notices(self._request.earlier, units)]
        costs: dict[str, Cost] = {}
        address_costs: dict[str, Cost] = {}
        for address in inventory.addresses():
            device = owner[provisional_id(address)]
            spent = self._costs.get(address) or self._dialer.line(address).cost()
            if len(device.addresses) > 1:
                address_costs[address] = spent
            costs[device.id] = costs.get(device.id, Cost()) + spent
            said = self._hidings[address].within(inventory.observations(address))
            observations += (rebind(o, device) for o in said)
            attempts += (
                msgspec.structs.replace(a, subject=msgspec.structs.replace(a.subject, device=device.id))
                for u in inventory.units(address)
                for a in u.attempts
            )
            if address in self._left_alone:
                why = "excluded by another address of the same device"
                attempts += unasked(self._questions, device.id, address, Reason.OUT_OF_SCOPE, why)
            elif cut and address not in self._finished:
                attempts += unasked(
                    self._questions, device.id, address, cut, "the scan ended before this device was done"
                )
        if self._questions and any(UpdateServer in probe.gives for probe in self._questions.probes):
            of_places = attempts_of(self._places, self._fence, self._seen, cut)
            attempts += of_places
            notices += notices_of(of_places)
        status: Literal["interrupted", "complete"] = "interrupted" if cut else "complete"
        run = msgspec.structs.replace(
            self._request.header,
            status=status,
            finished=datetime.now(UTC).isoformat(timespec="seconds"),
            devices=devices,
            observations=tuple(sorted(observations, key=lambda o: (o.subject, o.id))),
            attempts=tuple(sorted(attempts, key=lambda a: (a.subject, a.need, a.probe))),
            costs=costs,
            ways=dict(sorted(self._dialer.outgoing.ways.items())),
            address_costs=address_costs,
            identity_rules=rules,
            audit_root=self._audit.end(status),
            notices=(*notices, *children_notices(devices), *rule_notices(rules)),
        )
        judged = judge(
            without_secrets(run),
            self._request.checks,
            self._request.profile,
            as_of=run.moment,
            terms=self._request.terms,
        )
        write_run(self._request.folder, judged)
        return judged

    def _seen(self, place: UpdatePlace) -> Iterator[Seen]:
        """What is known of the devices that a place means."""
        for address in self._inventory.addresses():
            announced = self._inventory.announcement(address)
            said = announced.fact if announced is not None and isinstance(announced.fact, Announcement) else None
            if place.is_at(address, names_of(said, self._request.plan.names.get(address, ""))):
                facts = (o.fact for o in self._inventory.observations(address))
                swept = next((f for f in facts if isinstance(f, PortSweep)), PortSweep())
                yield Seen(
                    services=self._inventory.device(address).services,
                    asked=frozenset((*swept.open, *swept.closed, *swept.filtered)),
                    closed=frozenset(swept.closed),
                    is_done=address in self._finished,
                )

    def _without_its_secrets(self, device: Device) -> Device:
        """A device that told a secret after it had said it as its name."""
        for address in device.addresses:
            device = self._hidings[address].within(device)
        return device

    def _notices(self, cut: Reason | None) -> tuple[Notice, ...]:
        ghosts = self._announced.held
        why = "but nobody there answers" if cut is None else "and not shown to be there before the scan ended"
        held = (as_words(ghosts, why),) if ghosts else ()
        silent = unheard(self._request.plan.backends, self._inventory.addresses()) if cut is None else ()
        told = (
            *self._asked,
            *silent,
            *held,
            *self._announced.remarks,
            *self._crowds.notices(),
            *self._left_alone.notices(),
        )
        asked = tuple(Notice(about="discovery", text=text) for text in told)
        if cut is None:
            return asked
        return (*asked, partial(cut, len(self._finished), len(self._inventory)))


def _deadline(seconds: float) -> float:
    return anyio.current_time() + seconds if seconds else float("inf")
