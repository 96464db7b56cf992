"""Words that a shell may offer for an option. Whatever goes wrong here offers nothing and says nothing."""

from collections.abc import Callable, Iterable
from pathlib import Path

Completer = Callable[[str], list[str]]


def _offering(words: Callable[[], Iterable[str]]) -> Completer:
    def complete(incomplete: str) -> list[str]:
        try:
            return [word for word in words() if word.startswith(incomplete)]
        except Exception:
            return []

    return complete


def _kinds() -> Iterable[str]:
    from iotscan.cli.kinds import KINDS

    return (name for name, kind in KINDS.items() if kind.written)


def _profiles() -> Iterable[str]:
    # By its name alone: loading profiles would cost a tenth of a second at every press of the key.
    from iotscan.shipped import shipped

    return sorted(p.stem for p in shipped("profiles").glob("*.yaml"))


def _checks() -> Iterable[str]:
    from iotscan.assess.registry import load_checks

    return load_checks().ids


def _runs() -> Iterable[str]:
    runs = sorted(p.parent.name for p in Path("iotscan-out").glob("*/run.json"))
    return [*(["latest"] if runs else []), *reversed(runs)]


def _formats() -> Iterable[str]:
    from iotscan.report.registry import known

    return list(known())


def _inventory_formats() -> Iterable[str]:
    from iotscan.cli.output import FOR_INVENTORIES

    return sorted(FOR_INVENTORIES)


def _interfaces() -> Iterable[str]:
    import socket

    return (name for _, name in socket.if_nameindex())


complete_kind = _offering(_kinds)
complete_profile = _offering(_profiles)
complete_check = _offering(_checks)
complete_run = _offering(_runs)
complete_format = _offering(_formats)
complete_inventory_format = _offering(_inventory_formats)
complete_severity = _offering(lambda: ("critical", "high", "medium", "low", "info", "none"))
complete_incomplete = _offering(lambda: ("fail", "warn", "ignore"))
complete_color = _offering(lambda: ("auto", "always", "never"))
complete_interface = _offering(_interfaces)
