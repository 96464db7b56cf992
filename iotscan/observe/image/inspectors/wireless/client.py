"""Networks to join: wpa_supplicant.conf(5) and the connections of NetworkManager (nm-settings-keyfile(5))."""

import re
from collections.abc import Iterator, Mapping

from iotscan.model.answer import Answer
from iotscan.model.facts import WirelessNetwork
from iotscan.model.facts.wireless import Protection
from iotscan.model.text import safe_text
from iotscan.observe.image.configuration.configured import installed
from iotscan.observe.image.globbing import globbed
from iotscan.observe.image.startup.reading import startup_of
from iotscan.observe.image.texts import lines_of
from iotscan.observe.image.tree import Tree

_SUPPLICANT = ("/etc/wpa_supplicant.conf", "/etc/wpa_supplicant/*.conf")
_CONNECTIONS = ("/etc/NetworkManager/system-connections/*", "/usr/lib/NetworkManager/system-connections/*")
_MUTUAL = ("PWD", "SIM", "AKA", "AKA'", "EKE", "GPSK", "SAKE", "PAX")
"""Methods in which both ends prove to know the secret: there is no certificate to try (RFC 5931, RFC 4186 …)."""

Settings = Mapping[str, tuple[str, int]]


def networks(tree: Tree) -> Iterator[WirelessNetwork]:
    """Every network that is not switched off. Raises Unreadable."""
    if installed(tree, "wpa_supplicant"):
        given = [w for s in startup_of(tree).running("wpa_supplicant") for w in _files(s.arguments)]
        paths = [path for pattern in (*given, *_SUPPLICANT) for path in globbed(tree, pattern)]
        for path in dict.fromkeys(paths):
            for line, settings in _blocks(lines_of(tree, path) or []):
                if settings.get("disabled", ("0", 0))[0] != "1":
                    yield _of_supplicant(tree.show(path), line, settings)
    if installed(tree, "NetworkManager"):
        for pattern in _CONNECTIONS:
            for path in globbed(tree, pattern):
                yield from _of_manager(tree.show(path), lines_of(tree, path) or [])


def enterprise(tree: Tree) -> Iterator[tuple[str, int, Settings]]:
    """Path, line and settings of each network of wpa_supplicant that checks its server's certificate."""
    if not installed(tree, "wpa_supplicant"):
        return
    for path in dict.fromkeys(path for pattern in _SUPPLICANT for path in globbed(tree, pattern)):
        for line, settings in _blocks(lines_of(tree, path) or []):
            if any(name in settings for name in ("ca_cert", "ca_path", "ca_cert2")) and "eap" in settings:
                yield path, line, settings


def _files(words: tuple[str, ...]) -> Iterator[str]:
    for place, word in enumerate(words):
        if word.startswith("-c"):
            path = word[2:] or (words[place + 1] if place + 1 < len(words) else "")
            if path.startswith("/"):
                yield path


def _blocks(lines: list[str]) -> Iterator[tuple[int, Settings]]:
    start, told = 0, dict[str, tuple[str, int]]()
    for number, raw in enumerate(lines, start=1):
        text = raw.strip()
        if re.match(r"network\s*=\s*\{", text):
            start, told = number, {}
        elif text.startswith("}") and start:
            yield start, told
            start = 0
        elif start and not text.startswith("#"):
            name, has_value, value = text.partition("=")
            if has_value:
                told[name.strip()] = (value.strip(), number)


def _of_supplicant(path: str, line: int, told: Settings) -> WirelessNetwork:
    def words(name: str, default: str) -> set[str]:
        return set(told.get(name, (default, 0))[0].upper().split())

    keys = words("key_mgmt", "WPA-PSK WPA-EAP")
    # Without a word both kinds of WPA are taken; what that means depends on how the program was built.
    proto = words("proto", "RSN") & {"WPA", "RSN", "WPA2"}
    is_open = keys == {"NONE"}
    has_wep = is_open and any(name.startswith("wep_key") for name in told)
    is_enterprise = any("EAP" in key or key == "IEEE8021X" for key in keys) and ("eap" in told or "identity" in told)
    found: list[Protection] = []
    if is_open:
        found.append("wep" if has_wep else "open")
    if keys == {"OWE"}:
        found.append("owe")
    if any(key.startswith(("SAE", "FT-SAE")) for key in keys):
        found.append("wpa3")
    if any("PSK" in key or "EAP" in key for key in keys):
        if proto & {"RSN", "WPA2"}:
            found.append("wpa2")
        if "WPA" in proto:
            found.append("wpa")
    where = next((told[n][1] for n in ("key_mgmt", "eap", "proto", "pairwise") if n in told), line)
    return WirelessNetwork(
        path=path,
        line=where if is_open or is_enterprise else line,
        system="wpa_supplicant",
        role="joins",
        name=safe_text(told.get("ssid", ("", 0))[0].strip('"'), 64),
        protections=tuple(found) or ("wpa2",),
        has_tkip="TKIP" in words("pairwise", ""),
        is_enterprise=is_enterprise,
        checks_server=Answer.of(not is_enterprise or _checks(told)),
    )


def _checks(told: Settings) -> bool:
    methods = set(told.get("eap", ("", 0))[0].upper().split())
    if methods and methods <= set(_MUTUAL):
        return True
    return any(name in told for name in ("ca_cert", "ca_path", "ca_cert2", "server_cert_fingerprint"))


def _of_manager(path: str, lines: list[str]) -> Iterator[WirelessNetwork]:
    told: dict[str, tuple[str, int]] = {}
    section = ""
    for number, raw in enumerate(lines, start=1):
        text = raw.strip()
        name, has_value, value = text.partition("=")
        if text.startswith("["):
            section = text.strip("[]")
        elif has_value and not text.startswith("#"):
            told[f"{section}.{name.strip()}"] = (value.strip(), number)
    if told.get("connection.type", ("", 0))[0] not in ("wifi", "802-11-wireless"):
        return
    kind, line = told.get("wifi-security.key-mgmt", ("", told["connection.type"][1]))
    methods = {m for m in told.get("802-1x.eap", ("", 0))[0].lower().split(";") if m}
    is_enterprise = bool(methods)
    names = ("802-1x.ca-cert", "802-1x.ca-path", "802-1x.system-ca-certs", "802-1x.phase2-ca-cert")
    by_kind: dict[str, Protection] = {"": "open", "none": "wep", "owe": "owe", "sae": "wpa3", "ieee8021x": "wep"}
    mode = told.get("wifi.mode", ("infrastructure", 0))[0]
    proto = told.get("wifi-security.proto", ("", 0))[0].lower()
    pairwise = told.get("wifi-security.pairwise", ("", 0))[0].lower()
    yield WirelessNetwork(
        path=path,
        line=line,
        system="networkmanager",
        role="opens" if mode == "ap" else "joins",
        name=safe_text(told.get("wifi.ssid", ("", 0))[0], 64),
        protections=("wpa",) if proto.strip(";") == "wpa" else (by_kind.get(kind, "wpa2"),),
        has_tkip="tkip" in pairwise,
        is_enterprise=is_enterprise,
        checks_server=Answer.of(
            not is_enterprise or methods <= {"pwd"} or any(told.get(n, ("false", 0))[0] != "false" for n in names)
        ),
    )
