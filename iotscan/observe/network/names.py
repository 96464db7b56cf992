"""Host names that the user gave: looked up once, before anything is sent to a device."""

import socket

import anyio

from iotscan.model.scope import canonical


async def resolve(name: str) -> tuple[str, ...]:
    """The addresses of a host name, asked once of the system's resolver; empty when there are none."""
    try:
        found = await anyio.getaddrinfo(name, None, type=socket.SOCK_STREAM)
    except OSError:
        return ()
    return tuple(dict.fromkeys(str(canonical(str(entry[4][0]))) for entry in found))
