"""One device is one, two are two: merging by what lasts, and by nothing else."""

import itertools

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from iotscan.model import contradiction
from iotscan.model.device import Device, Service
from iotscan.model.facts import Claim
from iotscan.model.identity import is_lasting_mac, merge, provisional_ids, sightings_of, unique_claims
from iotscan.model.identity_rule import IdentityRule

M1, M2 = "00:11:22:33:44:55", "00:11:22:33:44:66"
LOCAL = "02:11:22:33:44:55"
U1, U2 = "0f8fad5b-d9cb-469f-a165-70867728950e", "7c9e6679-7425-40de-944b-e07fc1f90ae7"


def dev(number: int, mac: str = "", serial: str = "", uuid: str = "", **more) -> Device:
    named = (("serial", serial), ("uuid", uuid))
    claims = tuple(Claim(what=w, value=v, how="mdns") for w, v in named if v)
    return Device(id=f"d{number}", addresses=(f"192.0.2.{number}",), mac=mac, claims=claims, **more)


@pytest.mark.parametrize(
    ("mac", "expected"),
    [
        (M1, True),
        (M1.upper().replace(":", "-"), True),
        (LOCAL, False),
        ("01:00:5e:00:00:01", False),
        ("00:00:00:00:00:00", False),
        ("ff:ff:ff:ff:ff:ff", False),
        ("00:11:22", False),
        ("", False),
        ("hello", False),
    ],
)
def test_lasting_mac(mac: str, expected: bool):
    assert is_lasting_mac(mac) is expected


@pytest.mark.parametrize("serial", ["0000000000", "123456789", "unknown", "N/A", "1", "", "xxxxxxxx"])
def test_what_makers_leave_in_is_no_identity(serial: str):
    assert not unique_claims(dev(1, serial=serial))
    assert len(merge([dev(1, serial=serial), dev(2, serial=serial)])) == 2


@pytest.mark.parametrize(
    ("first", "second", "count"),
    [
        (dev(1, M1), dev(2, M1), 1),
        (dev(1, M1), dev(2, M1.upper()), 1),
        (dev(1, M1), dev(2, M2), 2),
        (dev(1, LOCAL), dev(2, LOCAL), 2),
        (dev(1), dev(2), 2),
        (dev(1, serial="SN-2841"), dev(2, serial="SN-2841"), 1),
        (dev(1, uuid=U1), dev(2, uuid=f"uuid:{U1.upper()}"), 1),
        (dev(1, M1, serial="SN-2841"), dev(2, serial="SN-2841"), 1),
        (dev(1, M1, serial="SN-2841"), dev(2, M2, serial="SN-2841"), 2),
        (dev(1, M1, serial="SN-2841"), dev(2, M1, serial="SN-9999"), 2),
        (dev(1, serial="SN-2841", uuid=U1), dev(2, serial="SN-9999", uuid=U1), 2),
        (dev(1, serial="SN-2841", uuid=U1), dev(2, serial="SN-2841", uuid=U2), 1),
    ],
)
def test_merging_two(first: Device, second: Device, count: int):
    assert len(merge([first, second])) == len(merge([second, first])) == count


def test_a_claim_that_joins_two_macs_over_a_third_is_not_unique():
    assert len(merge([dev(1, M1, "SN-2841"), dev(2, "", "SN-2841", U1), dev(3, M2, "", U1)])) == 3


def test_the_joined_device_holds_all_and_says_why():
    web, unknown = Service(transport="tcp", port=80, protocol="http"), Service(transport="tcp", port=80)
    ssh = Service(transport="tcp", port=22, protocol="ssh")
    first = dev(2, M1, services=(unknown,), found_by=("arp",))
    second = dev(1, "", "SN-2841", services=(web,), found_by=("mdns",))
    third = dev(3, M1, "SN-2841", services=(ssh,), vendor="Acme")
    (joined,) = merge([first, second, third])
    assert joined.id == "d1"
    assert joined.addresses == ("192.0.2.1", "192.0.2.2", "192.0.2.3")
    assert joined.mac == M1
    assert joined.services == (ssh, web)
    assert joined.found_by == ("arp", "mdns")
    assert provisional_ids(joined) == ("d2", "d3")
    assert joined.merged[1] == "d3 states the same serial sn-2841"
    assert joined.merged[0] == f"d2 has the same MAC address {M1}"


def test_merging_again_changes_nothing():
    once = merge([dev(1, M1), dev(2, M1), dev(3)])
    assert merge(once) == once


