"""A stored run with its devices put together anew, by other rules of a person: merges undone, or forced.

What was seen stays what it is; only whom it is about changes.
"""

from collections.abc import Iterator, Sequence
from typing import Final, TypeVar

import msgspec

from iotscan.data.fingerprints.library import Library
from iotscan.model.device import Device, provisional_id
from iotscan.model.errors import BadInput
from iotscan.model.identity import merge, provisional_ids, sightings_of
from iotscan.model.identity_rule import IdentityRule, settled
from iotscan.model.lasting import keys_shown
from iotscan.model.observation import Attempt, Observation
from iotscan.model.run import Cost, Notice, Run
from iotscan.model.scope import in_order
from iotscan.model.subject import Subject
from iotscan.scan.holders import owners
from iotscan.scan.identification.beside import with_remarks
from iotscan.scan.identification.engine import identify

ABOUT: Final = "identity"
_WORDS: Final = 8
Stated = TypeVar("Stated", Observation, Attempt)


def regroup(run: Run, rules: Sequence[IdentityRule], library: Library) -> Run:
    """The run under these rules in place of those it had. Not judged: results are those of before.

    Raises BadInput for a run of an earlier version, which does not hold what it merged.
    """
    lost = next((d.address for d in run.devices if provisional_ids(d) and not d.sightings), "")
    if lost:
        raise BadInput(f"run {run.id} does not hold what {lost} was merged from: scan again to use --identity")
    sightings = sightings_of(run.devices)
    known = {s.id for s in sightings}
    seen = [_at_its_address(o, known) for o in run.observations]
    shown = keys_shown(seen)
    merged = merge(sightings, rules=rules, shown=shown)
    home = owners(merged)
    by_device: dict[str, list[Observation]] = {d.id: [] for d in merged}
    for observation in seen:
        if observation.subject.device in home:
            by_device[home[observation.subject.device].id].append(observation)
    identified = (msgspec.structs.replace(d, identity=identify(d, by_device[d.id], library)) for d in merged)
    devices = sorted(with_remarks(tuple(identified), shown), key=lambda d: (in_order(d.address), d.id))
    spent = _by_address(run)
    now = settled(rules, sightings)
    return msgspec.structs.replace(
        run,
        devices=tuple(devices),
        observations=tuple(sorted((_at_home(o, home) for o in seen), key=lambda o: (o.subject, o.id))),
        attempts=tuple(
            sorted(
                (_at_home(_at_its_address(a, known), home) for a in run.attempts),
                key=lambda a: (a.subject, a.need, a.probe),
            )
        ),
        costs={d.id: cost for d in devices if (cost := _cost(d, spent)) is not None},
        address_costs={a: spent[a] for d in devices if len(d.addresses) > 1 for a in d.addresses if a in spent},
        identity_rules=now,
        notices=(*(n for n in run.notices if n.about != ABOUT), *rule_notices(now)),
    )


def rule_notices(rules: Sequence[IdentityRule]) -> Iterator[Notice]:
    """What each rule did, and what it names that is not here."""
    for rule in rules:
        named = _named(tuple(w for w in rule.of if w not in rule.unmatched))
        held = len(rule.of) - len(rule.unmatched)
        if rule.kind == "separate" and held:
            yield Notice(about=ABOUT, text=f"{named}: kept apart by a rule: {rule}")
        if rule.kind == "same" and held:
            yield Notice(about=ABOUT, text=f"{named}: one device by a rule: {rule}")
        if rule.unmatched:
            missing = _named(rule.unmatched)
            text = f"a rule ({rule.kind}: {rule}) names {missing}, which nothing in this run has"
            yield Notice(about=ABOUT, text=text)


def _named(words: Sequence[str]) -> str:
    return ", ".join(words[:_WORDS]) + (f" and {len(words) - _WORDS} more" if len(words) > _WORDS else "")


def _at_its_address(stated: Stated, known: set[str]) -> Stated:
    """What is said of an address, as it was before any merge; of a device as a whole, of the sighting of its id."""
    own = provisional_id(stated.subject.address)
    return _of(stated, own) if stated.subject.device and own in known else stated


def _at_home(stated: Stated, home: dict[str, Device]) -> Stated:
    device = home.get(stated.subject.device)
    return _of(stated, device.id) if device is not None else stated


def _of(stated: Stated, device: str) -> Stated:
    subject: Subject = msgspec.structs.replace(stated.subject, device=device)
    return msgspec.structs.replace(stated, subject=subject)


def _by_address(run: Run) -> dict[str, Cost]:
    alone = {d.address: run.costs[d.id] for d in run.devices if len(d.addresses) == 1 and d.id in run.costs}
    return {**alone, **run.address_costs}


def _cost(device: Device, spent: dict[str, Cost]) -> Cost | None:
    own = {s.id for s in (device.sightings or (device,))}
    costs = [spent[a] for a in device.addresses if a in spent and provisional_id(a) in own]
    return sum(costs[1:], costs[0]) if costs else None
