"""What the survey says of a root file system of a few files."""

from collections.abc import Mapping
from pathlib import Path

from iotscan.model.facts import UpdateSystem, UpdateSystems
from iotscan.observe.image.inspectors.updates import INSPECTOR
from tests.observe.image.looking import a_root, heard_of

BUSYBOX = {"bin/busybox": "", "etc/inittab": "::sysinit:/etc/init.d/rcS\n", "etc/init.d/rcS": "#!/bin/sh\n:\n"}
"""An init system whose start is known."""


def fact_of(folder: Path, files: Mapping[str, str | bytes]) -> UpdateSystems:
    """The fact about a root file system of these files."""
    (fact,) = heard_of(INSPECTOR, a_root(folder, files)).facts
    assert isinstance(fact, UpdateSystems)
    return fact


def system_of(folder: Path, name: str, files: Mapping[str, str | bytes]) -> UpdateSystem:
    """The one system of this name in it; everything could be read."""
    fact = fact_of(folder, files)
    assert not fact.unread
    (system,) = [s for s in fact.systems if s.system == name]
    return system
