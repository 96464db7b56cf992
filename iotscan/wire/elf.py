"""How an ELF file was built, from its headers and dynamic section alone: no symbol is resolved, nothing is run.

Sources: elf(5); Linux ABI headers (PT_GNU_STACK, PT_GNU_RELRO, DF_1_PIE, DF_1_NOW); GCC manual, -fstack-protector;
glibc, feature_test_macros(7) for _FORTIFY_SOURCE, whose functions end in ``_chk``.
"""

import re
import struct
from collections.abc import Callable
from typing import Literal

import msgspec

Relro = Literal["none", "partial", "full"]
Language = Literal["", "go", "rust"]
MAGIC = b"\x7fELF"
_EXEC, _DYN = 2, 3
_LOAD, _DYNAMIC, _INTERP, _STACK, _RELRO = 1, 2, 3, 0x6474E551, 0x6474E552
_STRTAB, _STRSZ, _RPATH, _BIND_NOW, _TEXTREL, _RUNPATH, _FLAGS, _FLAGS_1 = 5, 10, 15, 24, 22, 29, 30, 0x6FFFFFFB
_MOST_HEADERS, _MOST_TAGS, _STRINGS_LIMIT = 128, 512, 16 << 20
_CHECKED = re.compile(rb"\0__(\w+)_chk\0")
_MACHINES = {
    3: "x86", 8: "mips", 20: "powerpc", 21: "powerpc64", 22: "s390", 40: "arm", 42: "superh", 43: "sparc64",
    62: "x86-64", 93: "arc", 94: "xtensa", 183: "aarch64", 195: "arc", 243: "riscv", 258: "loongarch",
}  # fmt: skip


class Elf(msgspec.Struct, frozen=True, kw_only=True):
    """What an ELF file shows of how it was built. ``canary`` is None where no names tell: in static programs."""

    machine: str
    bits: int
    is_program: bool
    """It can be started: an interpreter is named, or it is linked statically to run by itself."""
    is_static: bool
    is_position_independent: bool
    has_stack_header: bool
    """Without it the kernel decides, by the architecture, whether the stack can be executed."""
    has_executable_stack: bool
    relro: Relro
    canary: bool | None
    fortified: int
    """Functions of the C library that are called in their checked form."""
    has_text_relocations: bool
    search_path: tuple[str, ...]
    """RPATH and RUNPATH, as they stand there."""
    is_stripped: bool
    language: Language


def read_elf(data: bytes, read: Callable[[int, int], bytes] = lambda offset, length: b"") -> Elf | None:
    """What a file shows; None for what is no program or library, or is damaged.

    ``data`` is its beginning, ``read`` gives up to so many bytes at a later place.
    """
    try:
        return _Reading(data, read).read()
    except (struct.error, ValueError, IndexError):
        return None


