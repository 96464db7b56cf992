"""The least that an ARP sweep can be: ``minimal.py INTERFACE OWN FIRST LAST ROUNDS PEAK RATE WAIT``.

Prints who answered. Frames go one after the other, the first RESERVE at PEAK a second and the others at RATE (0: as
fast as they go), answers are read in between: no scope, no process to talk to, nothing told before the end.
"""

import contextlib
import select
import socket
import struct
import sys
import time
from ipaddress import IPv4Address

ARP, GAP, BURST, RESERVE = 0x0806, 0.07, 32, 3000


def main(interface: str, own: str, first: str, last: str, rounds: str, peak: str, rate: str, wait: str) -> None:
    """Sweep and print."""
    wire = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ARP))
    with contextlib.suppress(OSError):
        wire.setsockopt(socket.SOL_SOCKET, 33, 4 << 20)  # SO_RCVBUFFORCE
    wire.bind((interface, ARP))
    mac = wire.getsockname()[4]
    head = (
        b"\xff" * 6 + mac + struct.pack(">HHHBBH", ARP, 1, 0x0800, 6, 4, 1) + mac + IPv4Address(own).packed + bytes(6)
    )
    start, end, seen = int(IPv4Address(first)), int(IPv4Address(last)), set[int]()

    def listen(until: float) -> None:
        while True:
            left = until - time.monotonic()
            if not select.select([wire], [], [], max(left, 0))[0]:
                return
            answer = wire.recv(64)
            seen.add(int.from_bytes(answer[28:32], "big"))

    sent, due = 0, time.monotonic()
    for number in range(int(rounds)):
        began = time.monotonic()
        due = max(due, began)
        for address in range(start, end + 1):
            if address in seen:
                continue
            if sent % BURST == 0:
                listen(due)
                due += BURST / float(peak if sent < RESERVE else rate) if float(rate) else 0
            wire.send(head + address.to_bytes(4, "big"))
            sent += 1
        listen(began + GAP if number < int(rounds) - 1 else time.monotonic() + float(wait))
    print(*(IPv4Address(address) for address in sorted(seen) if start <= address <= end))


if __name__ == "__main__":
    main(*sys.argv[1:])
