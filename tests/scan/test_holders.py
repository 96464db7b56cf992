"""Two who answer for one address are both seen, and nobody is made up."""

import itertools

from iotscan.observe.network.discovery.found import Found
from iotscan.observe.network.discovery.neighbours import HOW
from iotscan.scan.holders import RIVALS, Holder, Holders
from iotscan.scan.inventory import Inventory

A, B, C = "02:00:00:00:00:0a", "02:00:00:00:00:0b", "02:00:00:00:00:0c"


def answers(address: str, mac: str, how: str = "answers ARP") -> Found:
    return Found(address=address, how=how, mac=mac, link="eth0")


def holders(*found: Found) -> Holders:
    made = Holders()
    for each in found:
        made.add(each)
    return made


def test_nobody_has_been_seen():
    assert holders().of("192.0.2.5") == Holder()
    assert not list(holders(Found(address="192.0.2.5", how="mdns")).others())


def test_the_holder_is_whom_our_packets_go_to_whatever_came_first():
    seen = (answers("192.0.2.5", A), answers("192.0.2.5", B), answers("192.0.2.5", B, HOW))
    for order in itertools.permutations(seen):
        assert holders(*order).of("192.0.2.5") == Holder(mac=B, link="eth0", rivals=(A,))


def test_the_other_is_a_device_of_its_own_without_any_fact():
    inventory = Inventory()
    for found in (answers("192.0.2.5", A), answers("192.0.2.5", B), answers("192.0.2.5", A, HOW)):
        inventory.add(found)
    first, second = sorted(inventory.devices(), key=lambda d: d.mac)
    assert (first.mac, second.mac) == (A, B)
    assert first.addresses == second.addresses == ("192.0.2.5",)
    assert first.id != second.id
    assert (first.is_rival, second.is_rival) == (False, True)
    for device in (first, second):
        (remark,) = (r for r in device.identity.remarks if r.about == "address-conflict")
        assert A in remark.text
        assert B in remark.text


def test_a_proxy_that_answers_beside_the_device_is_no_second_device():
    seen = [answers("192.0.2.1", C), *(answers(f"192.0.2.{n}", m) for n in (5, 6) for m in (A if n == 5 else B, C))]
    seen += [answers("192.0.2.5", A, HOW), answers("192.0.2.6", B, HOW)]
    assert not list(holders(*seen).others())


def test_whoever_answers_with_ever_new_macs_is_not_remembered_without_end():
    flood = holders(*(answers("192.0.2.5", f"02:00:00:00:{n >> 8:02x}:{n & 255:02x}") for n in range(1000)))
    assert len(flood.of("192.0.2.5").rivals) == RIVALS
