"""The privileged capture: all that passes some interfaces, written to its standard output, and nothing ever sent.

A program of its own beside ``raw_listener.py``, started the same way and installed only where that was asked for
(docs/decisions/0059): it hears what is meant for others. It opens its sockets, gives every privilege up, and reads one
request. Then it maps the rings in which the kernel leaves the frames and closes the sockets: there is nothing left to
send through. It reads no frame further than its ends. Its standard input ending, or the time, ends it.

Standard output is a pcapng file; standard error gets lines of JSON: ``{"begun": true}``, ``{"refused": why}`` and, at
the end, ``{"frames": …, "left_out": …, "lost": …, "seconds": …}``.
"""

import ctypes
import fcntl
import json
import mmap
import os
import resource
import select
import socket
import struct
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

VERSION, REQUEST_CAP, NOBODY, MOST, LONGEST = 1, 1 << 16, 65534, 4, 604_800.0
"""Of the protocol; bytes of a request; the user that remains; interfaces and seconds of a request."""
BLOCK, BLOCKS, RETIRE, TURN = 1 << 19, 64, 50, 0.02
"""Bytes of a block of a ring, and how many (32 MiB an interface); ms until the kernel hands a block over that is not
full; seconds between two looks at the rings."""
SNAP = 1 << 18
"""Bytes kept of a frame at most: more than any frame has."""
SOL_PACKET, PACKET_MEMBERSHIP, PACKET_RX_RING, PACKET_VERSION = 263, 1, 5, 10  # linux/if_packet.h
PROMISCUOUS, ALLMULTI, TPACKET_V3, USER, LOSING, TAGGED, TAG_KIND, OUTGOING = 1, 2, 2, 1, 4, 16, 64, 4
ETHERNET, RAW_IP, LOOPBACK = 1, 101, 772
LINKS = {1: ETHERNET, LOOPBACK: ETHERNET, 512: RAW_IP, 65534: RAW_IP, 768: RAW_IP, 776: RAW_IP, 801: 105, 803: 127}
"""The link type of a capture (tcpdump.org/linktypes.html) for the hardware type of linux/if_arp.h."""
HEAD, BLOCK_HEAD = struct.Struct("=6IHHIIH20xB"), struct.Struct("=III")
"""struct tpacket3_hdr with the packet type of the sockaddr_ll behind it; status, count, first of tpacket_block_desc."""
PACKET, TAIL = struct.Struct("=IIIIIII"), struct.Struct("=HHIHHI")
"""An Enhanced Packet Block of draft-ietf-opsawg-pcapng section 4.3: up to its data; its flags and its end."""
FLAGS = {0: 0b00101, 1: 0b01101, 2: 0b01001, 3: 0b10001, OUTGOING: 0b00010}
"""Direction and kind of reception (section 4.3.1) for a packet type of linux/if_packet.h."""
Place = tuple[bytes, bytes]
"""An address and a port of which nothing is kept, as a frame has them; the port is empty for all."""


def block(kind: int, body: bytes) -> bytes:
    """A block of pcapng (section 3.1)."""
    body += bytes(-len(body) % 4)
    return struct.pack("=II", kind, len(body) + 12) + body + struct.pack("=I", len(body) + 12)


def option(code: int, value: bytes) -> bytes:
    """An option of a block (section 3.5)."""
    return struct.pack("=HH", code, len(value)) + value + bytes(-len(value) % 4)


def is_of(frame: bytes, start: int, places: list[Place]) -> bool:
    """Whether one of the places is an end of it. ``start`` is where IP begins, behind an untagged EtherType."""
    version = frame[start] >> 4 if len(frame) > start + 24 else 0
    if version == 4 and frame[start - 2 : start] in (b"\x08\x00", b""):
        ends, at = ((12, 16), (16, 20)), start + (frame[start] & 15) * 4
    elif version == 6 and frame[start - 2 : start] in (b"\x86\xdd", b""):
        ends, at = ((8, 24), (24, 40)), start + 40
    else:
        return False
    for (first, last), port in zip(ends, (at, at + 2), strict=True):
        address = frame[start + first : start + last]
        if any(address == place and frame[port : port + len(number)] == number for place, number in places):
            return True
    return False


