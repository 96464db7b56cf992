"""Who is on a /24, a /22 and a /16: recall, wall time and memory of our sweep and of others, on one wire in turn.

Ours is timed from where a scan begins to discover, the start of the helper's process included; the others are
processes, timed from their start. nmap is spared its name look-ups (``-n``), which here could only time out.

The whole ``iotscan discover`` follows, on what drops all but ARP, the slowest of crowds; with one port, as the time
that silent ports take says nothing of the size of a range.
"""

import re
import shutil
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from ipaddress import IPv4Network
from pathlib import Path
from statistics import median

import anyio
import msgspec

from bench.table import Row, times
from iotscan.model.run import Cost
from iotscan.model.scope import Scope
from iotscan.observe.network.helper.client import PEAK, RATE, ROUNDS, WAIT, RawHelper, Seen
from iotscan.observe.network.helper.program import FLAGS, SWEEPER
from iotscan.store.runs import read_run
from tests.lan.network import Lan, Machine, poll, why_not

HERE = Path(__file__).parent
RESPONDER = HERE.parents[1] / "tests" / "lan" / "arp_responder.py"
PEERS = {"nmap": "nmap", "arp-scan": "arp-scan"}
TURNS = 3
LONG = 1
"""Turns of the peers on a large range: each takes minutes."""
_PEAK = "import os,subprocess,sys; p=subprocess.Popen(sys.argv[1:]); _,s,u=os.wait4(p.pid,0); print('peak',u.ru_maxrss)"


class Range(msgspec.Struct, frozen=True):
    """A network with ``live`` addresses that answer, ``step`` apart."""

    network: str
    live: int
    step: int

    @property
    def name(self) -> str:
        """``/24, 50 live``."""
        return f"/{IPv4Network(self.network).prefixlen}, {self.live} live"

    def truth(self) -> set[str]:
        """Who answers."""
        first = IPv4Network(self.network)[2]
        return {str(first + n * self.step) for n in range(self.live)}


RANGES = (
    Range("10.90.0.0/24", 50, 5),
    Range("10.91.0.0/22", 200, 5),
    Range("10.92.0.0/16", 500, 131),
)


class Swept(msgspec.Struct, frozen=True):
    """One sweep: seconds, peak bytes, who was found; of ours, the frames, and those of them to who answered."""

    seconds: float
    peak: int
    found: frozenset[str]
    frames: int = 0
    of_found: int = 0


def discovery(home: Path, ranges: Sequence[Range] = RANGES) -> Iterator[Row]:
    """The rows, or one that says why there are none."""
    if reason := why_not(PEERS):
        yield Row(what="not measured", measured=reason)
        return
    with Lan(home) as lan:
        scanner = lan.join("scanner", mac="02:00:00:00:00:09")
        crowd = lan.join("crowd", mac="02:00:00:00:00:10")
        for each in ranges:
            network = IPv4Network(each.network)
            scanner.run("ip", "address", "add", f"{network[1]}/{network.prefixlen}", "dev", "eth0", check=True)
            crowd.start(sys.executable, str(RESPONDER), "live", str(network[2]), str(each.live), str(each.step))
        poll("the crowd", lambda: len(crowd.run("cat", "/proc/net/packet").stdout.splitlines()) > len(ranges))
        for each in ranges:
            yield from _rows(scanner, each)
        for each in ranges:
            yield _whole(scanner, each, home)


