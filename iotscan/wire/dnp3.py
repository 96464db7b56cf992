"""DNP3, link layer: a request for the link's status, which asks nothing of the outstation's data, and its answer.

An outstation answers only to its own address. One request is sent, to address 1; silence says nothing.
Source: IEEE 1815-2012, 9.2 (data link layer: frame 9.2.4, function codes 9.2.4.1.3, CRC 9.2.4.3).
"""

from typing import Final

PORT: Final = 20000
OUTSTATION: Final = 1
MASTER: Final = 3
_START: Final = b"\x05\x64"
_REQUEST_LINK_STATUS: Final = 0xC9
"""DIR and PRM set: from a master, who begins; function 9."""
_ANSWERS: Final = frozenset({0, 1, 11, 14, 15})
"""ACK, NACK, LINK_STATUS, and the two words for "not here": each of them is DNP3 (table 9-3)."""
_FRAME: Final = 10


def crc(data: bytes) -> int:
    """The checksum of a block (polynomial 0x3D65, reflected, inverted at the end)."""
    value = 0
    for byte in data:
        value ^= byte
        for _ in range(8):
            value = value >> 1 ^ 0xA6BC if value & 1 else value >> 1
    return value ^ 0xFFFF


def link_status_request() -> bytes:
    """The whole frame: ten bytes."""
    head = _START + bytes([5, _REQUEST_LINK_STATUS]) + OUTSTATION.to_bytes(2, "little") + MASTER.to_bytes(2, "little")
    return head + crc(head).to_bytes(2, "little")


def wants_more(got: bytes) -> bool:
    """Whether an answer goes on after what has come of it. False, too, where it is none."""
    return _START.startswith(got[:2]) and len(got) < _FRAME


def is_answer(packet: bytes) -> bool:
    """Whether a packet begins with the frame of an outstation that answers the request. Never raises."""
    if packet[:2] != _START or len(packet) < _FRAME or packet[2] < 5:
        return False
    is_whole = crc(packet[:8]).to_bytes(2, "little") == packet[8:10]
    is_to_us = packet[4:8] == MASTER.to_bytes(2, "little") + OUTSTATION.to_bytes(2, "little")
    is_secondary = not packet[3] & 0xC0
    return is_whole and is_to_us and is_secondary and packet[3] & 0x0F in _ANSWERS
