"""Which networks this machine is attached to, and on which of them all may be asked."""

import socket
from types import SimpleNamespace

import psutil
import pytest

from iotscan.model.scope import InScope, Mandate, OutOfBounds
from iotscan.observe.network.attached import Attached, attached_networks, own_addresses, own_places, private_networks
from iotscan.scan.authority import may_ask_all

SIX = "ffff:ffff:ffff:ffff::"


def entry(address: str, netmask: str) -> SimpleNamespace:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    return SimpleNamespace(family=family, address=address, netmask=netmask)


@pytest.fixture(autouse=True)
def machine(monkeypatch: pytest.MonkeyPatch) -> None:
    addresses = {
        "lo": [entry("127.0.0.1", "255.0.0.0"), entry("::1", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff")],
        "eth0": [
            entry("192.0.2.7", "255.255.255.0"),
            entry("2001:db8::7", SIX),
            entry("2001:db8::dead:beef", SIX),
            entry("fd00::7", SIX),
            entry("fe80::7%eth0", SIX),
        ],
        "wg0": [entry("10.9.0.2", "255.255.255.254")],
        "eth1": [entry("10.8.0.2", "255.255.255.0")],
    }
    monkeypatch.setattr(psutil, "net_if_addrs", lambda: addresses)
    monkeypatch.setattr(psutil, "net_if_stats", lambda: {n: SimpleNamespace(isup=n != "eth1") for n in addresses})


def test_each_network_once_over_both_families() -> None:
    assert [(a.interface, a.address, a.network) for a in attached_networks()] == [
        ("eth0", "192.0.2.7", "192.0.2.0/24"),
        ("eth0", "2001:db8::7", "2001:db8::/64"),
        ("eth0", "fd00::7", "fd00::/64"),
        ("eth0", "fe80::7%eth0", "fe80::%eth0/64"),
    ]
    assert [a.network for a in private_networks(attached_networks())] == ["192.0.2.0/24"]


def test_addresses_of_this_machine_are_all_but_those_of_loopback() -> None:
    six = {"2001:db8::7", "2001:db8::dead:beef", "fd00::7", "fe80::7%eth0"}
    assert own_addresses() == {"192.0.2.7", "10.9.0.2", "10.8.0.2", *six}


def mandate(*networks: str, out: tuple[str, ...] = (), ports: tuple[tuple[int, int], ...] = ()) -> Mandate:
    return Mandate(
        engagement="ACME-1",
        client="ACME",
        assessor="Example",
        authorized_by="Max Muster",
        reference="SOW-1",
        not_before="2026-11-22T00:00:00+00:00",
        not_after="2026-11-23T00:00:00+00:00",
        expires="2026-12-01",
        in_scope=(InScope(networks=networks, ports=ports),),
        out_of_scope=(OutOfBounds(networks=out, reason="theirs"),) if out else (),
        file="scope.yaml",
        sha256="0" * 64,
    )


@pytest.mark.parametrize(
    ("given", "is_asked"),
    [
        (mandate("2001:db8::/64"), True),
        (mandate("2001:db8::/48"), True),
        (mandate("2001:db8::/65"), False),
        (mandate("192.0.2.0/24"), False),
        (mandate("2001:db8::/64", out=("2001:db8::9/128",)), False),
        (mandate("2001:db8::/64", out=("192.0.2.9/32",)), True),
        (mandate("2001:db8::/64", ports=((443, 443),)), False),
    ],
)
def test_a_link_is_asked_over_ipv6_where_all_of_it_is_in_scope(given: Mandate, is_asked: bool) -> None:
    link = Attached(interface="eth0", address="2001:db8::7", network="2001:db8::/64")
    assert may_ask_all([link], given) == (((link,), ()) if is_asked else ((), (link.network,)))


def test_what_our_interfaces_are_known_by_on_a_link(monkeypatch: pytest.MonkeyPatch) -> None:
    link = SimpleNamespace(family=psutil.AF_LINK, address="02-77-00-00-00-07", netmask=None)
    monkeypatch.setattr(
        psutil, "net_if_addrs", lambda: {"eth0": [link, entry("fe80::7%eth0", SIX)], "wg0": [entry("10.9.0.2", SIX)]}
    )
    assert own_places({"eth0"}) == ("02:77:00:00:00:07", "fe80::7")
    assert own_places() == ("02:77:00:00:00:07", "fe80::7", "10.9.0.2")
    assert own_places(()) == ()
