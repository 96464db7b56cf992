"""U-Boot's environment: as a block with its checksum, as text, and as the default that is compiled in.

Source: U-Boot ``include/env_internal.h`` (``env_t``), ``env/common.c``, ``tools/mkenvimage.c``.
"""

import re
import zlib
from collections.abc import Iterator
from typing import Final

_NAME: Final = rb"[A-Za-z_][\w.#-]{0,63}"
_ENTRY: Final = re.compile(_NAME + rb"=[^\0]*")
_ANCHOR: Final = re.compile(rb"\0((?:bootcmd|bootdelay|baudrate|boot_targets)=)")
_DEFAULTS: Final = 8
_REACH: Final = 64 << 10
"""Bytes of a default environment that are looked at, before and behind what it is known by."""
_SETTING: Final = re.compile(rb"(?:env[ \t]+set|setenv)[ \t]+(" + _NAME + rb")[ \t]+(.*)")
_PLAIN: Final = re.compile(rb"(" + _NAME + rb")=(.*)")


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


def find_defaults(binary: bytes) -> Iterator[dict[str, bytes]]:
    """The environments that lie in a U-Boot: the one that is compiled in, mostly, and no other."""
    end = found = 0
    for anchor in _ANCHOR.finditer(binary):
        if anchor.start() >= end and found < _DEFAULTS:
            variables, end = _around(binary, anchor.start(1))
            found += 1
            yield variables


def _around(binary: bytes, at: int) -> tuple[dict[str, bytes], int]:
    """The environment with an entry at ``at``, and where it ends."""
    before = binary[max(0, at - _REACH) : at - 1].split(b"\0")
    first = at
    for piece in reversed(before):
        if not _ENTRY.fullmatch(piece):
            break
        first -= len(piece) + 1
    end = binary.find(b"\0\0", at, at + _REACH)
    end = end if end >= 0 else min(len(binary), at + _REACH)
    return _entries(binary[first:end]), end


def read_text(text: bytes) -> dict[str, bytes]:
    """The variables that a script or text sets: ``setenv name value``, ``env set name value``, ``name=value``.

    What depends on a condition counts as well; of two settings of one name the last.
    """
    found: dict[str, bytes] = {}
    for line in text.replace(b"\r", b"").split(b"\n"):
        bare = line.strip()
        match = _SETTING.fullmatch(bare) or _PLAIN.fullmatch(bare)
        if match:
            found[match[1].decode("ascii")] = match[2].rstrip(b"; \t").strip(b"\"'")
    return found


def _entries(body: bytes) -> dict[str, bytes]:
    found: dict[str, bytes] = {}
    for piece in body.split(b"\0"):
        if not piece:
            break
        name, sep, value = piece.partition(b"=")
        if sep and _ENTRY.match(piece):
            found[name.decode("ascii", "replace")] = value
    return found
