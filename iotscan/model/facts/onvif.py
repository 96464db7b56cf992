"""An ONVIF device service: what it tells before anybody has logged in."""

from typing import ClassVar

from iotscan.model.answer import Answer
from iotscan.model.facts.fact import Fact, Ownership


class OnvifService(Fact, frozen=True, kw_only=True, tag="onvif-service"):
    """Which reading requests ONVIF's device service (at ``port`` and ``path``) answers without credentials.

    ``information`` is GetDeviceInformation (access class READ_SYSTEM), ``users`` is GetUsers (READ_SYSTEM_SECRET);
    both ask for a login by the default access policy. Of the users only their number is kept.
    """

    per: ClassVar[Ownership] = "device"

    port: int
    path: str
    tls: bool
    information: Answer[bool]
    users: Answer[bool]
    accounts: int = 0
    manufacturer: str = ""
    model: str = ""
    firmware: str = ""
