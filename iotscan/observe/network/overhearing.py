"""Sockets that only hear, for who may not open raw ones: groups that devices speak to, and broadcasts.

Nothing is sent through them. Where a group is joined the kernel tells the link that somebody listens (IGMP, MLD).
"""

import socket
from collections.abc import Awaitable, Callable, Sequence
from contextlib import ExitStack
from typing import Final

import anyio

from iotscan.observe.network.attached import Attached
from iotscan.observe.network.group_call import listening_socket

GROUPS: Final = (
    ("224.0.0.251", 5353),
    ("239.255.255.250", 1900),
    ("239.255.255.250", 1982),
    ("239.255.255.250", 3702),
    ("224.0.1.187", 5683),
    ("255.255.255.255", 5678),
    ("255.255.255.255", 6666),
    ("255.255.255.255", 6667),
    ("ff02::fb", 5353),
    ("ff02::c", 1900),
    ("ff02::c", 3702),
)
"""mDNS, SSDP, Yeelight, WS-Discovery, CoAP, MNDP and Tuya: ports that need no privilege."""
_BATCH = 64
"""Datagrams read before others get a turn."""
_DATAGRAM = 2048
Overheard = Callable[[bytes, str, int, int], Awaitable[None]]
"""Told of a datagram, the address and port it came from, and the port it went to."""


async def overhear(link: Attached, heard: Overheard, *, version: int) -> None:
    """Hear until cancelled. Raises OSError where not one of the groups can be heard."""
    wanted = [(group, port) for group, port in GROUPS if (":" in group) == (version == 6)]
    with ExitStack() as stack:
        ears = _open(link, wanted, stack)
        async with anyio.create_task_group() as group:
            for own, port in ears:
                group.start_soon(_hear, own, port, heard)


def _open(link: Attached, wanted: Sequence[tuple[str, int]], stack: ExitStack) -> list[tuple[socket.socket, int]]:
    ears: list[tuple[socket.socket, int]] = []
    problem: OSError | None = None
    for group, port in wanted:
        try:
            ears.append((stack.enter_context(listening_socket(link, group, port)), port))
        except OSError as error:
            # Another program holds that port for itself: the others remain.
            problem = error
    if problem is not None and not ears:
        raise problem
    return ears


async def _hear(own: socket.socket, port: int, heard: Overheard) -> None:
    while True:
        await anyio.wait_readable(own)
        for _ in range(_BATCH):
            try:
                packet, (source, from_port, *_) = own.recvfrom(_DATAGRAM)
            except BlockingIOError:
                break
            except OSError:
                # A link that went down: what comes later is still heard.
                await anyio.sleep(0.05)
                break
            await heard(packet, str(source).partition("%")[0], int(from_port), port)
