"""The kernels of an image. How they were configured is :class:`KernelConfigs`, of the boot chain."""

from typing import ClassVar, Literal

import msgspec

from iotscan.model.facts.fact import Fact, Ownership


class Kernel(msgspec.Struct, frozen=True, kw_only=True):
    """A kernel release (``6.1.0-18-amd64``) and what says that it is there."""

    release: str
    path: str
    source: Literal["modules", "image", "file-name"]


class Kernels(Fact, frozen=True, kw_only=True, tag="kernels"):
    """Every kernel release that an image shows: module folders and kernel images."""

    per: ClassVar[Ownership] = "image"

    kernels: tuple[Kernel, ...]
