"""``iotscan scan`` of the LAN at its default limits, from outside."""

import os
import sys
from pathlib import Path

import msgspec

from bench.measure import Watched, watch
from bench.posture.marks import Posture
from iotscan.model.run import Run
from iotscan.store.runs import read_run
from tests.authorised import write_scope
from tests.questions.lan import QuestionLan
from tests.questions.truth import NETWORK


class Scanned(msgspec.Struct, frozen=True, kw_only=True):
    """A scan that has ended: its run, the folder it is kept in, and what it came to."""

    watched: Watched
    run: Run
    folder: Path
    posture: Posture

    @property
    def conversations(self) -> int:
        """Beyond the port sweeps, of all devices together."""
        return sum(cost.conversations for cost in self.run.costs.values())

    @property
    def packets(self) -> int:
        """Beyond the port sweeps, of all devices together."""
        return sum(cost.packets for cost in self.run.costs.values())

    def most(self) -> tuple[int, int]:
        """Conversations and packets of the devices that saw the most, beyond the port sweep."""
        costs = self.run.costs.values()
        return max(c.conversations for c in costs), max(c.packets for c in costs)


def scan(lan: QuestionLan, home: Path, *words: str) -> Scanned:
    """Scan the whole LAN; ``home`` holds the state and the runs of this scan and of those it goes back to."""
    home.mkdir(exist_ok=True)
    scope = write_scope(home / "scope.yaml", NETWORK)
    lan.scanner.run("ip", "neigh", "flush", "dev", "eth0", check=True)
    lan.forget_traffic()
    arguments = ("scan", NETWORK, "--scope", str(scope), "--yes", *words, "-f", "text")
    command = lan.scanner.inside(sys.executable, "-m", "iotscan", *arguments, own_files=False)
    env = {"PATH": os.environ["PATH"], "PYTHONPATH": str(Path(__file__).parents[2]), "HOME": str(home)}
    watched = watch(command, {**env, "XDG_STATE_HOME": str(home / "state"), "LC_ALL": "C.UTF-8"}, str(home))
    traffic, folder = lan.traffic(), max((home / "iotscan-out").iterdir())
    run = read_run(folder.name, folder.parent)
    posture = Posture(
        seconds=watched.seconds,
        first_finding=watched.first_finding,
        services=frozenset((a, s.name) for d in run.devices for a in d.addresses for s in d.services),
        logins=frozenset(
            (r.subject.address, r.subject.service)
            for r in run.results
            if r.is_finding and (r.check, r.variant) == ("default-credentials", "accepted")
        ),
        calls=traffic.calls,
        packets=traffic.packets,
        harm=lan.harm(),
    )
    return Scanned(watched=watched, run=run, folder=folder, posture=posture)
