"""How the programs of an image were built, and who may change its files."""

from typing import ClassVar, Literal

import msgspec

from iotscan.model.answer import Answer
from iotscan.model.facts.fact import Fact, Ownership


class Program(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """An ELF program and how it was built; the defaults are those of a hardened one."""

    path: str
    machine: str
    bits: int = 64
    stack_not_executable: bool = True
    position_independent: bool = True
    relro: Literal["full", "partial", "none"] = "full"
    canary: Answer[bool]
    fortified: int = 0
    """Functions of the C library that it calls in their checked form."""
    text_relocations: bool = False
    search_path: tuple[str, ...] = ()
    """RPATH and RUNPATH."""
    static: bool = False
    stripped: bool = True
    language: Literal["", "go", "rust"] = ""
    setuid: bool = False


class Programs(Fact, frozen=True, kw_only=True, tag="programs"):
    """Every ELF program in an image, and the libraries that are built in a way that weakens whatever loads them.

    Kernel modules are left out: they are built by other rules.
    """

    per: ClassVar[Ownership] = "image"

    programs: tuple[Program, ...]
    libraries: int = 0
    weak_libraries: tuple[Program, ...] = ()
    """With an executable stack, text relocations or a search path."""
    unread: tuple[str, ...] = ()
    """ELF files whose headers make no sense, the first few."""
