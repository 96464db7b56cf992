"""Readers of protocols, one file each. A new one is listed here and nowhere else."""

from importlib import import_module
from typing import Final

from iotscan.observe.traffic.conversation import Chooser

_MODULES: Final[tuple[str, ...]] = ()
"""Modules of this folder, each with its ``CHOOSE``, asked in this order: those that are sure by the first bytes come
before those that go by the port."""


def all_choosers() -> tuple[Chooser, ...]:
    """Every chooser. Imported on demand: a listing of commands needs none."""
    return tuple(_chooser(name) for name in _MODULES)


def _chooser(name: str) -> Chooser:
    chooser: Chooser = import_module(f"{__name__}.{name}").CHOOSE
    return chooser
