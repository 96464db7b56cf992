"""A range of as many addresses as the kernel's table of neighbours has room for: who is there is not called absent."""

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from tests.lan.conftest import give_up
from tests.lan.network import Lan, Machine, why_not

pytestmark = [pytest.mark.lan, pytest.mark.slow]

RANGE, SCANNER = "10.77.4.0/22", "10.77.7.250"
LIVE = [f"10.77.{4 + n // 64}.{n % 64 * 3 + 5}" for n in range(200)]
SWEEP = """
import sys, anyio, msgspec
from ipaddress import ip_network
from iotscan.model.scope import Pace, Scope
from iotscan.observe.network.dial import Dialer
from iotscan.observe.network.discovery.connect import Knocks, connect_sweep
from iotscan.observe.network.discovery.neighbours import most_neighbours

async def main(network):
    send, receive = anyio.create_memory_object_stream(4096)
    hosts = [str(a) for a in ip_network(network).hosts() if str(a) != sys.argv[2]]
    dialer = Dialer(Scope(include=(network,), pace=Pace(connect_timeout=0.4)))
    with send, receive:
        await connect_sweep(dialer, hosts, (80, 443), send, {}, spent := Knocks())
        seen = [receive.receive_nowait() for _ in range(receive.statistics().current_buffer_used)]
    return {"found": sorted({f.address for f in seen}), "told": spent.summary(), "limit": most_neighbours()}

sys.stdout.buffer.write(msgspec.json.encode(anyio.run(main, sys.argv[1])))
"""


@pytest.fixture(scope="module")
def scanner(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machine]:
    """Where the sweep begins; on the wire is a machine with all addresses that are live."""
    if reason := why_not({}):
        give_up(reason, is_required=os.environ.get("IOTSCAN_REQUIRE_LAN") == "1")
    with Lan(tmp_path_factory.mktemp("table")) as lan:
        scanner, live = (lan.join(name, mac=f"02:00:00:00:22:0{n}") for n, name in enumerate(("scanner", "live")))
        scanner.run("ip", "address", "add", f"{SCANNER}/22", "brd", "+", "dev", "eth0", check=True)
        lines = "".join(f"address add {address}/22 dev eth0\n" for address in LIVE)
        live.run("ip", "-batch", "-", given=lines, check=True)
        yield scanner


def test_200_live_of_a_22_are_found_without_the_helper(scanner: Machine) -> None:
    path = f"PYTHONPATH={Path(__file__).parents[2]}"
    done = scanner.run("env", path, sys.executable, "-c", SWEEP, RANGE, SCANNER, check=True)
    said = msgspec.json.decode(done.stdout)
    assert said["found"] == sorted(LIVE)
    assert said["told"].startswith("connecting: 1,021 addresses asked, 200 there, ")
