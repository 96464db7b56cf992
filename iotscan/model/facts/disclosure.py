"""What a device shows of its own version and identity to anybody."""

from typing import ClassVar, Literal

import msgspec

from iotscan.model.facts.fact import Fact, Ownership

DisclosedKind = Literal["firmware", "serial", "mac"]


class DisclosedThing(msgspec.Struct, frozen=True, kw_only=True):
    """One kind of thing that is shown, and the word by which it is known there: never a serial number or address."""

    kind: DisclosedKind
    word: str


class Disclosure(Fact, frozen=True, kw_only=True, tag="disclosure"):
    """What one place shows without credentials; nothing where it was read and shows none of it.

    ``path`` is empty, and ``port`` 0, where the device announced it to all on the link.
    """

    per: ClassVar[Ownership] = "device"
    unlooked: ClassVar[str] = "it has no web interface to ask, and announces neither version nor serial number"

    shows: tuple[DisclosedThing, ...] = ()
    tls: bool = False
    port: int = 0
    path: str = ""
