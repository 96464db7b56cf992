"""The namespaces themselves: they are reported missing by name, and they go whatever ends their maker."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from iotscan.assess.registry import load_checks
from tests.lan.conftest import give_up
from tests.lan.network import poll, why_not
from tests.lan.truth import LanTruth

MAKER = """
import pathlib, sys, time
from tests.lan.network import Lan
with Lan(pathlib.Path(sys.argv[1])) as lan:
    machine = lan.join("box", "10.77.0.9", mac="00:40:8c:00:00:09")
    machine.start("busybox", "telnetd", "-F", "-l", "/bin/sh")
    print(machine.pid, flush=True)
    sys.stdin.read()
"""


def test_truth_speaks_of_checks_and_addresses_that_there_are(truth: LanTruth) -> None:
    variants = {check.info.id: set(check.info.variants) for check in load_checks().checks}
    for device in truth.devices:
        for finding in (*device.findings, *device.with_default_creds):
            assert finding.variant in variants[finding.check], device.host
            assert not finding.service or finding.service in device.services, device.host
        for name, _, service in (entry.partition(" ") for entry in device.passes):
            assert name in variants, device.host
            assert not service or service in device.services, device.host
        assert {q.check for q in device.not_assessed} <= variants.keys() | {"*"}
    addresses = [a for device in truth.devices for a in device.addresses]
    assert len(addresses) == len(set(addresses))


def test_what_is_missing_is_named_and_required_means_failed() -> None:
    with pytest.raises(pytest.skip.Exception, match=r"NOT tested: .*apt-get install nothing"):
        give_up("missing: apt-get install nothing", is_required=False)
    with pytest.raises(pytest.fail.Exception, match=r"IOTSCAN_REQUIRE_LAN=1, .*apt-get install nothing"):
        give_up("missing: apt-get install nothing", is_required=True)


@pytest.mark.lan
def test_a_missing_daemon_is_named_by_its_package(place: Callable[[str], Path]) -> None:
    assert why_not({"no-such-daemon": "its-package"}).endswith("apt-get install -y --no-install-recommends its-package")


@pytest.mark.lan
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGINT])
def test_nothing_is_left_when_the_maker_is_ended(place: Callable[[str], Path], number: signal.Signals) -> None:
    named = set(Path("/run/netns").glob("*"))
    repository = Path(__file__).parents[2]
    command = [sys.executable, "-c", MAKER, str(place("maker"))]
    with subprocess.Popen(
        command, cwd=repository, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    ) as maker:
        assert maker.stdout is not None
        network = os.readlink(f"/proc/{int(maker.stdout.readline())}/ns/net")
        assert members(network)
        maker.send_signal(number)
    poll("the namespaces end", lambda: not members(network))
    assert set(Path("/run/netns").glob("*")) == named


def members(network: str) -> list[str]:
    """The processes in a network namespace."""
    return [p.name for p in Path("/proc").iterdir() if p.name.isdecimal() and namespace_of(p) == network]


def namespace_of(process: Path) -> str:
    try:
        return os.readlink(process / "ns/net")
    except OSError:
        return ""
