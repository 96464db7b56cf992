"""A link where one machine answers ARP for every address: a few are asked, nobody who is there is lost."""

import sys
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from iotscan.model.run import Run
from iotscan.observe.network.discovery.found import MANY
from tests.lan.network import Lan, poll

pytestmark = [pytest.mark.lan, pytest.mark.slow]

HERE = Path(__file__)
OWN, FIRST, COUNT, LAST = "10.78.0.1/21", "10.78.0.10", 2000, "10.78.7.250"
DEVICE, PORT = "10.78.7.240", 8080
"""Somebody who is there, beyond what the proxy answers for; where it has a server."""


def test_who_answers_for_all_is_named_and_its_addresses_are_not_devices(place: Callable[[str], Path]) -> None:
    folder = place("proxied")
    with Lan(folder) as lan:
        scanner = lan.join("scanner", mac="02:00:00:00:00:09")
        proxy = lan.join("proxy", mac="02:00:00:00:00:10")
        device = lan.join("device", mac="02:00:00:00:00:11")
        for machine, address in ((scanner, OWN), (device, f"{DEVICE}/21")):
            machine.run("ip", "address", "add", address, "dev", "eth0", check=True)
        proxy.start(sys.executable, str(HERE.with_name("arp_responder.py")), "proxy", FIRST, str(COUNT))
        poll("the proxy", lambda: len(proxy.run("cat", "/proc/net/packet").stdout.splitlines()) > 1)
        words = [str(folder), OWN, FIRST, LAST, str(PORT)]
        python = ("env", f"PYTHONPATH={HERE.parents[2]}", sys.executable, str(HERE.with_name("proxied.py")))
        done = scanner.run(*python, *words, check=True)
    run = msgspec.json.decode(done.stdout.encode(), type=Run)
    addresses = {a for d in run.devices for a in d.addresses}
    assert DEVICE in addresses
    assert len(addresses) == MANY + 1
    told = "\n".join(notice.text for notice in run.notices)
    assert f"answers for {MANY} addresses and {COUNT - MANY:,} more" in told
    assert f"{COUNT - MANY - 256:,} of them were not asked" in told
    cost = sum(c.attempts + c.frames for c in run.costs.values())
    assert cost < 20 * MANY
