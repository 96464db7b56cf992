"""Readers of protocols, one file each. A new one is listed here and nowhere else."""

from importlib import import_module
from typing import Final

from iotscan.observe.traffic.conversation import Chooser
from iotscan.observe.traffic.given import NOTHING, Given

_ENCRYPTED: Final = ("tls", "dtls", "quic")
_MODULES: Final[tuple[str, ...]] = (
    *("ftp", "tftp", "dns", *_ENCRYPTED, "http", "rtsp", "mqtt", "amqp", "tunnel"),
    *("coap", "ntp", "snmp", "telnet", "mail", "syslog", "modbus", "upgrade"),
)
"""Modules of this folder, each with its ``CHOOSE``, asked in this order: those that are sure by the first bytes come
before those that go by the port. One that judges by what the user gave has ``chooser(given)`` instead."""


def all_choosers(given: Given = NOTHING) -> tuple[Chooser, ...]:
    """Every chooser. Imported on demand: a listing of commands needs none."""
    return tuple(_chooser(name, given) for name in _MODULES)


def _chooser(name: str, given: Given) -> Chooser:
    module = import_module(f"{__name__}.{name}")
    chooser: Chooser = module.chooser(given) if hasattr(module, "chooser") else module.CHOOSE
    if name in (*_ENCRYPTED, "upgrade"):
        return chooser
    upgradable: Chooser = import_module(f"{__name__}.upgrade").upgradable(chooser, given)
    return upgradable
