"""Captured traffic from start to end: read, told who is who, judged, kept."""

import hashlib
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Final, Literal

import msgspec

from iotscan import __version__
from iotscan.assess.check import Check
from iotscan.assess.judging import judge
from iotscan.assess.profile import Profile
from iotscan.assess.terms import Terms
from iotscan.data import oui
from iotscan.data.fingerprints.library import Library
from iotscan.model.capture import Capture
from iotscan.model.device import Device
from iotscan.model.errors import BadInput
from iotscan.model.facts import AnyFact, Commissioning
from iotscan.model.lasting import keys_shown
from iotscan.model.observation import Observation, observe
from iotscan.model.redaction import without_secrets
from iotscan.model.run import Notice, Run, Tool
from iotscan.model.scope import Scope
from iotscan.model.subject import Subject
from iotscan.model.text import safe_text
from iotscan.model.vocabulary import Vantage
from iotscan.observe.traffic.foremost import DEVICES
from iotscan.observe.traffic.given import Given
from iotscan.observe.traffic.messages import STREAM, Doing, Job, Snapshot
from iotscan.observe.traffic.process import Heard, TrafficProcess
from iotscan.scan.announced_facts import facts_of
from iotscan.scan.holders import vendor_source
from iotscan.scan.identification.beside import with_remarks
from iotscan.scan.identification.engine import identify
from iotscan.scan.join_doubts import NEAR, between
from iotscan.scan.known_devices import joined_with
from iotscan.scan.run_folder import kept_if_read
from iotscan.store.runs import new_run_id, write_run

ABOUT: Final = "capture"
GRACE: Final = 3.0
Told = Callable[[Doing | Snapshot], None]


