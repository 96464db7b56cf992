"""Who logs in to an AMQP broker with what, read by a listener (AMQP 0-9-1 §4.2 and 1.4.2; AMQP 1.0 §2.3 and 5.3)."""

from typing import Final

import msgspec

_METHOD, _FRAME_END = 1, 0xCE
_START_OK, _TUNE, _CLOSE = b"\x00\x0a\x00\x0b", b"\x00\x0a\x00\x1e", b"\x00\x0a\x00\x32"
_ACCESS_REFUSED: Final = 403
_INIT: Final = b"\x00\x53\x41"
_OUTCOME: Final = b"\x00\x53\x44"
CAP: Final = 32 * 1024


class Login(msgspec.Struct, frozen=True, kw_only=True):
    """A mechanism of SASL and, with PLAIN and AMQPLAIN, who and with what."""

    mechanism: str
    user: bytes = b""
    password: bytes = b""


def read_frame(data: bytes) -> tuple[int, bytes, int] | None:
    """Type, payload and size of the frame of 0-9-1 at the start; None while it is not whole.

    The size is 0 for what is no frame.
    """
    if len(data) < 8:
        return None
    size = 8 + int.from_bytes(data[3:7], "big")
    if size > CAP or data[0] not in (1, 2, 3, 8):
        return 0, b"", 0
    if len(data) < size:
        return None
    return (data[0], data[7 : size - 1], size) if data[size - 1] == _FRAME_END else (0, b"", 0)


def read_login(payload: bytes) -> Login | None:
    """The Connection.Start-Ok that the payload of a method's frame is; None for any other. Never raises."""
    if not payload.startswith(_START_OK):
        return None
    _, rest = _long(payload[4:])
    size = rest[0] if rest else 0
    mechanism, response = rest[1 : 1 + size], _long(rest[1 + size :])[0]
    name = mechanism.decode("ascii", "replace")[:40]
    if name == "PLAIN":
        return _plain(name, response)
    if name == "AMQPLAIN":
        return Login(mechanism=name, user=_field(response, b"LOGIN"), password=_field(response, b"PASSWORD"))
    return Login(mechanism=name)


def read_outcome(payload: bytes) -> bool | None:
    """Whether the server takes a login; None where the method says nothing of that."""
    if payload.startswith(_TUNE):
        return True
    is_refused = payload.startswith(_CLOSE) and int.from_bytes(payload[4:6], "big") == _ACCESS_REFUSED
    return False if is_refused else None


def read_sasl_login(frame: bytes) -> Login | None:
    """The sasl-init that a frame of 1.0 holds; None for any other. Never raises."""
    at = frame.find(_INIT, 8, 24)
    if at < 0 or frame[5:6] != b"\x01":
        return None
    rest = frame[at + 3 :]
    rest = rest[3:] if rest[:1] == b"\xc0" else rest[9:] if rest[:1] == b"\xd0" else b""
    if rest[:1] != b"\xa3" or len(rest) < 2:
        return None
    name = rest[2 : 2 + rest[1]].decode("ascii", "replace")[:40]
    rest = rest[2 + rest[1] :]
    response = rest[2 : 2 + rest[1]] if rest[:1] == b"\xa0" and len(rest) > 1 else b""
    return _plain(name, response) if name == "PLAIN" else Login(mechanism=name)


def read_sasl_outcome(frame: bytes) -> bool | None:
    """Whether a sasl-outcome takes the login; None for any other frame."""
    at = frame.find(_OUTCOME, 8, 24)
    if at < 0 or frame[5:6] != b"\x01":
        return None
    code = frame.find(b"\x50", at + 3, at + 14)
    return frame[code + 1] == 0 if 0 <= code < len(frame) - 1 else None


def _plain(name: str, response: bytes) -> Login:
    parts = response.split(b"\0", 2)
    return Login(mechanism=name, user=parts[1], password=parts[2]) if len(parts) == 3 else Login(mechanism=name)


def _long(data: bytes) -> tuple[bytes, bytes]:
    size = int.from_bytes(data[:4], "big")
    return data[4 : 4 + size], data[4 + size :]


def _field(table: bytes, name: bytes) -> bytes:
    """The text of that name in a table."""
    mark = bytes((len(name),)) + name + b"S"
    at = table.find(mark)
    return _long(table[at + len(mark) :])[0] if at >= 0 else b""
