"""A capture as large as wanted: real conversations of the test scenes under other addresses, and bulk.

The same scenes and the same size give the same bytes. Checksums are right. ``python -m bench.traffic.mixing`` is not
for itself: :mod:`.figures` calls it.
"""

import random
import struct
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import BinaryIO, Final

import msgspec

from iotscan.wire.capture.files import read_capture
from iotscan.wire.capture.links import ETHERNET

SEED: Final = 11
AT_ONCE: Final = 64
"""Conversations that go on at the same time."""
DEVICES: Final = 200
SMALL_PER_BULK: Final = 20
_START: Final = 1_790_000_000_000_000_000
_STEP: Final = 40_000
_SEGMENT: Final = 1448
_TCP, _UDP = 6, 17
_FIN, _SYN, _RST, _ACK = 1, 2, 4, 16
_HEADER: Final = struct.pack("<IHHiIII", 0xA1B23C4D, 2, 4, 0, 0, 262_144, ETHERNET)


class Line(msgspec.Struct, frozen=True):
    """A packet of a recorded conversation: from whom, and the segment or datagram without its ports."""

    is_upward: bool
    body: bytes


class Talk(msgspec.Struct, frozen=True):
    """A recorded conversation over IPv4."""

    protocol: int
    port: int
    lines: tuple[Line, ...]


def recorded_in(path: Path) -> list[Talk]:
    """The conversations of a capture, whole ones only: a TCP connection begins with SYN."""
    with path.open("rb") as stream:
        _, frames = read_capture(lambda: stream.read(1 << 20))
        lines: dict[tuple[bytes, ...], list[Line]] = {}
        order: dict[tuple[bytes, ...], tuple[int, int]] = {}
        for _, _, frame, length in frames:
            if frame[12:15] != b"\x08\0\x45" or frame[23] not in (_TCP, _UDP) or len(frame) != length or frame[0] & 1:
                continue
            whole = frame[14 : 14 + int.from_bytes(frame[16:18], "big")]
            here, there = whole[12:16] + whole[20:22], whole[16:20] + whole[22:24]
            key = (whole[9:10], here, there)
            if (whole[9:10], there, here) in order:
                lines[whole[9:10], there, here].append(Line(False, whole[24:]))
                continue
            if key not in order:
                if whole[9] == _TCP and whole[33] & (_SYN | _ACK) != _SYN:
                    continue
                order[key], lines[key] = (whole[9], int.from_bytes(whole[22:24], "big")), []
            lines[key].append(Line(True, whole[24:]))
    return [Talk(*order[key], tuple(said)) for key, said in lines.items()]


class _Ends(msgspec.Struct, frozen=True):
    protocol: int
    device: int
    server: bytes
    port: int
    to_port: int

    def frame(self, body: bytes, *, is_upward: bool) -> bytes:
        """An Ethernet frame of a segment or datagram, with right checksums."""
        mac, gateway = b"\x02\x77\0\0\0" + bytes([self.device]), b"\x02\x77\0\0\1\1"
        address = bytes([10, 77, 0, self.device])
        ports = struct.pack("!HH", self.port, self.to_port)
        source, destination = address, self.server
        if not is_upward:
            mac, gateway, source, destination, ports = gateway, mac, destination, source, ports[2:] + ports[:2]
        at = 12 if self.protocol == _TCP else 2
        body = body[:at] + b"\0\0" + body[at + 2 :]
        length = len(body) + 4
        pseudo = source + destination + struct.pack("!HH", self.protocol, length)
        check = _check(pseudo + ports + body) or 0xFFFF
        head = struct.pack("!BBHHHBBH", 0x45, 0, length + 20, 0, 0x4000, 64, self.protocol, 0) + source + destination
        head = head[:10] + struct.pack("!H", _check(head)) + head[12:]
        checked = body[:at] + struct.pack("!H", check) + body[at + 2 :]
        return gateway + mac + b"\x08\0" + head + ports + checked