class Order(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be read, and how it is judged."""

    sources: tuple[str, ...]
    """Paths of captures; ``-`` for the stream."""
    stream_name: str = STREAM
    """What a report calls the stream: ``-``, or the interface that is listened to."""
    local: tuple[str, ...] = ()
    """Networks of the devices besides those of private use."""
    own: tuple[str, ...] = ()
    """MAC and IP addresses of the machine that captures."""
    given: Given = Given()
    known: Run | None = None
    """An inventory: who of its devices is heard is called as it is there."""
    library: Library = Library(())
    checks: tuple[Check, ...]
    profile: Profile
    terms: Terms
    output: Path
    notices: tuple[Notice, ...] = ()


class Reading:
    """Captures that are being read: made by :func:`reading`."""

    def __init__(self, order: Order, folder: Path, process: TrafficProcess) -> None:
        self._order, self._folder, self._process = order, folder, process
        self._began = datetime.now(UTC)

    def hear(self, told: Told = lambda _: None) -> Heard:
        """Wait until all is read. Raises BadInput where nothing is a capture."""
        return self._process.hear(told)

    def stop(self) -> None:
        """What was read until now is all there is: :meth:`hear` then comes to its end. From any thread."""
        self._process.finish()

    def stop_soon(self) -> None:
        """The same once whoever captures had :data:`GRACE` seconds to say what he still holds back, and to end."""
        waiting = threading.Timer(GRACE, self._process.finish)
        waiting.daemon = True
        waiting.start()

    def kill(self) -> None:
        """End it at once."""
        self._process.kill()

    def glimpse(self, seen: Snapshot) -> Run:
        """What is known by now, judged and kept nowhere; without history and baseline, which cost much."""
        terms = msgspec.structs.replace(self._order.terms.of_baseline(), look_up=None)
        return self._judged(seen.devices, seen.observations, seen.captures, status="running", notices=(), terms=terms)

    def kept(self, heard: Heard, notices: Iterable[Notice] = (), *, is_cut: bool = False) -> Run:
        """The run: judged, and kept in its folder. ``is_cut``: somebody ended it before the captures did."""
        order = self._order
        said = (
            *(Notice(about=ABOUT, text=text) for text in heard.notices),
            *(notice for capture in heard.captures for notice in _remarks(capture)),
        )
        run = self._judged(
            heard.devices,
            heard.observations,
            heard.captures,
            status="complete" if heard.is_whole and not is_cut else "interrupted",
            notices=(*order.notices, *said, *notices),
        )
        write_run(self._folder, run)
        return run

    def _judged(
        self,
        devices: Sequence[Device],
        observations: Sequence[Observation],
        captures: tuple[Capture, ...],
        *,
        status: Literal["running", "complete", "interrupted"],
        notices: tuple[Notice, ...],
        terms: Terms | None = None,
    ) -> Run:
        order = self._order
        seen = (*observations, *(stated for device in devices for stated in _stated(device)))
        scope = Scope(include=(), authority="captured traffic: nothing is sent")
        run = Run(
            id=self._folder.name,
            tool=Tool(version=__version__),
            status=status,
            command="traffic",
            started=self._began.isoformat(timespec="seconds"),
            finished=datetime.now(UTC).isoformat(timespec="seconds"),
            as_of=self._began.isoformat(timespec="seconds"),
            targets=tuple(safe_text(order.stream_name if s == STREAM else s, 400) for s in order.sources),
            scope=scope,
            scope_sha256=hashlib.sha256(msgspec.json.encode(scope)).hexdigest(),
            profile=order.profile.as_info(),
            captures=captures,
        )
        if order.known is not None:
            joined = joined_with(devices, seen, order.known, by_address=between(run, order.known) <= NEAR)
            devices, seen = joined.devices, joined.observations
            notices = (*notices, *(Notice(about="inventory", text=text) for text in joined.notices))
        run = msgspec.structs.replace(
            run,
            devices=_identified(devices, seen, order.library),
            observations=tuple(sorted(seen, key=lambda o: (o.subject, o.id))),
            notices=notices,
        )
        return judge(without_secrets(run), order.checks, order.profile, as_of=self._began, terms=terms or order.terms)


@contextmanager
def reading(order: Order, *, stream: int | IO[bytes] | None = None) -> Iterator[Reading]:
    """Start to read. ``stream`` is what the source ``-`` is. Raises BadInput; where nothing is kept, nothing stays."""
    _must_be_there(order.sources)
    job = Job(
        sources=order.sources,
        stream_name=order.stream_name,
        local=order.local,
        given=order.given,
        own=order.own,
        known=tuple(d.mac or d.address for d in order.known.devices[:DEVICES]) if order.known else (),
    )
    with kept_if_read(order.output, new_run_id()) as folder:
        process = TrafficProcess(job, stream=stream)
        try:
            yield Reading(order, folder, process)
        finally:
            process.kill()


def assess_traffic(order: Order, told: Told = lambda _: None, *, stream: int | IO[bytes] | None = None) -> Run:
    """Read captures and judge what they show; the run is kept below the order's folder. Raises BadInput.

    Of several captures one that cannot be read is named in the run; where none can it is bad input.
    """
    with reading(order, stream=stream) as work:
        return work.kept(work.hear(told))


def _must_be_there(sources: Sequence[str]) -> None:
    taken: dict[Path | str, str] = {}
    for source in sources:
        shown = safe_text(source, 400)
        if source == STREAM:
            place: Path | str = STREAM
        else:
            place = Path(source)
            try:
                is_folder = place.is_dir()
                place = place.resolve(strict=True)
            except (OSError, ValueError, RuntimeError) as error:
                why = getattr(error, "strerror", None) or "no such path"
                raise BadInput(f"{shown} cannot be read ({why}): give a capture, as tcpdump -w writes it") from error
            if is_folder:
                raise BadInput(f"{shown} is a folder: give the captures in it, as {shown}/*.pcap")
        if place in taken:
            raise BadInput(f"{shown} is given twice: what it holds would count twice")
        taken[place] = source


def _stated(device: Device) -> Iterator[Observation]:
    """What a device announced besides its names. That no window to pair was announced proves no closed one."""
    subject = Subject(device=device.id, address=device.address)
    for fact in facts_of(device.claims):
        if _was_said(fact):
            yield observe(fact, subject, probe="traffic/1", vantage=Vantage.IN_USE)


def _was_said(fact: AnyFact) -> bool:
    return not isinstance(fact, Commissioning) or bool(fact.windows)


def _identified(devices: Sequence[Device], seen: Sequence[Observation], library: Library) -> tuple[Device, ...]:
    by_device: dict[str, list[Observation]] = {device.id: [] for device in devices}
    for observation in seen:
        by_device.setdefault(observation.subject.device, []).append(observation)
    known = tuple(_named(device, by_device[device.id], library) for device in devices)
    return tuple(with_remarks(known, keys_shown(seen)))


def _named(device: Device, seen: Sequence[Observation], library: Library) -> Device:
    if device.identity.is_known:  # of the inventory, which asked it more
        return device
    vendor = device.vendor or (oui.vendor(device.mac) if device.mac else "")
    named = msgspec.structs.replace(device, vendor=vendor, vendor_source=vendor_source(device.mac, vendor))
    return msgspec.structs.replace(named, identity=identify(named, seen, library))


def _remarks(capture: Capture) -> Iterator[Notice]:
    """What was not read of a capture."""
    if capture.problem:
        yield Notice(about=ABOUT, text=safe_text(f"{capture.source}: {capture.problem}", 500))
    for count, what in (
        (capture.cut_frames, "frames hold only their beginning (snaplen): what follows in them is not known"),
        (capture.unread_frames, "frames could not be read: other link layers, damaged, or encrypted Wi-Fi"),
        (capture.lost_frames, "frames were lost by whoever captured"),
        (capture.lost_conversations, "conversations were only counted: there were too many at once"),
    ):
        if count:
            yield Notice(about=ABOUT, text=f"{capture.source}: {count:,} {what}")
