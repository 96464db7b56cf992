"""CoAP over UDP as far as a ping, which asks for a Reset, and a GET. Source: RFC 7252 sections 3, 4 and 5.

There is no other method in here: iotscan cannot change, make or delete a resource.
"""

from typing import Literal

import msgspec

from iotscan.wire import coap_options
from iotscan.wire.coap_options import Option

Kind = Literal["confirmable", "non-confirmable", "acknowledgement", "reset"]
_KINDS: tuple[Kind, ...] = ("confirmable", "non-confirmable", "acknowledgement", "reset")
_VERSION = 1
_TOKEN_LIMIT = 8
EMPTY = 0
GET = 0x01
CONTENT = 0x45
UNAUTHORIZED = 0x81
"""2.05, the answer to a GET that was granted."""


class Message(msgspec.Struct, frozen=True, kw_only=True):
    """The header of a CoAP message; ``code`` is class and detail in one byte, EMPTY for none."""

    kind: Kind
    code: int
    message_id: int


def ping(message_id: int) -> bytes:
    """An empty confirmable message: whoever speaks CoAP answers with a Reset of this id, and does nothing else."""
    return _header("confirmable", message_id)


def reset(message_id: int) -> bytes:
    """The answer to a ping."""
    return _header("reset", message_id)


class Response(msgspec.Struct, frozen=True, kw_only=True):
    """A response: how it came, and what is in it."""

    message: Message
    token: bytes
    options: tuple[Option, ...]
    payload: bytes


def get(path: tuple[str, ...], message_id: int, token: bytes, *, block: int | None = None) -> bytes:
    """A confirmable GET of a resource of this server. ``block`` is a whole Block2 value (RFC 7959 section 2.2)."""
    head = bytes([_VERSION << 6 | _KINDS.index("confirmable") << 4 | len(token), GET]) + message_id.to_bytes(2, "big")
    return head + token + get_options(path, block)


def get_options(path: tuple[str, ...], block: int | None) -> bytes:
    """The options of a GET."""
    options: list[Option] = [(coap_options.URI_PATH, segment.encode()) for segment in path]
    if block is not None:
        options.append((coap_options.BLOCK2, block.to_bytes((block.bit_length() + 7) // 8, "big")))
    return coap_options.write(options)


def acknowledgement(message_id: int) -> bytes:
    """What a confirmable response is answered with."""
    return _header("acknowledgement", message_id)


def read_response(datagram: bytes) -> Response | None:
    """The response that a datagram is; None for a request, an empty message and anything else. Never raises."""
    message = read_message(datagram)
    if message is None or not 2 <= message.code >> 5 <= 5:
        return None
    size = datagram[0] & 15
    rest = coap_options.read(datagram[4 + size :])
    if rest is None or len(datagram) < 4 + size:
        return None
    return Response(message=message, token=datagram[4 : 4 + size], options=rest[0], payload=rest[1])


def code_text(code: int) -> str:
    """A code as it is written: ``2.05`` (RFC 7252 section 12.1)."""
    return f"{code >> 5}.{code & 31:02}"


def _header(kind: Kind, message_id: int) -> bytes:
    return bytes([_VERSION << 6 | _KINDS.index(kind) << 4, EMPTY]) + message_id.to_bytes(2, "big")


def read_message(datagram: bytes) -> Message | None:
    """The header of a message; None where a datagram is no CoAP. Never raises."""
    if len(datagram) < 4 or datagram[0] >> 6 != _VERSION or datagram[0] & 15 > _TOKEN_LIMIT:
        return None
    is_empty = datagram[1] == EMPTY
    if is_empty and len(datagram) > 4:
        return None
    kind = _KINDS[datagram[0] >> 4 & 3]
    return Message(kind=kind, code=datagram[1], message_id=int.from_bytes(datagram[2:4], "big"))
