"""What a device says of itself."""

from typing import ClassVar

import msgspec

from iotscan.model.facts.fact import Fact, Ownership


class Claim(msgspec.Struct, frozen=True, kw_only=True, order=True):
    """One statement of a device about itself.

    ``what`` is ``name``, ``model``, ``manufacturer``, ``firmware``, ``serial``, ``uuid`` or
    ``service``; ``how`` says where it was read (``mdns _http._tcp``, ``ssdp description``).
    """

    what: str
    value: str
    how: str


class Announcement(Fact, frozen=True, kw_only=True, tag="announcement"):
    """Names, models and identifiers that a device announced (mDNS, SSDP)."""

    per: ClassVar[Ownership] = "device"

    claims: tuple[Claim, ...] = ()
