"""Questions to a name server and its answers, read by a listener (RFC 1035 section 4, RFC 6891, RFC 4035 section 3).

Own code, where dnspython reads every record into objects: a capture holds millions of these, and five fields are asked
for. Both are compared in tests.
"""

import struct
from ipaddress import ip_address
from typing import Final

import msgspec

from iotscan.model.text import safe_text

KINDS: Final = {
    1: "A",
    2: "NS",
    5: "CNAME",
    6: "SOA",
    12: "PTR",
    15: "MX",
    16: "TXT",
    28: "AAAA",
    33: "SRV",
    35: "NAPTR",
    43: "DS",
    46: "RRSIG",
    48: "DNSKEY",
    52: "TLSA",
    64: "SVCB",
    65: "HTTPS",
    255: "ANY",
    257: "CAA",
}
_HEAD: Final = 12
_RESPONSE, _OPCODE, _AD, _TRUNCATED = 0x8000, 0x7800, 0x0020, 0x0200
_CODE: Final = 0x000F
_OPT: Final = 41
_DO: Final = 0x8000
_CLASSES: Final = (1, 3, 255)
_POINTER: Final = 0xC0
_JUMPS: Final = 16
_RECORDS: Final = 64
_LONGEST: Final = 255


class Message(msgspec.Struct, frozen=True, kw_only=True):
    """One message with its first question. Names are safe text in lower case without the last dot.

    ``answers`` are the addresses that its records give to any name, in order; ``is_validated`` and ``wants_dnssec`` are
    the AD and the DO bit.
    """

    number: int
    is_answer: bool
    name: str
    kind: str
    code: int
    answers: tuple[str, ...] = ()
    is_validated: bool = False
    wants_dnssec: bool = False


class _Malformed(Exception):
    pass


def read_message(data: bytes) -> Message | None:
    """The message that the bytes are, cut ones included; None for anything else. Never raises."""
    if len(data) < _HEAD + 5:
        return None
    number, flags, questions, answers, others, more = struct.unpack_from("!6H", data)
    if questions != 1 or flags & _OPCODE or flags & 0x0040 or (not flags & _RESPONSE and (answers or flags & _CODE)):
        return None
    try:
        name, at = _name(data, _HEAD)
    except _Malformed:
        return None
    kind, group = int.from_bytes(data[at : at + 2], "big"), int.from_bytes(data[at + 2 : at + 4], "big")
    if len(data) < at + 4 or group not in _CLASSES or not kind:
        return None
    found = _Records()
    found.read(data, at + 4, answers, others + more)
    return Message(
        number=number,
        is_answer=bool(flags & _RESPONSE),
        name=name,
        kind=KINDS.get(kind, f"TYPE{kind}"),
        code=flags & _CODE,
        answers=tuple(found.addresses),
        is_validated=bool(flags & _AD and flags & _RESPONSE),
        wants_dnssec=found.wants_dnssec,
    )


class _Records:
    """What is kept of the records behind a question."""

    def __init__(self) -> None:
        self.addresses: list[str] = []
        self.wants_dnssec = False

    def read(self, data: bytes, at: int, answers: int, rest: int) -> None:
        """So many answers, and then so many others."""
        for count in range(min(answers + rest, _RECORDS)):
            try:
                at = _after_name(data, at)
            except _Malformed:
                return
            if len(data) < at + 10:
                return
            kind, size = int.from_bytes(data[at : at + 2], "big"), int.from_bytes(data[at + 8 : at + 10], "big")
            value = data[at + 10 : at + 10 + size]
            if len(value) < size:
                return
            if kind == _OPT:
                self.wants_dnssec = bool(int.from_bytes(data[at + 6 : at + 8], "big") & _DO)
            elif count < answers and (kind, size) in ((1, 4), (28, 16)):
                self.addresses.append(str(ip_address(value)))
            at += 10 + size


def _name(data: bytes, at: int) -> tuple[str, int]:
    """A name, and where what follows it begins. Raises _Malformed."""
    labels: list[bytes] = []
    end, jumps, length = 0, 0, 0
    while True:
        if at >= len(data):
            raise _Malformed
        size = data[at]
        if size >= _POINTER:
            if at + 2 > len(data) or jumps >= _JUMPS:
                raise _Malformed
            end = end or at + 2
            at, jumps = int.from_bytes(data[at : at + 2], "big") & 0x3FFF, jumps + 1
            continue
        if size & _POINTER or at + 1 + size > len(data):
            raise _Malformed
        at += 1 + size
        if not size:
            break
        length += 1 + size
        if length > _LONGEST:
            raise _Malformed
        labels.append(data[at - size : at])
    return safe_text(b".".join(labels).lower(), _LONGEST), end or at


def _after_name(data: bytes, at: int) -> int:
    """Where what follows a name begins. Raises _Malformed."""
    while at < len(data):
        size = data[at]
        if size >= _POINTER:
            return at + 2
        if size & _POINTER:
            raise _Malformed
        at += 1 + size
        if not size:
            return at
    raise _Malformed
