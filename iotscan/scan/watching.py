"""Who comes and who goes, from round to round. Pure: a round is a run, what it says is a list of events.

A device is known again by the rules of :mod:`iotscan.assess.linking`: by what it proves, then by its address where
nothing speaks against it. Silence is counted only where a round looked for the device by every way that had found
it, and is told after several rounds; a device that has been silent before and came back is given longer.
"""

from collections import defaultdict
from collections.abc import Collection, Iterator
from typing import Final

import msgspec

from iotscan.assess.linking import link
from iotscan.assess.looking import Looking
from iotscan.assess.renewals import chains_of, renewals
from iotscan.assess.shifting import NO_ANSWER, names_of, shifts, trait_of
from iotscan.model.comparison import Shift
from iotscan.model.device import Device, Service
from iotscan.model.facts import CertificateChain, Claim, PortSweep, SshServer
from iotscan.model.identification import Identity
from iotscan.model.observation import Observation
from iotscan.model.run import Run
from iotscan.model.watching import WatchEvent, What

PATIENCE: Final = 3
"""Rounds in which a device has to be missed before that is told."""
MOST_PATIENCE: Final = 12
"""The most that one that sleeps is given."""
KNOWN: Final = 10_000
"""Devices that are remembered; beyond, those that were not seen for longest are forgotten."""
_CLAIMS: Final = 256
"""Claims of a device that are kept from round to round: one may say another name each time."""
_TELLING: Final = (SshServer, CertificateChain, PortSweep)
"""Facts by which a device is known again, and that say what it was asked."""
_TRAITS: Final = ("vendor", "product", "model", "firmware", "kind", "system")


class _Known(msgspec.Struct):
    """A device of the watch, as it is known by all that it showed; ``missed`` counts rounds, by address and service,
    too.
    """

    device: Device
    here: tuple[str, ...]
    """Its addresses when it was seen last; ``device`` keeps those that were silent once, too."""
    facts: tuple[Observation, ...]
    seen_at: str
    missed: int = 0
    patience: int = PATIENCE
    is_away: bool = False
    silent: dict[str, int] = msgspec.field(default_factory=dict)


class _Round:
    """One round: its run, its facts by device, and what it and the watch so far looked at."""

    def __init__(self, run: Run, number: int, before: Run | None = None) -> None:
        self.run, self.number = run, number
        self.at = run.finished or run.started
        self.now = Looking(run)
        self.was = Looking(before) if before is not None else self.now
        self._facts: dict[str, list[Observation]] = defaultdict(list)
        for observation in run.observations:
            if isinstance(observation.fact, _TELLING):
                self._facts[observation.subject.device].append(observation)

    def facts_of(self, device: Device, key: str) -> tuple[Observation, ...]:
        """What a device of the round showed, as facts of the device of the watch that it is."""
        return tuple(
            msgspec.structs.replace(o, subject=msgspec.structs.replace(o.subject, device=key))
            for o in self._facts[device.id]
        )


