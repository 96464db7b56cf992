"""HTTP/2 by its first frame: a server opens with SETTINGS, whatever it was asked (RFC 9113 section 3.4).

gRPC servers without TLS do the same, and answer nothing else to whoever speaks HTTP/1.
"""

from typing import Final

_HEAD: Final = 9
_SETTINGS: Final = 4
_ENTRY: Final = 6
_MOST_ENTRIES: Final = 32
_REGISTERED: Final = range(1, 0x11)
"""Identifiers of settings that mean something (IANA, HTTP/2 Settings)."""


def is_server_preface(data: bytes) -> bool:
    """True for bytes that begin with a whole frame of SETTINGS that is no acknowledgement. Never raises."""
    if len(data) < _HEAD or data[3:_HEAD] != bytes((_SETTINGS, 0, 0, 0, 0, 0)):
        return False
    length = int.from_bytes(data[:3], "big")
    if length % _ENTRY or length > _ENTRY * _MOST_ENTRIES or len(data) < _HEAD + length:
        return False
    names = [int.from_bytes(data[at : at + 2], "big") for at in range(_HEAD, _HEAD + length, _ENTRY)]
    # An empty frame is nine bytes, eight of them zero: too little to tell a protocol by, unless another frame follows.
    return any(name in _REGISTERED for name in names) or (not length and len(data) >= 2 * _HEAD)
