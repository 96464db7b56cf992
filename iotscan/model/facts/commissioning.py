"""Whether a device lets somebody new take it over, as it announces itself."""

from typing import ClassVar, Literal

import msgspec

from iotscan.model.facts.fact import Fact, Ownership


class CommissioningWindow(msgspec.Struct, frozen=True, kw_only=True):
    """One way to take a device over, and whether it stands open."""

    system: Literal["matter", "homekit"]
    is_open: bool
    said: str
    """The field that says so: ``CM=1``, ``sf=1``."""


class Commissioning(Fact, frozen=True, kw_only=True, tag="commissioning"):
    """What a device that answers mDNS announces of taking it over; no windows where it announces none."""

    per: ClassVar[Ownership] = "device"
    unlooked: ClassVar[str] = "it was not heard by mDNS, by which a device announces that it can be commissioned"

    windows: tuple[CommissioningWindow, ...] = ()
