"""One datagram to a UDP port, asked again once, and what comes of it: an answer, a refusal, or nothing.

Only :meth:`Line.nudge` calls this: it knows the scope and writes every send down.
"""

import socket
from collections.abc import Callable
from contextlib import suppress
from typing import Literal

import anyio

from iotscan.observe.network.refusal import keep_refusals, who_refused
from iotscan.observe.network.tcp_stream import place

Nudged = bytes | Literal["refused", "gone", "silent"]
"""What was answered; or the address itself refused; or the way there ends before it; or nobody said anything."""
_CAP = 2048


async def nudge(
    address: str,
    port: int,
    payload: bytes,
    *,
    seconds: float,
    tries: int,
    announce: Callable[[bytes], None],
    farewell: bytes = b"",
) -> Nudged:
    """Send, and wait ``seconds``; while nobody says anything, at most ``tries`` times. Raises OSError for no socket.

    ``announce`` is told before each send, and raises what keeps it from going. ``farewell`` follows an answer.
    """
    family, at = place(address, port)
    with socket.socket(family, socket.SOCK_DGRAM) as own:
        own.setblocking(False)
        keep_refusals(own)
        try:
            own.connect(at)
        except OSError:
            return "gone"
        for _ in range(tries):
            announce(payload)
            try:
                own.send(payload)
            except OSError as error:
                if (said := _what_was_said(own, address, error)) != "silent":
                    return said
            with anyio.move_on_after(seconds):
                if (heard := await _hear(own, address)) != "silent":
                    if farewell and isinstance(heard, bytes):
                        announce(farewell)
                        with suppress(OSError):
                            own.send(farewell)
                    return heard
        return "silent"


async def _hear(own: socket.socket, address: str) -> Nudged:
    """What comes first that tells something; until cancelled."""
    while True:
        await anyio.wait_readable(own)
        try:
            return own.recv(_CAP)
        except BlockingIOError:
            continue
        except OSError as error:
            if (said := _what_was_said(own, address, error)) != "silent":
                return said


def _what_was_said(own: socket.socket, address: str, error: OSError) -> Literal["refused", "gone", "silent"]:
    """What an error on the socket says of the address: nothing where another refuses in its name."""
    who = who_refused(own, address, error.errno or 0)
    return "refused" if who == "itself" else "gone" if who == "no way" else "silent"
