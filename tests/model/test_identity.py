"""One device is one, two are two: merging by what lasts, and by nothing else."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from iotscan.model.device import Device, Service
from iotscan.model.facts import Claim
from iotscan.model.identity import is_lasting_mac, merge, provisional_ids, unique_claims

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
