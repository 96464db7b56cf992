"""What three vantages of one device come to together: which image it runs, and where they contradict each other.

Made while judging, from everything else of the run, and made anew at each judging.
"""

from typing import ClassVar, Literal

import msgspec

from iotscan.model.facts.fact import Fact, Ownership
from iotscan.model.vocabulary import Severity, Vantage

LinkedBy = Literal["stated", "mac", "certificate", "key", "version"]
"""By whose word a device runs an image, the surest first: that of the user; the device's MAC address in the image; its
certificate, or the private half of a key of its, in the image; product and version as both say them."""
Conflict = Literal["configured", "mended", "in-use", "version", "explained"]
"""``configured``: what the image says is sound is not on the device. ``mended``: the other way round. ``in-use``:
asking the device and its traffic give two answers. ``version``: the device names another version than the image, or one
of its programs does. ``explained``: as the first two, where the image is of another version than the device."""


class RunsImage(Fact, frozen=True, kw_only=True, tag="runs-image"):
    """The image of this run that a device runs, and what says so."""

    per: ClassVar[Ownership] = "vantages"

    image: str
    """Its id in the run."""
    name: str
    by: LinkedBy
    other_version: str = ""
    """What the device and the image say of their versions, where these differ; else empty."""
    detail: str = ""
    """Where in the image, where on the device: ``/etc/ssl/device.key is the key of tcp/443``."""

    @property
    def is_this_build(self) -> bool:
        """Whether what the image shows may be said of the device: a user's word goes before what it names itself."""
        return self.by == "stated" or not self.other_version


class Disagreement(msgspec.Struct, frozen=True, kw_only=True, order=True):
    """One question to which two vantages give different answers."""

    conflict: Conflict
    check: str
    """The check that both answer; empty where no check asks."""
    title: str
    one: Vantage
    one_place: str
    one_says: str
    other: Vantage
    other_place: str
    other_says: str
    severity: Severity = Severity.INFO
    """Of the failed answer."""


class VantageComparison(Fact, frozen=True, kw_only=True, tag="vantage-comparison"):
    """Where the vantages of a device contradict each other. A device that only one vantage saw has none of it."""

    per: ClassVar[Ownership] = "vantages"

    vantages: tuple[Vantage, ...]
    compared: int
    """Questions that more than one vantage answered."""
    disagreements: tuple[Disagreement, ...] = ()
