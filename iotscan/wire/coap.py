"""CoAP as far as a ping: an empty message that asks for a Reset. Source: RFC 7252 sections 3 and 4.3."""

from typing import Literal

import msgspec

Kind = Literal["confirmable", "non-confirmable", "acknowledgement", "reset"]
_KINDS: tuple[Kind, ...] = ("confirmable", "non-confirmable", "acknowledgement", "reset")
_VERSION = 1
_TOKEN_LIMIT = 8
EMPTY = 0


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
