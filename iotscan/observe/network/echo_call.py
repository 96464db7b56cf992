"""ICMP echo without privilege: one datagram socket of the kernel's that sends echo requests and hears the replies.

Only :meth:`Dialer.echoes` makes one: it knows the scope and writes every send down. The kernel gives such a socket
to the groups in ``net.ipv4.ping_group_range``; it fills in identifier and checksum, and hands on replies alone
(icmp(7)).
"""

import contextlib
import os
import socket
import struct
from collections.abc import Awaitable, Callable, Iterator
from ipaddress import ip_address
from typing import Any, Final

import anyio

from iotscan.observe.network.failures import NoSocket
from iotscan.observe.network.tcp_stream import place

ECHO_REQUEST = {socket.AF_INET: 8, socket.AF_INET6: 128}
ALL_NODES: Final = "ff02::1"
_REPLIES = (0, 129)
_BATCH = 64
"""Replies read before others get a turn."""
_TOKEN = 16
"""Bytes that a reply has to bring back: nobody who did not see the request knows them."""


class EchoCall:
    """Echo requests to many addresses of one family, and those who reply."""

    def __init__(self, own: socket.socket, announce: Callable[[str, bytes], None]) -> None:
        self._own = own
        self._announce = announce
        self._token = os.urandom(_TOKEN)
        self.sent = 0

    def ask(self, address: str) -> None:
        """Send one request. Raises OutOfScope, BudgetSpent; what the network refuses to carry is no answer."""
        head = struct.pack(">BBHHH", ECHO_REQUEST[self._own.family], 0, 0, 0, self.sent & 0xFFFF)
        packet = head + self._token
        self._announce(address, packet)
        self.sent += 1
        with contextlib.suppress(OSError):
            self._own.sendto(packet, place(address, 0)[1])

    def ask_all(self, interface: str) -> None:
        """Send one request to all IPv6 nodes of a link (RFC 4291 section 2.7.1). Raises OutOfScope, and OSError."""
        packet = struct.pack(">BBHHH", ECHO_REQUEST[socket.AF_INET6], 0, 0, 0, self.sent & 0xFFFF) + self._token
        self._announce(ALL_NODES, packet)
        self.sent += 1
        self._own.sendto(packet, (ALL_NODES, 0, 0, socket.if_nametoindex(interface)))

    async def hear(self, heard: Callable[[str], Awaitable[None]]) -> None:
        """Hand on the address of each that replies, until cancelled; each reply, also the second of one."""
        while True:
            await anyio.wait_readable(self._own)
            for _ in range(_BATCH):
                try:
                    packet, sender = self._own.recvfrom(256)
                except BlockingIOError:
                    break
                except OSError:  # somebody on the way says that an address cannot be reached
                    continue
                if packet[:1] and packet[0] in _REPLIES and packet[8:] == self._token:
                    # Noted before it is told: cut off in between, it would be lost.
                    with anyio.CancelScope(shield=True), contextlib.suppress(anyio.BrokenResourceError):
                        await heard(_spelled(sender))


def _spelled(sender: tuple[Any, ...]) -> str:
    """The address of who replied, a link-local one with its zone as a name."""
    address = ip_address(sender[0].partition("%")[0])
    is_on_link = address.version == 6 and address.is_link_local
    return f"{address}%{socket.if_indextoname(sender[3])}" if is_on_link else str(address)


@contextlib.contextmanager
def echo_call(version: int, announce: Callable[[str, bytes], None], source: str = "") -> Iterator[EchoCall]:
    """A call over IPv4 or IPv6, from an address of ours. Raises NoSocket where this process may have none."""
    family, protocol = (
        (socket.AF_INET6, socket.IPPROTO_ICMPV6) if version == 6 else (socket.AF_INET, socket.IPPROTO_ICMP)
    )
    try:
        own = socket.socket(family, socket.SOCK_DGRAM, protocol)
        if source:
            own.bind(place(source, 0)[1])
    except OSError as error:
        raise NoSocket(
            "missing privilege: net.ipv4.ping_group_range of this machine does not hold our group"
            if isinstance(error, PermissionError)
            else f"this machine has no socket for it ({error.strerror})"
        ) from error
    with own:
        own.setblocking(False)
        yield EchoCall(own, announce)
