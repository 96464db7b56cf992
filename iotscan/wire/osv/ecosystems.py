"""What OSV calls a system, and under which names and versions it lists that system's packages.

Source: the OSV schema, "Defined ecosystems". Debian, Ubuntu and Alpine, whose orders of versions we know and whose
records name source packages. OSV has nothing on OpenWrt, Yocto and what makers build themselves.
"""

import re
from collections.abc import Callable

import msgspec

from iotscan.model.facts import OperatingSystem, Package
from iotscan.wire.versions import Order
from iotscan.wire.versions.alpine import alpine_order
from iotscan.wire.versions.debian import debian_order

_SIGNED_KERNEL = "linux-signed-"
_ELSEWHERE = re.compile(r"rpt[0-9]|\+rpi|nodesource|sury|ppa|~bpo|esm[0-9]")
"""Marks of versions that come from another archive than the system's own: its records do not speak of them."""


class Ecosystem(msgspec.Struct, frozen=True, kw_only=True):
    """One release of a distribution. ``names`` are what records call it, the first is the usual one."""

    names: tuple[str, ...]
    format: str
    """Of the package database: ``dpkg`` or ``apk``."""
    order: Order


def ecosystem_of(system: OperatingSystem) -> Ecosystem | None:
    """The ecosystem of a system; None for one that OSV does not know, or of which we do not."""
    find = _KNOWN.get(system.id)
    return find(system.version) if find else None


def listed_as(package: Package, ecosystem: Ecosystem) -> tuple[str, str] | None:
    """The source package, and its version; None for one that another archive brought."""
    if ecosystem.format == "dpkg" and _ELSEWHERE.search(package.version):
        return None
    if package.source.startswith(_SIGNED_KERNEL):
        # What is signed is a package of its own with a count of its own; the kernel in it has the version of "linux".
        return "linux", package.version
    return package.source or package.name, package.source_version or package.version


def _debian(version: str) -> Ecosystem | None:
    release = re.fullmatch(r"([0-9]+)(?:\.[0-9]+)?", version)
    return Ecosystem(names=(f"Debian:{release[1]}",), format="dpkg", order=debian_order) if release else None


def _ubuntu(version: str) -> Ecosystem | None:
    release = re.fullmatch(r"[0-9]{2}\.[0-9]{2}", version)
    names = (f"Ubuntu:{version}", f"Ubuntu:{version}:LTS")
    return Ecosystem(names=names, format="dpkg", order=debian_order) if release else None


def _alpine(version: str) -> Ecosystem | None:
    release = re.fullmatch(r"([0-9]+\.[0-9]+)(?:\.[0-9]+)?", version)
    return Ecosystem(names=(f"Alpine:v{release[1]}",), format="apk", order=alpine_order) if release else None


_KNOWN: dict[str, Callable[[str], Ecosystem | None]] = {"debian": _debian, "ubuntu": _ubuntu, "alpine": _alpine}
