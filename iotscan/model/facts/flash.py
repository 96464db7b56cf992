"""What an image says of flash without a controller of its own: which chips it names, and what its start mounts."""

from typing import ClassVar, Literal

import msgspec

from iotscan.model.facts.fact import Fact, Ownership


class FlashChip(msgspec.Struct, frozen=True, kw_only=True):
    """A raw flash chip that is named and not switched off: by a device tree, or by the name of its partitions.

    ``kind`` is ``other`` where partitions are laid out on something of which only that is known. Flash behind a
    controller (eMMC, SD, an SSD) is none of these.
    """

    path: str
    """The device tree, environment or command line that names it."""
    kind: Literal["nand", "nor", "other"]
    said: str
    """What says so: ``spi-nand``, ``nand0``; safe text."""


class FlashMount(msgspec.Struct, frozen=True, kw_only=True):
    """A command of the start that mounts a block device over raw flash (``/dev/mtdblock5``)."""

    path: str
    line: int
    source: str
    type: str = ""
    """The file system; empty where the command does not say."""


class RawFlash(Fact, frozen=True, kw_only=True, tag="raw-flash"):
    """The raw flash that an image names, and what its scripts mount from it; empty lists are answers too."""

    per: ClassVar[Ownership] = "image"

    chips: tuple[FlashChip, ...]
    mounts: tuple[FlashMount, ...] = ()
