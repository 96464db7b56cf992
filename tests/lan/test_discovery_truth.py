"""Discovery against the truth of a LAN: nothing missed, nothing invented, with the raw helper and without."""

import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import msgspec
import pytest

from iotscan.model.device import Device
from iotscan.model.facts import Claim
from iotscan.model.run import Notice, Run
from iotscan.store.runs import decode_run
from tests.lan.conftest import give_up
from tests.lan.discovery_lan import COMMUNITY, INSIDE, ROUTER, TOOLS, discovery_lan
from tests.lan.discovery_truth import DiscoveryTruth, How, differences, load_truth
from tests.lan.network import NETWORK, Machine, why_not
from tests.lan.scanning import WITHOUT_CAPABILITIES, command_line

pytestmark = [pytest.mark.lan, pytest.mark.slow]

WORDS = ("discover", NETWORK, "fd77::/64", "fe80::/64", "--timeout", "0.7", "-f", "json", "--no-progress", "--ports")
PORTS = "21,22,23,25,53,80,81,88,443,554,1883,2222,2323,3000,5000,8008,8080,8081,8200,49152"
FEW_PORTS = "80,443,5000,8080,8200"


@pytest.fixture(scope="module")
def truth() -> DiscoveryTruth:
    """What is true of the LAN."""
    return load_truth()


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[How, Run]]:
    """Both runs, at the same time: each asker counts for himself, and hears what the other has asked all."""
    if reason := why_not(TOOLS):
        give_up(reason, is_required=os.environ.get("IOTSCAN_REQUIRE_LAN") == "1")
    folder = tmp_path_factory.mktemp("discovery")
    for each in ("lan", "helper", "without"):
        (folder / each).mkdir()

    def discover(scanner: Machine, how: How) -> Run:
        if how == "helper":
            (folder / "routers").write_text(f"{ROUTER} {COMMUNITY}\n")
            (folder / "routers").chmod(0o600)
            words = (PORTS, INSIDE, "--snmp-community-file", str(folder / "routers"))
            done = command_line(scanner, folder / how, *WORDS, *words)
        else:
            done = command_line(scanner, folder / how, *WORDS, FEW_PORTS, become=WITHOUT_CAPABILITIES)
        assert done.returncode == 0, done.stderr
        return decode_run(done.stdout.encode(), "standard output")

    with discovery_lan(folder / "lan") as (scanner, other), ThreadPoolExecutor() as both:
        helper = both.submit(discover, scanner, "helper")
        without = both.submit(discover, other, "without")
        yield {"helper": helper.result(), "without": without.result()}


@pytest.fixture(params=["helper", "without"])
def how(request: pytest.FixtureRequest) -> How:
    """With the raw helper, and without."""
    chosen: How = request.param
    return chosen


def test_nothing_is_missed_and_nothing_invented(runs: dict[How, Run], truth: DiscoveryTruth, how: How) -> None:
    told = differences(runs[how], truth, how)
    assert not told, "\n".join(told)


def test_without_privilege_every_device_is_found_that_the_helper_finds(runs: dict[How, Run]) -> None:
    """Here also those that answer ARP alone: the kernel asks before it connects."""
    found = {d.mac for d in runs["without"].devices}
    assert {d.label for d in runs["helper"].devices if d.mac not in found} == {"10.77.0.3", "Greenhouse"}
    (told,) = (n.text for n in runs["without"].notices if n.text.startswith("arp sweep"))
    assert told == "arp sweep: raw frames need root, or once: sudo iotscan helper install"


@pytest.mark.parametrize("change", ["missing", "invented", "address", "claim", "no claim", "child", "kind", "notice"])
def test_the_comparison_is_strict(runs: dict[How, Run], truth: DiscoveryTruth, how: How, change: str) -> None:
    run = runs[how]
    hub, others = _hub(run)
    changed = {
        "missing": others,
        "invented": (hub, msgspec.structs.replace(hub, addresses=("10.77.0.99",)), *others),
        "address": (msgspec.structs.replace(hub, addresses=hub.addresses[:-1]), *others),
        "claim": (msgspec.structs.replace(hub, claims=(*hub.claims, Claim(what="name", value="x", how="y"))), *others),
        "no claim": (msgspec.structs.replace(hub, claims=hub.claims[1:]), *others),
        "child": (msgspec.structs.replace(hub, claims=(*hub.claims, Claim(what="child", value="x", how="y"))), *others),
        "kind": (msgspec.structs.replace(hub, identity=msgspec.structs.replace(hub.identity, kind=None)), *others),
        "notice": run.devices,
    }[change]
    told = (*run.notices, Notice(about="discovery", text="somebody")) if change == "notice" else run.notices
    assert differences(msgspec.structs.replace(run, devices=changed, notices=told), truth, how)


def _hub(run: Run) -> tuple[Device, tuple[Device, ...]]:
    (hub,) = (d for d in run.devices if "10.77.0.10" in d.addresses)
    return hub, tuple(d for d in run.devices if d is not hub)
