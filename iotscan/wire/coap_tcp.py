"""CoAP over TCP as far as its first message, with which both sides open, and a GET (RFC 8323 sections 3.2 and 5.3)."""

from typing import Final

import msgspec

from iotscan.wire import coap, coap_options
from iotscan.wire.coap_options import Option

CSM: Final = b"\x00\xe1"
"""An empty Capabilities and Settings Message: no option, no token."""
_CODE = 0xE1
_EXTENDED: Final = {13: (1, 13), 14: (2, 269), 15: (4, 65805)}
"""Bytes of extended length by the value of the length nibble, and what to add to it."""
_TOKEN_LIMIT = 8


class Frame(msgspec.Struct, frozen=True, kw_only=True):
    """One message; ``size`` is how many bytes of the stream it took."""

    size: int
    code: int
    token: bytes
    options: tuple[Option, ...]
    payload: bytes


def get(path: tuple[str, ...], token: bytes, *, block: int | None = None) -> bytes:
    """A GET of a resource of this server."""
    options = coap.get_options(path, block)
    length = len(options)
    nibble, more = (length, b"") if length < 13 else (13, bytes((length - 13,)))
    return bytes((nibble << 4 | len(token),)) + more + bytes((coap.GET,)) + token + options


def read_frame(data: bytes) -> Frame | int | None:
    """The message at the front of a stream; how many bytes it will take while it is not whole; None for no such thing.

    The number is 0 while its length is not there. Never raises.
    """
    if not data:
        return 0
    token_size, nibble = data[0] & 15, data[0] >> 4
    if token_size > _TOKEN_LIMIT:
        return None
    more, added = _EXTENDED.get(nibble, (0, 0))
    if len(data) < 2 + more:
        return 0
    length = added + int.from_bytes(data[1 : 1 + more], "big") if more else nibble
    start = 2 + more + token_size
    if len(data) < start + length:
        return start + length
    read = coap_options.read(data[start : start + length])
    if read is None:
        return None
    token = data[2 + more : start]
    return Frame(size=start + length, code=data[1 + more], token=token, options=read[0], payload=read[1])


def is_csm(data: bytes) -> bool:
    """True for bytes that begin with a Capabilities and Settings Message. Never raises."""
    if not data or data[0] & 0x0F > _TOKEN_LIMIT:
        return False
    place = 1 + _EXTENDED.get(data[0] >> 4, (0, 0))[0]
    return len(data) > place and data[place] == _CODE
