"""A watch of real machines: who joins, moves, sleeps, leaves and comes back, by ARP and by nothing that we made up."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from iotscan.model.watching import WatchEvent
from tests.lan.conftest import give_up
from tests.lan.network import Lan, Machine, poll, why_not

pytestmark = [pytest.mark.lan, pytest.mark.slow]

SCANNER, HALL, MUTE, SLEEPER, LATE, MOVED = (f"10.77.0.{n}" for n in (2, 10, 11, 12, 13, 15))
ROUNDS = 5


class Watcher:
    """A watch on a machine of the wire, driven round by round."""

    def __init__(self, scanner: Machine, folder: Path) -> None:
        root, script = Path(__file__).parents[2], str(Path(__file__).with_name("watching.py"))
        setting = ("env", f"PYTHONPATH={root}", f"XDG_STATE_HOME={folder}")
        words = (*setting, sys.executable, script, str(folder / "out"), str(ROUNDS), "10.77.0.10-15")
        self._log = (folder / "watch.log").open("w+")
        self.program = subprocess.Popen(
            scanner.inside(*words, own_files=False),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._log,
            text=True,
        )
        assert self.program.stdout is not None
        assert self.event().event == "began"

    def event(self) -> WatchEvent:
        assert self.program.stdout is not None
        line = self.program.stdout.readline()
        assert line, self._log.seek(0) or self._log.read()
        return msgspec.json.decode(line, type=WatchEvent)

    def round(self) -> list[WatchEvent]:
        """The events of a round, its own last."""
        told = [self.event()]
        while told[-1].event != "round":
            told.append(self.event())
        return told

    def end(self) -> int:
        """Wait until it has ended by itself; its exit code."""
        with self._log, self.program as program:
            return program.wait(30)

    def next(self) -> list[WatchEvent]:
        """Let the next round begin."""
        assert self.program.stdin is not None
        self.program.stdin.write("\n")
        self.program.stdin.flush()
        return self.round()


@pytest.fixture(scope="module")
def rounds(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[list[WatchEvent]]]:
    """What each round told."""
    if reason := why_not({}):
        give_up(reason, is_required=os.environ.get("IOTSCAN_REQUIRE_LAN") == "1")
    folder = tmp_path_factory.mktemp("watching")
    with Lan(folder) as lan:
        scanner, hall, mute, sleeper = (
            lan.join(name, address, mac=f"00:40:8c:00:09:{n:02x}")
            for n, (name, address) in enumerate(
                (("scanner", SCANNER), ("hall", HALL), ("mute", MUTE), ("sleeper", SLEEPER))
            )
        )
        (folder / "www").mkdir()
        (folder / "www" / "index.html").write_text("<title>Camera of the hall</title>")
        hall.start(sys.executable, "-I", "-m", "http.server", "80", "--directory", str(folder / "www"))
        poll("the page is served", lambda: ":80 " in hall.run("ss", "-ltn").stdout)
        watcher = Watcher(scanner, folder)
        told = [watcher.round()]
        # One comes, one gets another address, as from a DHCP server, one sleeps for a round, one leaves for three.
        lan.join("late", LATE, mac="00:40:8c:00:09:0d")
        hall.run("ip", "address", "del", f"{HALL}/24", "dev", "eth0", check=True)
        hall.run("ip", "address", "add", f"{MOVED}/24", "dev", "eth0", check=True)
        set_link(sleeper, "down")
        set_link(mute, "down")
        told.append(watcher.next())
        set_link(sleeper, "up")
        told += [watcher.next(), watcher.next()]
        set_link(mute, "up")
        told.append(watcher.next())
        last = watcher.event()
        assert (last.event, watcher.end()) == ("ended", 0)
        yield told


def set_link(machine: Machine, state: str) -> None:
    machine.run("ip", "link", "set", "eth0", state, check=True)


def said(told: list[WatchEvent]) -> list[tuple[str, str]]:
    return [(e.event, e.addresses[0]) for e in told if e.event != "round"]


def test_who_is_there_at_first(rounds: list[list[WatchEvent]]) -> None:
    assert said(rounds[0]) == [("present", HALL), ("present", MUTE), ("present", SLEEPER)]
    hall = rounds[0][0]
    assert (hall.label, hall.mac, hall.services) == ("Camera of the hall", "00:40:8c:00:09:01", ("tcp/80 http",))


def test_a_newcomer_a_move_and_nothing_of_one_that_sleeps(rounds: list[list[WatchEvent]]) -> None:
    assert sorted(said(rounds[1])) == [("appeared", LATE), ("changed", MOVED)]
    (moved,) = (e for e in rounds[1] if e.event == "changed")
    assert [(s.what, s.before, s.after) for s in moved.shifts] == [("address", HALL, MOVED)]
    assert moved.id == rounds[0][0].id


def test_a_leaver_is_told_after_three_rounds_and_when_it_is_back(rounds: list[list[WatchEvent]]) -> None:
    assert [said(told) for told in rounds[2:]] == [[], [("not_seen", MUTE)], [("back", MUTE)]]
    gone = rounds[3][0]
    assert (gone.since, gone.id) == (rounds[0][-1].at, rounds[0][1].id)
    assert [told[-1].away for told in rounds] == [0, 0, 0, 1, 0]
