"""A device that says it is another: it gets neither that one's row, nor its names, nor what was asked of it."""

import pytest

from iotscan.model.facts import Claim
from iotscan.observe.network.discovery.found import Found
from iotscan.scan.inventory import Inventory

VICTIM, THIEF = "10.0.0.5", "10.0.0.66"
OWN = (
    Claim(what="uuid", value="uuid:67ce3d93-0d6b-4ec5-901e-4c8fc8dcb5ea", how="ssdp description"),
    Claim(what="serial", value="R7-20261126", how="ssdp description"),
    Claim(what="name", value="Router of the hall", how="ssdp description"),
)


def inventory(thief_mac: str, *, is_first: bool) -> Inventory:
    seen = [
        Found(address=VICTIM, how="answers ARP", mac="00:40:8c:00:00:05", link="eth0"),
        Found(address=VICTIM, how="ssdp", claims=OWN),
    ]
    stolen = [
        Found(address=THIEF, how="answers ARP", mac=thief_mac, link="eth0"),
        Found(address=THIEF, how="ssdp", claims=OWN),
    ]
    made = Inventory()
    for found in (*stolen, *seen) if is_first else (*seen, *stolen):
        made.add(found)
    return made


@pytest.mark.parametrize("is_first", [True, False])
@pytest.mark.parametrize("mac", ["00:40:8c:00:00:66", "02:00:00:00:00:66"])
def test_who_claims_anothers_serial_and_uuid_is_another_device(mac: str, is_first: bool) -> None:
    devices = {d.address: d for d in inventory(mac, is_first=is_first).devices()}
    assert {a: d.addresses for a, d in devices.items()} == {VICTIM: (VICTIM,), THIEF: (THIEF,)}
    assert (devices[VICTIM].mac, devices[THIEF].mac) == ("00:40:8c:00:00:05", mac)
    assert not devices[VICTIM].merged
    assert not devices[THIEF].merged


def test_who_answers_for_anothers_address_is_named_and_takes_nothing() -> None:
    made = inventory("02:00:00:00:00:66", is_first=False)
    made.add(Found(address=VICTIM, how="neighbour table", mac="00:40:8c:00:00:05", link="eth0"))
    made.add(Found(address=VICTIM, how="answers ARP", mac="02:00:00:00:00:66", link="eth0"))
    victim = next(d for d in made.devices() if d.address == VICTIM)
    assert (victim.addresses, victim.mac) == ((VICTIM,), "00:40:8c:00:00:05")
    assert victim.rivals == ("02:00:00:00:00:66",)