class Watching:
    """The devices of a watch. Give each round to :meth:`take`, in order.

    ``own`` are addresses of this machine: that we answer ourselves says nothing of our link.
    """

    def __init__(self, own: Collection[str] = ()) -> None:
        self._own = frozenset(own)
        self._known: dict[str, _Known] = {}
        self._made = 0
        self._is_first = True

    def begin_from(self, run: Run) -> None:
        """Take an earlier list for granted: only what differs from it is told."""
        begun = _Round(run, 0)
        for device in run.devices:
            self._meet(device, begun)
        self._is_first = False

    @property
    def present(self) -> tuple[Device, ...]:
        """Who is there, as far as it is known."""
        return tuple(k.device for k in self._known.values() if not k.is_away)

    @property
    def away(self) -> tuple[tuple[Device, str], ...]:
        """Who is not seen any more, and since when."""
        return tuple((k.device, k.seen_at) for k in self._known.values() if k.is_away)

    def take(self, run: Run, number: int) -> tuple[WatchEvent, ...]:
        """What the round ``number`` says that was not said before; the last event is the round's own."""
        is_first, self._is_first = self._is_first, False
        before = self._as_run(run)
        this = _Round(run, number, before)
        links = {owner: found.to for owner, found in link(before, run, by_address=True).items()}
        came = {new: old for old, new in links.items()}
        events: list[WatchEvent] = []
        for device in run.devices:
            if device.id in came:
                events += self._again(came[device.id], device, this)
            else:
                key = self._meet(device, this)
                events.append(self._event("present" if is_first else "appeared", key, this))
        note = self._why_deaf(run, before)
        if not note:
            events += self._count_silence([d.id for d in before.devices if d.id not in links], this)
        self._forget()
        return (*events, self._of_round(this, note))

    def _as_run(self, like: Run) -> Run:
        """All that is known, as a run that saw it: what linking and shifting compare."""
        known = self._known.values()
        return msgspec.structs.replace(
            like,
            status="complete",
            devices=tuple(msgspec.structs.replace(k.device, addresses=k.here) for k in known),
            observations=tuple(o for k in known for o in k.facts),
            attempts=(),
        )

    def _meet(self, device: Device, this: _Round) -> str:
        self._made += 1
        key = f"w{self._made}"
        self._known[key] = _Known(
            device=_kept_as(key, device),
            here=device.addresses,
            facts=this.facts_of(device, key),
            seen_at=this.at,
        )
        return key

    def _again(self, key: str, device: Device, this: _Round) -> Iterator[WatchEvent]:
        known = self._known[key]
        was_away, since = known.is_away, known.seen_at
        if known.missed:
            known.patience = min(max(known.patience, 2 * known.missed + 1), MOST_PATIENCE)
        told = (
            *self._told(known, device, shifts(known.device, device, this.was, this.now)),
            *renewals(chains_of(known.facts, {key}), chains_of(this.facts_of(device, key), {key}), this.run.moment),
        )
        gone = {s.before.partition(" ")[0] for s in told if s.what == "service" and not s.after}
        known.device = _joined(known, key, device, gone)
        known.here = device.addresses
        known.facts = this.facts_of(device, key) or known.facts
        known.seen_at, known.missed, known.is_away = this.at, 0, False
        if was_away:
            yield self._event("back", key, this, since=since)
        if told:
            yield self._event("changed", key, this, told=told)

    def _told(self, known: _Known, device: Device, found: tuple[Shift, ...]) -> Iterator[Shift]:
        """The differences that are more than one silence. Counts the silences of services and addresses."""
        heard = {s.name for s in device.services} | set(device.addresses)
        known.silent = {name: count for name, count in known.silent.items() if name not in heard}
        for shift in found:
            if shift.what == "address":
                if shift.after:
                    yield shift
            elif shift.what == "service" and shift.note == NO_ANSWER:
                name = shift.before.partition(" ")[0]
                known.silent[name] = known.silent.get(name, 0) + 1
                if known.silent[name] >= known.patience:
                    yield msgspec.structs.replace(shift, note=f"no answer in {known.silent[name]} rounds")
            elif shift.what != "name" or not names_of(device) & names_of(known.device):
                yield shift
        for address in set(known.device.addresses) - set(device.addresses):
            known.silent[address] = known.silent.get(address, 0) + 1

    def _why_deaf(self, run: Run, before: Run) -> str:
        """Why the silence of this round says nothing; empty where it does."""
        if run.status != "complete":
            return "the round did not end: who was silent in it is not counted as missed"
        known = [d for d in before.devices if not self._known[d.id].is_away and not self._own & set(d.addresses)]
        if len(known) > 1 and all(self._own & set(d.addresses) for d in run.devices):
            return "nobody at all answered: our own link may be down, and nobody is counted as missed"
        return ""

    def _count_silence(self, keys: list[str], this: _Round) -> Iterator[WatchEvent]:
        for key in keys:
            known = self._known[key]
            if this.now.missed(known.device):
                continue
            known.missed += 1
            if known.missed >= known.patience and not known.is_away:
                known.is_away = True
                yield self._event("not_seen", key, this, since=known.seen_at)

    def _forget(self) -> None:
        excess = len(self._known) - KNOWN
        if excess > 0:
            by_silence = sorted(self._known, key=lambda k: (-self._known[k].missed, self._known[k].seen_at))
            for key in by_silence[:excess]:
                del self._known[key]

    def _event(
        self, what: What, key: str, this: _Round, *, since: str = "", told: tuple[Shift, ...] = ()
    ) -> WatchEvent:
        device = self._known[key].device
        return WatchEvent(
            event=what,
            at=this.at,
            round=this.number,
            run=this.run.id,
            id=key,
            label=device.label,
            addresses=device.addresses,
            mac=device.mac,
            vendor=trait_of(device, "vendor") or device.vendor,
            kind=trait_of(device, "kind"),
            services=tuple(f"{s.name} {s.protocol}" for s in device.services),
            since=since,
            shifts=told,
        )

    def _of_round(self, this: _Round, note: str) -> WatchEvent:
        return WatchEvent(
            event="round",
            at=this.at,
            round=this.number,
            run=this.run.id,
            devices=len(this.run.devices),
            away=len(self.away),
            note=note,
        )


def _kept_as(key: str, device: Device) -> Device:
    return msgspec.structs.replace(device, id=key, merged=())


def _joined(known: _Known, key: str, device: Device, gone: Collection[str]) -> Device:
    """What is known of a device after another sight: silence takes nothing away before its time."""
    old = known.device
    kept = [a for a in old.addresses if a not in device.addresses and known.silent.get(a, 0) < known.patience]
    return msgspec.structs.replace(
        _kept_as(key, device),
        addresses=(*device.addresses, *kept),
        mac=device.mac or old.mac,
        vendor=device.vendor if device.mac else old.vendor,
        vendor_source=device.vendor_source if device.mac else old.vendor_source,
        claims=tuple(dict.fromkeys((*device.claims, *_named_before(old, device)))),
        services=_services(known.device, device, gone),
        identity=_identity(old, device),
    )


def _named_before(old: Device, device: Device) -> Iterator[Claim]:
    """Names and unique marks that it had: a name is told once, and what proves it is not lost in one silence."""
    stated = {c.what for c in device.claims}
    for claim in old.claims[:_CLAIMS]:
        if claim.what in ("name", "hostname") or (claim.what in ("serial", "uuid") and claim.what not in stated):
            yield claim


def _services(old: Device, device: Device, gone: Collection[str]) -> tuple[Service, ...]:
    known = {s.name: s for s in old.services if s.name not in gone}
    known |= {s.name: s for s in device.services if s.protocol != "unknown" or s.name not in known}
    return tuple(sorted(known.values()))


def _identity(old: Device, device: Device) -> Identity:
    kept = {what: getattr(old.identity, what) for what in _TRAITS if not trait_of(device, what) and trait_of(old, what)}
    return msgspec.structs.replace(device.identity, **kept)
