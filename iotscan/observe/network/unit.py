"""A finished piece of work on one device: what a journal keeps, and a later scan may go back to."""

import msgspec

from iotscan.model.device import Service
from iotscan.model.observation import Attempt, Observation
from iotscan.model.run import Cost


class Unit(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="entry", tag="unit"):
    """One finished piece of work on one device, as the journal keeps it."""

    address: str
    name: str
    services: tuple[Service, ...] = ()
    observations: tuple[Observation, ...] = ()
    attempts: tuple[Attempt, ...] = ()
    cost: Cost = Cost()
    seen: str = ""
    """When it was asked (UTC, ISO 8601), where that was in an earlier run."""
