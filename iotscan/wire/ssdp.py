"""SSDP: searches, their answers, and the description they point to.

Source: UPnP Device Architecture 2.0, §1.3 (search), §2.3 (device description).
"""

from typing import Final

import msgspec

from iotscan.model.facts import Claim
from iotscan.model.text import safe_text
from iotscan.wire.plain_xml import Refused, read_xml

GROUP, GROUP6, PORT = "239.255.255.250", "ff02::c", 1900
SEARCH_SECONDS: Final = 1
ALL, ROOT = "ssdp:all", "upnp:rootdevice"
DESCRIPTION: Final = "upnp-description"
"""What a claim is of that says where a device describes itself."""
_ANSWER_LIMIT = 8192
_HEADER_LIMIT = 64
_ELEMENTS = {
    "friendlyName": "name",
    "manufacturer": "manufacturer",
    "modelName": "model",
    "modelNumber": "model-number",
    "serialNumber": "serial",
    "UDN": "uuid",
    "deviceType": "device-type",
    "presentationURL": "web-interface",
}
_GATEWAYS = {
    # Signify's bridges say so in their model name: "Philips hue bridge 2015".
    "hue bridge": "Zigbee devices",
}


class SsdpAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """One search answer: what the device says it runs on, and where its description is."""

    server: str = ""
    location: str = ""
    unique_name: str = ""


def search(target: str = ALL, *, is_six: bool = False) -> bytes:
    """An M-SEARCH, answers spread over :data:`SEARCH_SECONDS`."""
    host = f"[{GROUP6.upper()}]" if is_six else GROUP
    return (
        f"M-SEARCH * HTTP/1.1\r\nHOST: {host}:{PORT}\r\n"
        f'MAN: "ssdp:discover"\r\nMX: {SEARCH_SECONDS}\r\nST: {target}\r\n\r\n'
    ).encode()


def read_answer(packet: bytes) -> SsdpAnswer | None:
    """A search answer, or None for anything else. Never raises."""
    return _answer(packet) if packet.startswith((b"HTTP/1.1 200", b"HTTP/1.0 200")) else None


def read_notify(packet: bytes) -> SsdpAnswer | None:
    """What a device tells all of itself (§1.2.2, ``ssdp:alive``); None for anything else, goodbyes among it."""
    if not packet.startswith(b"NOTIFY "):
        return None
    is_there = read_headers(packet).get(b"nts", b"").lower() != b"ssdp:byebye"
    return _answer(packet) if is_there else None


def read_headers(packet: bytes) -> dict[bytes, bytes]:
    """The fields behind the first line, by their names in lower case: the last of a name counts."""
    _, *lines = packet[:_ANSWER_LIMIT].split(b"\n", _HEADER_LIMIT)
    headers = {}
    for line in lines:
        name, colon, value = line.partition(b":")
        if colon:
            headers[name.strip().lower()] = value.strip()
    return headers


def _answer(packet: bytes) -> SsdpAnswer:
    headers = read_headers(packet)
    return SsdpAnswer(
        server=safe_text(headers.get(b"server", b"")),
        location=safe_text(headers.get(b"location", b""), 400),
        unique_name=safe_text(headers.get(b"usn", b"")),
    )


def uuid_of(unique_name: str) -> str:
    """The UUID of a USN (``uuid:X::upnp:rootdevice``, §1.1.4); empty where there is none."""
    first = unique_name.partition("::")[0]
    return first if first.lower().startswith("uuid:") and len(first) > len("uuid:") else ""


def read_description(document: bytes) -> tuple[Claim, ...]:
    """The root device's claims in a description; empty when it is no well-formed XML.

    A DOCTYPE, deep nesting or a parse error ends the reading: entity bombs are never expanded. No address in it
    is ever followed: a description cannot lead to another.
    """
    texts: dict[str, str] = {}

    def closed(path: tuple[str, ...], text: str) -> None:
        # Embedded devices (deviceList) speak for themselves.
        if path[-1] in _ELEMENTS and "deviceList" not in path and text:
            texts.setdefault(path[-1], text)

    try:
        read_xml(document, closed)
    except Refused:
        return ()
    claims = [
        Claim(what=what, value=safe_text(texts[name]), how="ssdp description")
        for name, what in _ELEMENTS.items()
        if name in texts
    ]
    behind = next((b for word, b in _GATEWAYS.items() if word in texts.get("modelName", "").lower()), "")
    if behind:
        claims.append(Claim(what="child", value=f"{behind} behind this gateway", how="ssdp description"))
    return tuple(claims)
