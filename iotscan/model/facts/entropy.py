"""Where the randomness of a device's first start comes from, as its image shows."""

from typing import ClassVar, Literal

import msgspec

from iotscan.model.answer import Answer
from iotscan.model.facts.fact import Fact, Ownership


class SeedFile(msgspec.Struct, frozen=True, kw_only=True):
    """A random seed that is the same on every device made from the image."""

    path: str
    size: int


class MachineId(msgspec.Struct, frozen=True, kw_only=True):
    """machine-id(5): ``fixed`` is the same everywhere, the others are made with the first start."""

    path: str
    state: Literal["fixed", "empty", "uninitialized"]


class Entropy(Fact, frozen=True, kw_only=True, tag="entropy"):
    """What feeds the random numbers of one root file system, and what in it is fixed that must not be."""

    per: ClassVar[Ownership] = "image"

    seeds: tuple[SeedFile, ...] = ()
    machine_ids: tuple[MachineId, ...] = ()
    start: Answer[str]
    """The init system; unanswered where it is not known."""
    feeders: tuple[str, ...] = ()
    """Programs it starts that feed the kernel: ``rngd``, ``jitterentropy-rngd``, ``haveged``, ``urngd`` …"""
    kernel_options: tuple[str, ...] = ()
    """Options of /boot/config-* that are set: ``CONFIG_RANDOM_TRUST_CPU``, ``CONFIG_HW_RANDOM``."""
    has_kernel_config: bool = False
