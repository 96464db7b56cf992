"""What a protocol names behind a device: it is there, and nothing was asked of it."""

from collections.abc import Iterable, Iterator
from typing import Final

from iotscan.model.device import Device
from iotscan.model.run import Notice

NAMED: Final = 8
"""Children of one device that a notice names."""


def children_notices(devices: Iterable[Device]) -> Iterator[Notice]:
    """One notice for each device that has something behind it."""
    for device in devices:
        children = device.children
        if children:
            more = f" and {len(children) - NAMED} more" if len(children) > NAMED else ""
            text = f"behind {device.address}, present and not assessed: {', '.join(children[:NAMED])}{more}"
            yield Notice(about="children", text=text)