def _check(data: bytes) -> int:
    return 0xFFFF - (int.from_bytes(data, "big") << (8 if len(data) & 1 else 0)) % 0xFFFF


def write_mixed(into: BinaryIO, talks: Sequence[Talk], size: int, *, has_bulk: bool = True) -> int:
    """Write a capture of ``size`` bytes; how many frames it has."""
    chance = random.Random(SEED)
    noise = chance.randbytes(1 << 20)
    into.write(_HEADER)
    written, at, frames = len(_HEADER), _START, 0
    going = [_conversation(chance, talks, noise, number, has_bulk) for number in range(AT_ONCE)]
    begun = AT_ONCE
    while written < size:
        place = chance.randrange(AT_ONCE)
        frame = next(going[place], None)
        if frame is None:
            going[place] = _conversation(chance, talks, noise, begun, has_bulk)
            begun += 1
            continue
        at += _STEP
        record = struct.pack("<IIII", at // 1_000_000_000, at % 1_000_000_000, len(frame), len(frame))
        into.write(record + frame)
        written += len(record) + len(frame)
        frames += 1
    return frames


def _conversation(
    chance: random.Random, talks: Sequence[Talk], noise: bytes, number: int, has_bulk: bool
) -> Iterator[bytes]:
    """Mostly a recorded one; now and then one that goes on with a lot of payload, or a stream of datagrams."""
    device, port = 2 + chance.randrange(DEVICES), 32_768 + number % 28_000
    server = bytes([203, 0, 113, 1 + chance.randrange(250)])
    if has_bulk and number % SMALL_PER_BULK == 0:
        return _datagrams(_Ends(_UDP, device, server, port, 40_000), noise, chance.randrange(1000, 3000))
    # A device says a few things again and again.
    talk = talks[(device * 5 + number % 5) % len(talks)]
    ends = _Ends(talk.protocol, device, server, port, talk.port)
    if has_bulk and number % SMALL_PER_BULK == 10:
        talk = next(t for t in talks[number % len(talks) :] + list(talks) if t.protocol == _TCP)
        return _with_bulk(talk, _Ends(_TCP, device, server, port, talk.port), noise, chance.randrange(1000, 4000))
    return (ends.frame(line.body, is_upward=line.is_upward) for line in talk.lines)


def _datagrams(ends: _Ends, noise: bytes, count: int) -> Iterator[bytes]:
    for turn in range(count):
        start = turn * 911 % (len(noise) - 1200)
        yield ends.frame(struct.pack("!HH", 1208, 0) + noise[start : start + 1200], is_upward=True)


def _with_bulk(talk: Talk, ends: _Ends, noise: bytes, count: int) -> Iterator[bytes]:
    """A recorded connection that does not close, but goes on: segments downwards, each second one acknowledged."""
    number = acknowledged = 0
    for line in talk.lines:
        if line.body[9] & (_FIN | _RST):
            break
        yield ends.frame(line.body, is_upward=line.is_upward)
        sent = int.from_bytes(line.body[0:4], "big") + len(line.body) - (line.body[8] >> 4) * 4 + 4
        sent += bool(line.body[9] & _SYN)
        if line.is_upward:
            acknowledged = max(acknowledged, sent)
        else:
            number = max(number, sent)
    for turn in range(count):
        start = turn * 911 % (len(noise) - _SEGMENT)
        head = struct.pack("!IIBBHHH", number % (1 << 32), acknowledged % (1 << 32), 0x50, _ACK, 65_000, 0, 0)
        yield ends.frame(head + noise[start : start + _SEGMENT], is_upward=False)
        number += _SEGMENT
        if turn % 2:
            head = struct.pack("!IIBBHHH", acknowledged % (1 << 32), number % (1 << 32), 0x50, _ACK, 65_000, 0, 0)
            yield ends.frame(head, is_upward=True)
