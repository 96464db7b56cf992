"""The privileged listener: broadcasts and multicasts of a closed list, heard and handed on, and nothing ever sent.

A program of its own beside ``raw_helper.py``, started and installed the same way (docs/decisions/0035). It opens its
sockets with a filter that nobody can take off again, gives every privilege up, and reads one request: ``listen`` on
some interfaces for so long. Then it maps the rings in which the kernel leaves what passed the filter, and closes the
sockets: there is nothing left to send through. It reads no frame further than its source address. Its own standard
input ending, or the time, ends it.
"""

import base64
import ctypes
import json
import mmap
import os
import resource
import select
import signal
import socket
import struct
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

VERSION, REQUEST_CAP, NOBODY, MOST, LONGEST = 1, 1 << 16, 65534, 8, 86_400.0
"""Of the protocol; bytes of a request; the user that remains; interfaces and seconds of a request."""
BLOCK, FRAME, FRAMES = 1 << 16, 1 << 11, 1 << 11
"""Bytes of a block of a ring and of a place for one frame, and places: 4 MiB an interface."""
SNAP, TURN, BATCH = 1600, 0.02, 256
"""Bytes kept of a frame; seconds between two looks at the rings; frames of a message."""
SENDER_RATE, SENDER_BURST, RATE, SHARES, KNOWN = 20, 64, 2000, 4096, 1 << 22
"""Frames a second of one sender, and at once; of all; kinds of sender that are told apart, and remembered."""
SOL_PACKET, PACKET_MEMBERSHIP, PACKET_RX_RING, PACKET_VERSION = 263, 1, 5, 10  # linux/if_packet.h
ALLMULTI, TPACKET_V2, USER, LOSING = 2, 1, 1, 4
UDP_PORTS = (67, 68, 137, 138, 547, 1900, 1982, 3702, 5353, 5355, 5678, 5683, 6666, 6667)
"""DHCP, NetBIOS, DHCPv6, SSDP, Yeelight, WS-Discovery, mDNS, LLMNR, MNDP, CoAP, Tuya."""
Line = tuple[str, int, str, str, int]
"""Of a filter: its label, the code of linux/bpf_common.h, where to if true and if false ("" is the next), operand."""
LOAD, LOAD_HALF, LOAD_BYTE, INDEXED_HALF, IP_LENGTH = 0x20, 0x28, 0x30, 0x48, 0xB1
EQUAL, AT_LEAST, MORE, HAS_BITS, RETURN = 0x15, 0x35, 0x25, 0x45, 0x06
FILTER: tuple[Line, ...] = (
    ("", LOAD, "", "", 0xFFFFF004),  # SKF_AD_PKTTYPE: 1 is broadcast, 2 multicast; 4 is what we send ourselves
    ("", EQUAL, "tag", "", 1),
    ("", EQUAL, "tag", "drop", 2),
    ("tag", LOAD, "", "", 0xFFFFF030),  # SKF_AD_VLAN_TAG_PRESENT: of a network that we are not in
    ("", EQUAL, "", "drop", 0),
    ("", LOAD_HALF, "", "", 12),  # EtherType
    ("", EQUAL, "accept", "", 0x0806),
    ("", EQUAL, "accept", "", 0x88CC),
    ("", EQUAL, "v4", "", 0x0800),
    ("", EQUAL, "v6", "", 0x86DD),
    ("", LOAD, "", "", 14),
    ("", EQUAL, "", "drop", 0xAAAA0300),
    ("", LOAD, "", "", 18),
    ("", EQUAL, "accept", "drop", 0x000C2000),
    ("v4", LOAD_BYTE, "", "", 23),  # protocol
    ("", EQUAL, "", "drop", 17),
    ("", LOAD_HALF, "", "", 20),
    ("", HAS_BITS, "drop", "", 0x3FFF),  # a fragment, the first included
    ("", IP_LENGTH, "", "", 14),
    ("", INDEXED_HALF, "", "", 16),  # destination port
    ("", AT_LEAST, "port", "port", 0),
    ("v6", LOAD_BYTE, "", "", 20),  # next header
    ("", EQUAL, "icmp", "", 58),
    ("", EQUAL, "", "drop", 17),
    ("", LOAD_HALF, "", "", 56),
    ("", AT_LEAST, "port", "port", 0),
    ("icmp", LOAD_BYTE, "", "", 54),  # type
    ("", AT_LEAST, "", "drop", 133),
    ("", MORE, "drop", "accept", 136),
    ("port", EQUAL, "accept", "", UDP_PORTS[0]),
    *(("", EQUAL, "accept", "", port) for port in UDP_PORTS[1:]),
    ("drop", RETURN, "", "", 0),
    ("accept", RETURN, "", "", SNAP),
)
"""What passes of what came as broadcast or multicast: ARP, LLDP, CDP (SNAP 00000c:2000), whole UDP datagrams to
UDP_PORTS over both families, router and neighbour messages of ICMPv6."""


