"""A scan of many TLS services by the program itself: at the default, polite limits and with the limits off."""

import sys
from collections.abc import Mapping
from pathlib import Path

from bench.table import Row, times
from bench.tls.fleet import PORT, addresses, fleet, why_not
from bench.tls.spending import Spent, spend
from iotscan.scan.pipeline import DEVICES_AT_ONCE

SERVICES = 250
_CHECKS = ("tls-versions", "tls-modern-versions", "tls-weak-ciphers", "tls-authenticated-encryption", "forward-secrecy")
"""Checks that the hello engine alone answers; the others wait for sslyze, which shakes hands with one after another."""


def services(env: Mapping[str, str], home: Path) -> list[Row]:
    """The rows about many services."""
    if reason := why_not():
        return [Row(what=f"{SERVICES} TLS services", measured="not measured", against=reason)]
    first, last = addresses(SERVICES)[0], addresses(SERVICES)[-1].rpartition(".")[2]
    chosen = [word for check in _CHECKS for word in ("--check", check)]
    words = ("scan", f"{first}-{last}", "--ports", str(PORT), *chosen, "-q", "-y", "-o", str(home / "tls-out"))
    with fleet(home / "tls-services", SERVICES) as servers:
        polite = spend((sys.executable, "-m", "iotscan", *words), env, servers, may_end=(0, 1, 3), is_weighed=True)
        free = spend(
            (sys.executable, "-m", "bench.tls.unlimited", *words), env, servers, may_end=(0, 1, 3), is_weighed=True
        )
    at_once = f"{DEVICES_AT_ONCE} devices at once"
    return [
        *_rows("polite", polite, f"4 connections a second a device, {at_once}"),
        *_rows("limits off", free, at_once),
    ]


def _rows(name: str, spent: Spent, against: str) -> list[Row]:
    rest = f"{spent.peak / 2**20:.0f} MiB, {spent.connections / SERVICES:.1f} connections a service"
    return [
        Row(what=f"{name}: clock", measured=f"{spent.wall:.1f} s", against=against),
        Row(
            what=f"{name}: processor, peak memory",
            measured=f"{spent.cpu:.1f} s",
            against=rest,
            ratio=f"{times(spent.cpu, spent.wall)} of one",
        ),
    ]
