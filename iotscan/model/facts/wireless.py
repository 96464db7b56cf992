"""Radio networks that an image joins or opens, and how they are protected."""

from typing import ClassVar, Literal

import msgspec

from iotscan.model.answer import Answer
from iotscan.model.facts.fact import Fact, Ownership

Protection = Literal["open", "owe", "wep", "wpa", "wpa2", "wpa3", "zigbee"]
"""``wpa`` is the first WPA, with TKIP; ``owe`` encrypts without a key."""


class WirelessNetwork(msgspec.Struct, frozen=True, kw_only=True):
    """One network in one file, and what the file has it accept."""

    path: str
    line: int
    system: Literal["wpa_supplicant", "hostapd", "uci", "networkmanager", "zigbee2mqtt"]
    role: Literal["joins", "opens"]
    name: str = ""
    """The SSID, made safe."""
    protections: tuple[Protection, ...]
    """All that it accepts."""
    has_tkip: bool = False
    """Accepts TKIP by a word of the file, or by a documented default of an access point."""
    wps: Literal["off", "button", "pin"] = "off"
    is_enterprise: bool = False
    """IEEE 802.1X: each who joins proves himself to a server."""
    checks_server: Answer[bool] = Answer.of(True)
    """With IEEE 802.1X: tries the server's certificate against a CA before it gives a name and password away."""
    key: Literal["", "published", "fixed", "generated"] = ""
    """Of Zigbee: the documented default, one that the image holds, or one that each device makes."""


class WirelessNetworks(Fact, frozen=True, kw_only=True, tag="wireless-networks"):
    """The radio networks of one root file system."""

    per: ClassVar[Ownership] = "image"

    networks: tuple[WirelessNetwork, ...] = ()
