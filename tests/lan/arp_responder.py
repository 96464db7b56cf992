"""A device, or many, that are nothing but their answers to ARP: a process of its own on eth0 of its machine.

``arp_responder.py live FIRST COUNT STEP [EVERY]`` answers for COUNT addresses from FIRST on, STEP apart, each EVERYth
request; ``arp_responder.py proxy FIRST COUNT`` answers for them all with one MAC, as a router does;
``arp_responder.py forge FIRST COUNT`` answers any request with a flood in the name of those addresses.
"""

import socket
import struct
import sys
from collections import Counter
from ipaddress import IPv4Address

ARP = 0x0806
REQUEST, REPLY = 1, 2


def mac_of(address: int) -> bytes:
    """The locally administered MAC that an address answers with."""
    return b"\x02\0" + address.to_bytes(4, "big")


def reply(request: bytes, address: int, mac: bytes = b"") -> bytes:
    """The answer to a request in the name of an address (RFC 826), with a MAC of its own unless one is given."""
    mac = mac or mac_of(address)
    head = request[6:12] + mac + struct.pack(">HHHBBH", ARP, 1, 0x0800, 6, 4, REPLY)
    return head + mac + address.to_bytes(4, "big") + request[22:32]


def main(how: str, first: str, count: str, step: str = "1", every: str = "1") -> None:
    """Answer until killed."""
    wire = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ARP))
    wire.setsockopt(socket.SOL_SOCKET, 33, 32 << 20)  # SO_RCVBUFFORCE
    wire.bind(("eth0", ARP))
    start = int(IPv4Address(first))
    addresses = range(start, start + int(count) * int(step), int(step))
    asked: Counter[tuple[int, bytes]] = Counter()
    while True:
        request = wire.recv(64)
        if struct.unpack_from(">H", request, 20) != (REQUEST,):
            continue
        target = int.from_bytes(request[38:42], "big")
        if how == "forge":
            for address in addresses:
                wire.send(reply(request, address))
        elif target in addresses:
            asked[target, request[6:12]] += 1
            if asked[target, request[6:12]] % int(every) == 0:
                wire.send(reply(request, target, mac_of(start) if how == "proxy" else b""))


if __name__ == "__main__":
    main(*sys.argv[1:])
