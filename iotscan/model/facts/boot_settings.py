"""What a boot chain is told to do: kernel command lines, U-Boot's environment, boot menus."""

from typing import ClassVar, Literal

import msgspec

from iotscan.model.facts.fact import Fact, Ownership

Carrier = Literal[
    "environment", "device-tree", "file", "grub", "extlinux", "loader-entry", "uki", "android", "vbmeta", "kernel"
]


class CommandLine(msgspec.Struct, frozen=True, kw_only=True):
    """A kernel command line, and what carries it.

    ``arguments`` are its words; of an argument that no question is put to, only the name is kept (``foo=…``).
    ``is_signed`` is True where it stands inside bytes that a signature in the image covers.
    """

    path: str
    line: int = 0
    carrier: Carrier
    arguments: tuple[str, ...]
    is_signed: bool = False
    is_cut: bool = False
    """It is longer than what was kept."""


class KernelCommandLines(Fact, frozen=True, kw_only=True, tag="kernel-command-lines"):
    """Every kernel command line that an image holds; none is an answer too."""

    per: ClassVar[Ownership] = "image"

    lines: tuple[CommandLine, ...]


class BootEnvironment(msgspec.Struct, frozen=True, kw_only=True):
    """An environment of U-Boot: the variables that say how and from where it starts, each made safe.

    ``source`` is ``stored`` for a block with a checksum, ``default`` for the one compiled in, ``text`` for a script.
    ``boots_network`` and ``boots_usb`` are the variables that start something from there.
    """

    path: str
    source: Literal["stored", "default", "text"]
    variables: dict[str, str]
    boots_network: tuple[str, ...] = ()
    boots_usb: tuple[str, ...] = ()
    boots_unchecked: tuple[str, ...] = ()
    """Variables with a command that starts something which no signature of a FIT covers (``booti``, ``source``)."""


class BootEnvironments(Fact, frozen=True, kw_only=True, tag="boot-environments"):
    """The environments of U-Boot in an image; ``keyed`` are programs that wait for a stop key, not for any key."""

    per: ClassVar[Ownership] = "image"

    environments: tuple[BootEnvironment, ...]
    keyed: tuple[str, ...] = ()


class BootMenu(msgspec.Struct, frozen=True, kw_only=True):
    """A boot menu at which somebody with a keyboard or serial line may type.

    ``is_protected`` is True where editing needs a password (GRUB) or is switched off (systemd-boot).
    """

    path: str
    line: int = 0
    program: Literal["grub", "systemd-boot"]
    is_protected: bool


class BootMenus(Fact, frozen=True, kw_only=True, tag="boot-menus"):
    """The boot menus of an image; none is an answer too."""

    per: ClassVar[Ownership] = "image"

    menus: tuple[BootMenu, ...]
