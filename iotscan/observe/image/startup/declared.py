"""What the files of an init system start by themselves, whichever it is: worked out once a tree."""

from collections.abc import Iterator

import msgspec

from iotscan.observe.image.startup import container, cron, inetd, inittab, openrc, procd, supervised, systemd
from iotscan.observe.image.startup.service import Service, Startup
from iotscan.observe.image.tree import Tree
from iotscan.observe.image.unreadable import Unreadable

_SYSTEMD = ("/usr/lib/systemd/systemd", "/lib/systemd/systemd")
_NO_INIT = "the image holds no init system that is known, so what it starts is not known"
_ASKS = "the scripts of its init system decide as they run"


def declared_of(tree: Tree) -> Startup:
    """The services and jobs of a tree; ``problem`` says why they are not known. Never raises."""
    return tree.once(_read)


def _read(tree: Tree) -> Startup:
    try:
        if container.is_container(tree):
            return Startup(system="container", services=tuple(container.read(tree)))
        system = system_of(tree)
        if not system:
            return Startup(problem=_NO_INIT)
        found = _of_system(tree, system)
        services = (*found.services, *inetd.read(tree, found.services))
        return msgspec.structs.replace(found, services=services, jobs=(*found.jobs, *cron.read(tree)))
    except Unreadable as error:
        return Startup(problem=f"what the image starts: {error}", is_unreadable=True)


def system_of(tree: Tree) -> str:
    """The init system: what /sbin/init leads to, else the files that only one of them has. Raises Unreadable."""
    init = tree.find("/sbin/init") or tree.find("/init")
    name = init.name if init is not None else ""
    if name == "systemd":
        return "systemd"
    if tree.find("/sbin/procd") is not None and tree.find("/etc/rc.common") is not None:
        return "procd"
    if tree.find("/etc/runlevels/default") is not None and tree.find("/sbin/openrc") is not None:
        return "openrc"
    if name == "busybox":
        return "busybox"
    if name == "runit-init" or (init is None and tree.find("/etc/runit/2") is not None):
        return "runit"
    if name.startswith("s6") or tree.find("/etc/s6-overlay") is not None or tree.find("/etc/services.d") is not None:
        return "s6"
    if init is None and any(tree.find(path) is not None for path in _SYSTEMD):
        return "systemd"
    if tree.find("/etc/inittab") is not None or (init is not None and tree.find("/etc/rc2.d") is not None):
        return "busybox" if tree.find("/etc/rc2.d") is None and tree.find("/bin/busybox") is not None else "sysv"
    return ""


def _of_system(tree: Tree, system: str) -> Startup:
    if system == "systemd":
        return systemd.read(tree)
    return Startup(system=system, services=tuple(_by_scripts(tree, system)), not_seen=(_ASKS,))


def _by_scripts(tree: Tree, system: str) -> Iterator[Service]:
    if system == "procd":
        yield from procd.read(tree)
        yield from inittab.from_script(tree, "/etc/rc.local")
    elif system == "openrc":
        yield from openrc.read(tree)
        yield from inittab.read(tree, is_busybox=False)
    elif system == "runit":
        yield from supervised.read(tree, supervised.RUNIT, "runit")
    elif system == "s6":
        yield from supervised.read(tree, supervised.S6, "s6")
    else:
        yield from inittab.read(tree, is_busybox=system == "busybox")
