"""Roots that start the programs of gateways: radio, tunnels, web interfaces."""

from collections.abc import Mapping
from pathlib import Path

from iotscan.model.facts import WirelessNetwork, WirelessNetworks
from iotscan.observe.image.inspectors import wireless
from iotscan.observe.image.readers.folder import FolderTree
from tests.observe.image.looking import a_root, heard_of
from tests.observe.image.test_startup import add_links

Files = Mapping[str, str | bytes]
NO_FILES: Files = {}
PROGRAMS = {
    f"usr/sbin/{name}": b"\x7fELF"
    for name in ("hostapd", "wpa_supplicant", "NetworkManager", "openvpn", "charon-systemd", "starter")
} | {f"usr/bin/{name}": b"\x7fELF" for name in ("node", "node-red", "hass", "true")}


def a_gateway(folder: Path, commands: list[str], files: Files = NO_FILES) -> FolderTree:
    """A root of BusyBox's init that starts these commands."""
    lines = "".join(f"::respawn:{command}\n" for command in commands)
    tree = a_root(folder, {"bin/busybox": "ELF", "etc/inittab": lines, **PROGRAMS, **files})
    add_links(folder, {"sbin/init": "/bin/busybox"})
    return tree


def networks(tree: FolderTree) -> tuple[WirelessNetwork, ...]:
    heard = heard_of(wireless.INSPECTOR, tree)
    assert not heard.missed
    return tuple(n for fact in heard.facts if isinstance(fact, WirelessNetworks) for n in fact.networks)