def assembled(lines: tuple[Line, ...] = FILTER) -> Iterator[tuple[int, int, int, int]]:
    """A filter as the kernel reads it (struct sock_filter)."""
    places = {label: at for at, (label, *_) in enumerate(lines)}
    for at, (_, code, true, false, operand) in enumerate(lines):
        yield code, places[true] - at - 1 if true else 0, places[false] - at - 1 if false else 0, operand


class Shares:
    """How much of what is heard goes on: so much of a sender and so much in all, so that who floods drowns nobody.

    Half of it all is kept for senders that spoke before: who makes up a new one for each frame does not get that.
    Memory is fixed: senders are told apart, and remembered, by hashes.
    """

    def __init__(self) -> None:
        self.left, self.at = [float(SENDER_BURST)] * SHARES, [0.0] * SHARES
        self.all, self.all_at, self.left_out = float(RATE), 0.0, 0
        self.known = bytearray(KNOWN)

    def has_room(self, sender: bytes, now: float) -> bool:
        """Count a frame; False where it is one too many."""
        place = hash(sender)
        share, spoke_before = place % SHARES, self.known[place % KNOWN]
        self.known[place % KNOWN] = 1
        self.left[share] = min(SENDER_BURST, self.left[share] + (now - self.at[share]) * SENDER_RATE)
        self.all = min(RATE, self.all + (now - self.all_at) * RATE)
        self.at[share] = self.all_at = now
        if self.left[share] < 1 or self.all < (1 if spoke_before else 1 + RATE / 2):
            self.left_out += 1
            return False
        self.left[share] -= 1
        self.all -= 1
        return True


