"""The privileged helper: ARP, NDP and echo sweeps of the link, and nothing else (docs/decisions/0024).

A program of its own that needs only the standard library, so that ``iotscan helper install`` can copy it to
where root alone writes. It opens its sockets, gives every privilege up, and then serves requests on standard
input until that ends: 4 bytes of length, a JSON object. It builds all frames itself from a kind of question and
ranges of addresses: ``scope`` once, then ``arp``, ``ndp``, ``echo-all`` inside it, on the link, below RATE.
"""

import ctypes
import fcntl
import json
import os
import resource
import select
import signal
import socket
import struct
import sys
import time
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from contextlib import suppress
from ipaddress import ip_address, ip_interface, ip_network
from typing import Any

VERSION, REQUEST_CAP, NOBODY = 1, 1 << 20, 65534
PEAK, RATE, BURST, DRAINED, BUFFER = 7000, 3000, 32, 512, 4 << 20
"""Frames a second, from a reserve of RATE and in the long run; sent, and read, at a stretch; bytes that are kept."""
LARGEST, LONGEST, ROUNDS, GAP = 1 << 16, 600.0, 3, 0.07
"""Addresses and seconds of a request; how often an address is asked (as often as Linux does), seconds apart."""
ARP, IPV6, V6 = 0x0806, 0x86DD, 1 << 128
"""EtherTypes; what is added to an IPv6 address as a number, so that a number says which family it is of."""
NEVER = ("0.0.0.0/8", "127.0.0.0/8", "169.254.169.254", "224.0.0.0/3", "::/64", "fd00:ec2::254", "ff00::/8")
HEARD = ((48, 0, 0, 20), (21, 0, 4, 58), (48, 0, 0, 54), (21, 1, 0, 136), (21, 0, 1, 129), (6, 0, 0, 256), (6, 0, 0, 0))
"""Of IPv6, as BPF: ICMPv6 (next header, byte 20) of type advertisement or echo reply (byte 54)."""


class Intervals:
    """A set of addresses: ranges, in order, that do not touch. ``ranges`` are pairs of first and last."""

    def __init__(self, ranges: Iterable[tuple[Any, Any]] = ()) -> None:
        self.ranges: list[list[int]] = []
        for first, last in sorted((number(first), number(last)) for first, last in ranges):
            if self.ranges and first <= self.ranges[-1][1] + 1:
                self.ranges[-1][1] = max(self.ranges[-1][1], last)
            else:
                self.ranges.append([first, last])

    def __iter__(self) -> Iterator[int]:
        return (each for first, last in self.ranges for each in range(first, last + 1))

    def hold(self, first: int, last: int) -> bool:
        """Whether all addresses from ``first`` to ``last`` are in the set."""
        place = bisect_right(self.ranges, first, key=lambda each: each[0]) - 1
        return place >= 0 and first <= last <= self.ranges[place][1]

    def touch(self, first: int, last: int) -> bool:
        """Whether any of them is."""
        place = bisect_right(self.ranges, last, key=lambda each: each[0]) - 1
        return place >= 0 and first <= self.ranges[place][1]


def number(address: Any) -> int:
    """An address as a number, its zone left out. Raises ValueError for what is none."""
    parsed = ip_address(address)
    return int(parsed) + (V6 if parsed.version == 6 else 0)


def told(address: int) -> str:
    """A number as the address it is."""
    return str(ip_address((address - V6).to_bytes(16, "big") if address >= V6 else address))


def networks(words: Iterable[str]) -> Intervals:
    """Networks as a set. Raises ValueError."""
    return Intervals((n[0], n[-1]) for n in map(ip_network, words))


