"""One datagram to a UDP port, asked again once, and what comes of it: an answer, a refusal, or nothing.

Only :meth:`Line.nudge` calls this: it knows the scope and writes every send down. A firewall may refuse in another's
name; so the kernel is asked who said so, where it tells (ip(7), IP_RECVERR): only a refusal of the address itself is
a sign of life.
"""

import errno
import socket
import struct
import sys
from collections.abc import Callable
from ipaddress import ip_address
from typing import Final, Literal

import anyio

from iotscan.observe.network.tcp_stream import place

Nudged = bytes | Literal["refused", "gone", "silent"]
"""What was answered; or the address refused; or the way there ends before it; or nobody said anything."""
_CAP = 2048
_TELLS_WHO: Final = sys.platform == "linux"
_RECVERR: Final = {socket.AF_INET: (socket.IPPROTO_IP, 11), socket.AF_INET6: (socket.IPPROTO_IPV6, 25)}
"""IP_RECVERR and IPV6_RECVERR (linux/in.h, linux/in6.h)."""
_SAID = struct.Struct("=IBBBBII")
"""struct sock_extended_err (linux/errqueue.h): errno, origin, type, code, padding, info, data; then who said it."""
_LOCAL = 1
_ADDRESS: Final = {socket.AF_INET: slice(20, 24), socket.AF_INET6: slice(24, 40)}
"""Where the address is in the sockaddr behind it."""
_NO_WAY: Final = frozenset({errno.EHOSTUNREACH, errno.ENETUNREACH, errno.EHOSTDOWN})


async def nudge(
    address: str, port: int, payload: bytes, *, seconds: float, tries: int, announce: Callable[[bytes], None]
) -> Nudged:
    """Send, and wait ``seconds``; while nobody says anything, at most ``tries`` times. Raises OSError for no socket.

    ``announce`` is told before each send, and raises what keeps it from going.
    """
    family, at = place(address, port)
    with socket.socket(family, socket.SOCK_DGRAM) as own:
        own.setblocking(False)
        if _TELLS_WHO:
            own.setsockopt(*_RECVERR[family], 1)
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
    if not _TELLS_WHO:
        return "refused" if error.errno == errno.ECONNREFUSED else "gone" if error.errno in _NO_WAY else "silent"
    try:
        _, ancillary, _, _ = own.recvmsg(1, 512, socket.MSG_ERRQUEUE)
    except OSError:
        return "gone" if error.errno in _NO_WAY else "silent"
    kind = _RECVERR[own.family]
    for level, option, said in ancillary:
        if (level, option) == kind and len(said) >= _ADDRESS[own.family].stop:
            number, origin, *_ = _SAID.unpack_from(said)
            offender = ip_address(said[_ADDRESS[own.family]])
            if origin != _LOCAL and offender == ip_address(address.partition("%")[0]):
                return "refused"
            if number in _NO_WAY:
                return "gone"
    return "silent"
