"""WS-Discovery: three Probes, for anything, for devices and for cameras, and what the ProbeMatches say.

Sources: WS-Discovery of April 2005, which devices speak (OASIS's 1.1 of 2009 hardly any); Devices Profile for Web
Services; ONVIF Core Specification 23.12 §7.3 (discovery, scopes).
"""

from collections.abc import Iterator
from typing import Final, Literal
from urllib.parse import unquote, urlsplit

import msgspec

from iotscan.model.facts import Claim
from iotscan.model.text import safe_text
from iotscan.wire.plain_xml import Refused, read_xml

GROUP, GROUP6, PORT = "239.255.255.250", "ff02::c", 3702
MATCHES_LIMIT: Final = 16
"""Matches read of one answer: a host of many services gives several."""
SCOPES_LIMIT: Final = 32
_ONVIF = "onvif://www.onvif.org/"
_SCOPES = {"name": "name", "hardware": "model", "location": "location", "mac": "mac"}
_NAMESPACE = "http://schemas.xmlsoap.org/ws/2005/04/discovery"
_PROBE = (
    '<?xml version="1.0" encoding="UTF-8"?>'
    '<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope" '
    'xmlns:a="http://schemas.xmlsoap.org/ws/2004/08/addressing" '
    f'xmlns:d="{_NAMESPACE}" xmlns:wsdp="http://schemas.xmlsoap.org/ws/2006/02/devprof" '
    'xmlns:dn="http://www.onvif.org/ver10/network/wsdl"><s:Header>'
    f"<a:Action>{_NAMESPACE}/Probe</a:Action>"
    "<a:MessageID>urn:uuid:{number}</a:MessageID>"
    "<a:To>urn:schemas-xmlsoap-org:ws:2005:04:discovery</a:To>"
    "</s:Header><s:Body><d:Probe>{types}</d:Probe></s:Body></s:Envelope>"
)
SERVICE: Final = "onvif-service"
"""What a claim is of that says where an ONVIF device is asked."""
CAMERA: Final = "NetworkVideoTransmitter"
Wanted = Literal["anything", "devices", "cameras"]
_TYPES: Final[dict[Wanted, str]] = {
    "anything": "",
    "devices": "<d:Types>wsdp:Device</d:Types>",
    "cameras": f"<d:Types>dn:{CAMERA}</d:Types>",
}
"""Anything should answer to the first; some computers and some cameras answer only to theirs."""


class Match(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that answered: its lasting id, its types, scopes and the addresses that it says it is at."""

    endpoint: str = ""
    types: tuple[str, ...] = ()
    scopes: tuple[str, ...] = ()
    addresses: tuple[str, ...] = ()

    @property
    def is_onvif(self) -> bool:
        """True where its type or its scopes say so (ONVIF Core §7.3.2)."""
        return CAMERA in self.types or any(scope.startswith(_ONVIF) for scope in self.scopes)

    def claims(self) -> tuple[Claim, ...]:
        """What the device says of itself."""
        return tuple(dict.fromkeys(self._claims()))

    def _claims(self) -> Iterator[Claim]:
        if self.endpoint.lower().startswith("urn:uuid:"):
            yield Claim(what="uuid", value=self.endpoint[len("urn:") :], how="ws-discovery")
        for kind in self.types:
            yield Claim(what="device-type", value=kind, how="ws-discovery Types")
        for scope in self.scopes:
            what, _, value = scope.removeprefix(_ONVIF).partition("/")
            if scope.startswith(_ONVIF) and what.lower() in _SCOPES and value:
                text = safe_text(unquote(value).replace("_", " ") if what == "location" else unquote(value))
                yield Claim(what=_SCOPES[what.lower()], value=text, how=f"ws-discovery scope {what.lower()}")

    def hosts(self) -> Iterator[tuple[str, str]]:
        """Each address with the host in it; an address that is none has an empty one."""
        for address in self.addresses:
            try:
                yield address, urlsplit(address).hostname or ""
            except ValueError:
                yield address, ""


def probe(number: str, wanted: Wanted = "anything") -> bytes:
    """A Probe under a UUID."""
    return _PROBE.format(number=number, types=_TYPES[wanted]).encode()


def read_matches(packet: bytes) -> tuple[Match, ...] | None:
    """The matches of an answer; None for anything else. Nothing in it is expanded or fetched. Never raises."""
    return _read(packet, "ProbeMatches", "ProbeMatch")


def read_hello(packet: bytes) -> Match | None:
    """What a device that has come tells all (§4.1); None for anything else. Never raises."""
    found = _read(packet, "Body", "Hello")
    return found[0] if found else None


def _read(packet: bytes, around: str, item: str) -> tuple[Match, ...] | None:
    found: list[dict[str, str]] = []
    fields: dict[str, str] = {}
    seen: set[str] = set()

    def closed(path: tuple[str, ...], text: str) -> None:
        name = path[-1]
        if name == around:
            seen.add(name)
        elif name == item and around in path:
            found.append(dict(fields))
            fields.clear()
        elif item in path and (name in ("Types", "Scopes", "XAddrs") or path[-2:] == _ENDPOINT):
            fields.setdefault(name, text)

    try:
        read_xml(packet, closed)
    except Refused:
        return None
    return tuple(map(_match, found[:MATCHES_LIMIT])) if seen else None


_ENDPOINT = ("EndpointReference", "Address")


def _match(fields: dict[str, str]) -> Match:
    def words(name: str, limit: int = SCOPES_LIMIT) -> tuple[str, ...]:
        return tuple(safe_text(word) for word in fields.get(name, "").split()[:limit])

    return Match(
        endpoint=safe_text(fields.get("Address", "")),
        types=tuple(kind.rpartition(":")[2] for kind in words("Types")),
        scopes=words("Scopes"),
        addresses=words("XAddrs", 8),
    )
