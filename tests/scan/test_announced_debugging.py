"""A debug bridge at a port that changes shows itself in what a device announces."""

from iotscan.assess.check import Target, Verdict
from iotscan.assess.registry import load_checks
from iotscan.model.facts import AdbServer, Claim
from iotscan.observe.network.discovery.found import Found
from iotscan.scan.inventory import Inventory
from iotscan.wire.dns_sd import name_claims

ADDRESS = "192.0.2.10"


def told(kind: str) -> list[AdbServer]:
    """What is held of a device that announces a service of this type."""
    inventory = Inventory()
    claims: tuple[Claim, ...] = tuple(name_claims("adb-0A1B2C-xYz", kind))
    inventory.add(Found(address=ADDRESS, how="mdns", claims=claims))
    return [o.fact for o in inventory.observations(ADDRESS) if isinstance(o.fact, AdbServer)]


def test_wireless_debugging_is_told_where_it_is_announced() -> None:
    (fact,) = told("_adb-tls-connect._tcp")
    assert (fact.announced, fact.tls) == (True, True)
    assert told("_adb-tls-pairing._tcp") == []
    assert told("_http._tcp") == []


def test_the_line_asks_the_link_as_there_is_no_port_to_ask() -> None:
    (judge,) = (check for check in load_checks().checks if check.info.id == "adb-access")
    (fact,) = told("_adb-tls-connect._tcp")
    inventory = Inventory()
    inventory.add(Found(address=ADDRESS, how="mdns", claims=tuple(name_claims("x", "_adb-tls-connect._tcp"))))
    (seen,) = (o for o in inventory.observations(ADDRESS) if isinstance(o.fact, AdbServer))
    verdict = judge.question(fact, Target(subject=seen.subject))
    assert isinstance(verdict, Verdict)
    assert verdict.reproduce == f"avahi-browse -r -t -p _adb-tls-connect._tcp | grep -F {ADDRESS}"