@given(
    st.lists(
        st.builds(
            dev,
            st.integers(1, 9),
            st.sampled_from(["", M1, M2, LOCAL]),
            st.sampled_from(["", "SN-2841", "SN-9999"]),
            st.sampled_from(["", U1, U2]),
        ),
        unique_by=lambda d: d.id,
        max_size=6,
    )
)
def test_merging_is_a_partition_without_contradictions(devices: list[Device]):
    merged = merge(devices)
    assert sorted(i for d in merged for i in (d.id, *provisional_ids(d))) == sorted(d.id for d in devices)
    by_id = {d.id: d for d in devices}
    for joined in merged:
        parts = [by_id[i] for i in (joined.id, *provisional_ids(joined))]
        assert len({p.mac for p in parts if is_lasting_mac(p.mac)}) <= 1
        assert len({p.claimed("serial") for p in parts} - {""}) <= 1
    for order in itertools.islice(itertools.permutations(devices), 6):
        assert merge(order) == merged


# One link at one time


def on(number: int, address: str, mac: str = LOCAL, link: str = "eth0", **more) -> Device:
    return msgspec.structs.replace(dev(number, mac, **more), addresses=(address,), link=link)


FIVE = ("192.0.2.5", "fe80::5%eth0", "fd00::5", "fd00::a1b2:c3d4", "2001:db8::77aa")


@pytest.mark.parametrize("mac", [M1, LOCAL])
def test_five_addresses_behind_one_mac_on_one_link_are_one_device(mac: str):
    (joined,) = merge([on(n, a, mac) for n, a in enumerate(FIVE)])
    assert set(joined.addresses) == set(FIVE)
    assert joined.merged[0] == f"d1 has the same MAC address {mac}" + (" on eth0" if mac == LOCAL else "")


def test_a_made_up_mac_on_two_links_or_on_none_is_no_identity():
    assert len(merge([on(1, "192.0.2.1"), on(2, "198.51.100.1", link="eth1")])) == 2
    assert len(merge([on(1, "192.0.2.1", link=""), on(2, "192.0.2.2", link="")])) == 2


def test_two_made_up_macs_on_one_link_contradict_a_uuid():
    other = "02:00:00:00:00:99"
    assert len(merge([on(1, "192.0.2.1", uuid=U1), on(2, "192.0.2.2", other, uuid=U1)])) == 2


def test_a_role_merges_nobody_and_contradicts_nobody():
    vrrp = "00:00:5e:00:01:01"
    assert len(merge([on(1, "192.0.2.1", vrrp), on(2, "192.0.2.2", vrrp)])) == 2
    master, virtual = on(1, "192.0.2.3", M1, serial="SN-2841"), on(2, "192.0.2.1", vrrp, serial="SN-2841")
    assert len(merge([master, virtual])) == 1


def test_an_address_made_of_a_mac_joins_where_no_mac_was_seen():
    made = on(2, "2001:db8::211:22ff:fe33:4455", "", link="")
    (joined,) = merge([on(1, "192.0.2.1", M1), made])
    assert joined.merged == (f"d2 has an address made of MAC {M1}",)
    assert len(merge([on(1, "192.0.2.1", M1), msgspec.structs.replace(made, mac=M2, link="eth0")])) == 2


# Several behind one MAC


WEB = (Service(transport="tcp", port=80, protocol="http"),)
SHELL = (Service(transport="tcp", port=22, protocol="ssh"),)


def called(device: Device, name: str, services: tuple[Service, ...]) -> Device:
    claim = Claim(what="hostname", value=name, how="mdns SRV")
    return msgspec.structs.replace(device, claims=(*device.claims, claim), services=services)


@pytest.mark.parametrize(
    ("first", "second", "count"),
    [
        ("camera", "plug", 2),
        ("camera", "CAMERA.local", 1),
        ("a-very-long-host-name", "A-VERY-LONG-HOS", 1),
    ],
)
def test_host_names_and_ports_that_differ_stand_against_one_mac(first: str, second: str, count: int):
    pair = [called(on(1, "192.0.2.1", M1), first, WEB), called(on(2, "192.0.2.2", M1), second, SHELL)]
    assert len(merge(pair)) == count


def test_a_service_on_some_addresses_only_is_no_difference():
    pair = [called(on(1, "192.0.2.1", M1), "nas", WEB + SHELL), called(on(2, "fe80::1", M1), "nas6", WEB)]
    assert len(merge(pair)) == 1


def test_one_port_with_two_host_keys_is_two_devices_whatever_else_they_share():
    pair = [on(1, "192.0.2.1", M1, serial="SN-2841"), on(2, "192.0.2.2", M1, serial="SN-2841")]
    keys = {"d1": ((22, "ssh-ed25519", ("ssh", "aa")),), "d2": ((22, "ssh-ed25519", ("ssh", "bb")),)}
    assert len(merge(pair, shown=keys)) == 2
    assert len(merge(pair, shown={**keys, "d2": keys["d1"]})) == 1


