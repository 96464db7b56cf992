"""MQTT 3.1.1 as far as a door is knocked at: CONNECT, CONNACK, DISCONNECT (OASIS MQTT 3.1.1 §3.1, §3.2, §3.14)."""

from typing import Final

DISCONNECT: Final = b"\xe0\x00"
"""The orderly end of a session: a broker that gets it sends no will message."""

ACCEPTED: Final = 0
BAD_CREDENTIALS: Final = 4
NOT_AUTHORISED: Final = 5
_LONGEST = 65535


def _string(text: str) -> bytes:
    data = text.encode("utf-8", "replace")
    if len(data) > _LONGEST:
        raise ValueError("an MQTT string holds at most 65535 bytes")
    return len(data).to_bytes(2, "big") + data


def _remaining_length(length: int) -> bytes:
    """The variable length of §2.2.3: seven bits a byte, low first."""
    encoded = bytearray()
    while True:
        length, digit = divmod(length, 128)
        encoded.append(digit | 0x80 if length else digit)
        if not length:
            return bytes(encoded)


def connect_message(
    client_id: str = "iotscan", *, user: str | None = None, password: str | None = None, keep_alive: int = 30
) -> bytes:
    """A CONNECT for a clean session without a will.

    ``keep_alive`` is in seconds. A password without a user name is not allowed by §3.1.2.9, nor is a
    string beyond 65535 bytes: both raise ValueError, whose text never holds the password.
    """
    if password is not None and user is None:
        raise ValueError("MQTT 3.1.1 has no password without a user name")
    flags = 0x02 | (0x80 if user is not None else 0) | (0x40 if password is not None else 0)
    body = b"\x00\x04MQTT\x04" + bytes([flags]) + keep_alive.to_bytes(2, "big") + _string(client_id)
    for text in (user, password):
        if text is not None:
            body += _string(text)
    return b"\x10" + _remaining_length(len(body)) + body


def read_connack(data: bytes) -> int | None:
    """The return code of a CONNACK at the start of ``data``; None when it is no CONNACK. Never raises.

    A longer packet is read too: brokers that speak only MQTT 5 refuse in their own format (reason 0x84).
    """
    if len(data) < 4 or data[0] != 0x20 or not 2 <= data[1] < 0x80 or data[2] > 1:
        return None
    return data[3]
