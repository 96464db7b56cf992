"""Functions of a shared library that it does not export: their places stand in the ELF symbol table."""

import ctypes
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any

_SYMBOL_TABLE, _FUNCTION = 2, 2


class Hidden:
    """A loaded library whose local functions are called by name; LookupError where it was stripped.

    64-bit little-endian ELF only (System V gABI, chapters 4 and 5).
    """

    def __init__(self, path: Path) -> None:
        self._places = dict(_symbols(path.read_bytes()))
        self._library = ctypes.CDLL(str(path))
        self._base = _base_of(path)
        self._known: dict[str, Any] = {}

    def call(self, name: str, returns: Any, *arguments: Any) -> Any:
        """Call it; a pointer comes back wrapped, so that it can be an argument again."""
        if name not in self._places:
            raise LookupError(f"no symbol {name}: the library was stripped, or is another one")
        if name not in self._known:
            self._known[name] = ctypes.CFUNCTYPE(returns)(self._base + self._places[name])
        value = self._known[name](*arguments)
        return ctypes.c_void_p(value) if returns is ctypes.c_void_p else value


def _symbols(data: bytes) -> Iterator[tuple[str, int]]:
    (offset,) = struct.unpack_from("<Q", data, 0x28)
    size, count = struct.unpack_from("<HH", data, 0x3A)
    sections = [struct.unpack_from("<IIQQQQIIQQ", data, offset + n * size) for n in range(count)]
    for _, kind, _, _, start, length, link, _, _, each in sections:
        if kind != _SYMBOL_TABLE:
            continue
        names = sections[link][4]
        for at in range(start, start + length, each):
            name, info, _, section, value, _ = struct.unpack_from("<IBBHQQ", data, at)
            if section and info & 15 == _FUNCTION:
                first = names + name
                yield data[first : data.index(b"\0", first)].decode(), value


def _base_of(path: Path) -> int:
    for line in Path("/proc/self/maps").read_text().splitlines():
        if line.endswith(str(path.resolve())):
            return int(line.partition("-")[0], 16)
    raise LookupError(f"{path} is not loaded")