class _Reading:
    def __init__(self, data: bytes, read: Callable[[int, int], bytes]) -> None:
        if data[:4] != MAGIC or data[4] not in (1, 2) or data[5] not in (1, 2):
            raise ValueError
        self._data = data
        self._read = read
        self._is_64 = data[4] == 2
        self._order = "<" if data[5] == 1 else ">"

    def read(self) -> Elf | None:
        wide = self._is_64
        kind, machine = self._unpack("HH", 16)
        if kind not in (_EXEC, _DYN):
            return None
        headers, sections = self._unpack("QQ" if wide else "II", 32 if wide else 28)
        entry_size, count, section_size, section_count, names_at = self._unpack("HHHHH", 54 if wide else 42)
        segments = [self._segment(headers + n * entry_size) for n in range(min(count, _MOST_HEADERS))]
        kinds = {s[0] for s in segments}
        dynamic = self._dynamic(segments)
        strings = self._strings(segments, dynamic)
        names = self._section_names(sections, section_size, section_count, names_at)
        flags, flags_1 = dynamic.get(_FLAGS, 0), dynamic.get(_FLAGS_1, 0)
        stack = next((s for s in segments if s[0] == _STACK), None)
        is_static = _INTERP not in kinds and (kind == _EXEC or bool(flags_1 & 0x08000000))
        is_now = bool(_BIND_NOW in dynamic or flags & 8 or flags_1 & 1)
        # A static program binds nothing later.
        is_bound = is_now or is_static
        relro: Relro = "none" if _RELRO not in kinds else "full" if is_bound else "partial"
        return Elf(
            machine=_MACHINES.get(machine, f"machine {machine}"),
            bits=64 if wide else 32,
            is_program=_INTERP in kinds or is_static,
            is_static=is_static,
            is_position_independent=kind == _DYN,
            has_stack_header=stack is not None,
            has_executable_stack=stack is not None and bool(stack[1] & 1),
            relro=relro,
            canary=self._canary(strings, is_static=is_static),
            fortified=len(set(_CHECKED.findall(strings))),
            has_text_relocations=_TEXTREL in dynamic or bool(flags & 4),
            search_path=tuple(self._path(strings, dynamic[tag]) for tag in (_RPATH, _RUNPATH) if tag in dynamic),
            is_stripped=b".symtab" not in names,
            language=self._language(names),
        )

    def _unpack(self, form: str, offset: int) -> tuple[int, ...]:
        width = struct.calcsize(self._order + form)
        if offset + width <= len(self._data):
            return struct.unpack_from(self._order + form, self._data, offset)
        return struct.unpack(self._order + form, self._read(offset, width))

    def _slice(self, offset: int, length: int) -> bytes:
        if offset + length <= len(self._data):
            return self._data[offset : offset + length]
        return self._read(offset, length)

    def _segment(self, at: int) -> tuple[int, int, int, int, int]:
        """Type, flags, offset in the file, address, size in the file."""
        if self._is_64:
            kind, flags, offset, address, _, size = self._unpack("IIQQQQ", at)
        else:
            kind, offset, address, _, size, _, flags = self._unpack("IIIIIII", at)
        return kind, flags, offset, address, size

    def _dynamic(self, segments: list[tuple[int, int, int, int, int]]) -> dict[int, int]:
        found: dict[int, int] = {}
        for kind, _, offset, _, size in segments:
            if kind != _DYNAMIC:
                continue
            form, width = ("QQ", 16) if self._is_64 else ("II", 8)
            for at in range(offset, offset + min(size, _MOST_TAGS * width) - width + 1, width):
                tag, value = self._unpack(form, at)
                if tag == 0:
                    break
                found.setdefault(tag, value)
        return found

    def _strings(self, segments: list[tuple[int, int, int, int, int]], dynamic: dict[int, int]) -> bytes:
        """The names of the dynamic symbols: each ends in NUL, the first is empty."""
        address, size = dynamic.get(_STRTAB, 0), min(dynamic.get(_STRSZ, 0), _STRINGS_LIMIT)
        for kind, _, offset, start, length in segments:
            if kind == _LOAD and start <= address < start + length:
                begin = offset + address - start
                return self._slice(begin, size)
        return b""

    def _canary(self, strings: bytes, *, is_static: bool) -> bool | None:
        if is_static or not strings:
            # The C library inside has canaries; whether the rest has, its headers do not tell.
            return None
        return b"\0__stack_chk_fail" in strings or b"\0__stack_chk_guard\0" in strings

    def _path(self, strings: bytes, offset: int) -> str:
        end = strings.find(b"\0", offset)
        return strings[offset : end if end >= 0 else None][:1000].decode("utf-8", "replace")

    def _section_names(self, start: int, size: int, count: int, index: int) -> bytes:
        if not start or not index or index >= count:
            return b""
        at = start + index * size
        try:
            offset, length = self._unpack("QQ", at + 24) if self._is_64 else self._unpack("II", at + 16)
        except struct.error:
            return b""
        return self._slice(offset, min(length, 1 << 16))

    def _language(self, names: bytes) -> Language:
        if b".go.buildinfo" in names or b".note.go.buildid" in names:
            return "go"
        return "rust" if b"/rustc/" in self._data or b"rust_panic" in self._data else ""
