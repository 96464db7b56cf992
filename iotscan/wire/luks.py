"""What a LUKS header says of the keys that open it: slots, tokens, cipher. No key is in it.

Sources: LUKS1 On-Disk Format 1.2.3 §2.1 and §2.3; LUKS2 On-Disk Format 1.1.3 §2 (binary header, then JSON up to
``hdr_size``) and §3 (keyslots, tokens, segments).
"""

import json
import struct
from collections.abc import Callable

import msgspec

MAGIC = b"LUKS\xba\xbe"
_BINARY, _LARGEST = 4096, 4 << 20
_SLOTS_1, _SLOT_1, _USED_1 = 208, 48, 0x00AC71F3


class LuksHeader(msgspec.Struct, frozen=True, kw_only=True):
    """A header. ``tokens`` are types (``systemd-tpm2``); ``cipher`` as dm-crypt has it (``aes-xts-plain64``)."""

    version: int
    slots: int
    tokens: tuple[str, ...] = ()
    cipher: str = ""


def read_luks(read: Callable[[int, int], bytes]) -> LuksHeader | None:
    """The header at the beginning of what ``read(offset, length)`` gives; None where it is damaged or none."""
    head = read(0, _BINARY)
    if head[:6] != MAGIC or len(head) < 592:
        return None
    (version,) = struct.unpack_from(">H", head, 6)
    if version == 1:
        used = sum(struct.unpack_from(">I", head, _SLOTS_1 + _SLOT_1 * n)[0] == _USED_1 for n in range(8))
        names = (head[8:40], head[40:72])
        cipher = "-".join(n.split(b"\0", 1)[0].decode("ascii", "replace") for n in names)
        return LuksHeader(version=1, slots=used, cipher=cipher)
    (size,) = struct.unpack_from(">Q", head, 8)
    if version != 2 or not _BINARY < size <= _LARGEST:
        return None
    return _described(read(_BINARY, size - _BINARY).split(b"\0", 1)[0])


def _described(text: bytes) -> LuksHeader | None:
    try:
        said = json.loads(text)
    except (ValueError, RecursionError):
        return None
    parts = {name: said.get(name) for name in ("keyslots", "tokens", "segments")} if isinstance(said, dict) else {}
    if not all(isinstance(part, dict) for part in parts.values()) or not parts:
        return None
    tokens = [t.get("type") for t in (parts["tokens"] or {}).values() if isinstance(t, dict)]
    segments = [s.get("encryption") for s in (parts["segments"] or {}).values() if isinstance(s, dict)]
    return LuksHeader(
        version=2,
        slots=len(parts["keyslots"] or {}),
        tokens=tuple(str(t) for t in tokens if t),
        cipher=next((str(s) for s in segments if s), ""),
    )
