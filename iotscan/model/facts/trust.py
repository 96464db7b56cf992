"""Whom an image trusts, and what renews its keys and certificates."""

from datetime import datetime
from typing import ClassVar, Literal

import msgspec

from iotscan.model.facts.fact import Fact, Ownership


class TrustAnchor(msgspec.Struct, frozen=True, kw_only=True):
    """A certificate that programs of the image trust, where it was met first."""

    path: str
    line: int
    subject: str
    sha256: str
    not_after: datetime
    key_type: str
    key_bits: int
    signature_hash: str
    """``sha1`` …; empty where the algorithm has none."""
    mozilla: Literal["current", "former", "distrusted", "unlisted"]
    """What Mozilla's programme says of it, as of the list's date."""
    signs_others: bool = True
    """False where it says itself that it is no authority: then it stands for its own names only."""


class TrustStore(Fact, frozen=True, kw_only=True, tag="trust-store"):
    """The certificates that TLS programs of a root file system trust by default."""

    per: ClassVar[Ownership] = "image"

    anchors: tuple[TrustAnchor, ...]
    """Each certificate once, however many files have it."""
    bundles: tuple[str, ...]
    """The files and folders that were read."""
    unread: tuple[str, ...] = ()
    """Stores that are there and were not read (Java's), and certificates that are damaged."""
    package: str = ""
    """The package that brings them, and its manager: ``ca-certificates (dpkg)``."""
    mozilla_dated: str = ""
    """The date of the list they were compared with."""


class RotationTool(msgspec.Struct, frozen=True, kw_only=True):
    """A program that fetches or renews keys and certificates."""

    name: str
    path: str
    configured: str = ""
    """The file that says for what; empty where none was found."""
    scheduled: str = ""
    """The crontab, timer or start-up file that runs it; empty where none was found."""


class RotationTools(Fact, frozen=True, kw_only=True, tag="rotation-tools"):
    """The programs of a root file system that renew keys and certificates; none where it has none that we know."""

    per: ClassVar[Ownership] = "image"

    tools: tuple[RotationTool, ...]
