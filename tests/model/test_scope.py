"""Scope: out wins over in, spellings of one address are one, names are never addresses."""

from hypothesis import given
from hypothesis import strategies as st

from iotscan.model.scope import Fence, Scope


def test_out_wins_over_in() -> None:
    fence = Fence(Scope(include=("192.0.2.0/24",), exclude=("192.0.2.66/32",)))
    assert fence.allows("192.0.2.7")
    assert not fence.allows("192.0.2.66")
    assert not fence.allows("198.51.100.1")


def test_mapped_spellings_do_not_slip_through() -> None:
    fence = Fence(Scope(include=("0.0.0.0/0", "::/0"), exclude=("192.0.2.66/32",)))
    assert not fence.allows("::ffff:192.0.2.66")
    assert not fence.allows("::ffff:c000:242")


def test_a_zone_does_not_change_the_address() -> None:
    fence = Fence(Scope(include=("fe80::/64",), exclude=("fe80::66/128",)))
    assert fence.allows("fe80::1%eth0")
    assert not fence.allows("fe80::66%eth0")


@given(st.text(max_size=40))
def test_nothing_but_addresses_is_allowed(word: str) -> None:
    fence = Fence(Scope(include=("10.0.0.0/8",)))
    if fence.allows(word):
        assert word.startswith("10.") or word.lower().startswith(("::", "0"))


@given(st.ip_addresses(v=4), st.ip_addresses(v=4))
def test_a_single_address_scope_allows_it_alone(inside: object, other: object) -> None:
    fence = Fence(Scope(include=(f"{inside}/32",)))
    assert fence.allows(str(inside))
    assert fence.allows(str(other)) == (inside == other)
