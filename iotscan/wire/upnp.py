"""Documents of UPnP: which services a device describes, and which actions a service lists. No action is built here.

Sources: UPnP Device Architecture 2.0 §2.3 (device description), §2.5 (service description); WANIPConnection:1 and :2,
WANPPPConnection:1 (AddPortMapping, AddAnyPortMapping), WANIPv6FirewallControl:1 (AddPinhole).
"""

from typing import Final

import msgspec

from iotscan.model.text import safe_text
from iotscan.wire.plain_xml import Refused, read_xml

SERVICES_LIMIT: Final = 64
_ACTIONS_LIMIT: Final = 200
_STANDARD: Final = "urn:schemas-upnp-org:service:"
MAPS_PORTS: Final = frozenset({"WANIPConnection", "WANPPPConnection", "WANIPv6FirewallControl"})
"""Service types, without their version, through which ports of a gateway are opened."""
OPENING: Final = frozenset({"AddPortMapping", "AddAnyPortMapping", "AddPinhole"})
"""Actions that let somebody outside in."""


class UpnpService(msgspec.Struct, frozen=True, kw_only=True):
    """A service of a description: its type without the standard prefix (safe text), and where its actions are."""

    kind: str
    actions: str = ""

    @property
    def maps_ports(self) -> bool:
        """True for a service through which ports are opened."""
        return self.kind.partition(":")[0] in MAPS_PORTS


def read_services(document: bytes) -> tuple[UpnpService, ...] | None:
    """The services of a device and of those embedded in it; None where it is no description. Never raises."""
    found: list[UpnpService] = []
    fields: dict[str, str] = {}
    seen: set[str] = set()

    def closed(path: tuple[str, ...], text: str) -> None:
        if path[-2:] == ("root", "device"):
            seen.add("device")
        elif path[-2:] == ("serviceList", "service"):
            kind = safe_text(fields.get("serviceType", "").removeprefix(_STANDARD), 80)
            found.append(UpnpService(kind=kind, actions=fields.get("SCPDURL", "")[:400]))
            fields.clear()
        elif path[-3:-1] == ("serviceList", "service"):
            fields.setdefault(path[-1], text)

    try:
        read_xml(document, closed)
    except Refused:
        return None
    return tuple(found[:SERVICES_LIMIT]) if seen else None


def read_actions(document: bytes) -> tuple[str, ...] | None:
    """The names of the actions that a service lists: safe text. None where it is no such list. Never raises."""
    found: dict[str, None] = {}
    seen: set[str] = set()

    def closed(path: tuple[str, ...], text: str) -> None:
        if path == ("scpd",):
            seen.add("scpd")
        elif path == ("scpd", "actionList", "action", "name") and len(found) < _ACTIONS_LIMIT:
            found[safe_text(text, 60)] = None

    try:
        read_xml(document, closed)
    except Refused:
        return None
    return tuple(found) if seen else None
