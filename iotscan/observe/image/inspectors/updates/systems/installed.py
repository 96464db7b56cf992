"""Update systems that are in an image and whose configuration nobody reads yet.

That one of them is there says that the image can be updated, perhaps, and nothing of how. Sources: the lists of files
of Debian's packages (``dpkg -L rauc swupdate ostree casync fwupd snapd``), recipes of meta-updater, meta-balena,
meta-mender and meta-rauc-community, AOSP's update_engine, sysupdate.d(5), AWS Greengrass' installer.
"""

from collections.abc import Collection, Iterator
from itertools import islice

from iotscan.model.facts import UpdateSystem
from iotscan.model.facts.update_systems import Component, System
from iotscan.observe.image.inspectors.updates.root import Root
from iotscan.observe.image.inspectors.updates.systems.compose import renewing
from iotscan.observe.image.inspectors.updates.systems.rauc import HAWKBIT

_FOLDERS = ("/usr/bin", "/usr/sbin", "/usr/local/bin", "/usr/local/sbin", "/usr/lib/snapd", "/usr/libexec/fwupd",
            "/usr/libexec", "/bin", "/sbin", "/system/bin")  # fmt: skip
_KNOWN: tuple[tuple[System, tuple[str, ...], tuple[Component, ...]], ...] = (
    ("rauc", ("rauc",), ("rootfs",)),
    ("mender", ("mender-update", "mender", "mender-auth"), ("rootfs",)),
    ("ostree", ("ostree", "rpm-ostree", "bootc"), ("rootfs",)),
    ("hawkbit", ("rauc-hawkbit-updater", "rauc-hawkbit"), ()),
    ("fwupd", ("fwupdmgr", "fwupd"), ("firmware",)),
    ("snap", ("snapd", "snap"), ("packages",)),
    ("balena", ("balena-supervisor", "start-balena-supervisor", "balenad", "balena-engine"), ("containers",)),
    ("android", ("update_engine", "update_engine_sideload"), ("rootfs",)),
    ("other", ("casync", "desync"), ()),
    ("other", ("swupd",), ()),
    ("other", ("eos-updater",), ()),
    ("other", ("AducIotAgent", "deviceupdate-agent"), ()),
    ("other", ("fwup",), ()),
    ("other", ("updatehub",), ()),
    ("other", ("pantavisor",), ()),
)
_GREENGRASS = "/greengrass/v2"
_PULLS: tuple[tuple[System, str], ...] = (("docker", "pull"), ("podman", "auto-update"), ("podman", "pull"))
"""Words that fetch newer containers: an engine alone updates nothing."""
_SYSUPDATE = ("/etc/sysupdate.d", "/usr/lib/sysupdate.d")


def installed(root: Root, configured: Collection[str]) -> Iterator[UpdateSystem]:
    """One for each system that is there, but for the ``configured`` ones, which are known better."""
    for system, names, components in _KNOWN:
        if system in configured or (system == "hawkbit" and "rauc" in configured and root.has(HAWKBIT)):
            # Whom the client of RAUC asks is told with RAUC, which installs what it fetches.
            continue
        path = _first(root, names)
        if path:
            yield _unread(root, system, path, components)
    for folder in _SYSUPDATE:
        if any(entry.name.endswith((".conf", ".transfer")) for entry in root.tree.children(folder)):
            yield _unread(root, "systemd-sysupdate", folder, ("rootfs",))
            break
    if root.has(_GREENGRASS):
        yield _unread(root, "greengrass", _GREENGRASS, ("packages",))
    for path, name in islice(renewing(root), 1):
        why = f"{name} renews the containers; what it takes was not seen"
        yield _unread(root, "docker", path, ("containers",), why)
    for system, word in _PULLS:
        command = next((c for c in root.calls(system) if word in c.argv), None)
        if command is not None:
            yield _unread(root, system, command.path, ("containers",))


def _first(root: Root, names: tuple[str, ...]) -> str:
    paths = (f"{folder}/{name}" for name in names for folder in _FOLDERS)
    return next((p for p in paths if (e := root.tree.find(p)) is not None and e.kind == "file"), "")


def _unread(root: Root, system: System, path: str, components: tuple[Component, ...], why: str = "") -> UpdateSystem:
    name = path.rpartition("/")[2]
    why = why or f"{name} is there, and no configuration of it that we read"
    verifies = root.trait("verifies", None, why, path=path)
    return UpdateSystem(
        system=system,
        path=root.tree.show(path),
        runs=root.runs(name),
        components=components,
        traits=(verifies,),
        is_read=False,
        detail=why,
    )