class Link:
    """An Ethernet with an address: its MAC, its own addresses. Raises ValueError or OSError for anything else."""

    def __init__(self, name: str) -> None:
        self.name, self.own = name, [*own_addresses(socket.if_nametoindex(name))]
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as some:  # SIOCGIFHWADDR of netdevice(7)
            said = fcntl.ioctl(some, 0x8927, struct.pack("16s24x", name.encode()))
        self.mac: bytes = said[18:24]
        if said[16:18] != struct.pack("=H", 1) or not self.own:  # ARPHRD_ETHER
            raise ValueError(f"{name} is no Ethernet that has an address")

    def source(self, target: int) -> bytes:
        """Our own address in the network that ``target`` is in."""
        return next(own for first, last, own in self.own if first <= target <= last)


def pieces(data: bytes, layout: str) -> Iterator[tuple[int, bytes]]:
    """Kind and body of what follows one another in ``data``, each behind its length (netlink(7), rtnetlink(7))."""
    at = 0
    while at < len(data):
        length, kind, *_ = struct.unpack_from(layout, data, at)
        yield kind, data[at + struct.calcsize(layout) : at + length]
        at += length + 3 & ~3


def own_addresses(wanted: int) -> Iterator[tuple[int, int, bytes]]:
    """The addresses of the interface of this index: first and last of its network, and itself."""
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0) as kernel:
        kernel.send(struct.pack("=LHHLL8x", 24, 22, 0x301, 1, 0))  # RTM_GETADDR of all
        while True:
            for kind, body in pieces(kernel.recv(1 << 16), "=LHHLL"):
                if kind != 20:  # RTM_NEWADDR; anything else ends the list
                    return
                found = dict(pieces(body[8:], "=HH"))
                own = ip_interface((found.get(2) or found[1], body[1]))  # IFA_LOCAL before IFA_ADDRESS
                if body[4:8] == struct.pack("=L", wanted) and not body[2] & 0x48:  # DADFAILED, TENTATIVE
                    yield number(own.network[0]), number(own.network[-1]), own.packed


def icmp6(own: bytes, to: bytes, kind: int, body: bytes) -> bytes:
    """An IPv6 packet with an ICMPv6 message (RFC 8200 sections 3 and 8.1, RFC 4443 section 2.3)."""
    words = own + to + struct.pack(">LLBBH", len(body) + 4, 58, kind, 0, 0) + body
    checksum = 0xFFFF - sum(struct.unpack(f">{len(words) // 2}H", words)) % 0xFFFF
    message = struct.pack(">BBH", kind, 0, checksum) + body
    return struct.pack(">LHBB", 6 << 28, len(message), 58, 255) + own + to + message


def question(kind: str, link: Link, token: bytes, target: int) -> bytes:
    """The frame that asks ``target``."""
    if kind == "arp":  # RFC 826
        head = b"\xff" * 6 + link.mac + struct.pack(">HHHBBH", ARP, 1, 0x0800, 6, 4, 1)
        return head + link.mac + link.source(target) + bytes(6) + target.to_bytes(4, "big")
    to = (target - V6).to_bytes(16, "big")
    if kind == "ndp":  # RFC 4861 section 4.3, to the solicited-node group of RFC 4291
        group = b"\xff\2" + bytes(9) + b"\1\xff" + to[13:]
        packet = icmp6(link.source(target), group, 135, bytes(4) + to + b"\1\1" + link.mac)
    else:  # RFC 4443 section 4.1; the target is the address of ours that asks: each node answers from one of its kind
        group = b"\xff\2" + bytes(13) + b"\1"
        packet = icmp6(to, group, 128, token)
    return b"\x33\x33" + group[12:] + link.mac + struct.pack(">H", IPV6) + packet


def answer_of(frame: bytes, token: bytes) -> tuple[int, bytes] | None:
    """Whom a frame shows to be there, and its MAC; None for any other frame."""
    if frame[12:20] == b"\x08\x06\0\1\x08\0\6\4" and len(frame) >= 42:
        return int.from_bytes(frame[28:32], "big"), frame[22:28]
    if len(frame) >= 78 and frame[54] == 136 and frame[21] == 255:
        return int.from_bytes(frame[62:78], "big") + V6, frame[6:12]
    is_ours = frame[54:55] == b"\x81" and frame[58:70] == token
    return (int.from_bytes(frame[22:38], "big") + V6, frame[6:12]) if is_ours else None


