"""Merges of a stored run undone and forced: only whom a thing is about changes."""

from functools import cache
from pathlib import Path

import msgspec
import pytest

from iotscan.assess.judging import judge
from iotscan.assess.profile import load_profile, select
from iotscan.assess.registry import load_checks
from iotscan.data.fingerprints.library import Library
from iotscan.model.device import provisional_id
from iotscan.model.errors import BadInput
from iotscan.model.identity import merge, provisional_ids
from iotscan.model.identity_rule import IdentityRule
from iotscan.model.run import Cost, Run
from iotscan.scan.regrouping import regroup

LAN = Path(__file__).parents[1] / "pipeline" / "lan-run.json"
GATEWAY, SSH, LAMP, SPEAKER = ("10.77.0.10", "10.77.0.30"), ("10.77.0.15", "10.77.0.31"), "10.77.0.21", "10.77.0.22"
LIBRARY = Library(())


def rule(kind: str, *words: str) -> IdentityRule:
    return IdentityRule(kind=kind, of=words, reason="seen on site", file="who.yaml")


@cache
def stored() -> Run:
    """The run of a LAN as it is kept today: with what its merged devices were made of."""
    run = msgspec.json.decode(LAN.read_bytes(), type=Run)
    parts = []
    for device in run.devices:
        for address in device.addresses:
            one = {"id": provisional_id(address), "addresses": (address,), "merged": (), "link": "eth0"}
            parts.append(msgspec.structs.replace(device, **one))
    run = msgspec.structs.replace(
        run,
        devices=merge(parts),
        address_costs={a: Cost(connections=n, seconds=0.5) for n, a in enumerate((*GATEWAY, *SSH), 1)},
    )
    return regroup(run, (), LIBRARY)


def judged(run: Run) -> Run:
    profile = load_profile("default")
    return judge(run, select(profile, load_checks()), profile, as_of=run.moment)


def said(run: Run, *addresses: str) -> list[tuple[str, ...]]:
    """Every result on a service of these addresses, without whom it is about."""
    fields = ("check", "variant", "outcome", "severity", "summary", "observed", "observations")
    return sorted(
        (r.subject.address, r.subject.service, *(str(getattr(r, f)) for f in fields))
        for r in run.results
        if r.subject.address in addresses and r.subject.service and not r.check.endswith("-uniqueness")
    )


def devices(run: Run) -> set[tuple[str, ...]]:
    return {d.addresses for d in run.devices}


def test_without_rules_a_run_stays_as_it_is():
    run = stored()
    assert {GATEWAY, SSH} <= devices(run)
    assert regroup(run, (), LIBRARY) == run


def test_a_merge_is_undone_and_only_the_subject_changes():
    run, apart = stored(), regroup(stored(), [rule("separate", *GATEWAY)], LIBRARY)
    assert {(a,) for a in GATEWAY} | {SSH} <= devices(apart)
    assert len(apart.devices) == len(run.devices) + 1
    assert {o.id for o in apart.observations} == {o.id for o in run.observations}
    before, after = judged(run), judged(apart)
    every = {a for d in run.devices for a in d.addresses}
    assert said(before, *every) == said(after, *every)
    own = {provisional_id(a) for a in GATEWAY}
    others = [{(r.fingerprint, r.subject) for r in j.results if r.subject.device not in own} for j in (before, after)]
    assert others[0] == others[1]
    assert {r.subject.device for r in after.results if r.subject.address == GATEWAY[1]} == {provisional_id(GATEWAY[1])}


def test_undone_and_done_again_nothing_is_left_of_it():
    run = stored()
    apart = regroup(run, [rule("separate", *GATEWAY, SPEAKER)], LIBRARY)
    assert regroup(apart, (), LIBRARY) == run
    assert judged(regroup(apart, (), LIBRARY)) == judged(run)


def test_a_merge_is_forced_and_says_why():
    forced = regroup(stored(), [rule("same", LAMP, SPEAKER)], LIBRARY)
    (both,) = (d for d in forced.devices if d.addresses == (LAMP, SPEAKER))
    assert [entry.partition(" ")[2] for entry in both.merged] == ["is the same by a rule: seen on site (who.yaml)"]
    assert len(provisional_ids(both)) == 1
    assert forced.costs[both.id] == sum((stored().costs[provisional_id(a)] for a in (LAMP, SPEAKER)), start=Cost())
    assert {o.subject.device for o in forced.observations if o.subject.address in (LAMP, SPEAKER)} == {both.id}


def test_what_was_asked_of_each_address_is_told_of_whoever_has_it():
    apart = regroup(stored(), [rule("separate", *GATEWAY)], LIBRARY)
    assert [apart.costs[provisional_id(a)].connections for a in GATEWAY] == [1, 2]
    together = next(d for d in stored().devices if d.addresses == GATEWAY)
    assert stored().costs[together.id].connections == 3


def test_rules_are_kept_told_and_missed_where_nothing_bears_them():
    rules = [rule("separate", GATEWAY[0], "192.0.2.99"), rule("same", "192.0.2.98", "02:00:00:00:00:01")]
    run = regroup(stored(), rules, LIBRARY)
    assert [r.unmatched for r in run.identity_rules] == [("192.0.2.99",), ("192.0.2.98", "02:00:00:00:00:01")]
    told = [n.text for n in run.notices if n.about == "identity"]
    assert told == [
        f"{GATEWAY[0]}: kept apart by a rule: seen on site (who.yaml)",
        "a rule (separate: seen on site (who.yaml)) names 192.0.2.99, which nothing in this run has",
        "a rule (same: seen on site (who.yaml)) names 192.0.2.98, 02:00:00:00:00:01, which nothing in this run has",
    ]
    assert judged(run).identity_rules == run.identity_rules
    assert not [n for n in regroup(run, (), LIBRARY).notices if n.about == "identity"]


def test_a_run_of_an_earlier_version_cannot_be_taken_apart():
    run = stored()
    old = tuple(msgspec.structs.replace(d, sightings=()) for d in run.devices)
    with pytest.raises(BadInput, match=r"does not hold what 10\.77\.0\.10 was merged from: scan again"):
        regroup(msgspec.structs.replace(run, devices=old), (), LIBRARY)
