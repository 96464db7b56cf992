"""A question to all on a link: the sockets of it, its few sends, and what is heard.

Only :meth:`Dialer.group` makes one: it knows the scope's window and writes every send down.
"""

import contextlib
import socket
import struct
from collections.abc import Awaitable, Callable, Iterator
from ipaddress import IPv4Network, ip_address, ip_network
from typing import Any, Final

import anyio

from iotscan.model.scope import holds
from iotscan.observe.network.attached import Attached
from iotscan.observe.network.failures import BudgetSpent, OutOfScope

BROADCAST: Final = "broadcast"
"""Stands for the link's own broadcast address, which differs from link to link."""
GROUPS: Final = frozenset(
    {
        ("224.0.0.251", 5353),  # mDNS: RFC 6762
        ("ff02::fb", 5353),
        ("239.255.255.250", 1900),  # SSDP: UPnP Device Architecture 2.0
        ("ff02::c", 1900),
        ("239.255.255.250", 3702),  # WS-Discovery 1.1
        ("ff02::c", 3702),
        ("224.0.1.187", 5683),  # CoAP: RFC 7252 §12.8
        ("ff02::fd", 5683),
        ("224.0.23.12", 3671),  # KNXnet/IP: ISO 22510
        ("224.0.0.252", 5355),  # LLMNR: RFC 4795
        ("ff02::1:3", 5355),
        (BROADCAST, 47808),  # BACnet/IP: ASHRAE 135 Annex J
    }
)
"""Whom iotscan asks all at once, and nobody else."""
SENDS: Final = 3
"""Questions that one group on one link may see in one go."""
_BATCH = 64
"""Datagrams read before others get a turn: a flood does not stop the clocks."""
_LEFT = 1024
"""Datagrams of one socket that are still read when the time to listen is over."""
_DATAGRAM = 9000
_LASTING_HOPS = 255
Heard = Callable[[bytes, str, int], Awaitable[None]]
"""Told of a datagram and the address and port it came from."""


class GroupCall:
    """One question to one group, asked at most :data:`SENDS` times, and those who answer."""

    def __init__(self, sockets: list[socket.socket], to: tuple[str, int], announce: Callable[[bytes], None]) -> None:
        self._sockets = sockets
        self._to = to
        self._announce = announce
        self.sent = self.bytes_sent = 0

    @property
    def here(self) -> tuple[str, int]:
        """The address and port that answers come to."""
        host, port, *_ = self._sockets[0].getsockname()
        return str(host), int(port)

    async def ask(self, payload: bytes) -> None:
        """Send a question. Raises BudgetSpent beyond the last that may be sent, OutOfScope, and OSError."""
        if self.sent >= SENDS:
            raise BudgetSpent(f"{SENDS} questions to {self._to[0]} were sent")
        self._announce(payload)
        self.sent += 1
        self.bytes_sent += len(payload)
        self._sockets[0].sendto(payload, self._to)

    async def hear(self, seconds: float, heard: Heard) -> None:
        """Hand on what comes within ``seconds``: each datagram that was read, to the end, and those not read yet."""
        with anyio.move_on_after(seconds):
            async with anyio.create_task_group() as ears:
                for each in self._sockets:
                    ears.start_soon(self._listen, each, heard)
        # On a busy machine the time is over before what came in it has been read.
        for each in self._sockets:
            for _ in range(_LEFT):
                with contextlib.suppress(OSError):
                    if not await self._take(each, heard):
                        break

    async def _listen(self, own: socket.socket, heard: Heard) -> None:
        while True:
            await anyio.wait_readable(own)
            for _ in range(_BATCH):
                try:
                    if not await self._take(own, heard):
                        break
                except OSError:
                    # An ICMP error for what was sent, or a link that went down: what comes later is still heard.
                    await anyio.sleep(0.05)
                    break

    async def _take(self, own: socket.socket, heard: Heard) -> bool:
        """Read a datagram and hand it on; False where none is there. Raises OSError for an error in its place."""
        try:
            packet, sender = own.recvfrom(_DATAGRAM)
        except BlockingIOError:
            return False
        # Who takes it notes that before it is done: cut off in between, it would be lost for good. Where the whole scan
        # is cut, nobody is left to be told.
        with anyio.CancelScope(shield=True), contextlib.suppress(anyio.BrokenResourceError):
            await heard(packet, _spelled(sender), int(sender[1]))
        return True


