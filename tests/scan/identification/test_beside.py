"""What devices have in common is told of both, bounded, and joins nobody."""

import msgspec

from iotscan.model.device import Device
from iotscan.model.facts import Claim
from iotscan.model.identity import merge
from iotscan.scan.identification.beside import NAMED, with_remarks

A, B = "00:11:22:33:44:0a", "00:11:22:33:44:0b"


def device(number: int, mac: str = "", **claims: str) -> Device:
    said = tuple(Claim(what=what, value=value, how="test") for what, value in claims.items())
    return Device(id=f"d{number}", addresses=(f"192.0.2.{number}",), mac=mac, link="eth0" if mac else "", claims=said)


def told(*devices: Device, shown=None) -> list[list[tuple[str, str]]]:
    known = with_remarks(devices, shown or {})
    return [[(r.about, r.text) for r in d.identity.remarks] for d in known]


def test_a_shared_host_key_is_a_suggestion_to_both():
    keys = ((22, "ssh-ed25519", ("ssh", "ab" * 32)),)
    first, second = told(device(1), device(2), shown={"d1": keys, "d2": keys})
    text = "may be the same device as 192.0.2.2: shows the SSH host key abababababababab…, too"
    assert first == [("may-be-same", text)]
    assert second == [("may-be-same", text.replace("192.0.2.2", "192.0.2.1"))]


def test_a_shared_key_of_two_macs_says_that_it_may_be_a_clone():
    keys = ((22, "ssh-ed25519", ("ssh", "ab" * 32)),)
    first, _ = told(device(1, A), device(2, B), shown={"d1": keys, "d2": keys})
    assert first == [
        ("may-be-same", "shows the SSH host key abababababababab… of 192.0.2.2: a clone, or the same device")
    ]


def test_two_that_claim_one_name():
    first, second = told(device(1, A, hostname="camera.local"), device(2, B, hostname="CAMERA"))
    assert first == [("name-conflict", "calls itself camera, as 192.0.2.2 does: two claim one name")]
    assert second[0][1].endswith("as 192.0.2.1 does: two claim one name")


def test_one_mac_or_serial_of_several_that_stayed_apart():
    first, _ = told(device(1, A, serial="SN-2841"), device(2, A, serial="SN-2841"))
    assert [about for about, _ in first] == ["shared-claim", "shared-mac"]


def test_a_role_is_told():
    ((remark,),) = told(device(1, "00:00:5e:00:01:01"))
    assert remark[0] == "virtual-router"
    assert "VRRP or CARP" in remark[1]


def test_a_crowd_is_counted_and_not_listed():
    crowd = told(*(device(n, hostname="esp32") for n in range(1, 201)))
    named = ", ".join(f"192.0.2.{n}" for n in range(1, NAMED + 1))
    assert crowd[199] == [
        ("may-be-same", f"may be the same device as {named} and 196 more: both call themselves esp32")
    ]


def test_nothing_in_common_is_nothing_to_tell():
    alone = device(1, A, hostname="localhost"), device(2, B, hostname="localhost")
    assert with_remarks(alone, {}) == alone
    assert msgspec.structs.replace(alone[0]).identity.remarks == ()


def test_whoever_answers_for_an_address_of_another_is_told_of_it():
    holder = msgspec.structs.replace(device(1, A), rivals=(B,))
    _, second = told(holder, device(2, B))
    text = "answers for 192.0.2.1, too, where another MAC address answers as well"
    assert second == [("address-conflict", text)]


def test_several_ipv4_addresses_of_one_mac_may_be_a_repeaters():
    (joined,) = merge([device(1, A), device(2, A)])
    text = "192.0.2.1, 192.0.2.2 have one MAC address: one device, or a repeater that answers for others, too"
    assert told(joined) == [[("shared-mac", text)]]
    four, six = device(1, A), msgspec.structs.replace(device(2, A), addresses=("fd00::1",))
    assert told(*merge([four, six])) == [[]]
