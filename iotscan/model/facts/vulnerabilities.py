"""Known flaws of the packages of an image, by advisories that the user gave."""

from typing import ClassVar, Literal

import msgspec

from iotscan.model.facts.fact import Fact, Ownership

Gravity = Literal["critical", "high", "medium", "low", "unknown"]
"""As CVSS names its ranges; ``unknown`` where an advisory says nothing of it."""


class Advisory(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A flaw that is known in a package at its version."""

    id: str
    """The CVE where it has one, else what its database calls it."""
    aliases: tuple[str, ...] = ()
    gravity: Gravity = "unknown"
    score: float | None = None
    """Base score of CVSS 3 or 4; None where only a word is known, or nothing."""
    rated: str = ""
    """What the gravity is read from: a vector, or a word of the database."""
    fixed: str = ""
    """The version in which the distribution mended it; empty while there is none."""

    @property
    def is_serious(self) -> bool:
        """True from 7.0 on."""
        return self.gravity in ("critical", "high")


class AffectedPackage(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A source package with known flaws. ``serious``, ``lesser`` and ``unrated`` count them all."""

    name: str
    version: str
    """Of the source package, as advisories count it."""
    database: str
    installed: tuple[str, ...] = ()
    """The packages made of it that are installed."""
    services: tuple[str, ...] = ()
    """Services among them that start at boot and that others on the network reach."""
    serious: int = 0
    lesser: int = 0
    unrated: int = 0
    advisories: tuple[Advisory, ...] = ()
    """The gravest first; not all where there are many."""


class AdvisoryData(msgspec.Struct, frozen=True, kw_only=True):
    """A file or folder that the user gave, by its name: its records, and the newest that concerns the system."""

    name: str
    records: int
    newest: str
    """A date (``2026-11-20``); empty where no record concerns the system."""


class KnownVulnerabilities(Fact, frozen=True, kw_only=True, tag="known-vulnerabilities"):
    """The packages of one root file system, compared with advisories for its system: only what is affected is kept."""

    per: ClassVar[Ownership] = "image"

    ecosystem: str
    """``Debian:12``, as OSV calls it."""
    compared: int
    """Source packages that were compared."""
    data: tuple[AdvisoryData, ...]
    affected: tuple[AffectedPackage, ...] = ()
    not_compared: tuple[str, ...] = ()
    """Packages and records of which nobody could tell, each with the reason: there may be more."""

    @property
    def newest(self) -> str:
        """The date of the data: of the newest record that concerns the system."""
        return max((data.newest for data in self.data), default="")
