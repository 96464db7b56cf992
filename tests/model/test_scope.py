"""Scope: out wins over in, spellings of one address are one, names are never addresses."""

from datetime import datetime
from ipaddress import IPv4Address, ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from iotscan.model.scope import (
    NEVER,
    Fence,
    InScope,
    Mandate,
    OutOfBounds,
    Permits,
    Scope,
    ends_of,
    in_order,
    is_private,
    lies_in,
)


def test_out_wins_over_in() -> None:
    fence = Fence(Scope(include=("192.0.2.0/24",), exclude=("192.0.2.66/32",)))
    assert fence.allows("192.0.2.7")
    assert not fence.allows("192.0.2.66")
    assert not fence.allows("198.51.100.1")


def test_mapped_spellings_do_not_slip_through() -> None:
    fence = Fence(Scope(include=("0.0.0.0/0", "::/0"), exclude=("192.0.2.66/32",)))
    assert not fence.allows("::ffff:192.0.2.66")
    assert not fence.allows("::ffff:c000:242")


@pytest.mark.parametrize("network", ["::ffff:192.0.2.64/122", "::ffff:192.0.2.66/128"])
def test_mapped_networks_forbid_and_allow_what_they_stand_for(network: str) -> None:
    inside, outside = "192.0.2.66", "192.0.2.7"
    mandated = mandate(in_scope=(InScope(networks=("192.0.2.0/24",)),), out_of_scope=(bound(network),))
    for scope in (
        Scope(include=("192.0.2.0/24",), exclude=(network,)),
        Scope(include=("192.0.2.0/24",), mandate=mandated),
    ):
        assert not Fence(scope).allows(inside)
        assert Fence(scope).allows(outside)
    assert Fence(Scope(include=(network,))).allows(inside)


def bound(network: str) -> OutOfBounds:
    return OutOfBounds(networks=(network,), reason="medical")


PUBLIC = ("8.8.8.0/24", "100.64.0.0/10", "240.0.0.0/4", "0.0.0.0/0", "2001::/32", "2002::/16", "64:ff9b::/96", "::/0")


@pytest.mark.parametrize("network", PUBLIC)
def test_tunnels_and_reserved_networks_are_not_private(network: str) -> None:
    assert not is_private(ip_network(network))


@pytest.mark.parametrize("network", ["10.1.0.0/16", "127.0.0.1/32", "fd00::/64", "::1/128", "192.0.2.7/32"])
def test_private_networks(network: str) -> None:
    assert is_private(ip_network(network))


def test_a_zone_does_not_change_the_address() -> None:
    fence = Fence(Scope(include=("fe80::/64",), exclude=("fe80::66/128",)))
    assert fence.allows("fe80::1%eth0")
    assert not fence.allows("fe80::66%eth0")


def test_one_address_on_two_links_is_two() -> None:
    fence = Fence(Scope(include=("fe80::1%eth0/128", "fe80::%eth1/64"), exclude=("fe80::66%eth1/128",)))
    allowed = ("fe80::1%eth0", "fe80::1%eth1", "fe80::7%eth1")
    refused = ("fe80::7%eth0", "fe80::66%eth1", "fe80::1%eth2", "fe80::1")
    assert [a for a in (*allowed, *refused) if fence.allows(a)] == list(allowed)
    assert sorted(("fe80::2%eth0", "fe80::1%eth1", "fe80::1%eth0"), key=in_order)[:2] == list(allowed[:2])


def test_a_network_of_one_link_lies_in_that_of_all_but_not_the_other_way_round() -> None:
    every, here, there = (ip_network(n) for n in ("fe80::/64", "fe80::%eth0/64", "fe80::%eth1/64"))
    assert lies_in(here, every)
    assert lies_in(here, here)
    assert not lies_in(every, here)
    assert not lies_in(here, there)
    assert is_private(here)


@given(st.text(max_size=40))
def test_nothing_but_addresses_is_allowed(word: str) -> None:
    fence = Fence(Scope(include=("10.0.0.0/8",)))
    if fence.allows(word):
        assert word.startswith("10.") or word.lower().startswith(("::", "0"))


NOBODYS = ("0.0.0.0", "0.1.2.3", "224.0.0.251", "239.255.255.250", "255.255.255.255", "169.254.169.254")
NOBODYS_V6 = ("::", "ff02::1", "ff02::fb%eth0", "fd00:ec2::254", "::ffff:169.254.169.254", "::ffff:224.0.0.1")


@given(st.ip_addresses(v=4), st.ip_addresses(v=4))
def test_a_single_address_scope_allows_it_alone(inside: IPv4Address, other: IPv4Address) -> None:
    fence = Fence(Scope(include=(f"{inside}/32",)))
    asked = not any(inside in network for network, _ in NEVER if network.version == 4)
    assert fence.allows(str(inside)) == asked
    assert fence.allows(str(other)) == (asked and inside == other)


@pytest.mark.parametrize("address", [*NOBODYS, *NOBODYS_V6])
def test_what_no_scope_allows(address: str) -> None:
    everything = ("0.0.0.0/0", "::/0")
    wide = mandate(in_scope=(InScope(networks=everything),))
    for scope in (Scope(include=everything), Scope(include=everything, mandate=wide)):
        assert not Fence(scope).allows(address)
        assert "never asked" in Fence(scope).refusal(address)


