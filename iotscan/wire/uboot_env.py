"""U-Boot's environment: as a block with its checksum, as text, and as the default that is compiled in.

Source: U-Boot ``include/env_internal.h`` (``env_t``), ``env/common.c``, ``tools/mkenvimage.c``.
"""

import re
import zlib
from collections.abc import Mapping
from typing import Final

_NAME: Final = rb"[A-Za-z_][\w.#-]{0,63}"
_ENTRY: Final = re.compile(_NAME + rb"=[^\0]*")
_ANCHOR: Final = re.compile(rb"\0((?:bootcmd|bootdelay|baudrate|boot_targets)=)")
_REACH: Final = 64 << 10
"""Bytes of a default environment that are looked at, before and behind what it is known by."""
_SETTING: Final = re.compile(rb"^\s*(?:(?:env\s+set|setenv)\s+)(" + _NAME + rb")\s+(.*?)\s*;?\s*$")
_PLAIN: Final = re.compile(rb"^\s*(" + _NAME + rb")=(.*?)\s*$")


def read_block(data: bytes) -> dict[str, bytes] | None:
    """The variables of an environment block: checksum, flags perhaps, ``name=value`` texts; None where none fits.

    The checksum covers all that follows it, in the byte order of the processor; a redundant block has one byte of
    flags between the two.
    """
    if len(data) < 8:
        return None
    for start in (4, 5):
        body = data[start:]
        if zlib.crc32(body) in (int.from_bytes(data[:4], "little"), int.from_bytes(data[:4], "big")):
            return _entries(body)
    return None


def find_default(binary: bytes) -> dict[str, bytes] | None:
    """The environment that is compiled into a U-Boot, None where there is none to be found."""
    anchor = _ANCHOR.search(binary)
    if anchor is None:
        return None
    at = anchor.start(1)
    before = binary[max(0, at - _REACH) : at - 1].split(b"\0")
    first = at
    for piece in reversed(before):
        if not _ENTRY.fullmatch(piece):
            break
        first -= len(piece) + 1
    return _entries(binary[first : at + _REACH])


def read_text(text: bytes) -> dict[str, bytes]:
    """The variables that a script or text sets: ``setenv name value``, ``env set name value``, ``name=value``.

    What depends on a condition counts as well; of two settings of one name the last.
    """
    found: dict[str, bytes] = {}
    for line in text.replace(b"\r", b"").split(b"\n"):
        match = _SETTING.match(line) or _PLAIN.match(line)
        if match:
            found[match[1].decode("ascii")] = match[2].strip(b"\"'")
    return found


def value_of(variables: Mapping[str, bytes], name: str) -> bytes:
    """A variable, empty where it is not set."""
    return variables.get(name, b"")


def _entries(body: bytes) -> dict[str, bytes]:
    found: dict[str, bytes] = {}
    for piece in body.split(b"\0"):
        if not piece:
            break
        name, sep, value = piece.partition(b"=")
        if sep and _ENTRY.match(piece):
            found[name.decode("ascii", "replace")] = value
    return found
