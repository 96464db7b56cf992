"""AMQP as far as its first words: a client's header, a server's header or Connection.Start (0-9-1, section 4.2)."""

from typing import Final

HEADER: Final = b"AMQP\x00\x00\x09\x01"
"""Version 0-9-1; a server of another version answers with its own header and closes."""
_METHOD_FRAME = b"\x01\x00\x00"
_CONNECTION_START = b"\x00\x0a\x00\x0a"


def is_answer(data: bytes) -> bool:
    """True for bytes that begin with a server's header or its Connection.Start. Never raises."""
    is_header = data.startswith(b"AMQP") and len(data) >= len(HEADER)
    return is_header or (data.startswith(_METHOD_FRAME) and data[7:11] == _CONNECTION_START)
