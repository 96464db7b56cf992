"""What a discovery method reports."""

from typing import Final

import msgspec

from iotscan.model.contradiction import PROXY_AT
from iotscan.model.facts import Claim

MANY: Final = PROXY_AT
"""Addresses that one MAC may have before the further ones have to answer themselves."""


class Found(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="entry", tag="found"):
    """A sign of life from an address: which method saw it, and what it said of itself."""

    address: str
    how: str
    mac: str = ""
    claims: tuple[Claim, ...] = ()
    link: str = ""
    """The interface on whose link the MAC address was seen."""
