"""Copies of a capture with something wrong: what happens to files, on wires, and to whoever captures too little.

The same seed gives the same copy.
"""

import random
import struct
from collections.abc import Callable

import msgspec

Mutation = Callable[[random.Random, bytes], bytes]
_HEADER = 24
LINK = 14
"""Bytes of the head of an Ethernet frame."""


class Record(msgspec.Struct, frozen=True):
    """A frame of a pcap file: when, how long on the wire, its bytes."""

    time: bytes
    length: int
    frame: bytes


def records_of(data: bytes) -> list[Record]:
    """The frames of a little-endian pcap file, as tcpdump writes it here."""
    found, at = [], _HEADER
    while at + 16 <= len(data):
        caught, length = struct.unpack_from("<II", data, at + 8)
        found.append(Record(data[at : at + 8], length, data[at + 16 : at + 16 + caught]))
        at += 16 + caught
    return found


def file_of(data: bytes, records: list[Record]) -> bytes:
    """The file with these frames instead of its own."""
    parts = [data[:_HEADER]]
    for each in records:
        parts += (each.time, struct.pack("<II", len(each.frame), each.length), each.frame)
    return b"".join(parts)


def turned_bits(chance: random.Random, data: bytes) -> bytes:
    """A bit in every twentieth frame, anywhere in it but the addresses of the link, which nothing protects."""
    out = []
    for each in records_of(data):
        frame = bytearray(each.frame)
        if chance.random() < 0.05 and len(frame) > LINK:
            frame[chance.randrange(LINK, len(frame))] ^= 1 << chance.randrange(8)
        out.append(Record(each.time, each.length, bytes(frame)))
    return file_of(data, out)


def turned_anywhere(chance: random.Random, data: bytes) -> bytes:
    """Bits of the file, lengths and times of frames among them; so far apart that no packet has two.

    Two in one packet can make up for one another in its checksum: nobody sees that, its receiver neither. Nor does
    anybody where nothing protects them: in the addresses of the link.
    """
    out = bytearray(data)
    spared = unprotected(data)
    for start in range(_HEADER, len(data), 6000):
        place = start + chance.randrange(2000)
        if place < len(data) and place not in spared:
            out[place] ^= 1 << chance.randrange(8)
    return bytes(out)


def unprotected(data: bytes) -> set[int]:
    """Where in a file the heads of its frames' link are: of a bit that is turned there nothing can tell."""
    places: set[int] = set()
    at = _HEADER
    for each in records_of(data):
        places.update(range(at + 16, at + 16 + LINK))
        at += 16 + len(each.frame)
    return places


def cut_off(chance: random.Random, data: bytes) -> bytes:
    """The file ends too early."""
    return data[: chance.randrange(_HEADER, len(data))]


def with_snaplen(chance: random.Random, data: bytes) -> bytes:
    """Only the beginning of each frame."""
    most = chance.choice((60, 90, 120, 200, 400, 1000))
    return file_of(data, [Record(r.time, r.length, r.frame[:most]) for r in records_of(data)])


def with_losses(chance: random.Random, data: bytes) -> bytes:
    """Each tenth frame is not there."""
    return file_of(data, [each for each in records_of(data) if chance.random() > 0.1])


def begun_late(chance: random.Random, data: bytes) -> bytes:
    """The capture begins in the middle."""
    records = records_of(data)
    return file_of(data, records[chance.randrange(len(records)) :])


def out_of_order(chance: random.Random, data: bytes) -> bytes:
    """Frames are up to a few places from where they belong, and each tenth is there twice."""
    records = records_of(data)
    places = sorted(range(len(records)), key=lambda place: place + chance.random() * 6)
    out = []
    for place in places:
        out += [records[place]] * (2 if chance.random() < 0.1 else 1)
    return file_of(data, out)


def shuffled(chance: random.Random, data: bytes) -> bytes:
    """No frame is where it belongs."""
    records = records_of(data)
    chance.shuffle(records)
    return file_of(data, records)


MUTATIONS: tuple[Mutation, ...] = (
    turned_bits,
    turned_anywhere,
    cut_off,
    with_snaplen,
    with_losses,
    begun_late,
    out_of_order,
    shuffled,
)


def said_wrong(chance: random.Random, data: bytes) -> bytes:
    """Payload of each third packet of TCP and UDP over IPv4 changed by whoever sent it: the checksum is right."""
    out = []
    for each in records_of(data):
        frame = each.frame
        if chance.random() < 0.3 and frame[12:15] == b"\x08\0\x45" and len(frame) == each.length:
            frame = _changed(chance, frame)
        out.append(Record(each.time, each.length, frame))
    return file_of(data, out)


def _changed(chance: random.Random, frame: bytes) -> bytes:
    """A frame with bytes of its payload turned, doubled or zeroed, and no checksum, which then means: not checked."""
    end = 14 + int.from_bytes(frame[16:18], "big")
    start, check = (34 + (frame[46] >> 4) * 4, 50) if frame[23] == 6 else (42, 40)
    if frame[23] not in (6, 17) or start >= end or end > len(frame):
        return frame
    payload = bytearray(frame[start:end])
    for _ in range(chance.randrange(1, 6)):
        place = chance.randrange(len(payload))
        length = chance.randrange(1, 9)
        payload[place : place + length] = chance.choice(
            (chance.randbytes(length), b"\xff" * length, bytes(length), payload[:length])
        )
    payload = payload[: end - start].ljust(end - start, b"\0")
    head = bytearray(frame[:start])
    head[check : check + 2] = b"\0\0"
    return bytes(head) + bytes(payload) + frame[end:]
