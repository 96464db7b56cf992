"""How the programs of an image were built: every ELF file by its headers."""

from collections.abc import Callable

from iotscan.model.answer import Answer
from iotscan.model.facts import Program, Programs
from iotscan.model.text import safe_text
from iotscan.model.vocabulary import Reason
from iotscan.observe.heard import Heard
from iotscan.observe.image.inspector import Inspector, Swept
from iotscan.observe.image.site import Place
from iotscan.observe.image.tree import Entry, Tree
from iotscan.observe.image.unreadable import Unreadable
from iotscan.wire.elf import MAGIC, Elf, read_elf

_SMALLEST = 84
"""Bytes: a header of 32 bits and one segment."""
_OBJECT, _CORE = 1, 4
_MOST_WEAK, _MOST_UNREAD = 50, 10
_NO_NAMES: Answer[bool] = Answer.missing(Reason.NOT_OBSERVABLE, "it is linked statically, or no names are left in it")
_SAID: dict[bool | None, Answer[bool]] = {True: Answer.of(True), False: Answer.of(False), None: _NO_NAMES}


class _Programs:
    """See :class:`~iotscan.observe.image.inspector.Sweeper`."""

    def __init__(self) -> None:
        self._programs: list[Program] = []
        self._weak: list[Program] = []
        self._unread: list[str] = []
        self._libraries = 0

    def wants(self, entry: Entry) -> bool:
        return entry.size >= _SMALLEST and not entry.path.endswith((".ko", ".o", ".debug", ".gz", ".xz", ".zst"))

    def passed(self, place: Place, tree: Tree, entry: Entry) -> None:
        """The rights alone are another inspector's business."""

    def see(self, swept: Swept) -> None:
        data = swept.data
        if swept.offset or not data.startswith(MAGIC):
            return
        elf = read_elf(data, _later(swept))
        if elf is None:
            # Objects and core dumps are no programs: byte 16 or 17 has the type, whichever the order.
            if not {data[16], data[17]} & {_OBJECT, _CORE} and len(self._unread) < _MOST_UNREAD:
                self._unread.append(swept.shown)
            return
        program = _described(elf, swept)
        if elf.is_program and ".so" not in swept.entry.name:
            self._programs.append(program)
            return
        self._libraries += 1
        is_weak = elf.has_executable_stack or elf.has_text_relocations or elf.search_path
        if is_weak and len(self._weak) < _MOST_WEAK:
            self._weak.append(program)

    def heard(self, searched: int) -> Heard:
        if not self._programs and not self._libraries and not self._unread:
            return Heard()
        fact = Programs(
            programs=tuple(self._programs),
            libraries=self._libraries,
            weak_libraries=tuple(self._weak),
            unread=tuple(self._unread),
        )
        return Heard(facts=(fact,))


def _later(swept: Swept) -> Callable[[int, int], bytes]:
    """What lies behind the first window: the headers of a large program may."""
    if swept.is_whole:
        return lambda offset, length: b""

    def read(offset: int, length: int) -> bytes:
        try:
            return swept.tree.content(swept.entry).read_at(offset, length)
        except Unreadable:
            return b""

    return read


def _described(elf: Elf, swept: Swept) -> Program:
    return Program(
        path=swept.shown,
        machine=elf.machine,
        bits=elf.bits,
        stack_not_executable=elf.has_stack_header and not elf.has_executable_stack,
        position_independent=elf.is_position_independent,
        relro=elf.relro,
        canary=_SAID[elf.canary],
        fortified=elf.fortified,
        text_relocations=elf.has_text_relocations,
        search_path=tuple(safe_text(path, 200) for path in elf.search_path),
        static=elf.is_static,
        stripped=elf.is_stripped,
        language=elf.language,
        setuid=bool(swept.entry.mode & 0o6000) and swept.tree.keeps_permissions,
    )


INSPECTOR = Inspector(name="programs", version=1, gives=(Programs,), sweep=_Programs)
