"""KNXnet/IP: a search request to all, a request for its description to one, and what a server answers of itself.

Source: KNX Specification 03_08_02 Core (ISO 22510): §7.5 descriptions, §7.6.1 SEARCH_REQUEST and SEARCH_RESPONSE,
§7.7.1 and 7.7.2 DESCRIPTION_REQUEST and DESCRIPTION_RESPONSE; 03_08_09 KNX IP Secure (the family of services 09).
"""

from collections.abc import Iterator
from ipaddress import IPv4Address
from typing import Final

import msgspec

from iotscan.model.facts import Claim
from iotscan.model.text import safe_text

GROUP, PORT = "224.0.23.12", 3671
_HEADER = b"\x06\x10"
_SEARCH_REQUEST, _SEARCH_RESPONSE = 0x0201, 0x0202
_DESCRIPTION_REQUEST, _DESCRIPTION_RESPONSE = 0x0203, 0x0204
SECURITY: Final = 0x09
_ENDPOINT = 8
_UDP = 1
_DEVICE_INFO, _FAMILIES = 0x01, 0x02
_DEVICE_INFO_SIZE = 54
_TUNNELLING, _ROUTING = 0x04, 0x05
_MEDIA: Final = {0x02: "twisted pair", 0x04: "powerline", 0x10: "radio", 0x20: "IP"}


class Server(msgspec.Struct, frozen=True, kw_only=True):
    """What a KNXnet/IP server answers: where to talk to it, its name and place in the installation."""

    host: str
    """Where it says it is to be talked to; ``0.0.0.0`` for where the answer came from."""
    port: int
    name: str = ""
    serial: str = ""
    mac: str = ""
    individual_address: str = ""
    medium: str = ""
    families: tuple[int, ...] = ()

    def claims(self) -> tuple[Claim, ...]:
        """What it says of itself, and the line that it says it leads to."""
        return tuple(self._claims())

    def _claims(self) -> Iterator[Claim]:
        said = {"name": self.name, "serial": self.serial, "mac": self.mac, "knx-address": self.individual_address}
        for what, value in said.items():
            if value:
                yield Claim(what=what, value=value, how="knx search")
        if self.medium not in ("", "IP") and {_TUNNELLING, _ROUTING} & {*self.families}:
            line = self.individual_address.rpartition(".")[0]
            yield Claim(what="child", value=f"KNX line {line} ({self.medium})", how="knx search")


def search(address: str, port: int) -> bytes:
    """A search request that asks for answers at ``address`` and ``port``, which are ours."""
    endpoint = bytes([_ENDPOINT, _UDP]) + IPv4Address(address).packed + port.to_bytes(2, "big")
    return _HEADER + _SEARCH_REQUEST.to_bytes(2, "big") + (6 + len(endpoint)).to_bytes(2, "big") + endpoint


def read_response(packet: bytes) -> Server | None:
    """A search response; None for anything else. Never raises."""
    size = int.from_bytes(packet[4:6], "big")
    is_response = packet[:4] == _HEADER + _SEARCH_RESPONSE.to_bytes(2, "big")
    if not is_response or not 6 + _ENDPOINT <= size <= len(packet) or packet[6:8] != bytes([_ENDPOINT, _UDP]):
        return None
    return _server(str(IPv4Address(packet[8:12])), int.from_bytes(packet[12:14], "big"), packet[6 + _ENDPOINT : size])


def description_request() -> bytes:
    """A request to one server, which answers where it came from: an endpoint of zeros says so (§8.6.2.2)."""
    endpoint = bytes([_ENDPOINT, _UDP]) + bytes(6)
    return _HEADER + _DESCRIPTION_REQUEST.to_bytes(2, "big") + (6 + len(endpoint)).to_bytes(2, "big") + endpoint


def read_description(packet: bytes) -> Server | None:
    """The answer to :func:`description_request`; None for anything else. Never raises."""
    size = int.from_bytes(packet[4:6], "big")
    is_response = packet[:4] == _HEADER + _DESCRIPTION_RESPONSE.to_bytes(2, "big")
    if not is_response or not 6 + _DEVICE_INFO_SIZE <= size <= len(packet):
        return None
    return _server("0.0.0.0", 0, packet[6:size])


def _server(host: str, port: int, blocks: bytes) -> Server:
    fields: dict[str, str] = {}
    families: tuple[int, ...] = ()
    for kind, block in _blocks(blocks):
        if kind == _DEVICE_INFO and len(block) >= _DEVICE_INFO_SIZE:
            fields = _device(block)
        elif kind == _FAMILIES:
            families = tuple(block[2::2])[:16]
    return Server(host=host, port=port, families=families, **fields)


def _blocks(rest: bytes) -> Iterator[tuple[int, bytes]]:
    while len(rest) >= 2 and 2 <= rest[0] <= len(rest):
        yield rest[1], rest[: rest[0]]
        rest = rest[rest[0] :]


def _device(block: bytes) -> dict[str, str]:
    number = int.from_bytes(block[4:6], "big")
    serial, mac = block[8:14], block[18:24]
    return {
        "medium": _MEDIA.get(block[2], ""),
        "individual_address": f"{number >> 12}.{number >> 8 & 15}.{number & 255}",
        "serial": serial.hex() if any(serial) else "",
        "mac": mac.hex(":") if any(mac) else "",
        # ISO 8859-1, filled up with zeros (§7.5.4.2).
        "name": safe_text(block[24:54].partition(b"\0")[0].decode("latin-1")),
    }
