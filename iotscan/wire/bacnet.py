"""BACnet/IP: two questions to the own network, one to a device, and what devices and routers answer.

Source: ASHRAE 135-2020, Annex J (BVLL), clause 6 (network layer), 15.5 (ReadProperty), 16.10 (Who-Is, I-Am), 20.1 and
20.2 (encoding). The questions name no network: routers pass none of them on, so that nothing behind them, on slow
serial lines above all, is asked.
"""

from collections.abc import Iterator
from ipaddress import IPv4Address
from typing import Final

import msgspec

from iotscan.model.facts import Claim
from iotscan.model.text import safe_text

PORT: Final = 47808
NETWORKS_LIMIT: Final = 32
_BVLL, _BROADCAST, _UNICAST, _FORWARDED = 0x81, 0x0B, 0x0A, 0x04
_VERSION = 1
_NETWORK_MESSAGE, _HAS_DESTINATION, _HAS_SOURCE = 0x80, 0x20, 0x08
_I_AM_ROUTER = 0x01
_UNCONFIRMED_I_AM = b"\x10\x00"
_OBJECT_IDENTIFIER, _UNSIGNED, _ENUMERATED = 12, 2, 9
_DEVICE = 8
_READ_PROPERTY, _OBJECT_NAME, _WANTS_REPLY = 12, 77, 0x04
_COMPLEX_ACK, _CHARACTERS = 0x30, 7
_REFUSALS: Final = {5: "error", 6: "reject", 7: "abort"}
EVERYWHERE = 4194303
"""The instance that stands for any device (clause 12.11.1)."""

WHO_IS: Final = bytes([_BVLL, _BROADCAST, 0, 8, _VERSION, 0, 0x10, 0x08])
WHO_IS_ONE: Final = bytes([_BVLL, _UNICAST, 0, 8, _VERSION, 0, 0x10, 0x08])
"""The same to one address."""
WHO_IS_ROUTER: Final = bytes([_BVLL, _BROADCAST, 0, 7, _VERSION, _NETWORK_MESSAGE, 0x00])


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """An I-Am, or an I-Am-Router-To-Network.

    ``device`` is the instance, -1 where a router answered. ``network`` is the one that a device is on, 0 for ours;
    ``networks`` are those that a router leads to. ``origin`` is who sent it, where somebody else passed it on.
    """

    device: int = -1
    vendor: int = -1
    network: int = 0
    networks: tuple[int, ...] = ()
    origin: str = ""

    def claims(self, source: str) -> tuple[Claim, ...]:
        """What it says of ``source``, from which it came: what is behind that is its child."""
        return tuple(self._claims(source))

    def _claims(self, source: str) -> Iterator[Claim]:
        for number in self.networks:
            yield Claim(what="child", value=f"BACnet network {number}", how="bacnet I-Am-Router-To-Network")
        if self.device < 0:
            return
        if self.network or self.origin not in ("", source):
            where = f"network {self.network}" if self.network else self.origin
            yield Claim(what="child", value=f"BACnet device {self.device} on {where}", how="bacnet I-Am")
            return
        yield Claim(what="bacnet-device", value=str(self.device), how="bacnet I-Am")
        yield Claim(what="bacnet-vendor", value=str(self.vendor), how="bacnet I-Am")


def read_answer(packet: bytes) -> Answer | None:
    """What a packet answers; None for anything that is no answer. Never raises."""
    if len(packet) < 6 or packet[0] != _BVLL or int.from_bytes(packet[2:4], "big") != len(packet):
        return None
    origin, at = "", 4
    if packet[1] == _FORWARDED and len(packet) > 10:
        origin, at = str(IPv4Address(packet[4:8])), 10
    elif packet[1] not in (_BROADCAST, _UNICAST):
        return None
    layer = _network_layer(packet[at:])
    if layer is None:
        return None
    is_message, network, rest = layer
    if is_message:
        if rest[:1] != bytes([_I_AM_ROUTER]):
            return None
        numbers = [int.from_bytes(rest[i : i + 2], "big") for i in range(1, len(rest) - 1, 2)]
        return Answer(networks=tuple(dict.fromkeys(numbers))[:NETWORKS_LIMIT], origin=origin)
    return _i_am(rest, network, origin)


