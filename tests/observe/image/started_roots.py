"""Root file systems that start something, as OpenWrt, Buildroot and Debian lay them out."""

from collections.abc import Mapping
from pathlib import Path

from iotscan.observe.image.readers.folder import FolderTree
from tests.observe.image.looking import a_root

Files = Mapping[str, str | bytes]
PROGRAMS = (
    *("usr/sbin/sshd", "usr/sbin/dropbear", "usr/sbin/telnetd", "usr/bin/nc", "usr/bin/socat", "usr/sbin/knockd"),
    *(
        "usr/sbin/rngd",
        "usr/bin/fail2ban-server",
        "usr/bin/openssl",
        "usr/bin/ssh-keygen",
        "bin/sh",
        "sbin/getty",
        "bin/login",
    ),
)


def _programs() -> dict[str, bytes]:
    return dict.fromkeys(PROGRAMS, b"\x7fELF\0")


def _link(folder: Path, links: Mapping[str, str]) -> None:
    for name, target in links.items():
        place = folder / name
        place.parent.mkdir(parents=True, exist_ok=True)
        place.symlink_to(target)


def buildroot(folder: Path, files: Mapping[str, str | bytes] = {}, links: Mapping[str, str] = {}) -> FolderTree:
    """BusyBox init; every ``/etc/init.d/S??*`` is started by rcS."""
    usual: Files = {
        "bin/busybox": b"\x7fELF\0",
        "etc/inittab": "::sysinit:/etc/init.d/rcS\n",
        "etc/init.d/rcS": '#!/bin/sh\nfor i in /etc/init.d/S??*; do\n  "$i" start\ndone\n',
    }
    _link(folder, {"sbin/init": "../bin/busybox", **links})
    return a_root(folder, {**_programs(), **usual, **files})


def openwrt(folder: Path, files: Mapping[str, str | bytes] = {}, links: Mapping[str, str] = {}) -> FolderTree:
    """procd; ``/etc/rc.d/S*`` are links to ``/etc/init.d``."""
    usual: Files = {"sbin/procd": b"\x7fELF\0", "etc/rc.common": "#!/bin/sh\n", "sbin/init": b"\x7fELF\0"}
    _link(folder, links)
    return a_root(folder, {**_programs(), **usual, **files})


def debian(folder: Path, files: Mapping[str, str | bytes] = {}, wants: tuple[str, ...] = ()) -> FolderTree:
    """systemd; ``wants`` are the units that multi-user.target wants."""
    units = "usr/lib/systemd/system"
    usual: Files = {
        "usr/lib/systemd/systemd": b"\x7fELF\0",
        f"{units}/multi-user.target": "[Unit]\nDescription=Multi-User\n",
    }
    links = {f"etc/systemd/system/multi-user.target.wants/{name}": f"/{units}/{name}" for name in wants}
    links |= {f"{units}/default.target": "multi-user.target", "sbin/init": "../usr/lib/systemd/systemd"}
    _link(folder, links)
    # Enabled by links, not by the presets of a first start.
    return a_root(folder, {**_programs(), "etc/machine-id": "", **usual, **files})