class Ring:
    """Where the kernel leaves the frames of one interface. Raises OSError, ValueError where it cannot be heard."""

    def __init__(self, name: str, number: int, hearing: socket.socket, snap: int, is_promiscuous: bool) -> None:
        self.name, self.number, self.at, self.snap, self.was_full = name, number, 0, snap, False
        index = socket.if_nametoindex(name)
        said = fcntl.ioctl(hearing, 0x8927, struct.pack("16s24x", name.encode()))  # SIOCGIFHWADDR of netdevice(7)
        (self.hardware,) = struct.unpack_from("=H", said, 16)
        if self.hardware not in LINKS:
            raise ValueError(f"{name} is of a kind that is not read (hardware type {self.hardware})")
        only = ctypes.create_string_buffer(struct.pack("=HBBI", 0x06, 0, 0, snap))  # so many bytes of all
        hearing.setsockopt(socket.SOL_SOCKET, 26, struct.pack("HP", 1, ctypes.addressof(only)))  # SO_ATTACH_FILTER
        hearing.setsockopt(SOL_PACKET, PACKET_VERSION, TPACKET_V3)
        sizes = struct.pack("=7I", BLOCK, BLOCKS, 2048, BLOCK // 2048 * BLOCKS, RETIRE, 0, 0)
        hearing.setsockopt(SOL_PACKET, PACKET_RX_RING, sizes)
        mode = PROMISCUOUS if is_promiscuous else ALLMULTI
        hearing.setsockopt(SOL_PACKET, PACKET_MEMBERSHIP, struct.pack("=iHH8x", index, mode, 0))
        self.memory = mmap.mmap(hearing.fileno(), BLOCK * BLOCKS)
        hearing.bind((name, 0x0003))  # ETH_P_ALL

    @property
    def description(self) -> bytes:
        """Its Interface Description Block (section 4.2): name, and times in nanoseconds."""
        options = option(2, self.name.encode()) + option(9, b"\x09") + option(0, b"")
        return block(1, struct.pack("=HHI", LINKS[self.hardware], 0, self.snap) + options)

    def is_ours(self, number: int) -> bool:
        """Whether the kernel has handed this block over."""
        return bool(BLOCK_HEAD.unpack_from(self.memory, number * BLOCK + 8)[0] & USER)

    def blocks(self) -> Iterator[int]:
        """Where blocks begin that are full, at most a ring full, each given back once it was read."""
        for _ in range(BLOCKS):
            start = self.at * BLOCK
            if not self.is_ours(self.at):
                return
            yield start
            # The kernel tells of loss with the next block only, and that may never come.
            self.was_full = self.was_full or self.is_ours((self.at - 1) % BLOCKS)
            struct.pack_into("=I", self.memory, start + 8, 0)
            self.at = (self.at + 1) % BLOCKS


class Count:
    """What came of it."""

    def __init__(self) -> None:
        self.frames, self.left_out, self.lost = 0, 0, False


def packets(ring: Ring, start: int, places: list[Place], count: Count) -> bytes:
    """The frames of one block as blocks of pcapng."""
    said, memory = bytearray(), ring.memory
    status, number, first = BLOCK_HEAD.unpack_from(memory, start + 8)
    count.lost = count.lost or bool(status & LOSING)
    at, network = start + first, 0 if LINKS[ring.hardware] == RAW_IP else 14
    for _ in range(number):
        step, seconds, nano, kept, length, status, begins, _, _, tag, kind, way = HEAD.unpack_from(memory, at)
        frame = memory[at + begins : at + begins + kept]
        at += step
        if ring.hardware == LOOPBACK and way == OUTGOING:
            continue  # it comes a second time
        if places and is_of(frame, network, places):
            count.left_out += 1
            continue
        if status & TAGGED:  # the kernel takes the tag of IEEE 802.1Q off
            frame = frame[:12] + struct.pack(">HH", kind if status & TAG_KIND else 0x8100, tag & 0xFFFF) + frame[12:]
            length += 4
        count.frames += 1
        kept, moment = len(frame), seconds * 1_000_000_000 + nano
        pad = -kept % 4
        size = PACKET.size + kept + pad + TAIL.size
        said += PACKET.pack(6, size, ring.number, moment >> 32, moment & 0xFFFFFFFF, kept, length)
        said += frame + bytes(pad) + TAIL.pack(2, 4, FLAGS.get(way, 0), 0, 0, size)
    return bytes(said)


def write(data: bytes) -> None:
    """All of it, to whoever reads. Raises OSError where nobody does."""
    left = memoryview(data)
    while left:
        left = left[os.write(1, left) :]


def capture(rings: list[Ring], places: list[Place], until: float) -> dict[str, Any]:
    """Hand on what passes until then, or until standard input ends."""
    write(block(0x0A0D0D0A, struct.pack("=IHHq", 0x1A2B3C4D, 1, 0, -1)) + b"".join(r.description for r in rings))
    say(begun=True)
    count, began, is_over = Count(), time.monotonic(), False
    while True:
        for ring in rings:
            for start in ring.blocks():
                write(packets(ring, start, places, count))
        if is_over:
            break
        ready, _, _ = select.select([0], [], [], TURN)
        if ready or time.monotonic() >= until:
            is_over = True
            time.sleep(4 * RETIRE / 1000)  # what was caught until now is in blocks that are not handed over yet
    seconds = round(time.monotonic() - began, 3)
    lost = count.lost or any(ring.was_full for ring in rings)
    return {"frames": count.frames, "left_out": count.left_out, "lost": lost, "seconds": seconds}


def say(**said: Any) -> None:
    """Write one line for whoever started it."""
    os.write(2, json.dumps(said).encode() + b"\n")


def open_sockets() -> list[socket.socket]:
    """All that needs the privilege. They hear nothing before they are bound."""
    return [socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0) for _ in range(MOST)]


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
    if request["version"] != VERSION or request["job"]["do"] != "capture":
        raise ValueError("no such request")
    return request


