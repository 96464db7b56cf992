"""Fragile devices on a wire of their own, and the command line beside them."""

import json
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import msgspec

from iotscan.model.run import Run
from iotscan.store.runs import read_run
from tests.lan.network import Lan, Machine, poll
from tests.lan.scanning import command_line

PROGRAM = Path(__file__).with_name("fragile.py")
SCANNER = "10.79.0.2"
RESETS = """
table inet watch {
    counter resets { }
    chain in { type filter hook input priority -10; iifname eth0 tcp flags & rst == rst counter name resets; }
}
"""
TOOLS = {"nft": "nftables", "nmap": "nmap"}


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """What a device has recorded; see :mod:`tests.hostile.fragile`."""

    dead: str
    guests: dict[str, int]
    heard: dict[str, str]
    printed: int


class Fragile(msgspec.Struct, frozen=True, kw_only=True):
    """One fragile device and its record."""

    address: str
    machine: Machine
    record: Path

    @property
    def told(self) -> Told:
        """What it has heard so far, and what it died of."""
        return msgspec.convert(json.loads(self.record.read_text()), Told)

    @property
    def resets(self) -> int:
        """Resets that have come over its wire."""
        return self.machine.counted("resets")


class Bench(msgspec.Struct, frozen=True, kw_only=True):
    """The wire, the scanner's place on it, and a folder."""

    lan: Lan
    scanner: Machine
    folder: Path

    def add(self, kind: str, number: int) -> Fragile:
        """Put a device on the wire."""
        address = f"10.79.0.{number}"
        machine = self.lan.join(f"{kind}{number}", address, mac=f"00:40:8c:00:04:{number:02x}")
        machine.nft(RESETS)
        record = self.folder / f"{kind}{number}.json"
        machine.start(sys.executable, str(PROGRAM), kind, address, str(record))
        poll(f"{kind}{number}", record.exists)
        return Fragile(address=address, machine=machine, record=record)

    def scan(self, name: str, devices: Sequence[Fragile], *words: str) -> Run:
        """One run of the command line over devices, to its end."""
        folder = self.folder / name
        folder.mkdir()
        addresses = [device.address for device in devices]
        done = command_line(self.scanner, folder, "scan", *addresses, "--yes", "--no-progress", *words)
        assert done.returncode in (0, 1, 3), done.stderr
        (run,) = (p for p in folder.glob("iotscan-out/*") if p.is_dir())
        return read_run(str(run), folder)


@contextmanager
def bench(folder: Path) -> Iterator[Bench]:
    """A wire with a scanner on it."""
    with Lan(folder) as lan:
        scanner = lan.join("scanner", SCANNER, mac="00:40:8c:00:04:02")
        yield Bench(lan=lan, scanner=scanner, folder=folder)


__all__ = ["TOOLS", "Bench", "Fragile", "Told", "bench"]
