"""Frames and captures made by hand: each part as its standard draws it, with right checksums unless told otherwise."""

import struct
from ipaddress import ip_address

from iotscan.wire.capture.links import ETHERNET

CLIENT_MAC, SERVER_MAC = bytes.fromhex("027700000015"), bytes.fromhex("027700000150")
CLIENT, SERVER = "10.77.0.21", "203.0.113.80"
FIN, SYN, RST, PSH, ACK = 1, 2, 4, 8, 16
START = 1_795_000_000_123_456_789


def rfc1071(data: bytes) -> int:
    """The checksum as RFC 1071 tells it: 16-bit words, carry by carry."""
    total = 0
    for high, low in zip(data[::2], data[1::2] + b"\0", strict=False):
        total += high << 8 | low
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def packed(address: str) -> bytes:
    return ip_address(address).packed


def pseudo(source: str, destination: str, protocol: int, length: int) -> bytes:
    one, other = packed(source), packed(destination)
    return one + other + struct.pack("!IHBB" if len(one) == 16 else "!xBH", *_tail(len(one), protocol, length))


def _tail(size: int, protocol: int, length: int) -> tuple[int, ...]:
    return (length, 0, 0, protocol) if size == 16 else (protocol, length)


def tcp(
    data: bytes = b"",
    *,
    number: int = 1000,
    acknowledged: int = 0,
    flags: int = ACK,
    ports: tuple[int, int] = (40_000, 443),
    ends: tuple[str, str] = (CLIENT, SERVER),
    check: int | None = None,
) -> bytes:
    """A segment; ``check`` stands for the right checksum."""
    head = struct.pack("!HHIIBBHHH", *ports, number, acknowledged, 0x50, flags, 65_000, 0, 0)
    right = rfc1071(pseudo(*ends, 6, len(head + data)) + head + data)
    return head[:16] + struct.pack("!H", right if check is None else check) + head[18:] + data


def udp(
    data: bytes = b"",
    *,
    ports: tuple[int, int] = (40_000, 5683),
    ends: tuple[str, str] = (CLIENT, SERVER),
    check: int | None = None,
) -> bytes:
    """A datagram; ``check`` stands for the right checksum."""
    head = struct.pack("!HHHH", *ports, 8 + len(data), 0)
    right = rfc1071(pseudo(*ends, 17, len(head + data)) + head + data) or 0xFFFF
    return head[:6] + struct.pack("!H", right if check is None else check) + data


def ipv4(
    payload: bytes,
    *,
    protocol: int = 6,
    ends: tuple[str, str] = (CLIENT, SERVER),
    identity: int = 7,
    place: int = 0,
    options: bytes = b"",
) -> bytes:
    """A packet; ``place`` is the field of flags and fragment offset."""
    size = 20 + len(options)
    head = struct.pack(
        "!BBHHHBBH", 0x40 | size // 4, 0, size + len(payload), identity, place, 64, protocol, 0
    ) + b"".join(map(packed, ends))
    head += options
    return head[:10] + struct.pack("!H", rfc1071(head)) + head[12:] + payload


def ipv6(payload: bytes, *, protocol: int = 6, ends: tuple[str, str]) -> bytes:
    return struct.pack("!IHBB", 6 << 28, len(payload), protocol, 64) + b"".join(map(packed, ends)) + payload


def ethernet(body: bytes, *, kind: int = 0x0800, macs: tuple[bytes, bytes] = (CLIENT_MAC, SERVER_MAC)) -> bytes:
    """A frame; ``macs`` are source and destination."""
    return macs[1] + macs[0] + struct.pack("!H", kind) + body


def pcap(
    *frames: bytes,
    order: str = "<",
    magic: int = 0xA1B23C4D,
    link: int = ETHERNET,
    lengths: tuple[int, ...] = (),
    times: tuple[int, ...] = (),
) -> bytes:
    """A file of pcap. ``lengths`` are those on the wire, ``times`` nanoseconds; a millisecond apart by default."""
    out = [struct.pack(order + "IHHiIII", magic, 2, 4, 0, 0, 262_144, link)]
    for place, frame in enumerate(frames):
        at = times[place] if times else START + place * 1_000_000
        unit = 1 if magic == 0xA1B23C4D else 1000
        length = lengths[place] if lengths else len(frame)
        out.append(struct.pack(order + "IIII", at // 10**9, at % 10**9 // unit, len(frame), length))
        out.append(bytes(8) if magic == 0xA1B2CD34 else b"")
        out.append(frame)
    return b"".join(out)


def block(kind: int, body: bytes, order: str = "<") -> bytes:
    """A block of pcapng."""
    body += bytes(-len(body) % 4)
    length = struct.pack(order + "I", len(body) + 12)
    return struct.pack(order + "I", kind) + length + body + length


def section(order: str = "<") -> bytes:
    return block(0x0A0D0D0A, struct.pack(order + "IHHq", 0x1A2B3C4D, 1, 0, -1), order)


def interface(link: int = ETHERNET, *options: tuple[int, bytes], order: str = "<", snaplen: int = 0) -> bytes:
    said = b"".join(struct.pack(order + "HH", c, len(v)) + v + bytes(-len(v) % 4) for c, v in options)
    return block(1, struct.pack(order + "HHI", link, 0, snaplen) + said + bytes(4 if options else 0), order)


def enhanced(frame: bytes, moment: int, *, number: int = 0, order: str = "<", options: bytes = b"") -> bytes:
    head = struct.pack(order + "IIIII", number, moment >> 32, moment & 0xFFFFFFFF, len(frame), len(frame))
    return block(6, head + frame + bytes(-len(frame) % 4) + options, order)
