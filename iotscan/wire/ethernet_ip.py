"""EtherNet/IP: ListIdentity, which opens no session and changes nothing, and what answers it.

Source: The CIP Networks Library, volume 2 (EtherNet/IP Adaptation of CIP), 2-3.1 (encapsulation header) and 2-4.2
(ListIdentity; table 2-4.4, CIP Identity Item).
"""

from typing import Final

import msgspec

from iotscan.model.text import safe_text

PORT: Final = 44818
_LIST_IDENTITY: Final = 0x0063
_IDENTITY_ITEM: Final = 0x000C
_HEADER: Final = 24
_CAP: Final = 1024
_ADDRESS: Final = 16
_FIXED: Final = 2 + _ADDRESS + 2 + 2 + 2 + 2 + 2 + 4 + 1
"""Bytes of an identity item before the name: version, socket address, vendor … serial number, length of the name."""


class Identity(msgspec.Struct, frozen=True, kw_only=True):
    """Who a device says it is. ``vendor`` is a number of ODVA, ``serial`` eight hex digits."""

    vendor: int
    product: str
    revision: str
    serial: str


def list_identity(context: bytes) -> bytes:
    """The request; ``context`` is eight bytes that come back."""
    return _LIST_IDENTITY.to_bytes(2, "little") + bytes(10) + context[:8].ljust(8, b"\0") + bytes(4)


def wants_more(got: bytes) -> bool:
    """Whether an answer goes on after what has come of it. False, too, where it is none."""
    if len(got) < _HEADER:
        return _LIST_IDENTITY.to_bytes(2, "little").startswith(got[:2])
    return got[:2] == b"\x63\0" and len(got) < _HEADER + min(int.from_bytes(got[2:4], "little"), _CAP)


def read_answer(packet: bytes, context: bytes) -> Identity | None:
    """The first identity in the answer to the request with ``context``; None for anything else. Never raises."""
    size = int.from_bytes(packet[2:4], "little")
    is_ours = packet[:2] == b"\x63\0" and packet[12:20] == context[:8].ljust(8, b"\0")
    body = packet[_HEADER : _HEADER + size]
    if not is_ours or size > _CAP or len(body) < size or len(body) < 6:
        return None
    kind, length = int.from_bytes(body[2:4], "little"), int.from_bytes(body[4:6], "little")
    item = body[6 : 6 + length]
    if int.from_bytes(body[:2], "little") < 1 or kind != _IDENTITY_ITEM or not _FIXED <= length == len(item):
        return None
    at = 2 + _ADDRESS
    name = item[_FIXED : _FIXED + item[_FIXED - 1]]
    return Identity(
        vendor=int.from_bytes(item[at : at + 2], "little"),
        product=safe_text(name, 64),
        revision=f"{item[at + 6]}.{item[at + 7]}",
        serial=f"{int.from_bytes(item[at + 10 : at + 14], 'little'):08x}",
    )
