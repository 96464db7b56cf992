"""What a running scan tells whoever watches it."""

import msgspec

from iotscan.model.device import Device
from iotscan.model.result import Result


class DeviceFound(msgspec.Struct, frozen=True, kw_only=True):
    """A device answered for the first time."""

    device: Device


class UnitDone(msgspec.Struct, frozen=True, kw_only=True):
    """A unit of work was finished and written down."""

    address: str
    name: str
    devices: int
    devices_done: int


class FindingSeen(msgspec.Struct, frozen=True, kw_only=True):
    """A check failed for the first time in this run (fleet checks come at the end)."""

    result: Result


class DeviceDone(msgspec.Struct, frozen=True, kw_only=True):
    """All questions to a device are asked; ``device`` is what is known of it, before any merging."""

    address: str
    devices: int
    devices_done: int
    device: Device


Event = DeviceFound | UnitDone | FindingSeen | DeviceDone
