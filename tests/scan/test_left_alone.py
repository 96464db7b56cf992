"""Who is excluded by one address is not asked at another, as far as that is known without asking."""

import pytest

from iotscan.model.scope import Scope
from iotscan.observe.network.discovery.found import Found
from iotscan.scan.left_alone import LeftAlone
from tests.scan.test_authority import mandate

MAC, OTHER, ROLE = "00:40:8c:00:00:05", "00:40:8c:00:00:06", "00:00:5e:00:01:07"
OUT, SIX, SECOND = "192.0.2.5", "fe80::5%eth0", "192.0.2.77"
TABLE = (
    Found(address=OUT, how="neighbour table", mac=MAC, link="eth0"),
    Found(address=SIX, how="neighbour table", mac=MAC, link="eth0"),
    Found(address="192.0.2.9", how="neighbour table", mac=ROLE, link="eth0"),
)
INCLUDE = ("192.0.2.0/24", "fe80::/64")
ENDS = ("192.0.2.0/32", "192.0.2.255/32")
BY_OPTION = Scope(include=INCLUDE, exclude=(f"{OUT}/32", *ENDS))
BY_FILE = Scope(include=INCLUDE, exclude=ENDS, mandate=mandate(*INCLUDE, out=("192.0.2.4/30",)))


@pytest.mark.parametrize("scope", [BY_OPTION, BY_FILE])
@pytest.mark.parametrize(
    ("address", "mac", "is_left"),
    [(SIX, MAC, True), (SIX, "", True), (SECOND, MAC, True), (SECOND, OTHER, False), (SECOND, "", False)],
)
def test_a_device_is_left_alone_at_each_address_that_is_known(
    scope: Scope, address: str, mac: str, is_left: bool
) -> None:
    left = LeftAlone(scope, lambda: TABLE)
    assert left.holds(address, mac) is is_left
    assert (address in left) is is_left
    told = [f"{address} has the MAC address of {OUT}, which is excluded: listed, and not asked"]
    assert list(left.notices()) == (told if is_left else [])


def test_whoever_was_named_is_asked_and_where_nothing_is_excluded_nothing_is_looked_up() -> None:
    named = Scope(include=(f"{SECOND}/32",), exclude=(f"{OUT}/32",))
    assert not LeftAlone(named, lambda: TABLE).holds(SECOND, MAC)
    assert not LeftAlone(Scope(include=INCLUDE, exclude=ENDS), lambda: 1 / 0).holds(SIX, MAC)  # type: ignore[arg-type, return-value]  # it would raise


def test_a_role_that_routers_hand_over_is_no_device() -> None:
    excluded = Scope(include=INCLUDE, exclude=("192.0.2.9/32",))
    assert not LeftAlone(excluded, lambda: TABLE).holds(SECOND, ROLE)
