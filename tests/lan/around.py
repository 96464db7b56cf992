"""Asks around where it is run and prints what was found: ``around.py NETWORK ADDRESS [NETWORK ADDRESS …]``."""

import sys
from collections.abc import Sequence

import anyio
import msgspec

from iotscan.model.scope import Scope
from iotscan.observe.network.attached import Attached
from iotscan.observe.network.dial import Dialer
from iotscan.observe.network.discovery.around import ask_around
from iotscan.observe.network.discovery.found import Found


class Around(msgspec.Struct, frozen=True, kw_only=True):
    """What a round found, what it told of itself, and how many conversations each device has seen."""

    found: tuple[Found, ...]
    told: tuple[str, ...]
    costs: dict[str, int]

    def claims(self, address: str, what: str = "") -> set[tuple[str, str]]:
        """What the device at an address says: what of, and what."""
        said = (c for f in self.found if f.address == address for c in f.claims)
        return {(c.what, c.value) for c in said if c.what == what or not what}

    def how(self, address: str) -> set[str]:
        """By which methods an address was found."""
        return {f.how for f in self.found if f.address == address}


async def ask(links: Sequence[Attached], fragile: Sequence[str] = ()) -> Around:
    """Ask all on the links."""
    dialer = Dialer(Scope(include=tuple(link.network for link in links)))
    told: list[str] = []
    found: list[Found] = []
    send, receive = anyio.create_memory_object_stream[Found](100_000)
    async with send, receive:
        await ask_around(dialer, links, send, told.append, fragile=fragile)
        send.close()
        async for each in receive:
            found.append(each)
    costs = {f.address: dialer.line(f.address).cost().conversations for f in found}
    return Around(found=tuple(found), told=tuple(told), costs=costs)


if __name__ == "__main__":
    words = sys.argv[1:]
    attached = [Attached(interface="eth0", network=n, address=a) for n, a in zip(words[::2], words[1::2], strict=True)]
    sys.stdout.buffer.write(msgspec.json.encode(anyio.run(ask, attached, ["industrial"])))