def place_of(given: list[Any]) -> Place:
    """An address in text and a port, 0 for all. Raises OSError or ValueError."""
    address, port = str(given[0]), int(given[1])
    packed = socket.inet_pton(socket.AF_INET6 if ":" in address else socket.AF_INET, address)
    return packed, port.to_bytes(2, "big") if port else b""


def without_sockets(job: dict[str, Any], sockets: list[socket.socket]) -> list[Ring]:
    """The rings of the interfaces: they live on when the sockets, and every other descriptor, are closed."""
    names, snap = [str(name) for name in job["interfaces"]], min(SNAP, int(job["snap"]) or SNAP)
    if not 0 < len(names) <= MOST or snap < 0:
        raise ValueError("no such request")
    chosen = enumerate(zip(names, sockets, strict=False))
    rings = [Ring(name, number, each, snap, bool(job["promiscuous"])) for number, (name, each) in chosen]
    for each in sockets:
        each.detach()
    os.closerange(3, 64)
    resource.setrlimit(resource.RLIMIT_NOFILE, (3, 3))
    return rings


def serve(sockets: list[socket.socket]) -> None:
    """Answer the one request."""
    try:
        request = read_request()
        places = [place_of(each) for each in request["job"]["without"]]
        rings = without_sockets(request["job"], sockets)
        say(**capture(rings, places, time.monotonic() + min(LONGEST, float(request["seconds"]))))
    except BrokenPipeError:
        return  # nobody reads any more
    except (ArithmeticError, AttributeError, LookupError, OSError, RuntimeError, TypeError, ValueError) as why:
        say(refused=str(why))


if __name__ == "__main__":
    os.chdir("/")
    opened = open_sockets()
    drop_privileges()
    serve(opened)
