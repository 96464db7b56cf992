"""Web interfaces by which a gateway is administered, as an image configures them."""

from typing import ClassVar, Literal

import msgspec

from iotscan.model.answer import Answer
from iotscan.model.facts.fact import Fact, Ownership


class AdminInterface(msgspec.Struct, frozen=True, kw_only=True):
    """One interface: which program, where it listens, and what it asks for."""

    path: str
    line: int
    product: Literal["Node-RED", "zigbee2mqtt", "Home Assistant"]
    port: int
    faces_network: bool
    authentication: Literal["password", "none", "address"]
    """``address``: some addresses are let in without a password."""
    is_default: bool = False
    """That is what the program does where the image says nothing."""
    runs_code: bool = False
    """Whoever is let in runs programs of his own by design."""
    tls: Answer[bool]


class AdminInterfaces(Fact, frozen=True, kw_only=True, tag="admin-interfaces"):
    """The interfaces of one root file system that its services open."""

    per: ClassVar[Ownership] = "image"

    interfaces: tuple[AdminInterface, ...] = ()
