"""A capture of what is said, without anybody who says it: for words that no program of ours sends."""

from collections.abc import Sequence
from pathlib import Path

import msgspec

from tests.wire.capture.making import ACK, FIN, PSH, SERVER, SYN, ethernet, ipv4, pcap, tcp, udp

Said = tuple[str, bytes]
"""``>`` for what the client says, ``<`` for the server, and the bytes."""
DEVICE = "192.168.1.5"
_MAC, _ROUTER = bytes.fromhex("00408c000701"), bytes.fromhex("00408c0007fe")


class Talk(msgspec.Struct, frozen=True):
    """A conversation with a port of a server beyond the network."""

    port: int
    said: Sequence[Said]
    is_stream: bool = True


def write_capture(path: Path, talks: Sequence[Talk]) -> Path:
    """All of them, one after the other."""
    frames: list[bytes] = []
    for number, talk in enumerate(talks):
        frames += (_stream if talk.is_stream else _datagrams)(talk, 40_000 + number)
    path.write_bytes(pcap(*frames))
    return path


def _stream(talk: Talk, port: int) -> list[bytes]:
    next_up, next_down = 101, 501
    frames = [
        _segment(port, talk.port, SYN, 100, 0, is_upward=True),
        _segment(port, talk.port, SYN | ACK, 500, 101, is_upward=False),
        _segment(port, talk.port, ACK, 101, 501, is_upward=True),
    ]
    for who, data in talk.said:
        for at in range(0, len(data), 1400):
            part, is_upward = data[at : at + 1400], who == ">"
            mine, theirs = (next_up, next_down) if is_upward else (next_down, next_up)
            frames.append(_segment(port, talk.port, PSH | ACK, mine, theirs, part, is_upward=is_upward))
            next_up, next_down = next_up + len(part) * is_upward, next_down + len(part) * (not is_upward)
    frames.append(_segment(port, talk.port, FIN | ACK, next_up, next_down, is_upward=True))
    frames.append(_segment(port, talk.port, FIN | ACK, next_down, next_up + 1, is_upward=False))
    return frames


def _datagrams(talk: Talk, port: int) -> list[bytes]:
    frames = []
    for who, data in talk.said:
        ends, ports, macs = (DEVICE, SERVER), (port, talk.port), (_MAC, _ROUTER)
        if who == "<":
            ends, ports, macs = ends[::-1], ports[::-1], macs[::-1]
        frames.append(ethernet(ipv4(udp(data, ports=ports, ends=ends), protocol=17, ends=ends), macs=macs))
    return frames


def _segment(
    port: int, to: int, flags: int, number: int, acknowledged: int, data: bytes = b"", *, is_upward: bool
) -> bytes:
    ends, ports, macs = (DEVICE, SERVER), (port, to), (_MAC, _ROUTER)
    if not is_upward:
        ends, ports, macs = ends[::-1], ports[::-1], macs[::-1]
    segment = tcp(data, number=number, acknowledged=acknowledged, flags=flags, ports=ports, ends=ends)
    return ethernet(ipv4(segment, ends=ends), macs=macs)
