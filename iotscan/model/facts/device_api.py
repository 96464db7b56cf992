"""The interface by which a device is controlled in its own protocol."""

from typing import Literal

from iotscan.model.facts.fact import Fact


class DeviceApi(Fact, frozen=True, kw_only=True, tag="device-api"):
    """A device's own interface, and whether it takes somebody who does not encrypt."""

    system: Literal["esphome"]
    takes_cleartext: bool
