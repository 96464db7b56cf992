"""The login of AMQP 0-9-1: Connection.Start-Ok by PLAIN, what it is answered, and the way out again.

Sources: AMQP 0-9-1 sections 1.4.2.2 to 1.4.2.10 and 4.2.3; RFC 4616 (PLAIN); the capability
``authentication_failure_close`` of RabbitMQ, without which a refusal is a closed connection and nothing said.
"""

import struct
from typing import Final, Literal

Answer = Literal["tune", "refused", "secure", "other"]

PLAIN: Final = "PLAIN"
CAP: Final = 64 * 1024
_METHOD: Final = 1
_FRAME_END: Final = b"\xce"
_CONNECTION: Final = 10
_START_OK, _SECURE, _TUNE, _TUNE_OK, _CLOSE = 11, 20, 30, 31, 50
_ACCESS_REFUSED: Final = 403
_TUNE_SIZE: Final = 8
_BYE: Final = 200


def start_ok(user: str, password: str) -> bytes:
    """A Start-Ok with these credentials, telling that a refusal may be said in words."""
    told = _short(b"authentication_failure_close") + b"t\x01"
    properties = _short(b"capabilities") + b"F" + _long(told)
    response = b"\0" + user.encode() + b"\0" + password.encode()
    arguments = _long(properties) + _short(PLAIN.encode()) + _long(response) + _short(b"en_US")
    return _method(_START_OK, arguments)


def is_method_to_be(data: bytes) -> bool:
    """True while ``data`` may become the frame of a method with further bytes."""
    if len(data) < 7:
        return data[:1] in (b"", bytes((_METHOD,)))
    return data[0] == _METHOD and len(data) < _size(data) <= CAP


def read_answer(data: bytes) -> Answer:
    """What the first frame says to a Start-Ok. Never raises."""
    if (
        len(data) < 12
        or data[0] != _METHOD
        or len(data) < _size(data)
        or data[_size(data) - 1 : _size(data)] != _FRAME_END
    ):
        return "other"
    kind, method = struct.unpack_from("!HH", data, 7)
    if kind != _CONNECTION:
        return "other"
    if method == _CLOSE and len(data) >= 14:
        return "refused" if struct.unpack_from("!H", data, 11)[0] == _ACCESS_REFUSED else "other"
    return "tune" if method == _TUNE else "secure" if method == _SECURE else "other"


def leave(tune: bytes) -> bytes:
    """What ends a connection that was let in: its own limits agreed to, and Close."""
    limits = tune[11 : 11 + _TUNE_SIZE].ljust(_TUNE_SIZE, b"\0")
    close = struct.pack("!H", _BYE) + _short(b"bye") + struct.pack("!HH", 0, 0)
    return _method(_TUNE_OK, limits) + _method(_CLOSE, close)


def _size(data: bytes) -> int:
    return 8 + int.from_bytes(data[3:7], "big")


def _method(method: int, arguments: bytes) -> bytes:
    payload = struct.pack("!HH", _CONNECTION, method) + arguments
    return struct.pack("!BHL", _METHOD, 0, len(payload)) + payload + _FRAME_END


def _short(data: bytes) -> bytes:
    """A short string: 255 bytes at most."""
    return bytes((len(data[:255]),)) + data[:255]


def _long(data: bytes) -> bytes:
    return struct.pack("!L", len(data)) + data
