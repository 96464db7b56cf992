"""Which device the tries at one address are counted for."""

from collections.abc import Callable

from iotscan.model.device import Device
from iotscan.model.identity import is_lasting_mac
from iotscan.model.mac import plain_mac
from iotscan.model.tried import Tried
from iotscan.observe.network.probe import Door


def device_behind(door: Door) -> Device | None:
    """What is known of the device by now. Takes from ``door.tools``: ``device_at``, by address; None without it."""
    device_at: Callable[[str], Device] | None = door.tools.get("device_at")
    return device_at(door.address) if device_at else None


def tried_at(door: Door) -> Tried:
    """The ledger's key: the address, and the device's own MAC address where nobody else answers for it."""
    device = device_behind(door)
    is_telling = device is not None and is_lasting_mac(device.mac) and not device.rivals
    return Tried(address=door.address, lasting=plain_mac(device.mac) if device and is_telling else "")
