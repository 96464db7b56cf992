"""What a discovery method reports."""

from typing import Final

import msgspec

from iotscan.model.facts import Claim

MANY: Final = 32
"""Addresses that one MAC may have: no device has as many, a router that answers for others does."""


class Found(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="entry", tag="found"):
    """A sign of life from an address: which method saw it, and what it said of itself."""

    address: str
    how: str
    mac: str = ""
    claims: tuple[Claim, ...] = ()