@contextlib.contextmanager
def group_call(
    link: Attached, group: str, port: int, announce: Callable[[bytes, str], None], *, own_port: int, joins: bool
) -> Iterator[GroupCall]:
    """Open the sockets of a question to ``group``; ``announce`` is told the payload and where it goes, before it does.

    ``own_port`` is the port to ask from, 0 for any; ``joins`` hears also what others say to the group. Raises
    OutOfScope for a group that is none of :data:`GROUPS`, and OSError where this link or machine cannot do it.
    """
    if (group, port) not in GROUPS:
        raise OutOfScope(f"multicast to {group}:{port} is not among the groups iotscan asks")
    to = str(IPv4Network(link.network).broadcast_address) if group == BROADCAST else group
    with contextlib.ExitStack() as stack:
        sockets = [stack.enter_context(_asking(link, to, own_port))]
        if joins:
            # Where another program holds the port for itself, answers to our own address remain.
            with contextlib.suppress(OSError):
                sockets.append(stack.enter_context(listening_socket(link, to, port)))
        yield GroupCall(sockets, (to, port), lambda payload: announce(payload, to))


def _asking(link: Attached, group: str, own_port: int) -> socket.socket:
    is_six = ip_address(link.address.partition("%")[0]).version == 6
    asking = _made(is_six)
    try:
        # Link-local groups leave no link, and RFC 6762 §11 wants 255; the others must not leave it, either.
        lasts = group.startswith(("224.0.0.", "ff02:"))
        if is_six:
            index = socket.if_nametoindex(link.interface)
            asking.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_MULTICAST_IF, index)
            asking.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_MULTICAST_HOPS, _LASTING_HOPS if lasts else 1)
            asking.bind((link.address.partition("%")[0], own_port, 0, index if "%" in link.address else 0))
        else:
            asking.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, socket.inet_aton(link.address))
            asking.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_TTL, _LASTING_HOPS if lasts else 1)
            asking.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_LOOP, 1)
            if not ip_address(group).is_multicast:
                asking.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
                asking.setsockopt(socket.IPPROTO_IP, socket.IP_TTL, 1)
            asking.bind((link.address, own_port))
    except OSError:
        asking.close()
        raise
    return asking


def listening_socket(link: Attached, group: str, port: int) -> socket.socket:
    """A socket bound to the group itself: it hears that and nothing else."""
    address = ip_address(group)
    listening = _made(address.version == 6)
    try:
        if address.version == 6:
            index = socket.if_nametoindex(link.interface)
            listening.bind((group, port, 0, index))
            membership = address.packed + struct.pack("@I", index)
            listening.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_JOIN_GROUP, membership)
        else:
            listening.bind((group, port))
            if address.is_multicast:
                membership = address.packed + socket.inet_aton(link.address)
                listening.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, membership)
    except OSError:
        listening.close()
        raise
    return listening


def _spelled(sender: tuple[Any, ...]) -> str:
    """The address of who sent, a link-local one with its zone as a name: without it, it is nobody's in particular."""
    address = ip_address(str(sender[0]).partition("%")[0])
    is_on_link = address.version == 6 and address.is_link_local
    return f"{address}%{socket.if_indextoname(sender[3])}" if is_on_link else str(address)


def _made(is_six: bool) -> socket.socket:
    made = socket.socket(socket.AF_INET6 if is_six else socket.AF_INET, socket.SOCK_DGRAM)
    # The port is shared with whoever else on this machine speaks the protocol.
    made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    if hasattr(socket, "SO_REUSEPORT"):
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    made.setblocking(False)
    return made


def is_of(link: Attached, address: str) -> bool:
    """Whether an address lies on the link."""
    return holds((ip_network(link.network),), ip_address(address))
