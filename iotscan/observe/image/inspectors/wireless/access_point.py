"""Networks that hostapd opens (hostapd.conf, the commented example of its source)."""

from collections.abc import Iterator
from typing import Literal

from iotscan.model.facts import WirelessNetwork
from iotscan.model.facts.wireless import Protection
from iotscan.model.text import safe_text
from iotscan.observe.image.configuration.configured import installed
from iotscan.observe.image.globbing import globbed
from iotscan.observe.image.startup.reading import startup_of
from iotscan.observe.image.texts import lines_of
from iotscan.observe.image.tree import Tree

_USUAL = ("/etc/hostapd/hostapd.conf", "/etc/hostapd.conf")
_ALL = ("/etc/hostapd.conf", "/etc/hostapd/*.conf")
_NUMBERED = ("pin", "label", "keypad", "display")

Told = dict[str, tuple[str, int]]


def unknown(tree: Tree) -> str:
    """Why it is not known whether an installed hostapd with a configuration is started; empty otherwise."""
    startup = startup_of(tree)
    has_one = any(True for pattern in _ALL for _ in globbed(tree, pattern))
    return startup.problem if startup.problem and has_one and installed(tree, "hostapd") else ""


def networks(tree: Tree) -> Iterator[WirelessNetwork]:
    """A network for each BSS of a started hostapd. Raises Unreadable."""
    for service in startup_of(tree).running("hostapd"):
        given = [word for word in service.arguments if word.endswith(".conf")]
        # A unit may name the file by a variable that stands elsewhere.
        for path in given or [path for path in _USUAL if tree.find(path) is not None][:1]:
            if tree.find(path) is not None:
                for told in _networks(lines_of(tree, path) or []):
                    yield _network(tree.show(path), told)


def authenticators(tree: Tree) -> Iterator[tuple[str, Told]]:
    """Path and settings of each started hostapd that is the EAP server itself, and has a list of authorities."""
    for service in startup_of(tree).running("hostapd"):
        for path in (word for word in service.arguments if word.endswith(".conf") and tree.find(word) is not None):
            for told in _networks(lines_of(tree, path) or []):
                if told.get("eap_server", ("0", 0))[0] == "1" and "ca_cert" in told:
                    yield path, told


def _networks(lines: list[str]) -> Iterator[Told]:
    told: Told = {}
    for number, raw in enumerate(lines, start=1):
        name, has_value, value = raw.strip().partition("=")
        if not has_value or name.startswith("#"):
            continue
        if name == "bss" and "ssid" in told:
            yield told
            told = {key: told[key] for key in ("wps_state", "config_methods", "ap_pin") if key in told}
        told[name] = (value.strip(), number)
    if "ssid" in told or "ssid2" in told:
        yield told


def _network(path: str, told: Told) -> WirelessNetwork:
    def value(name: str, default: str = "") -> str:
        return told.get(name, (default, 0))[0]

    bits = int(value("wpa", "0")) if value("wpa", "0").isdecimal() else 0
    keys = set(value("wpa_key_mgmt", "WPA-PSK").upper().split())
    old = value("wpa_pairwise", "TKIP").upper()
    newer = value("rsn_pairwise", old).upper()
    found: list[Protection] = []
    if bits & 2:
        if any("SAE" in key for key in keys):
            found.append("wpa3")
        if keys == {"OWE"}:
            found.append("owe")
        if any("PSK" in key or "EAP" in key for key in keys):
            found.append("wpa2")
    if bits & 1:
        found.append("wpa")
    if not bits:
        found.append("wep" if any(name.startswith("wep_key") for name in told) else "open")
    where = next((told[n][1] for n in ("wpa", "wep_key0", "ssid") if n in told), 0)
    return WirelessNetwork(
        path=path,
        line=where,
        system="hostapd",
        role="opens",
        name=safe_text(value("ssid").strip('"'), 64),
        protections=tuple(found) or ("wpa2",),
        has_tkip=bool((bits & 1 and "TKIP" in old) or (bits & 2 and "TKIP" in newer)),
        wps=_wps(value("wps_state", "0"), value("config_methods"), value("ap_pin")),
        is_enterprise=any("EAP" in key for key in keys) or value("ieee8021x") == "1",
    )


def _wps(state: str, methods: str, pin: str) -> Literal["off", "button", "pin"]:
    if state not in ("1", "2"):
        return "off"
    return "pin" if pin or any(word in methods for word in _NUMBERED) else "button"
