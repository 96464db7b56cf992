"""What stands in an image from the bootloader to the kernel: stages, U-Boot's FIT images and the keys it checks."""

from typing import ClassVar, Literal

import msgspec

from iotscan.model.answer import Answer
from iotscan.model.facts.fact import Fact, Ownership

BootKind = Literal[
    "u-boot",
    "environment",
    "boot-script",
    "fit",
    "uimage",
    "kernel",
    "device-tree",
    "android-boot",
    "vbmeta",
    "efi",
    "grub-menu",
    "loader-entry",
    "extlinux",
    "command-line",
]


class BootStage(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that takes part in the start: what it is, and where."""

    path: str
    kind: BootKind


class BootStages(Fact, frozen=True, kw_only=True, tag="boot-stages"):
    """Every stage of the boot chain that an image holds; none is an answer too."""

    per: ClassVar[Ownership] = "image"

    stages: tuple[BootStage, ...]


class FitSignature(msgspec.Struct, frozen=True, kw_only=True):
    """A signature node. ``covers`` are the image nodes that it signs, by its ``hashed-nodes``, each with its hash."""

    node: str
    algorithm: str
    """As it stands there: ``sha256,rsa2048``."""
    key: str = ""
    """The name of the key."""
    has_value: bool
    covers: tuple[str, ...] = ()
    holds: Answer[bool]
    """It holds with a key of a bootloader in the image; unanswered where there is none to try."""


class FitConfiguration(msgspec.Struct, frozen=True, kw_only=True):
    """A configuration: which image nodes it starts, and who signed it."""

    node: str
    images: tuple[str, ...]
    signatures: tuple[FitSignature, ...]


class FitImage(msgspec.Struct, frozen=True, kw_only=True):
    """A FIT. ``image_signatures`` sign one image each; ``hashed`` are the image nodes that have a hash."""

    path: str
    default: str = ""
    configurations: tuple[FitConfiguration, ...]
    image_signatures: tuple[FitSignature, ...] = ()
    images: tuple[str, ...] = ()
    hashed: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()
    """Image nodes whose data do not give the hash that stands there."""
    has_kernel: bool


class FitImages(Fact, frozen=True, kw_only=True, tag="fit-images"):
    """The FIT images of an image; none is an answer too."""

    per: ClassVar[Ownership] = "image"

    images: tuple[FitImage, ...]


class BootKey(msgspec.Struct, frozen=True, kw_only=True):
    """A public key in a bootloader's device tree. ``required`` is ``conf``, ``image`` or empty."""

    name: str
    algorithm: str
    required: str
    bits: int = 0


class ControlTree(msgspec.Struct, frozen=True, kw_only=True):
    """The device tree of a bootloader itself, with the keys by which it checks what it starts."""

    path: str
    keys: tuple[BootKey, ...]


class BootKeys(Fact, frozen=True, kw_only=True, tag="boot-keys"):
    """The device trees of bootloaders, and the bootloaders without one that could be found."""

    per: ClassVar[Ownership] = "image"

    trees: tuple[ControlTree, ...]
    without: tuple[str, ...] = ()
    """Paths of U-Boot programs in which no device tree was found."""