def _network_layer(packet: bytes) -> tuple[bool, int, bytes] | None:
    """Whether it is a message of the network layer, the network it comes from, and what is in it."""
    if len(packet) < 3 or packet[0] != _VERSION:
        return None
    control, at, network = packet[1], 2, 0
    if control & _HAS_DESTINATION:
        if at + 3 > len(packet):
            return None
        at += 3 + packet[at + 2]
    if control & _HAS_SOURCE:
        if at + 3 > len(packet):
            return None
        network = int.from_bytes(packet[at : at + 2], "big")
        at += 3 + packet[at + 2]
    if control & _HAS_DESTINATION:
        at += 1  # the hop count
    return bool(control & _NETWORK_MESSAGE), network, packet[at:]


def _i_am(rest: bytes, network: int, origin: str) -> Answer | None:
    if not rest.startswith(_UNCONFIRMED_I_AM):
        return None
    tags = list(_tags(rest[2:]))
    if [tag for tag, _ in tags[:4]] != [_OBJECT_IDENTIFIER, _UNSIGNED, _ENUMERATED, _UNSIGNED]:
        return None
    object_id, vendor = tags[0][1], tags[3][1]
    if object_id >> 22 != _DEVICE or object_id & EVERYWHERE == EVERYWHERE:
        return None
    return Answer(device=object_id & EVERYWHERE, vendor=vendor, network=network, origin=origin)


def _tags(rest: bytes) -> Iterator[tuple[int, int]]:
    """Application tags with their number and value, those of up to four bytes (20.2.1)."""
    while rest and not rest[0] & 0x08 and rest[0] & 7 <= 4:
        size = rest[0] & 7
        if len(rest) < 1 + size:
            return
        yield rest[0] >> 4, int.from_bytes(rest[1 : 1 + size], "big")
        rest = rest[1 + size :]


class Property(msgspec.Struct, frozen=True, kw_only=True):
    """The answer to :func:`read_name`: a name and whose it is, or the kind of refusal."""

    name: str = ""
    device: int = -1
    refusal: str = ""


def read_name(invocation: int, instance: int = EVERYWHERE) -> bytes:
    """ReadProperty of the object name of a device, of whichever hears it by default; ``invocation`` has 8 bits."""
    wanted = _object_identifier(instance) + b"\x19" + bytes([_OBJECT_NAME])
    asked = bytes([0x00, 0x05, invocation, _READ_PROPERTY]) + wanted
    layer = bytes([_VERSION, _WANTS_REPLY]) + asked
    return bytes([_BVLL, _UNICAST]) + (4 + len(layer)).to_bytes(2, "big") + layer


def read_property(packet: bytes, invocation: int) -> Property | None:
    """What answers the request of that ``invocation``; None for anything else. Never raises."""
    if len(packet) < 6 or packet[:2] != bytes([_BVLL, _UNICAST]) or int.from_bytes(packet[2:4], "big") != len(packet):
        return None
    layer = _network_layer(packet[4:])
    if layer is None or layer[0] or len(layer[2]) < 3 or layer[2][1] != invocation:
        return None
    said = layer[2]
    if refusal := _REFUSALS.get(said[0] >> 4):
        return Property(refusal=refusal)
    found = said[3:8]
    is_name = said[0] == _COMPLEX_ACK and said[2] == _READ_PROPERTY and said[8:11] == bytes([0x19, _OBJECT_NAME, 0x3E])
    if not is_name or len(found) < 5 or found[0] != 0x0C:
        return None
    return Property(name=_text(said[11:]), device=int.from_bytes(found[1:], "big") & EVERYWHERE)


def _object_identifier(instance: int) -> bytes:
    return b"\x0c" + (_DEVICE << 22 | instance).to_bytes(4, "big")


def _text(rest: bytes) -> str:
    """A character string (20.2.9); empty where it is none, or in a character set of double bytes."""
    if not rest or rest[0] >> 4 != _CHARACTERS:
        return ""
    size, at = (rest[0] & 7, 1) if rest[0] & 7 < 5 else (rest[1] if len(rest) > 1 else 0, 2)
    encoding = {0: "utf-8", 4: "utf-16-be", 5: "latin-1"}.get(rest[at]) if 1 <= size < 254 and len(rest) > at else None
    return safe_text(rest[at + 1 : at + size].decode(encoding, "replace"), 128) if encoding else ""
