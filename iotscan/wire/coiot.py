"""CoIoT: what Shelly's devices of the first generation tell all on a link, as CoAP (Shelly, CoIoT protocol)."""

from typing import Final

from iotscan.model.facts import Claim
from iotscan.model.text import safe_text

PORT: Final = 5683
_STATUS = 0x1E
"""Code 0.30, which no RFC gives a meaning."""
_DEVICE: Final = 3332
"""The option that holds ``TYPE#ID#REVISION``."""
_MARKER = 0xFF
_OPTIONS_LIMIT = 32
_WIDE: Final = {13: (1, 13), 14: (2, 269)}
"""A nibble that says how many bytes follow, and what to add to them (RFC 7252 §3.1)."""


def read_status(packet: bytes) -> tuple[Claim, ...] | None:
    """What a device says; None for anything else. Never raises."""
    if len(packet) < 4 or packet[0] >> 6 != 1 or packet[1] != _STATUS:
        return None
    said = _option(packet[4 + (packet[0] & 15) :])
    kind, _, rest = said.partition(b"#")
    number = rest.partition(b"#")[0]
    if not kind or not number:
        return None
    return (
        Claim(what="manufacturer", value="Shelly", how="coiot"),
        Claim(what="model", value=safe_text(kind, 40), how="coiot"),
        Claim(what="serial", value=safe_text(number, 40), how="coiot"),
    )


def _option(rest: bytes) -> bytes:
    """The option that names the device; empty where there is none."""
    at = number = 0
    for _ in range(_OPTIONS_LIMIT):
        if at >= len(rest) or rest[at] == _MARKER:
            break
        sizes = []
        nibbles = rest[at] >> 4, rest[at] & 15
        at += 1
        for nibble in nibbles:
            size, more = _WIDE.get(nibble, (0, nibble))
            if nibble == 15 or at + size > len(rest):
                return b""
            sizes.append(more + int.from_bytes(rest[at : at + size], "big") if size else nibble)
            at += size
        number += sizes[0]
        if number == _DEVICE:
            return rest[at : at + sizes[1]]
        at += sizes[1]
    return b""
