"""ICMP echo without privilege, to what lies behind a router, and echo to all nodes for what has no IPv4."""

import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

from tests.lan.network import Machine
from tests.observe.network.helper.conftest import MUTE, SILENT, SIX, SLEEPER, Link

pytestmark = pytest.mark.lan

REPOSITORY = Path(__file__).parents[4]
BEHIND = "10.99.0.2"
REFUSED = "missing privilege: net.ipv4.ping_group_range of this machine does not hold our group"
ROUTER = """
table inet watch { chain in { type filter hook input priority 0; policy drop; icmp type echo-request accept; }; }
"""
ECHO = """
import sys, anyio
from iotscan.model.scope import Scope
from iotscan.observe.network.dial import Dialer
from iotscan.observe.network.discovery.icmp import echo_sweep
async def main():
    dialer = Dialer(Scope(include=("10.99.0.0/29",), exclude=("10.99.0.3",)))
    send, receive = anyio.create_memory_object_stream(100)
    with send:
        await echo_sweep(dialer, [f"10.99.0.{n}" for n in range(1, 6)], send, print)
    async for found in receive:
        print(found.address, found.how, dialer.line(found.address).datagrams)
anyio.run(main)
"""
SWEEP = """
import sys, anyio, msgspec
from iotscan.model.scope import Scope
from iotscan.observe.network.attached import Attached
from iotscan.observe.network.dial import Dialer
from iotscan.observe.network.discovery import onlink
from iotscan.observe.network.helper.client import RawHelper
class Log:
    sent = []
    def note(self, send):
        self.sent.append(send)
async def main():
    scope = Scope(include=("10.77.0.0/25", "fd00:77::/64", "fe80::/64"), exclude=("10.77.0.0/32", "10.77.0.127/32"))
    dialer, link = Dialer(scope, Log()), Attached(interface="eth0", address="10.77.0.9", network="10.77.0.0/24")
    send, receive = anyio.create_memory_object_stream(1000)
    told, addresses = [], [f"10.77.0.{n}" for n in range(128)]
    (asked,) = onlink.on_links(addresses, [link]).values()
    async with send, RawHelper(scope, "s") as helper:
        rest = await onlink.sweep_link(dialer, helper, link, asked, send, told.append)
        await onlink.ask_all_nodes(dialer, helper, link, send, told.append)
    found = [(f.address, f.how, dialer.line(f.address).frames) async for f in receive]
    print(msgspec.json.encode({"found": found, "told": told, "rest": rest, "sent": Log.sent}).decode())
anyio.run(main)
"""
NOBODY = """
from types import SimpleNamespace
def nobody():
    raise c.Unavailable("raw frames need root")
c.SWEEPER = SimpleNamespace(command=nobody)
"""


@pytest.fixture(scope="module")
def routed(link: Link) -> Machine:
    """The scanner, with a machine behind a router that drops all but echoes."""
    router = link.joined("router", "10.77.0.5", last=0x80)
    for address in (BEHIND, "10.99.0.3"):
        router.run("ip", "address", "add", f"{address}/32", "dev", "lo", check=True)
    router.nft(ROUTER)
    link.scanner.run("ip", "route", "add", "10.99.0.0/24", "via", "10.77.0.5", check=True)
    return link.scanner


def run(machine: Machine, script: str) -> str:
    """What a script prints there."""
    words = machine.inside(sys.executable, "-c", script, own_files=False)
    return subprocess.run(words, cwd=REPOSITORY, capture_output=True, text=True, check=True).stdout


def test_where_the_system_does_not_allow_it_that_is_said(routed: Machine) -> None:
    routed.run("sysctl", "-qw", "net.ipv4.ping_group_range=1 0", check=True)
    assert run(routed, ECHO) == f"ICMP echo: not available ({REFUSED})\n"


def test_who_is_behind_a_router_and_drops_the_rest_is_found(routed: Machine) -> None:
    routed.run("sysctl", "-qw", "net.ipv4.ping_group_range=0 0", check=True)
    told, *found = run(routed, ECHO).splitlines()
    assert told == "ICMP echo: 4 addresses asked, 1 answered, 7 packets"
    assert found == [f"{BEHIND} answers ICMP echo 1"]


def test_sweeps_of_a_link_are_told_counted_and_logged(routed: Machine) -> None:
    said = msgspec.json.decode(run(routed, SWEEP))
    found = {address: how for address, how, _ in said["found"]}
    assert {a for a, how in found.items() if how == "answers ARP"} >= {MUTE, SILENT, SLEEPER}
    for address in (SIX[0], f"{SIX[1]}%eth0"):
        assert found[address] == "answers echo to all nodes"
    # How many it takes is told; that it is the third that a sleeper hears, test_sweeps proves of the helper alone.
    assert {address: frames for address, _, frames in said["found"]}[SLEEPER] in (1, 2, 3)
    told = sorted(said["told"])
    assert told[0].startswith("arp sweep of 10.77.0.0/24 on eth0: 125 addresses asked, "), told
    assert told[1].startswith("echo to all nodes on eth0: "), told
    swept = [(s["to"], s["frames"]) for s in said["sent"] if s["kind"] == "sweep"]
    assert swept == [("10.77.0.1-10.77.0.8", 24), ("10.77.0.10-10.77.0.126", 351)]
    assert [s["to"] for s in said["sent"] if s["kind"] == "multicast"] == ["ff02::1"]
    assert said["rest"] == []


def test_without_the_helper_all_is_handed_back_and_said(routed: Machine) -> None:
    routed.run("sysctl", "-qw", "net.ipv4.ping_group_range=0 0", check=True)
    said = msgspec.json.decode(run(routed, "import iotscan.observe.network.helper.client as c\n" + NOBODY + SWEEP))
    assert len(said["rest"]) == 125
    told, other = said["told"]
    assert told == "arp sweep: raw frames need root"
    assert other.startswith("echo to all nodes on eth0 without the helper (raw frames need root): ")
    assert f"{SIX[1]}%eth0" in {address for address, _, _ in said["found"]}
    assert {how for _, how, _ in said["found"]} == {"answers echo to all nodes"}
