"""Who has to act on a finding: the owner of a device, its vendor, or who runs a service for it. A rule of thumb.

It knows checks and devices, no contract: a person who does may decide otherwise. See ``docs/decisions/0054``.
"""

from collections.abc import Iterable
from ipaddress import ip_network
from typing import Final, Literal

from iotscan.model.device import Device
from iotscan.model.result import CheckInfo
from iotscan.model.scope import is_private
from iotscan.model.vocabulary import Element

Actor = Literal["owner", "vendor", "provider"]
"""Who runs the device, who makes its software, who runs what it talks to on the internet."""

OF_THE_VENDOR: Final = frozenset(
    {"boot", "disclosure", "hardening", "packages", "private-keys", "root-filesystem", "storage", "updates"}
)
"""Tags of checks whose answer lies in the firmware, or in how its maker works."""
ADMINISTRABLE: Final = frozenset({"http", "https", "mqtt", "mqtts", "ssh", "telnet"})
"""Protocols through which an owner changes the settings of a device, or whose server has settings of its owner's."""


def actor(check: CheckInfo | None, devices: Iterable[Device]) -> Actor:
    """Who changes what ``check`` found on these devices; none of them means an image, which its vendor builds."""
    concerned = tuple(devices)
    if concerned and all(d.role == "backend" for d in concerned):
        return "provider"
    if not concerned or (check and OF_THE_VENDOR.intersection(check.tags)):
        return "vendor"
    if check and check.element is Element.CLOUD and all(_is_public(d) for d in concerned):
        return "provider"
    return "owner" if any(is_administrable(d) for d in concerned) else "vendor"


def is_administrable(device: Device) -> bool:
    """Whether it offers a page, a shell or a broker, on which its owner can change something."""
    return any(s.protocol in ADMINISTRABLE for s in device.services)


def _is_public(device: Device) -> bool:
    try:
        return not is_private(ip_network(device.address))
    except (ValueError, IndexError):
        return False