def test_a_mac_that_answers_for_more_addresses_than_a_device_has_is_a_proxys():
    assert len(merge([on(n, f"192.0.2.{n}", M1) for n in range(1, 9)])) == 1
    assert len(merge([on(n, f"192.0.2.{n}", M1) for n in range(1, 10)])) == 9
    assert len(merge([on(n, f"fd00::{n}", M1) for n in range(32)])) == 1
    assert len(merge([on(n, f"fd00::{n}", M1) for n in range(33)])) == 33


def test_an_address_that_two_macs_answer_for_is_neither_ones():
    disputed = msgspec.structs.replace(on(2, "192.0.2.2", M1), rivals=(M2,))
    assert len(merge([on(1, "192.0.2.1", M1), disputed])) == 2


# A person's rules


def rule(kind: str, *words: str) -> IdentityRule:
    return IdentityRule(kind=kind, of=words, reason="seen on site", file="who.yaml")


def test_of_several_macs_that_of_the_first_address_is_shown():
    """Ids are hashes: by their order the MAC address of any of them stood beside the first address."""
    early, late = dev(1, M1), dev(2, M2)
    early = msgspec.structs.replace(early, id="d9")
    (joined,) = merge([late, early], rules=[rule("same", "192.0.2.1", "192.0.2.2")])
    assert (joined.addresses[0], joined.mac) == ("192.0.2.1", M1)


def test_a_rule_forces_what_contradicts():
    (joined,) = merge([dev(1, M1), dev(2, M2)], rules=[rule("same", "192.0.2.1", M2)])
    assert joined.merged == ("d2 is the same by a rule: seen on site (who.yaml)",)


@pytest.mark.parametrize("words", [("192.0.2.1",), ("192.0.2.1", "192.0.2.2")])
def test_a_rule_takes_apart(words: tuple[str, ...]):
    three = [dev(n, M1) for n in (1, 2, 3)]
    assert len(merge(three, rules=[rule("separate", *words)])) == len(words) + 1
    assert len(merge(three, rules=[rule("separate", M1)])) == 3


def test_a_merge_is_undone_and_done_again():
    sightings = tuple(on(n, a, M1, services=WEB) for n, a in enumerate(FIVE))
    once = merge(sightings)
    apart = merge(once, rules=[rule("separate", M1)])
    assert apart == sightings == sightings_of(once)
    assert merge(apart) == once


def test_what_an_earlier_version_merged_stays_merged():
    old = msgspec.structs.replace(dev(1, M1), merged=("d9 says so",))
    (joined,) = merge([old, dev(2, M1)])
    assert provisional_ids(joined) == ("d2", "d9")


def test_ten_thousand_that_share_a_serial_take_no_square_of_steps(monkeypatch: pytest.MonkeyPatch):
    """Counted, not timed: how often a sighting's serial numbers are read."""
    reads = 0
    real = contradiction.serials

    def counted(sighting: Device) -> frozenset[str]:
        nonlocal reads
        reads += 1
        return real(sighting)

    monkeypatch.setattr(contradiction, "serials", counted)
    crowd = [
        msgspec.structs.replace(dev(n, serial="SN-2841", uuid=f"{n:08}-7425-40de-944b"), addresses=(f"fd00::{n:x}",))
        for n in range(2000)
    ]
    (joined,) = merge(crowd)
    assert len(joined.merged) == 1999
    assert reads <= 4 * len(crowd)
    assert len(merge([*crowd, dev(3000, serial="SN-9999", uuid=f"{1:08}-7425-40de-944b")])) == 2


@given(
    st.lists(
        st.builds(
            on,
            st.integers(1, 9),
            st.sampled_from(FIVE),
            st.sampled_from(["", M1, M2, LOCAL]),
            st.sampled_from(["", "eth0", "eth1"]),
            serial=st.sampled_from(["", "SN-2841", "SN-9999"]),
            services=st.sampled_from([(), WEB, SHELL]),
        ),
        unique_by=lambda d: d.id,
        max_size=6,
    ),
    st.lists(st.builds(rule, st.sampled_from(["same", "separate"]), st.sampled_from(FIVE), st.sampled_from(FIVE))),
)
def test_order_and_repetition_do_not_matter_and_nothing_is_lost(devices: list[Device], rules: list[IdentityRule]):
    merged = merge(devices, rules=rules)
    assert sightings_of(merged) == tuple(sorted(devices, key=lambda d: d.id))
    assert merge(merged, rules=rules) == merged
    assert merge(merge(devices), rules=rules) == merged
    for order in itertools.islice(itertools.permutations(devices), 6):
        assert merge(order, rules=rules) == merged