class Ring:
    """Where the kernel leaves the frames of one interface. Raises OSError where it cannot be listened to."""

    def __init__(self, name: str, hearing: socket.socket) -> None:
        self.name, self.at = name, 0
        index = socket.if_nametoindex(name)
        hearing.setsockopt(SOL_PACKET, PACKET_VERSION, TPACKET_V2)
        size = FRAME * FRAMES
        hearing.setsockopt(SOL_PACKET, PACKET_RX_RING, struct.pack("=IIII", BLOCK, size // BLOCK, FRAME, FRAMES))
        # All multicast of the link, told to no one but our own card.
        hearing.setsockopt(SOL_PACKET, PACKET_MEMBERSHIP, struct.pack("=iHH8x", index, ALLMULTI, 0))
        self.memory = mmap.mmap(hearing.fileno(), size)
        hearing.bind((name, 0x0003))  # ETH_P_ALL; the filter chooses

    def frames(self) -> Iterator[tuple[bytes, bool]]:
        """What came since, at most a ring full, each given back at once; True where others had no room.

        A place is struct tpacket2_hdr: status, length, bytes kept, where the frame begins.
        """
        for _ in range(FRAMES):
            start = self.at * FRAME
            status, _, kept, begins = struct.unpack_from("=IIIH", self.memory, start)
            if not status & USER:
                return
            frame = self.memory[start + begins : start + begins + min(kept, SNAP)]
            struct.pack_into("=I", self.memory, start, 0)
            self.at = (self.at + 1) % FRAMES
            yield frame, bool(status & LOSING)


def say(number: int, **said: Any) -> None:
    """Write one message."""
    body = json.dumps({"version": VERSION, "id": number, **said}).encode()
    os.write(1, struct.pack(">I", len(body)) + body)


def listen(number: int, rings: list[Ring], until: float) -> dict[str, Any]:
    """Hand on what is heard until then, or until standard input ends."""
    shares, heard, lost = Shares(), 0, False
    began = now = time.monotonic()
    while now < until:
        news = []
        for ring in rings:
            for frame, is_losing in ring.frames():
                heard, lost = heard + 1, lost or is_losing
                if len(frame) > 14 and shares.has_room(frame[6:12], now):
                    news.append((ring.name, base64.b64encode(frame).decode()))
        for at in range(0, len(news), BATCH):
            say(number, heard=news[at : at + BATCH])
        signal.setitimer(signal.ITIMER_REAL, 10)  # should nobody read what we say
        ready, _, _ = select.select([0], [], [], TURN)
        now = time.monotonic()
        if ready:  # whoever asked has heard enough, or is gone
            break
    return {"heard": heard, "left_out": shares.left_out, "lost": lost, "seconds": round(now - began, 3)}


def open_sockets() -> list[socket.socket]:
    """All that needs the privilege. They hear nothing before they are bound, and then only what the filter lets by."""
    lines = [*assembled()]
    code = ctypes.create_string_buffer(b"".join(struct.pack("=HBBI", *line) for line in lines))
    program = struct.pack("HP", len(lines), ctypes.addressof(code))
    sockets = [socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0) for _ in range(MOST)]
    for each in sockets:
        each.setsockopt(socket.SOL_SOCKET, 26, program)  # SO_ATTACH_FILTER
        each.setsockopt(socket.SOL_SOCKET, 44, 1)  # SO_LOCK_FILTER
    return sockets


def drop_privileges() -> None:
    """Give up users, groups and capabilities, and show that they are gone. Ends the program if they are not."""
    for limit, most in ((resource.RLIMIT_NPROC, 0), (resource.RLIMIT_FSIZE, 0), (resource.RLIMIT_NOFILE, 64)):
        resource.setrlimit(limit, (most, most))
    with suppress(OSError):  # not started by root, or by one that may not even do that
        os.setgroups([])
        os.setresgid(NOBODY, NOBODY, NOBODY)
        os.setresuid(NOBODY, NOBODY, NOBODY)
    libc = ctypes.CDLL(None)
    libc.capset(struct.pack("=LL", 0x20080522, 0), bytes(24))
    failed = libc.prctl(38, 1, 0, 0, 0) | libc.prctl(4, 0, 0, 0, 0)  # PR_SET_NO_NEW_PRIVS, PR_SET_DUMPABLE
    with suppress(PermissionError):
        failed |= socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0).fileno()
    if failed:
        sys.exit("privileges cannot be given up")


def read_request() -> dict[str, Any]:
    """The one request. Raises ValueError where it is none; ends where nobody asks."""
    head = sys.stdin.buffer.read(4)
    if len(head) < 4 or int.from_bytes(head, "big") > REQUEST_CAP:
        raise SystemExit
    request: dict[str, Any] = json.loads(sys.stdin.buffer.read(int.from_bytes(head, "big")))
    return request


def checked(request: dict[str, Any]) -> tuple[list[str], float]:
    """Its interfaces, and for how many seconds. Raises ValueError, or what reading nonsense raises."""
    job = request["job"]
    names = [str(name) for name in job["interfaces"]]
    if request["version"] != VERSION or job["do"] != "listen" or len(names) > MOST:
        raise ValueError("no such request")
    return names, min(LONGEST, float(request["seconds"]))


def without_sockets(names: list[str], sockets: list[socket.socket]) -> list[Ring]:
    """The rings of the interfaces: they live on when the sockets, and every other descriptor, are closed."""
    rings = [Ring(name, hearing) for name, hearing in zip(names, sockets, strict=False)]
    for each in sockets:
        each.detach()
    os.closerange(3, 64)
    resource.setrlimit(resource.RLIMIT_NOFILE, (3, 3))
    return rings


def serve(sockets: list[socket.socket]) -> None:
    """Answer the one request."""
    number = 0
    try:
        request = read_request()
        number = int(request["id"])
        names, seconds = checked(request)
        rings = without_sockets(names, sockets)
        say(number, heard=[])
        say(number, result=listen(number, rings, time.monotonic() + seconds))
    except (ArithmeticError, AttributeError, LookupError, OSError, RuntimeError, TypeError, ValueError) as why:
        say(number, error=f"refused: {why}")


if __name__ == "__main__":
    os.chdir("/")
    opened = open_sockets()
    drop_privileges()
    serve(opened)
