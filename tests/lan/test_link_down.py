"""An interface that goes down in the middle of a run: it ends, says so, and what was heard before is not lost."""

import os
import subprocess
import sys
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from iotscan.model.run import Run
from iotscan.store.journal import NAME as JOURNAL
from iotscan.store.runs import decode_run
from tests.lan.conftest import give_up
from tests.lan.discovery_truth import How
from tests.lan.network import Lan, Machine, poll, why_not
from tests.lan.scanning import WITHOUT_CAPABILITIES, environment

pytestmark = [pytest.mark.lan, pytest.mark.slow]

RANGE = "10.77.16.0/21"
SCANNER, WEB, ALONE = "10.77.16.2", "10.77.16.9", "10.77.16.10"
"""The last answers nothing but ARP."""
LONGEST = 60.0


@pytest.fixture(scope="module", params=["helper", "without"])
def how(request: pytest.FixtureRequest) -> How:
    """With the raw helper, and without."""
    chosen: How = request.param
    return chosen


@pytest.fixture(scope="module")
def run(how: How, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Run]:
    """A run whose link goes down as soon as it has written down that somebody is there."""
    if reason := why_not({}):
        give_up(reason, is_required=os.environ.get("IOTSCAN_REQUIRE_LAN") == "1")
    folder = tmp_path_factory.mktemp("down")
    with Lan(tmp_path_factory.mktemp("link")) as lan:
        scanner, web, alone = (lan.join(name, mac=f"00:40:8c:00:09:0{n}") for n, name in enumerate(("s", "w", "a")))
        for machine, address in ((scanner, SCANNER), (web, WEB)):
            machine.run("ip", "address", "add", f"{address}/21", "brd", "+", "dev", "eth0", check=True)
        script = str(Path(__file__).with_name("arp_responder.py"))
        alone.start(sys.executable, "-I", script, "live", ALONE, "1")
        poll("the responder", lambda: len(alone.run("cat", "/proc/net/packet").stdout.splitlines()) > 1)
        yield _cut_off(scanner, folder, WITHOUT_CAPABILITIES if how == "without" else ())


def _cut_off(scanner: Machine, folder: Path, become: tuple[str, ...]) -> Run:
    words = ("discover", RANGE, "--timeout", "0.7", "--ports", "80,443", "-f", "json", "--no-progress")
    with subprocess.Popen(
        scanner.inside(*become, sys.executable, "-m", "iotscan", *words, own_files=False),
        cwd=folder,
        env=environment(folder),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        poll("somebody is found", partial(_has_found, folder, process))
        scanner.run("ip", "link", "set", "eth0", "down", check=True)
        out, errors = process.communicate(timeout=LONGEST)
    assert process.returncode == 0, errors
    return decode_run(out.encode(), "standard output")


def _has_found(folder: Path, process: "subprocess.Popen[str]") -> bool:
    assert process.poll() is None, process.communicate()
    return any(b'"found"' in journal.read_bytes() for journal in folder.glob(f"iotscan-out/*/{JOURNAL}"))


def test_what_was_heard_before_is_there(run: Run, how: How) -> None:
    assert run.status == "complete"
    found = {d.address: d.found_by for d in run.devices}
    assert found.keys() <= {WEB, ALONE}
    if how == "helper":
        assert "answers ARP" in found[WEB]
    else:
        assert any(way.startswith("answers on") for way in found[WEB])


def test_that_it_went_down_is_said_by_each_way_that_asked(run: Run, how: How) -> None:
    told = {text.partition(" ")[0]: text for text in (n.text for n in run.notices)}
    sweep, connecting, all_at_once = told["arp"], told["connecting:"], told["asked"]
    if how == "helper":
        asked = int(sweep.partition(" on eth0: ")[2].partition(" ")[0].replace(",", ""))
        assert "; ended early in round " in sweep
        assert sweep.endswith(": Network is down")
        assert (asked < 2045) == ("ended early in round 1 " in sweep), sweep
    assert connecting.endswith(" in vain: there is no way to its network, or the link is down")
    assert all_at_once.count("Network is unreachable") == 5, "mDNS, SSDP, WS-Discovery, CoAP, KNX"


def test_nothing_is_said_of_what_was_not_asked(run: Run) -> None:
    """The rest of a device's questions are open, and not answered with no."""
    for attempt in run.attempts:
        if attempt.subject.address == ALONE:
            assert attempt.reason is not None, attempt
