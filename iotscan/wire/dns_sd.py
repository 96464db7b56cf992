"""What DNS-SD services are asked for, and what the fields of their TXT records say of a device (RFC 6763).

Sources of the types and fields: IANA's registry of service names; Matter Core Specification 1.3 §4.3 (``_matter``);
HomeKit Accessory Protocol R2 §6.4 (``_hap``); Bonjour Printing 1.2.1 (``_ipp``); the sources of ESPHome
(``mdns_component.cpp``) and ArduinoOTA (``ArduinoOTA.cpp``); Shelly's and Thread's (``_meshcop``) documentation.
"""

from collections.abc import Iterator
from typing import Final

from iotscan.model.facts import Claim
from iotscan.model.text import safe_text

TYPES: Final = (
    "_http._tcp",
    "_https._tcp",
    "_mqtt._tcp",
    "_secure-mqtt._tcp",
    "_ssh._tcp",
    "_hap._tcp",
    "_hap._udp",
    "_matter._tcp",
    "_matterc._udp",
    "_matterd._udp",
    "_meshcop._udp",
    "_esphomelib._tcp",
    "_arduino._tcp",
    "_shelly._tcp",
    "_wled._tcp",
    "_ewelink._tcp",
    "_miio._udp",
    "_leap._tcp",
    "_nanoleafapi._tcp",
    "_elg._tcp",
    "_octoprint._tcp",
    "_hue._tcp",
    "_home-assistant._tcp",
    "_ipp._tcp",
    "_ipps._tcp",
    "_printer._tcp",
    "_pdl-datastream._tcp",
    "_googlecast._tcp",
    "_airplay._tcp",
    "_raop._tcp",
    "_sonos._tcp",
    "_spotify-connect._tcp",
    "_axis-video._tcp",
    "_rtsp._tcp",
    "_coap._udp",
    "_smb._tcp",
    "_device-info._tcp",
    "_workstation._tcp",
)
"""Types that devices of ours have; which others there are, the link is asked as well."""
OTA_CLAIM: Final = "ota-authentication"
"""What a claim is of that says whether an upload takes a password: ``yes`` or ``no``."""

MATTER_CLAIM: Final = "matter-commissioning"
"""What a claim is of that says whether a device lets itself be commissioned: ``CM=`` and 0, or the way (Matter Core
Specification 1.3 section 4.3.1.3)."""
HOMEKIT_CLAIM: Final = "homekit-pairing"
"""What a claim is of that holds the status flags of an accessory, the first of which says that nobody has paired with
it (HAP R2 section 6.4)."""

_COMMISSIONING: Final = {
    ("_matterc._udp", b"cm"): MATTER_CLAIM,
    ("_hap._tcp", b"sf"): HOMEKIT_CLAIM,
    ("_hap._udp", b"sf"): HOMEKIT_CLAIM,
}
_FLAGS: Final = 5
"""Digits of a number in a field."""
WIRELESS_DEBUGGING: Final = "_adb-tls-connect._tcp"
"""What adbd announces while wireless debugging is on (AOSP packages/modules/adb, adb_mdns.h)."""
_ARDUINO: Final = "_arduino._tcp"
_OF_ANY: Final = {
    "model": "model",
    "md": "model",
    "ty": "model",
    "am": "model",
    "manufacturer": "manufacturer",
    "usb_mfg": "manufacturer",
    "fw": "firmware",
    "version": "firmware",
    "serial": "serial",
    "serialnumber": "serial",
}
_MATTER: Final = {"dn": "name", "vp": "matter-product", "dt": "matter-device-type"}
_PRINTER: Final = {"usb_mdl": "model", "uuid": "uuid", "note": "location"}
_OF_TYPE: Final[dict[str, dict[str, str]]] = {
    "_matterc._udp": _MATTER,
    "_matterd._udp": _MATTER,
    "_esphomelib._tcp": {"friendly_name": "name", "board": "board", "mac": "mac"},
    "_hap._tcp": {"ci": "hap-category"},
    "_googlecast._tcp": {"fn": "name"},
    "_ipp._tcp": _PRINTER,
    "_ipps._tcp": _PRINTER,
    "_printer._tcp": _PRINTER,
    "_hue._tcp": {"bridgeid": "serial", "modelid": "model"},
    "_shelly._tcp": {"app": "model", "ver": "firmware"},
    "_axis-video._tcp": {"macaddress": "mac"},
    "_airplay._tcp": {"deviceid": "mac"},
    "_home-assistant._tcp": {"location_name": "name", "uuid": "uuid"},
    "_meshcop._udp": {"vn": "manufacturer", "mn": "model"},
}
_NUMBERED: Final = frozenset({"_matter._tcp", "_matterc._udp", "_matterd._udp", "_googlecast._tcp"})
"""Types whose instances are called by numbers; the name, if any, is in a field."""
_GATEWAYS: Final = {"_hue._tcp": "Zigbee devices", "_meshcop._udp": "Thread devices"}
"""Types of gateways, and what stands behind one."""
_BEHIND: Final = {
    # HAP R2 §13.1: accessory category 2 is a bridge. Matter Device Library §4.4: device type 14 is an aggregator.
    ("_hap._tcp", b"ci", b"2"): "HomeKit accessories",
    ("_matterc._udp", b"dt", b"14"): "bridged Matter devices",
    ("_matterd._udp", b"dt", b"14"): "bridged Matter devices",
}


def name_claims(instance: str, kind: str) -> Iterator[Claim]:
    """What the name of an instance of the service type ``kind`` says."""
    if kind not in _NUMBERED:
        # AirPlay's audio is called HARDWARE-ADDRESS@NAME.
        shown = instance.partition("@")[2] or instance if kind == "_raop._tcp" else instance
        yield Claim(what="name", value=safe_text(shown), how=f"mdns {safe_text(kind)}")
    if behind := _GATEWAYS.get(kind):
        yield Claim(what="child", value=f"{behind} behind this gateway", how=f"mdns {kind}")


def text_claims(text: bytes, kind: str) -> Iterator[Claim]:
    """What a TXT record of an instance of the service type ``kind`` says: reads each of its bytes once."""
    wanted = _OF_ANY | _OF_TYPE.get(kind, {})
    at = 0
    while at < len(text):
        entry = text[at + 1 : at + 1 + text[at]]
        at += 1 + text[at]
        key, found, value = entry.partition(b"=")
        key = key.lower()
        if kind == _ARDUINO and key == b"auth_upload" and value in (b"yes", b"no"):
            yield Claim(what=OTA_CLAIM, value=value.decode(), how="mdns _arduino._tcp TXT")
        if (stated := _COMMISSIONING.get((kind, key))) and value.isdigit() and len(value) <= _FLAGS:
            yield Claim(what=stated, value=f"{key.decode()}={int(value)}", how=f"mdns {kind} TXT")
        if behind := _BEHIND.get((kind, key, value)):
            yield Claim(what="child", value=f"{behind} behind this bridge", how=f"mdns {kind} TXT")
        what = wanted.get(key.decode("ascii", "replace"))
        if found and value and what:
            yield Claim(what=what, value=safe_text(value), how="mdns TXT")
