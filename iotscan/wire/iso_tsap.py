"""ISO transport on TCP, port 102: the request for a connection, and what accepts or refuses it.

What stands behind it (S7 of Siemens, MMS of IEC 61850) takes two more requests to learn, and on an S7-300 one of the
few connections that engineers need. So the question ends here.
Source: RFC 1006 section 6 (TPKT); ISO/IEC 8073 and RFC 905 section 13.3 to 13.5 (CR, CC, DR).
"""

from typing import Final, Literal

PORT: Final = 102
_VERSION: Final = 3
_REQUEST, _CONFIRM, _DISCONNECT = 0xE0, 0xD0, 0x80
_REFERENCE: Final = b"\x00\x14"
# Class 0; TPDUs of 1024 bytes; from a programming device (01 00) to the processor in rack 0, slot 2 (01 02).
_PARAMETERS: Final = b"\xc0\x01\x0a\xc1\x02\x01\x00\xc2\x02\x01\x02"
Reply = Literal["accepted", "refused"]

CONNECTION_REQUEST: Final = (
    bytes([_VERSION, 0, 0, 11 + len(_PARAMETERS), 6 + len(_PARAMETERS), _REQUEST, 0, 0])
    + _REFERENCE
    + b"\0"
    + _PARAMETERS
)


def wants_more(got: bytes) -> bool:
    """Whether an answer goes on after what has come of it. False, too, where it is none."""
    if len(got) < 4:
        return bytes([_VERSION, 0]).startswith(got[:2])
    return got[0] == _VERSION and len(got) < min(int.from_bytes(got[2:4], "big"), 128)


def read_reply(packet: bytes) -> Reply | None:
    """Whether it takes the connection; None for anything that is no answer to it. Never raises."""
    size = int.from_bytes(packet[2:4], "big")
    if packet[:2] != bytes([_VERSION, 0]) or not 11 <= size <= 128 or len(packet) < size:
        return None
    if not 6 <= packet[4] <= size - 5 or packet[6:8] != _REFERENCE:
        return None
    kind = packet[5] & 0xF0
    return "accepted" if kind == _CONFIRM else "refused" if kind == _DISCONNECT else None