class Helper:
    """Serves requests, one at a time. ``sockets`` are for IPv4 and IPv6, and all that it ever gets."""

    def __init__(self, sockets: tuple[socket.socket, socket.socket]) -> None:
        self.sockets, self.scope, self.allowance, self.reserve, self.refilled = sockets, "", 0.0, 0.0, 0.0
        self.allowed = self.excluded = Intervals()

    def serve(self) -> None:
        """Until standard input ends. No request can change the scope that the first one gave."""
        while len(head := sys.stdin.buffer.read(4)) == 4 and int.from_bytes(head, "big") <= REQUEST_CAP:
            self.id = 0
            try:
                request = json.loads(sys.stdin.buffer.read(int.from_bytes(head, "big")))
                self.id, seconds = int(request["id"]), min(LONGEST, float(request["seconds"]))
                self.deadline = time.monotonic() + seconds
                signal.setitimer(signal.ITIMER_REAL, seconds + 5)  # should nobody read what we say
                if request["version"] != VERSION or (self.scope or request["scope"]) != request["scope"]:
                    raise ValueError("another version or another scope")
                self.say(result=self.do(request["job"], str(request["scope"])))
            except (ArithmeticError, AttributeError, LookupError, OSError, RuntimeError, TypeError, ValueError) as why:
                self.say(error=f"refused: {why}")

    def say(self, **said: Any) -> None:
        """Write one frame."""
        body = json.dumps({"version": VERSION, "id": self.id, **said}).encode()
        os.write(1, struct.pack(">I", len(body)) + body)

    def do(self, job: dict[str, Any], scope: str) -> dict[str, Any]:
        """One request of the closed list. Raises ValueError, or what reading nonsense raises."""
        kind = job["do"]
        if kind == "scope" and scope and not self.scope:
            self.allowed, self.excluded, self.scope = networks(job["include"]), networks(job["exclude"]), scope
            return {"uid": os.getuid()}
        if kind not in ("arp", "ndp", "echo-all") or not self.scope:
            raise ValueError("no such request, or none before the scope")
        link = Link(job["interface"])
        if kind == "echo-all":
            return self.sweep(kind, link, Intervals((own, own) for _, _, own in link.own if len(own) == 16), job)
        targets, near = Intervals(job["ranges"]), Intervals((told(first), told(last)) for first, last, _ in link.own)
        if sum(last - first + 1 for first, last in targets.ranges) > LARGEST:
            raise ValueError(f"more than {LARGEST} addresses")
        for first, last in targets.ranges:
            if not self.allowed.hold(first, last) or any(
                x.touch(first, last) for x in (self.excluded, networks(NEVER))
            ):
                raise ValueError("an address that is not in scope")
            if not near.hold(first, last) or (first >= V6) != (kind == "ndp"):
                raise ValueError("an address that is not on the link, or of the other family")
        return self.sweep(kind, link, targets, job)

    def sweep(self, kind: str, link: Link, targets: Intervals, job: dict[str, Any]) -> dict[str, Any]:
        """Ask, and say what came of it: ``problem`` is why it ended early, in round ``round`` at address ``at``."""
        self.kind, self.link, self.token, self.socket = kind, link, os.urandom(12), self.sockets[kind != "arp"]
        self.answering = self.allowed if kind == "echo-all" else targets
        self.seen, self.round, self.at, self.rate = dict[int, bytes](), 0, 0, min(PEAK, float(job["rate"]))
        self.counts, problem, rounds = {"frames": 0, "unsent": 0, "strays": 0}, "", min(job["rounds"], ROUNDS)
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as turn:  # one helper at a time on an interface
                turn.bind(f"\0iotscan-raw-helper/{link.name}")
                self.socket.bind((link.name, ARP if kind == "arp" else IPV6))
                self.socket.getsockopt(263, 6, 8)  # SOL_PACKET, PACKET_STATISTICS: reading sets them back
                for self.round in range(rounds):
                    next_round, self.allowance = time.monotonic() + GAP, 0.0
                    for self.at in targets:
                        self.ask(self.at)
                    self.listen(next_round if self.round < rounds - 1 else time.monotonic() + job["wait"])
        except OSError as error:
            problem = error.strerror or str(error)
        _, dropped = struct.unpack("=LL", self.socket.getsockopt(263, 6, 8))
        return {**self.counts, "dropped": dropped, "problem": problem, "round": self.round, "at": told(self.at)}

    def ask(self, target: int) -> None:
        """Ask one that has not answered, when the rate lets us. Raises OSError when the interface is gone."""
        while min(self.allowance, self.reserve) < 1 and target not in self.seen:
            self.listen(time.monotonic() + 0.001)
            before, self.refilled = self.refilled, time.monotonic()
            self.allowance = min(BURST, self.allowance + (self.refilled - before) * self.rate)
            self.reserve = min(RATE, self.reserve + (self.refilled - before) * RATE)
        if target in self.seen:
            return
        self.allowance, self.reserve = self.allowance - 1, self.reserve - 1
        try:
            self.socket.send(question(self.kind, self.link, self.token, target))
            self.counts["frames"] += 1
        except OSError as error:
            self.counts["unsent"] += 1
            if error.errno in (6, 19, 100):  # ENXIO, ENODEV, ENETDOWN
                raise

    def listen(self, until: float) -> None:
        """Hear answers until then, and tell them. Raises TimeoutError at the deadline; ends where nobody listens."""
        while (now := time.monotonic()) < self.deadline:
            ready, _, _ = select.select([0, self.socket.fileno()], [], [], max(until - now, 0))
            if 0 in ready:
                raise SystemExit
            if ready and (news := [*self.heard()]):
                self.say(seen=news)
            if now >= until:
                return
        raise TimeoutError("the time for it is over")

    def heard(self) -> Iterator[tuple[str, str, int]]:
        """Who shows to be there, once, and who else for the same address: address, MAC, how often asked. Bounded."""
        for _ in range(DRAINED):
            try:
                frame = self.socket.recv(256, socket.MSG_DONTWAIT)
            except BlockingIOError:
                return
            who, mac = answer_of(frame, self.token) or (-1, b"")
            if who >= 0 and (not self.answering.hold(who, who) or self.excluded.touch(who, who)):
                self.counts["strays"] += 1
            elif who >= 0 and self.seen.get(who) not in (mac, b""):
                self.seen[who] = b"" if who in self.seen else mac
                yield told(who), mac.hex(":"), self.round + (who <= self.at or self.kind == "echo-all")


def open_sockets() -> tuple[socket.socket, socket.socket]:
    """All that needs the privilege. They hear nothing before they are bound to a link."""
    arp, ipv6 = (socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0) for _ in range(2))
    with suppress(OSError):  # SO_RCVBUFFORCE, for those who may
        arp.setsockopt(socket.SOL_SOCKET, 33, BUFFER)
        ipv6.setsockopt(socket.SOL_SOCKET, 33, BUFFER)
    code = ctypes.create_string_buffer(b"".join(struct.pack("=HBBL", *line) for line in HEARD))
    program = struct.pack("HP", len(HEARD), ctypes.addressof(code))
    ipv6.setsockopt(socket.SOL_SOCKET, 26, program)  # SO_ATTACH_FILTER
    return arp, ipv6


def drop_privileges() -> None:
    """Give up users, groups and capabilities, and show that they are gone. Ends the program if they are not."""
    for limit, most in ((resource.RLIMIT_NPROC, 0), (resource.RLIMIT_FSIZE, 0), (resource.RLIMIT_NOFILE, 32)):
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


if __name__ == "__main__":
    os.chdir("/")
    opened = open_sockets()
    drop_privileges()
    Helper(opened).serve()
