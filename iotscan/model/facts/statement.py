"""What no probe can see: the word of a person on one topic."""

from datetime import date
from typing import ClassVar

from iotscan.model.facts.fact import Fact, Ownership


class Statement(Fact, frozen=True, kw_only=True):
    """A person's word on a device or image: whether it holds, who says so, where to look it up, until when.

    ``attestation`` is its id in the file, ``expires`` the last day on which it counts (UTC).
    """

    per: ClassVar[Ownership] = "person"

    attestation: str
    holds: bool
    by: str
    reference: str
    expires: date


class KeyCustody(Statement, frozen=True, kw_only=True, tag="key-custody"):
    """The keys that sign its firmware and certificates are kept where nobody can copy them."""


class SecureBootFuses(Statement, frozen=True, kw_only=True, tag="secure-boot-fuses"):
    """The hash of the boot key is fused, and the fuse that enforces it is blown, on every unit that ships."""


class DisclosureProcess(Statement, frozen=True, kw_only=True, tag="disclosure-process"):
    """The maker receives reports of flaws, answers them within a set time, and publishes what it mends."""
