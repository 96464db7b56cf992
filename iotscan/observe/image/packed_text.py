"""Texts that lie packed with gzip in a file system: keys and passwords in them are in the image all the same."""

import zlib

from iotscan.observe.image.budget import Budget
from iotscan.observe.image.places import is_documentation
from iotscan.observe.image.tree import Entry
from iotscan.observe.image.unreadable import Unreadable

_LARGEST, _MOST = 4 << 20, 16 << 20
"""Bytes of a packed file, and of what is looked at of its text."""
_MAGIC = b"\x1f\x8b\x08"
_WAYS = "/usr/share/"
"""Here lie manuals, fonts, keyboard tables by the thousand, all packed: none is of this device."""


def packed_text(entry: Entry, data: bytes, budget: Budget) -> bytes:
    """The text in the bytes of a whole file that gzip packed, up to a limit; empty where there is none.

    Raises OverBudget.
    """
    if not data.startswith(_MAGIC) or len(data) > _LARGEST:
        return b""
    if is_documentation(entry.path) or entry.path.startswith(_WAYS):
        return b""
    machine = zlib.decompressobj(wbits=31)
    try:
        text = machine.decompress(data, 64 << 10)
        if b"\0" in text[:8192]:
            return b""
        text += machine.decompress(machine.unconsumed_tail, _MOST - len(text))
    except (zlib.error, ValueError):
        return b""
    try:
        budget.unpack(len(data), 0, len(text))
    except Unreadable:
        budget.check_time()
        return b""
    return text
