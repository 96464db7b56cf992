"""Who was heard, as an inventory knows him: MAC first, then address, and never against a MAC."""

import msgspec
import pytest

from iotscan.model.device import Device, Service
from iotscan.model.facts import Claim, TlsUse
from iotscan.model.observation import observe
from iotscan.model.run import ProfileInfo, Run, Tool
from iotscan.model.scope import Scope
from iotscan.model.subject import Subject
from iotscan.scan.known_devices import Joined, joined_with

ONE, TWO = "00:40:8c:00:00:01", "00:40:8c:00:00:02"


def inventory(*devices: Device) -> Run:
    return Run(
        id="house",
        tool=Tool(version=""),
        status="complete",
        command="discover",
        started="",
        as_of="2026-11-27T00:00:00+00:00",
        targets=(),
        scope=Scope(include=()),
        scope_sha256="",
        profile=ProfileInfo(id="", version=""),
        devices=devices,
    )


def device(name: str, *addresses: str, mac: str = "") -> Device:
    return Device(id=name, addresses=addresses, mac=mac)


def joined(heard: Device, *known: Device) -> Joined:
    seen = observe(TlsUse(), Subject(device=heard.id, address=heard.address), probe="traffic/1")
    return joined_with((heard,), (seen,), inventory(*known))


def test_a_device_that_has_moved_is_known_by_its_mac() -> None:
    found = joined(device("h", "10.0.0.9", mac=ONE), device("k", "10.0.0.5", mac=ONE), device("o", "10.0.0.9", mac=TWO))
    assert [(d.id, d.addresses) for d in found.devices] == [("k", ("10.0.0.5", "10.0.0.9"))]
    assert {o.subject.device for o in found.observations} == {"k"}


def test_an_address_that_another_mac_has_now_is_another_device() -> None:
    found = joined(device("h", "10.0.0.5", mac=TWO), device("k", "10.0.0.5", mac=ONE))
    assert [d.id for d in found.devices] == ["h"]
    assert any("taken for two devices" in n for n in found.notices)
    assert any("of the 1 device of house, 1 was not heard: 10.0.0.5" in n for n in found.notices)


def test_without_a_mac_the_address_says_who_it_is() -> None:
    for heard, known in ((("", ONE)), ((ONE, "")), (("", ""))):
        found = joined(device("h", "10.0.0.5", mac=heard), device("k", "10.0.0.5", mac=known))
        assert [(d.id, d.mac) for d in found.devices] == [("k", ONE if heard or known else "")]


def test_an_old_inventory_knows_who_has_a_mac_and_not_who_has_an_address() -> None:
    heard = (device("h", "10.0.0.5"), device("m", "10.0.0.9", mac=ONE))
    known = inventory(device("k", "10.0.0.5", mac=TWO), device("o", "10.0.0.6", mac=ONE))
    found = joined_with(heard, (), known, by_address=False)
    assert {d.id for d in found.devices} == {"h", "o"}
    assert [n for n in found.notices if "more than a day apart" in n and "10.0.0.5" in n]


@pytest.mark.parametrize("is_near", [True, False])
def test_the_machine_that_made_the_inventory_is_told_where_both_are_of_one_time(is_near: bool) -> None:
    known = msgspec.structs.replace(inventory(), looked_from=(ONE, "fe80::9"))
    found = joined_with(
        (device("h", "10.0.0.5", mac=ONE), device("m", "10.0.0.6", mac=TWO)), (), known, by_address=is_near
    )
    assert {d.id: [c.value for c in d.claims] for d in found.devices} == {
        "h": ["the machine that scanned"] if is_near else [],
        "m": [],
    }


def test_an_address_is_not_his_who_was_heard_elsewhere() -> None:
    heard = (device("h", "10.0.0.5"), device("m", "10.0.0.9", mac=ONE))
    found = joined_with(heard, (), inventory(device("k", "10.0.0.5", mac=ONE)))
    assert [(d.id, d.addresses) for d in found.devices] == [("h", ("10.0.0.5",)), ("k", ("10.0.0.5", "10.0.0.9"))]
    assert any("10.0.0.5 is another's in this traffic" in n for n in found.notices)


def test_a_link_local_address_says_nothing_of_another_link() -> None:
    found = joined(device("h", "fe80::5"), device("k", "fe80::5"))
    assert [d.id for d in found.devices] == ["h"]


def test_what_is_known_stays_and_what_was_heard_comes_on_top() -> None:
    name, host = Claim(what="name", value="Door", how="x"), Claim(what="hostname", value="cam", how="dhcp request")
    served = Service(transport="tcp", port=80, protocol="http", how="asked")
    known = Device(id="k", addresses=("10.0.0.5",), claims=(name,), services=(served,), found_by=("arp",))
    guess = Service(transport="tcp", port=80, protocol="unknown", how="seen in traffic")
    other = Service(transport="udp", port=53, protocol="dns", how="seen in traffic")
    heard = Device(id="h", addresses=("10.0.0.5",), claims=(host,), services=(guess, other), found_by=("traffic",))
    (one,) = joined(heard, known).devices
    assert one.claims == (name, host)
    assert one.services == (served, other)
    assert one.found_by == ("arp", "traffic")
