"""Asks around where it is run and prints what was found: ``around.py METHOD|all NETWORK ADDRESS …``."""

import re
import sys
from collections.abc import Sequence
from pathlib import Path

import anyio
import msgspec

from iotscan.model.scope import Scope
from iotscan.observe.network.attached import Attached
from iotscan.observe.network.dial import Dialer
from iotscan.observe.network.discovery.around import ask_around
from iotscan.observe.network.discovery.found import Found
from iotscan.observe.network.discovery.methods import METHODS


class Around(msgspec.Struct, frozen=True, kw_only=True):
    """What a round found, what it told of itself, and how many conversations each device has seen."""

    found: tuple[Found, ...]
    told: tuple[str, ...]
    costs: dict[str, int]
    grown: int
    """KiB that asking took on top of what the program takes by itself, at most."""

    def claims(self, address: str, what: str = "") -> set[tuple[str, str]]:
        """What the device at an address says: what of, and what."""
        said = (c for f in self.found if f.address == address for c in f.claims)
        return {(c.what, c.value) for c in said if c.what == what or not what}

    def how(self, address: str) -> set[str]:
        """By which methods an address was found."""
        return {f.how for f in self.found if f.address == address}


def most_memory() -> int:
    """The most KiB that this process ever held: proc(5), VmHWM."""
    found = re.search(r"VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text())
    assert found
    return int(found[1])


async def ask(links: Sequence[Attached], method: str = "all", fragile: Sequence[str] = ()) -> Around:
    """Ask all on the links by one method or by all."""
    methods = [m for m in METHODS if method in ("all", m.name)]
    before = most_memory()
    dialer = Dialer(Scope(include=tuple(link.network for link in links)))
    told: list[str] = []
    found: list[Found] = []
    send, receive = anyio.create_memory_object_stream[Found](100_000)
    async with send, receive:
        await ask_around(dialer, links, send, told.append, fragile=fragile, methods=methods)
        grown = most_memory() - before
        send.close()
        async for each in receive:
            found.append(each)
    costs = {f.address: dialer.line(f.address).cost().conversations for f in found}
    return Around(found=tuple(found), told=tuple(told), costs=costs, grown=grown)


if __name__ == "__main__":
    wanted, *words = sys.argv[1:]
    attached = [Attached(interface="eth0", network=n, address=a) for n, a in zip(words[::2], words[1::2], strict=True)]
    sys.stdout.buffer.write(msgspec.json.encode(anyio.run(ask, attached, wanted, ["industrial"])))