def mandate(**said: object) -> Mandate:
    told: dict[str, object] = {
        "engagement": "ACME-1",
        "client": "ACME",
        "assessor": "Example",
        "authorized_by": "Max Muster",
        "reference": "SOW-1",
        "not_before": "2026-11-01T00:00:00+00:00",
        "not_after": "2026-12-01T00:00:00+00:00",
        "expires": "2026-12-01",
        "in_scope": (InScope(networks=("10.0.0.0/24",)),),
        "file": "scope.yaml",
        "sha256": "0" * 64,
    }
    return Mandate(**(told | said))  # type: ignore[arg-type]


def test_a_mandate_narrows_what_was_asked_for() -> None:
    bounds = (OutOfBounds(networks=("10.0.0.66/32",), reason="medical device"),)
    fence = Fence(Scope(include=("10.0.0.0/8",), mandate=mandate(out_of_scope=bounds)))
    assert fence.allows("10.0.0.7", 443)
    assert fence.refusal("10.0.1.7") == "is not in the scope file"
    assert fence.refusal("10.0.0.66", 443) == "is out of scope: medical device"
    assert fence.refusal("192.0.2.1") == "is not in scope"
    assert fence.forbids("10.0.0.66")
    assert not fence.forbids("10.0.1.7")


def test_ports_of_a_mandate() -> None:
    entries = (
        InScope(networks=("10.0.0.0/24",), ports=((80, 80), (8000, 8100))),
        InScope(networks=("10.0.0.9/32",)),
    )
    fence = Fence(Scope(include=("10.0.0.0/24",), mandate=mandate(in_scope=entries)))
    assert [p for p in (79, 80, 81, 7999, 8000, 8100, 8101) if fence.allows("10.0.0.7", p)] == [80, 8000, 8100]
    assert fence.allows("10.0.0.7")
    assert fence.allows("10.0.0.9", 22), "an entry without ports allows them all"


@given(st.ip_addresses(v=4), st.integers(0, 65535))
def test_a_mandate_never_widens(address: IPv4Address, port: int) -> None:
    plain, held = (Fence(Scope(include=("10.0.0.0/9",), mandate=m)) for m in (None, mandate()))
    assert plain.allows(address, port) or not held.allows(address, port)


@pytest.mark.parametrize(
    ("moment", "says"),
    [
        ("2026-10-31T23:59:59+00:00", "opens at 2026-11-01"),
        ("2026-11-01T00:00:00+00:00", ""),
        ("2026-11-30T23:59:59+00:00", ""),
        ("2026-12-01T00:00:00+00:00", "closed at 2026-12-01"),
        ("2026-12-01T00:30:00+01:00", ""),
    ],
)
def test_the_window(moment: str, says: str) -> None:
    refusal = mandate().refusal_at(datetime.fromisoformat(moment))
    assert says in refusal
    assert bool(says) == bool(refusal)


def test_a_mandate_without_active_probing_allows_nothing() -> None:
    still = mandate(permits=Permits(active=False))
    assert "does not permit" in still.refusal_at(datetime.fromisoformat("2026-11-10T00:00:00+00:00"))


def test_the_ends_of_subnets() -> None:
    networks = [ip_network(n) for n in ("10.0.0.0/24", "10.0.1.0/31", "10.0.2.1/32", "2001:db8::/64")]
    assert [str(n) for n in ends_of(networks)] == ["10.0.0.0/32", "10.0.0.255/32"]


@pytest.mark.parametrize(
    ("inner", "outer", "lies"),
    [
        ("10.1.0.0/16", "10.0.0.0/8", True),
        ("10.0.0.0/8", "10.0.0.0/8", True),
        ("10.0.0.0/8", "10.1.0.0/16", False),
        ("fd00::/64", "fd00::/8", True),
        ("::a00:1/128", "10.0.0.0/8", False),
        ("10.0.0.1/32", "::/0", False),
    ],
)
def test_a_network_lies_in_another_of_its_version(inner: str, outer: str, lies: bool) -> None:
    assert lies_in(ip_network(inner), ip_network(outer)) is lies


THROUGH = ("64:ff9b::c000:242", "64:ff9b:1::c000:242", "2002:c000:242::1", "::192.0.2.66", "::ffff:0:192.0.2.66")


@pytest.mark.parametrize("address", [*THROUGH, "2001:0:808:808:0:0:3fff:fdbd"])
def test_no_translator_and_no_tunnel_leads_to_what_is_out(address: str) -> None:
    everything = ("::/0", "0.0.0.0/0")
    assert Fence(Scope(include=everything)).allows(address)
    excluded = Fence(Scope(include=everything, exclude=("192.0.2.66/32",)))
    assert excluded.refusal(address) == "leads to 192.0.2.66, which is excluded"
    forbidden = mandate(in_scope=(InScope(networks=everything),), out_of_scope=(bound("192.0.2.64/26"),))
    assert "is out of scope: medical" in Fence(Scope(include=everything, mandate=forbidden)).refusal(address)


@pytest.mark.parametrize("address", ["64:ff9b::a9fe:a9fe", "2002:a9fe:a9fe::", "::169.254.169.254", "64:ff9b::e000:fb"])
def test_nor_to_what_is_never_asked(address: str) -> None:
    assert "never asked" in Fence(Scope(include=("::/0",))).refusal(address)
    assert Fence(Scope(include=("::/0",))).allows("::1")
