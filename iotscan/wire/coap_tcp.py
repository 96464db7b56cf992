"""CoAP over TCP as far as its first message: both sides open with capabilities and settings (RFC 8323 section 5.3)."""

from typing import Final

CSM: Final = b"\x00\xe1"
"""An empty Capabilities and Settings Message: no option, no token."""
_CODE = 0xE1
_EXTENDED: Final = {13: 1, 14: 2, 15: 4}
"""Bytes of extended length by the value of the length nibble (RFC 8323 section 3.2)."""


def is_csm(data: bytes) -> bool:
    """True for bytes that begin with a Capabilities and Settings Message. Never raises."""
    if not data or data[0] & 0x0F > 8:
        return False
    place = 1 + _EXTENDED.get(data[0] >> 4, 0)
    return len(data) > place and data[place] == _CODE
