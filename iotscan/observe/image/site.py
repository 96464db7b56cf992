"""An image that was opened: every place in it, in the order in which they were found."""

from collections.abc import Iterator
from typing import Literal

import msgspec

from iotscan.model.facts import PublicKey
from iotscan.model.text import safe_text
from iotscan.observe.given_file import GivenFile
from iotscan.observe.image.blob import Blob
from iotscan.observe.image.budget import Budget
from iotscan.observe.image.tree import SHOWN_PATH, Tree

CONTAINER = "container-image"
"""The format of the files of a container image, its layers put together."""
Role = Literal["root", "initramfs", "files", "container", "code", "sealed", "blank", "opaque"]


class Place(msgspec.Struct, frozen=True, kw_only=True):
    """One thing in an image: the image itself, a partition, a file system inside a bundle.

    ``path`` says where: empty for the image as it was given, else ``p2`` or ``p2:/images/rootfs.ext4``. ``role``:
    ``root`` and ``initramfs`` are root file systems, ``files`` another file system, ``container`` holds the places
    after it, ``code`` is what a processor runs (a kernel in a form of its own), ``sealed`` needs a key, ``blank`` holds
    nothing, ``opaque`` is not recognised or has a ``problem``.
    """

    path: str
    format: str
    role: Role
    label: str = ""
    """What the image calls it (a GPT name), made safe."""
    blob: Blob | None = None
    """None for a folder of the host."""
    tree: Tree | None = None
    wrapping: Tree | None = None
    """The files of a format that is made of files (an OCI layout): what it holds are the places after it."""
    problem: str = ""
    """Why it, or some of it, could not be read; the run is incomplete then."""
    depth: int = 0
    holds_roots: bool = False
    """Its tree shows what lies beside root file systems that are folders of it, each a place of its own (OSTree)."""

    @property
    def shown(self) -> str:
        """Where it is, as facts show it; empty for the image itself."""
        return safe_text(self.path, SHOWN_PATH)


class Site(msgspec.Struct, frozen=True, kw_only=True):
    """An image, opened. ``source`` is what the user gave, as it was written."""

    source: str
    places: tuple[Place, ...]
    budget: Budget = msgspec.field(default_factory=Budget)
    """What is left for all of it."""
    given: tuple[PublicKey, ...] = ()
    """Keys that the user gave, to be tried where a fact cannot keep what a signature is over."""
    revocation: tuple[GivenFile, ...] = ()
    """CRLs and OCSP responses that the user gave."""

    @property
    def format(self) -> str:
        """The format of what was given: ``folder``, ``tar``, ``disk`` …"""
        return self.places[0].format

    @property
    def roots(self) -> tuple[Place, ...]:
        """The root file systems."""
        return tuple(p for p in self.places if p.role == "root")

    def of_format(self, *formats: str) -> Iterator[Place]:
        """The places of these formats, with their blobs: ``site.of_format("fit")``."""
        return (p for p in self.places if p.format in formats)

    @property
    def trees(self) -> Iterator[tuple[Place, Tree]]:
        """Every place that holds files, with its tree."""
        return ((p, p.tree) for p in self.places if p.tree is not None)

    @property
    def is_container(self) -> bool:
        """True for container images alone: what starts the machine is not theirs."""
        return bool(self.roots) and all(p.tree is not None and p.tree.format == CONTAINER for p in self.roots)
