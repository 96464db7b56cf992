"""ESPHome's own interface as far as one ping, which needs no session, no name and no key.

A server in the clear answers a ping before anybody said hello; one that wants encryption (Noise) refuses the first
byte in words. Neither counts as a client that has connected. Sources: ESPHome, ``api.proto`` (PingRequest 7 and its
answer 8), ``api_frame_helper_plaintext.cpp`` and ``api_frame_helper_noise.cpp``.
"""

from typing import Final, Literal

PORT: Final = 6053
PING: Final = b"\x00\x00\x07"
"""In the clear: indicator, size of nothing, type."""
_PONG: Final = b"\x00\x00\x08"
_REFUSAL: Final = b"\x01Bad indicator byte"
_ENCRYPTED: Final = b"\x01" + len(_REFUSAL).to_bytes(2, "big") + _REFUSAL

Kind = Literal["clear", "encrypted"]


def read_answer(data: bytes) -> Kind | None:
    """What the answer to a ping shows; None for anything else. Never raises."""
    if data.startswith(_PONG):
        return "clear"
    return "encrypted" if data.startswith(_ENCRYPTED) else None
