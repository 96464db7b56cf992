"""Devices that speak without being asked, on eth0 of their machine: ``talkers.py KIND …``, until killed.

``arp MAC ADDRESS`` is a device that says once in a while who it is, and nothing else; ``arp-for ETHERNET-MAC MAC
ADDRESS`` speaks in the name of another; ``arp-many MAC FIRST COUNT`` in that of many; ``arp-storm FIRST COUNT`` is any
MAC at any of those addresses, as fast as it can. ``udp PORT HEX GROUP`` sends a datagram to a group or to all.
"""

import os
import socket
import struct
import sys
import time
from ipaddress import IPv4Address, ip_address

ARP = 0x0806
AGAIN = 0.2
"""Seconds between two announcements, which go on until the talker is ended: nobody waits by them."""


def gratuitous(ethernet: bytes, mac: bytes, address: int) -> bytes:
    """An ARP request for one's own address (RFC 5227 §1.2)."""
    packed = address.to_bytes(4, "big")
    head = b"\xff" * 6 + ethernet + struct.pack(">HHHBBH", ARP, 1, 0x0800, 6, 4, 1)
    return head + mac + packed + bytes(6) + packed


def wire() -> socket.socket:
    """All of eth0."""
    opened = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
    opened.bind(("eth0", 0))
    return opened


def repeat(*frames: bytes) -> None:
    """Send them again and again."""
    out = wire()
    while True:
        for frame in frames:
            out.send(frame)
        time.sleep(AGAIN)


def storm(first: int, count: int) -> None:
    """Some 50,000 frames a second, each from a MAC of its own."""
    out, noise = wire(), os.urandom(1 << 16)
    for number in range(1 << 30):
        at = number * 7 % (len(noise) - 5)
        mac = b"\x02" + noise[at : at + 5]
        out.send(gratuitous(mac, mac, first + number % count))


def datagrams(port: int, payload: bytes, to: str) -> None:
    """Send a datagram again and again, from the port that it goes to."""
    is_six = ip_address(to).version == 6
    with socket.socket(socket.AF_INET6 if is_six else socket.AF_INET, socket.SOCK_DGRAM) as out:
        out.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
        out.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        out.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, b"eth0")
        out.bind(("", port))
        while True:
            out.sendto(payload, (to, port))
            time.sleep(AGAIN)


def main(kind: str, *words: str) -> None:
    """Speak until killed."""
    if kind == "udp":
        datagrams(int(words[0]), bytes.fromhex(words[1]), words[2])
    elif kind == "arp-storm":
        storm(int(IPv4Address(words[0])), int(words[1]))
    macs = [bytes.fromhex(word.replace(":", "")) for word in words if word.count(":") == 5]
    start = int(IPv4Address(words[len(macs)]))
    count = int(words[len(macs) + 1]) if kind == "arp-many" else 1
    repeat(*(gratuitous(macs[0], macs[-1], start + step) for step in range(count)))


if __name__ == "__main__":
    main(*sys.argv[1:])
