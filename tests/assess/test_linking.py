"""A device is found again by what proves it, and a stranger never passes for it."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from iotscan.assess.linking import link
from iotscan.model.device import Device, Image
from iotscan.model.facts import Claim
from iotscan.model.lasting import identities
from iotscan.model.observation import Observation
from iotscan.model.run import Run
from tests.assess.comparisons import run_of
from tests.model.test_lasting import LOCAL, M1, M2, dev, ssh


def linked(old: Run, new: Run, **how: bool) -> dict[str, tuple[str, str]]:
    return {owner: (found.to, found.by) for owner, found in link(old, new, **how).items()}


def run(*devices: Device, seen: tuple[Observation, ...] = ()) -> Run:
    return run_of(devices=devices, seen=seen)


@pytest.mark.parametrize(
    ("old", "new", "by"),
    [
        (run(dev(1, M1)), run(dev(9, M1)), "mac"),
        # On the link the MAC is seen, from behind a router it is not: the key says that it is the same.
        (run(dev(1, M1), seen=(ssh(1, "k"),)), run(dev(9), seen=(ssh(9, "k"),)), "ssh"),
        (run(dev(1, serial="SN-2841")), run(dev(9, serial="SN-2841")), "serial"),
        (run(dev(1, LOCAL)), run(dev(1)), "address"),
        # Another device at that address, or a key that went over to another device.
        (run(dev(1, M1)), run(dev(1, M2)), None),
        (run(dev(1, M1), seen=(ssh(1, "k"),)), run(dev(1, M2), seen=(ssh(1, "k"),)), None),
        (run(dev(1), seen=(ssh(1, "k"),)), run(dev(1), seen=(ssh(1, "other"),)), None),
        # One side proves something, the other nothing: the address alone is no proof.
        (run(dev(1, M1)), run(dev(1)), None),
        (run(dev(1)), run(dev(9)), None),
    ],
)
def test_one_device(old: Run, new: Run, by: str | None):
    (before,), (after,) = old.devices, new.devices
    assert linked(old, new) == ({before.id: (after.id, by)} if by else {})


def test_a_clone_that_turns_up_is_not_taken_for_the_first():
    old = run(dev(1), seen=(ssh(1, "k"),))
    new = run(dev(1), dev(2), seen=(ssh(1, "k"), ssh(2, "k")))
    assert linked(old, new) == {"d1": ("d1", "key and address")}
    assert linked(new, old) == {"d1": ("d1", "key and address")}
    moved = run(dev(3), dev(4), seen=(ssh(3, "k"), ssh(4, "k")))
    assert linked(old, moved) == {}


def test_keys_that_point_to_two_devices_leave_it_to_what_fingerprints_go_by():
    old = run(dev(1), seen=(ssh(1, "a", "b"),))
    assert linked(old, run(dev(8), dev(9), seen=(ssh(8, "b"), ssh(9, "a")))) == {"d1": ("d9", "ssh")}
    assert linked(run(dev(8), dev(9), seen=(ssh(8, "b", "c"), ssh(9, "a"))), old) == {"d9": ("d1", "ssh")}


def test_images_are_known_by_name_and_lone_ones_on_request():
    gw, other = (Image(id=f"i-{n}", source=f"out/{n}", format="folder", name=n) for n in ("gw", "other"))
    old = run_of(devices=(), images=(gw,))
    assert linked(old, run_of(devices=(), images=(gw, other))) == {"i-gw": ("i-gw", "image")}
    assert linked(old, run_of(devices=(), images=(other,))) == {}
    assert linked(old, run_of(devices=(), images=(other,)), pair_lone_images=True) == {
        "i-gw": ("i-other", "being the only image")
    }


keys = st.lists(st.sampled_from(["k1", "k2", "k3"]), max_size=2, unique=True)
fleets = st.lists(
    st.tuples(st.integers(1, 6), st.sampled_from(["", M1, M2]), keys), max_size=4, unique_by=lambda d: d[0]
)


@given(fleets, fleets)
def test_links_are_one_to_one_and_hold_every_shared_identity(old, new):
    runs = [
        run(*(dev(n, mac) for n, mac, _ in drawn), seen=tuple(ssh(n, *k) for n, _, k in drawn if k))
        for drawn in (old, new)
    ]
    found = link(*runs)
    assert len({entry.to for entry in found.values()}) == len(found)
    before, after = ({i: o for o, i in identities(r.devices, (), r.observations).items()} for r in runs)
    macs = [{d.id: d.mac for d in r.devices} for r in runs]
    for identity in before.keys() & after.keys():
        one, other = before[identity], after[identity]
        contradicted = macs[0][one] and macs[1][other] and macs[0][one] != macs[1][other]
        assert contradicted or found[one].to == other
    assert all(macs[0][o] == macs[1][f.to] or not (macs[0][o] and macs[1][f.to]) for o, f in found.items())


def test_who_holds_a_disputed_address_is_linked_by_it_and_the_other_by_its_own_mac():
    """What was seen at the address may be of either: the MAC of its holder proves nothing."""
    said = Claim(what="model", value="X", how="ssdp description")
    holder = msgspec.structs.replace(dev(1, M1), rivals=(M2,), claims=(said,))
    other = msgspec.structs.replace(dev(1, M2), id="d2", rivals=(M1,), is_rival=True)
    both = run(holder, other)
    assert linked(both, both) == {holder.id: (holder.id, "address"), other.id: (other.id, "mac")}
    flipped = run(msgspec.structs.replace(holder, mac=M2, rivals=(M1,)))
    assert linked(both, flipped)[holder.id] == (holder.id, "address")
    silent = msgspec.structs.replace(holder, claims=())
    assert linked(run(silent, other), run(silent, other)) == linked(both, both)
