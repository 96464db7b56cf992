"""Link layers: from a frame to what it carries and who put it on the link.

Numbers of link types are those of tcpdump.org/linktypes.html. Nothing here raises, whatever a frame holds.
"""

from collections.abc import Callable
from typing import Final

from iotscan.wire.capture import wifi
from iotscan.wire.capture.carried import Carried, ethernet, within

IPV4, IPV6 = 0x0800, 0x86DD
NULL, ETHERNET, PPP, RAW, LOOP, WIFI, SLL, RADIOTAP, SLL2 = 0, 1, 9, 101, 108, 105, 113, 127, 276
_FAMILIES: Final = {2: IPV4, 10: IPV6, 24: IPV6, 28: IPV6, 30: IPV6}
"""Address families as the kernels number them: Linux 10, NetBSD and OpenBSD 24, FreeBSD 28, macOS 30."""
_ETHERNET_HARDWARE: Final = frozenset({1, 772})
"""ARPHRD of Ethernet, and of Linux's loopback, whose addresses are all zeros."""


def _null(frame: bytes) -> tuple[Carried, ...]:
    """A family in the byte order of the machine that captured: the smaller reading is the one that was meant."""
    family = min(int.from_bytes(frame[:4], "little"), int.from_bytes(frame[:4], "big"))
    kind = _FAMILIES.get(family, 0)
    return (Carried(kind=kind, body=frame[4:]),) if kind and len(frame) > 4 else ()


def _raw(frame: bytes) -> tuple[Carried, ...]:
    kind = {4: IPV4, 6: IPV6}.get(frame[0] >> 4, 0) if frame else 0
    return (Carried(kind=kind, body=frame),) if kind else ()


def _ppp(frame: bytes) -> tuple[Carried, ...]:
    """PPP, with the two bytes of HDLC framing (RFC 1662) or without."""
    body = frame[2:] if frame[:2] == b"\xff\x03" else frame
    kind = {0x0021: IPV4, 0x0057: IPV6}.get(int.from_bytes(body[:2], "big"), 0)
    return (Carried(kind=kind, body=body[2:]),) if kind else ()


def _cooked(frame: bytes) -> tuple[Carried, ...]:
    """Linux "cooked" capture, of the interface ``any``: who sent is known, who received is not."""
    return _from_cooked(frame[14:16], frame[2:4], int.from_bytes(frame[4:6], "big"), frame[6:12], frame[16:])


def _cooked2(frame: bytes) -> tuple[Carried, ...]:
    return _from_cooked(frame[0:2], frame[8:10], frame[11] if len(frame) >= 20 else 0, frame[12:18], frame[20:])


def _from_cooked(kind: bytes, hardware: bytes, length: int, source: bytes, body: bytes) -> tuple[Carried, ...]:
    has_mac = length == 6 and int.from_bytes(hardware, "big") in _ETHERNET_HARDWARE
    return within(b"", source if has_mac else b"", int.from_bytes(kind, "big"), body)


_READERS: Final[dict[int, tuple[str, Callable[[bytes], tuple[Carried, ...]]]]] = {
    NULL: ("null", _null),
    ETHERNET: ("ethernet", ethernet),
    PPP: ("ppp", _ppp),
    50: ("ppp-hdlc", _ppp),
    RAW: ("raw-ip", _raw),
    12: ("raw-ip", _raw),
    14: ("raw-ip", _raw),
    228: ("raw-ip", _raw),
    229: ("raw-ip", _raw),
    LOOP: ("loopback", _null),
    WIFI: ("ieee802.11", wifi.read_wifi),
    SLL: ("linux-sll", _cooked),
    RADIOTAP: ("ieee802.11-radiotap", wifi.read_radiotap),
    SLL2: ("linux-sll2", _cooked2),
}


def link_name(link: int) -> str:
    """What a kind of link is called in a report."""
    return _READERS[link][0] if link in _READERS else f"link type {link}"


def is_silent(link: int, frame: bytes) -> bool:
    """Whether a frame is one that carries nothing by its kind: Wi-Fi's management and control."""
    if link == RADIOTAP:
        frame = frame[int.from_bytes(frame[2:4], "little") :]
    return link in (WIFI, RADIOTAP) and wifi.carries_nothing(frame)


def carried_by(link: int, frame: bytes) -> tuple[Carried, ...]:
    """What a frame carries: one packet, several for aggregated Wi-Fi, none where nothing can be read from it."""
    reader = _READERS.get(link)
    return reader[1](frame) if reader else ()