def _rows(scanner: Machine, each: Range) -> Iterator[Row]:
    network = IPv4Network(each.network)
    is_long = network.num_addresses > 4096
    floor = [sys.executable, str(HERE / "minimal.py"), "eth0", *map(str, (network[1], network[2], network[-2]))]
    sweeps: dict[str, Callable[[], Swept]] = {
        "ours": lambda: _ours(scanner, each),
        "minimal": lambda: _process(scanner, *floor, str(ROUNDS), str(PEAK), str(RATE), str(WAIT)),
        "unpaced": lambda: _process(scanner, *floor, "1", "0", "0", str(WAIT)),
        "arp-scan": lambda: _process(scanner, "arp-scan", "-I", "eth0", each.network),
        "nmap": lambda: _process(scanner, "nmap", "-sn", "-n", each.network),
    }
    done: dict[str, list[Swept]] = {name: [] for name in sweeps}
    for turn in range(TURNS):
        for name, sweep in sweeps.items():
            if not (is_long and turn >= LONG and name in PEERS):
                done[name].append(sweep())
    truth = each.truth()
    ours = median(s.seconds for s in done["ours"])
    targets = {"minimal": "<= 1.3x", "arp-scan": "<= 0.33x", "nmap": "<= 0.33x"}
    own = {str(network[1])}
    for name, swept in done.items():
        seconds, peak = median(s.seconds for s in swept), max(s.peak for s in swept)
        recall = min(len(truth & s.found) for s in swept) / len(truth)
        invented = max(len(s.found - truth - own) for s in swept)
        wrong = f", {invented} invented" if invented else ""
        yield Row(
            what=f"{each.name}: {name}",
            measured=f"{seconds:.2f} s, recall {recall:.0%}{wrong}, {peak / 2**20:.0f} MiB",
            against=_frames(swept[0], network.num_addresses - 3) if name == "ours" else "",
            ratio="" if name == "ours" else times(ours, seconds),
            target=targets.get(name, ""),
        )


def _frames(swept: Swept, addresses: int) -> str:
    return f"frames: {swept.frames / addresses:.1f} an address, {swept.of_found / len(swept.found):.1f} a device"


def _ours(scanner: Machine, each: Range) -> Swept:
    network = IPv4Network(each.network)
    words = scanner.inside(sys.executable, *FLAGS, str(SWEEPER.source), own_files=False)
    found: dict[str, int] = {}

    async def heard(seen: Seen) -> None:
        found[seen.address] = seen.asked

    async def sweep() -> tuple[int, int]:
        async with RawHelper(Scope(include=(each.network,)), "bench", words) as helper:
            ranges = [(str(network[2]), str(network[-2]))]
            swept = await helper.sweep("arp", "eth0", ranges, heard, seconds=120)
            assert helper.pid
            return _peak_of(helper.pid), swept.frames

    began = time.perf_counter()
    peak, frames = anyio.run(sweep)
    return Swept(time.perf_counter() - began, peak, frozenset(found), frames, sum(found.values()))


def _whole(scanner: Machine, each: Range, home: Path) -> Row:
    out = home / f"discover-{IPv4Network(each.network).prefixlen}"
    words = ("discover", each.network, "--yes", "--ports", "80", "--max-hosts", "65536", "-qq", "-o", str(out))
    swept = _process(scanner, sys.executable, "-m", "iotscan", *words)
    run = read_run("latest", out)
    found = {a for d in run.devices for a in d.addresses} & each.truth()
    cost = sum(run.costs.values(), Cost())
    asked = f"{cost.frames} frames, {cost.attempts} attempts, {cost.connections + cost.datagrams} more"
    return Row(
        what=f"{each.name}: iotscan discover",
        measured=f"{swept.seconds:.1f} s, recall {len(found) / each.live:.0%}, {swept.peak / 2**20:.0f} MiB",
        against=f"to {len(found)} devices: {asked}",
    )


def _peak_of(pid: int) -> int:
    status = Path(f"/proc/{pid}/status").read_text()
    return int(re.findall(r"VmHWM:\s+(\d+) kB", status)[0]) * 1024


def _process(scanner: Machine, *words: str) -> Swept:
    whole = (shutil.which(words[0]) or words[0], *words[1:])
    began = time.perf_counter()
    done = scanner.run(sys.executable, "-S", "-c", _PEAK, *whole, timeout=3600, check=True)
    seconds = time.perf_counter() - began
    found = frozenset(
        re.findall(r"\b\d+\.\d+\.\d+\.\d+\b", done.stdout.partition("Starting arp-scan")[2] or done.stdout)
    )
    peak = int(re.findall(r"peak (\d+)", done.stdout)[0]) * 1024
    return Swept(seconds, peak, found)
