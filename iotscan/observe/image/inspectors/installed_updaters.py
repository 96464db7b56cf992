"""Updaters that are in an image and whose configuration nobody reads yet.

That one of them is there says that the image can be updated, perhaps, and nothing of how. Sources: the lists of files
of Debian's packages (``dpkg -L rauc swupdate ostree casync fwupd snapd``), recipes of meta-updater, meta-balena,
meta-mender and meta-rauc-community, OpenWrt's base-files, AOSP's update_engine, sysupdate.d(5).
"""

import posixpath
from collections.abc import Collection, Iterator

from iotscan.model.answer import Answer
from iotscan.model.facts import Updater
from iotscan.model.vocabulary import Reason
from iotscan.observe.image.tree import Tree

_FOLDERS = ("/usr/bin", "/usr/sbin", "/usr/local/bin", "/usr/local/sbin", "/usr/lib/snapd", "/usr/libexec/fwupd",
            "/usr/libexec", "/bin", "/sbin", "/system/bin")  # fmt: skip
_OF: dict[str, tuple[str, ...]] = {
    "rauc": ("rauc",),
    "swupdate": ("swupdate",),
    "mender": ("mender-update", "mender", "mender-auth"),
    "ostree": ("ostree", "rpm-ostree"),
}
"""Programs of systems whose configuration is read: named only where there is none."""
_OTHERS = (
    ("sysupgrade",),
    ("fwupdmgr", "fwupd"),
    ("rauc-hawkbit-updater", "rauc-hawkbit"),
    ("aktualizr", "aktualizr-lite", "aktualizr-primary", "aktualizr-torizon"),
    ("casync", "desync"),
    ("snapd", "snap"),
    ("balena-supervisor", "start-balena-supervisor", "balenad", "balena-engine"),
    ("swupd",),
    ("eos-updater",),
    ("update_engine", "update_engine_sideload"),
    ("AducIotAgent", "deviceupdate-agent"),
    ("fwup",),
    ("updatehub",),
    ("pantavisor",),
)
_SYSUPDATE = ("/etc/sysupdate.d", "/usr/lib/sysupdate.d")


def installed_updaters(tree: Tree, configured: Collection[str]) -> Iterator[Updater]:
    """One for each updater that is there, but for the ``configured`` systems, which are known better."""
    for system, names in _OF.items():
        if system not in configured:
            yield from _first(tree, names)
    for names in _OTHERS:
        yield from _first(tree, names)
    for folder in _SYSUPDATE:
        if any(entry.name.endswith((".conf", ".transfer")) for entry in tree.children(folder)):
            yield _unread(folder, "systemd-sysupdate")
            return


def _first(tree: Tree, names: tuple[str, ...]) -> Iterator[Updater]:
    paths = (f"{folder}/{name}" for name in names for folder in _FOLDERS)
    for path in paths:
        found = tree.find(path)
        if found is not None and found.kind == "file":
            yield _unread(path, posixpath.basename(path))
            return


def _unread(path: str, name: str) -> Updater:
    detail = f"{name} is there, and no configuration of it that we read"
    return Updater(path=path, system="other", verifies=Answer.missing(Reason.NOT_OBSERVABLE, detail), detail=detail)
