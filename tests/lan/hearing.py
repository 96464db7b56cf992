"""Listens where it is run until its standard input ends: ``hearing.py raw|plain SECONDS INTERFACE NETWORK ADDRESS …``.

Says ``listening`` once it hears, each device as it is found, and at the end all that it found and told.
"""

import sys
from collections.abc import Sequence

import anyio
import anyio.to_thread
import msgspec

from iotscan.model.scope import Scope
from iotscan.observe.network.attached import Attached
from iotscan.observe.network.dial import Dialer
from iotscan.observe.network.discovery.found import Found
from iotscan.observe.network.discovery.passive import Passive
from tests.lan.around import Around, most_memory

PLACES = {"00:40:8c:00:09:10": ("10.77.0.16",)}
"""Where a MAC has answered a sweep, which is no part of this."""


async def hear(links: Sequence[Attached], seconds: float, words: Sequence[str] | None) -> Around:
    """Listen on the links."""
    before = most_memory()
    dialer = Dialer(Scope(include=tuple(link.network for link in links)))
    told: list[str] = []
    found: list[Found] = []
    send, receive = anyio.create_memory_object_stream[Found](100)

    async def gather() -> None:
        async for each in receive:
            found.append(each)
            print(each.address, each.how, *(c.what for c in each.claims), flush=True)

    passive = Passive(
        dialer,
        links,
        send,
        told.append,
        joins=links,
        seconds=seconds,
        places_of=lambda mac: PLACES.get(mac, ()),
        words=words,
    )
    async with anyio.create_task_group() as group:
        group.start_soon(gather)
        async with send, anyio.create_task_group() as at_work:
            at_work.start_soon(passive.listen)
            await passive.is_listening.wait()
            print("listening", flush=True)
            await anyio.to_thread.run_sync(sys.stdin.read)
            passive.others_are_done()
    return Around(found=tuple(found), told=tuple(told), costs={}, grown=most_memory() - before)


if __name__ == "__main__":
    how, longest, interface, *given = sys.argv[1:]
    attached = [
        Attached(interface=interface, network=n, address=a) for n, a in zip(given[::2], given[1::2], strict=True)
    ]
    starting = ["false"] if how == "plain" else None
    sys.stdout.buffer.write(msgspec.json.encode(anyio.run(hear, attached, float(longest), starting)))
