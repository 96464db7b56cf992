"""A UPnP internet gateway: what it lets anybody on the network do to its firewall."""

from typing import ClassVar

from iotscan.model.answer import Answer
from iotscan.model.facts.fact import Fact, Ownership


class UpnpGateway(Fact, frozen=True, kw_only=True, tag="upnp-gateway"):
    """The services of a UPnP Internet Gateway Device that open ports, and whether they list the actions for it.

    ``port`` and ``path`` are where its description was read; ``actions_path`` where that list was, empty
    where it names none of them. No action is ever called.
    """

    per: ClassVar[Ownership] = "device"

    port: int
    path: str
    services: tuple[str, ...]
    """Types, without their ``urn:schemas-upnp-org:service:``: ``WANIPConnection:1``."""
    opens_ports: Answer[bool]
    actions: tuple[str, ...] = ()
    """Those that open a port: ``AddPortMapping`` …"""
    actions_path: str = ""
