"""Asking a host that was found what it is called: NetBIOS node status, and LLMNR where that is spoken.

Both are asked of hosts on our own links alone; elsewhere neither is spoken.
"""

import secrets
from typing import Final

import anyio

from iotscan.observe.network.dial import Dialer
from iotscan.observe.network.discovery.found import Found
from iotscan.observe.network.discovery.method import DeviceMethod
from iotscan.observe.network.failures import DialError
from iotscan.wire import llmnr, netbios

WAIT_SECONDS: Final = 0.7
"""For the one datagram of NetBIOS, which who speaks it answers at once."""

LLMNR_SECONDS: Final = 1.0
"""LLMNR_TIMEOUT (RFC 4795 section 7): who accepts on any port and says nothing keeps others waiting no longer."""


async def ask_netbios(dialer: Dialer, address: str) -> Found | None:
    """The names of a host by NetBIOS: one datagram. Raises a DialError, also for silence or a closed port."""
    number = secrets.randbelow(1 << 16)
    async with dialer.line(address).udp(netbios.PORT, cap=4096) as peer:
        answer = await peer.ask(netbios.node_status_query(number), seconds=WAIT_SECONDS, tries=1)
    claims = netbios.read_node_status(answer, number)
    return None if claims is None else Found(address=address, how="netbios", claims=claims)


async def ask_llmnr(dialer: Dialer, address: str) -> Found | None:
    """The name of a host by LLMNR, over TCP; a host that does not accept there sees one knock."""
    line = dialer.line(address)
    if await line.knock(llmnr.PORT) != "open":
        return None
    number = secrets.randbelow(1 << 16)
    async with line.tcp(llmnr.PORT, cap=4096) as connection:
        answer = b""
        with anyio.move_on_after(LLMNR_SECONDS):
            await connection.send(llmnr.reverse_query(address, number))
            answer = await connection.receive_while(llmnr.is_short, 2 + llmnr.MESSAGE_LIMIT)
    claims = llmnr.read_name(answer, address, number)
    return Found(address=address, how="llmnr", claims=claims) if claims else None


NETBIOS: Final = DeviceMethod(name="netbios", gives="host and workgroup names", ask=ask_netbios)
LLMNR: Final = DeviceMethod(name="llmnr", gives="host names of Windows and systemd", ask=ask_llmnr)


async def ask_host_names(dialer: Dialer, address: str) -> tuple[Found, ...]:
    """What a host says it is called, by each method that it answers. Never raises a DialError."""
    found = []
    for method in (NETBIOS, LLMNR):
        try:
            answer = await method.ask(dialer, address)
        except DialError:
            continue
        if answer is not None:
            found.append(answer)
    return tuple(found)
