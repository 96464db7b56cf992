"""Kinds of facts that run files of earlier builds hold and nobody makes any more.

The run file changes by addition only, so what once stood in one is decoded for ever. No check asks for these.
"""

from typing import ClassVar, Literal

import msgspec

from iotscan.model.answer import Answer
from iotscan.model.facts.fact import Fact, Ownership


class Updater(msgspec.Struct, frozen=True, kw_only=True):
    """One configured source of updates or packages, as it was seen before :class:`UpdateSystem`."""

    path: str
    line: int = 0
    system: Literal["opkg", "apk", "apt", "dnf", "rauc", "swupdate", "mender", "ostree", "other"]
    source: str = ""
    encrypted: bool = False
    verifies: Answer[bool]
    detail: str = ""


class Updaters(Fact, frozen=True, kw_only=True, tag="updaters"):
    """What :class:`UpdateSystems` tells since: every update system and package feed configured in an image."""

    per: ClassVar[Ownership] = "image"

    updaters: tuple[Updater, ...]
    in_container: bool = False
