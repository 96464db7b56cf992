"""A link in namespaces: devices that answer nothing but ARP or NDP, a sleeper, a liar, and the scanner's place."""

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec
import pytest

from iotscan.model.scope import Scope
from iotscan.observe.network.helper.client import RawHelper, Seen, Swept
from iotscan.observe.network.helper.program import FLAGS, SWEEPER
from tests.lan.conftest import place as place
from tests.lan.network import Lan, Machine, poll

RESPONDER = Path(__file__).parents[3] / "lan" / "arp_responder.py"
MUTE, SILENT, SLEEPER = "10.77.0.20", "10.77.0.40", "10.77.0.60"
"""A machine whose kernel drops all of IP; one with no stack at all; one that answers each third request."""
SIX = ("fd00:77::21", "fe80::ff:fe00:21")
"""A machine without IPv4: its addresses."""
DROP = "table inet watch { chain in { type filter hook input priority 0; policy drop; }; }"


class Link(msgspec.Struct, frozen=True):
    """The machines on the wire."""

    scanner: Machine
    joined: Callable[..., Machine]

    def words(self) -> tuple[str, ...]:
        """How the helper is started where the scanner stands."""
        return tuple(self.scanner.inside(sys.executable, *FLAGS, str(SWEEPER.source), own_files=False))

    def helper(self, *include: str, exclude: tuple[str, ...] = ()) -> RawHelper:
        """A helper there, for a scope."""
        return RawHelper(Scope(include=include, exclude=exclude), "0" * 64, self.words())


def answering(machine: Machine, *words: str) -> Machine:
    """Start the responder there, and wait until it listens."""
    machine.start(sys.executable, str(RESPONDER), *words)
    poll("the responder", lambda: len(machine.run("cat", "/proc/net/packet").stdout.splitlines()) > 1)
    return machine


@pytest.fixture(scope="package")
def link(place: Callable[[str], Path]) -> Iterator[Link]:
    """All of them, once."""
    with Lan(place("link")) as lan:

        def joined(name: str, *addresses: str, last: int) -> Machine:
            return lan.join(name, *addresses, mac=f"02:00:00:00:00:{last:02x}")

        scanner = joined("scanner", "10.77.0.9", last=9)
        mute = joined("mute", MUTE, last=0x20)
        mute.nft(DROP)
        six = joined("six", last=0x21)
        for machine, address in ((scanner, "fd00:77::9"), (six, SIX[0])):
            machine.run("ip", "address", "add", f"{address}/64", "dev", "eth0", "nodad", check=True)
        answering(joined("silent", last=0x40), "live", SILENT, "1")
        answering(joined("sleeper", last=0x60), "live", SLEEPER, "1", "1", "3")
        settled = ("ip", "-6", "address", "show", "tentative")
        poll("IPv6 addresses", lambda: not any(m.run(*settled).stdout for m in (scanner, six)))
        yield Link(scanner, joined)


class Heard(list[Seen]):
    """Who was seen, in order."""

    async def note(self, seen: Seen) -> None:
        self.append(seen)

    @property
    def addresses(self) -> set[str]:
        return {seen.address for seen in self}


async def sweep(helper: RawHelper, kind: str, *ranges: tuple[str, str]) -> tuple[Swept, Heard]:
    """One sweep on eth0, and who answered."""
    heard = Heard()
    swept = await helper.sweep(kind, "eth0", ranges, heard.note, seconds=30)  # type: ignore[arg-type]  # a kind at a time
    return swept, heard
