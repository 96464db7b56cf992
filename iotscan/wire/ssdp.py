"""SSDP: one search for everything, its answers, and the description they point to.

Source: UPnP Device Architecture 2.0, §1.3 (search), §2.3 (device description).
"""

from xml.parsers import expat

import msgspec

from iotscan.model.facts import Claim
from iotscan.model.text import safe_text

GROUP, PORT = "239.255.255.250", 1900
SEARCH_SECONDS = 1
_ANSWER_LIMIT = 8192
_DEPTH_LIMIT = 32
_ELEMENTS = {
    "friendlyName": "name",
    "manufacturer": "manufacturer",
    "modelName": "model",
    "serialNumber": "serial",
    "UDN": "uuid",
}


class SsdpAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """One search answer: what the device says it runs on, and where its description is."""

    server: str = ""
    location: str = ""
    unique_name: str = ""


def search() -> bytes:
    """An M-SEARCH for all devices, answers spread over :data:`SEARCH_SECONDS`."""
    return (
        f"M-SEARCH * HTTP/1.1\r\nHOST: {GROUP}:{PORT}\r\n"
        f'MAN: "ssdp:discover"\r\nMX: {SEARCH_SECONDS}\r\nST: ssdp:all\r\n\r\n'
    ).encode()


def read_answer(packet: bytes) -> SsdpAnswer | None:
    """A search answer, or None for anything else. Never raises."""
    head, *lines = packet[:_ANSWER_LIMIT].split(b"\r\n")
    if not head.startswith(b"HTTP/1.1 200"):
        return None
    headers = {}
    for line in lines:
        name, colon, value = line.partition(b":")
        if colon:
            headers[name.strip().lower()] = value.strip()
    return SsdpAnswer(
        server=safe_text(headers.get(b"server", b"")),
        location=safe_text(headers.get(b"location", b""), 400),
        unique_name=safe_text(headers.get(b"usn", b"")),
    )


def read_description(document: bytes) -> tuple[Claim, ...]:
    """The root device's claims in a description; empty when it is no well-formed XML.

    A DOCTYPE, deep nesting or a parse error ends the reading: entity bombs are never expanded.
    """
    reader = _DescriptionReader()
    try:
        reader.parse(document)
    except (_Refused, expat.ExpatError, ValueError):
        return ()
    return tuple(
        Claim(what=_ELEMENTS[name], value=safe_text(value.strip()), how="ssdp description")
        for name, value in reader.texts.items()
        if value.strip()
    )


class _Refused(Exception):
    """The document uses what no description needs."""


class _DescriptionReader:
    """Collects the wanted elements of the root device; embedded devices (deviceList) speak for themselves."""

    def __init__(self) -> None:
        self.texts: dict[str, str] = {}
        self._path: list[str] = []

    def parse(self, document: bytes) -> None:
        parser = expat.ParserCreate(namespace_separator=" ")
        parser.StartDoctypeDeclHandler = self._refuse
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._text
        parser.Parse(document, True)

    def _refuse(self, *_: object) -> None:
        raise _Refused

    def _start(self, name: str, _: dict[str, str]) -> None:
        self._path.append(name.rpartition(" ")[2])
        if len(self._path) > _DEPTH_LIMIT:
            raise _Refused

    def _end(self, _: str) -> None:
        self._path.pop()

    def _text(self, data: str) -> None:
        name = self._path[-1] if self._path else ""
        if name in _ELEMENTS and "deviceList" not in self._path:
            self.texts[name] = (self.texts.get(name, "") + data)[:400]
