"""OpenWrt's ``/etc/config/wireless``, which netifd makes into networks (OpenWrt user guide, "Wi-Fi")."""

import re
from collections.abc import Iterator

from iotscan.model.answer import Answer
from iotscan.model.facts import WirelessNetwork
from iotscan.model.facts.wireless import Protection
from iotscan.model.text import safe_text
from iotscan.observe.image.configuration.uci import Section, read_sections
from iotscan.observe.image.tree import Tree

_FILE = "/etc/config/wireless"
_KINDS: dict[str, tuple[Protection, ...]] = {
    "none": ("open",),
    "": ("open",),
    "owe": ("owe",),
    "psk": ("wpa",),
    "psk2": ("wpa2",),
    "psk-mixed": ("wpa", "wpa2"),
    "sae": ("wpa3",),
    "sae-mixed": ("wpa3", "wpa2"),
    "wpa": ("wpa",),
    "wpa2": ("wpa2",),
    "wpa-mixed": ("wpa", "wpa2"),
    "wpa3": ("wpa3",),
    "wpa3-mixed": ("wpa3", "wpa2"),
    "wpa3-192": ("wpa3",),
}


def networks(tree: Tree) -> Iterator[WirelessNetwork]:
    """A network for each ``wifi-iface`` that is on. Raises Unreadable."""
    sections = list(read_sections(tree, _FILE))
    off = {s.name for s in sections if s.kind == "wifi-device" and s.says("disabled", default=False)}
    for section in sections:
        is_off = section.says("disabled", default=False) or section.value("device") in off
        if section.kind == "wifi-iface" and not is_off and section.value("mode", "ap") in ("ap", "sta"):
            yield _network(tree, section)


def _network(tree: Tree, section: Section) -> WirelessNetwork:
    kind, *ciphers = section.value("encryption").lower().split("+")
    protections = ("wep",) if re.match(r"wep", kind) else _KINDS.get(kind, ("wpa2",))
    is_client = section.value("mode", "ap") == "sta"
    is_enterprise = kind.startswith("wpa")
    has_ca = any(section.value(name) for name in ("ca_cert", "ca_cert_usesystem"))
    is_mutual = section.value("eap_type").lower() in ("pwd", "sim", "aka")
    line = next((o.line for o in section.options if o.name == "encryption"), section.line)
    wps = "pin" if section.says("wps_label", default=False) or section.value("wps_pin") else "off"
    is_button = wps == "off" and section.says("wps_pushbutton", default=False)
    return WirelessNetwork(
        path=tree.show(_FILE),
        line=line,
        system="uci",
        role="joins" if is_client else "opens",
        name=safe_text(section.value("ssid"), 64),
        protections=protections,
        has_tkip="tkip" in ciphers,
        wps="button" if is_button else "pin" if wps == "pin" else "off",
        is_enterprise=is_enterprise,
        checks_server=Answer.of(not (is_client and is_enterprise) or has_ca or is_mutual),
    )
