"""Who refused: the address itself, or somebody on the way in its name, as a firewall does (ip(7), IP_RECVERR).

Only a refusal of the address itself says that it is there. Linux tells for UDP, and since 5.10 for a TCP connection
that is being made; elsewhere every refusal is taken to be the address's own.
"""

import errno
import socket
import struct
import sys
from ipaddress import ip_address
from typing import Final, Literal

Refusal = Literal["itself", "another", "no way", ""]
"""The address sent an ICMP error; another did; or the way there ends; or no ICMP error came at all."""
_TELLS: Final = sys.platform == "linux"
_RECVERR: Final = {socket.AF_INET: (socket.IPPROTO_IP, 11), socket.AF_INET6: (socket.IPPROTO_IPV6, 25)}
"""IP_RECVERR and IPV6_RECVERR (linux/in.h, linux/in6.h)."""
_SAID = struct.Struct("=IBBBBII")
"""struct sock_extended_err (linux/errqueue.h): errno, origin, type, code, padding, info, data; then who said it."""
_LOCAL = 1
_ADDRESS: Final = {socket.AF_INET: slice(20, 24), socket.AF_INET6: slice(24, 40)}
"""Where the address is in the sockaddr behind it."""
_NO_WAY: Final = frozenset({errno.EHOSTUNREACH, errno.ENETUNREACH, errno.EHOSTDOWN})


def keep_refusals(own: socket.socket, *, are_kept: bool = True) -> None:
    """Have the kernel keep who refused, or no more."""
    if _TELLS:
        own.setsockopt(*_RECVERR[own.family], int(are_kept))


def who_refused(own: socket.socket, address: str, error: int) -> Refusal:
    """What the kernel kept of an ``error`` (errno) on a socket that is connected to ``address``, or was to be."""
    if not _TELLS:
        return "itself" if error == errno.ECONNREFUSED else "no way" if error in _NO_WAY else ""
    try:
        _, ancillary, _, _ = own.recvmsg(1, 512, socket.MSG_ERRQUEUE)
    except OSError:
        return "no way" if error in _NO_WAY else ""
    kind, place = _RECVERR[own.family], _ADDRESS[own.family]
    for level, option, said in ancillary:
        if (level, option) == kind and len(said) >= place.stop:
            number, origin, *_ = _SAID.unpack_from(said)
            if origin != _LOCAL and ip_address(said[place]) == ip_address(address.partition("%")[0]):
                return "itself"
            return "no way" if number in _NO_WAY else "another"
    return ""
