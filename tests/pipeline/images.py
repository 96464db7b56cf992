"""Gateway images as a customer's build leaves them: folders, made by hand and small."""

from pathlib import Path

EMPTY_ROOT = "root::19000:0:99999:7:::\n"


def write(root: Path, path: str, content: str, mode: int = 0o644) -> None:
    """Put a file into an image."""
    target = root / path
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(content)
    target.chmod(mode)


def bare(root: Path) -> Path:
    """What makes a folder a root file system."""
    for folder in ("etc", "bin", "lib", "usr/bin", "usr/sbin"):
        (root / folder).mkdir(parents=True)
    write(root, "etc/passwd", "root:x:0:0:root:/root:/bin/sh\ndaemon:*:1:1::/:/bin/false\n")
    write(root, "bin/busybox", "#!/bin/false\n", 0o755)
    (root / "sbin").mkdir()
    (root / "sbin/init").symlink_to("../bin/busybox")
    write(root, "etc/inittab", "::sysinit:/etc/init.d/rcS\nttyS0::respawn:/sbin/getty 115200 ttyS0\n")
    write(root, "usr/sbin/gatewayd", "#!/bin/false\n", 0o755)
    write(root, "etc/init.d/rcS", "#!/bin/sh\nstart-stop-daemon -S -b -c daemon -x /usr/sbin/gatewayd\n", 0o755)
    return root


RAUC = """[system]
compatible=gw
bootloader=uboot
bundle-formats=-plain
min-bundle-version=2026.10
statusfile=/data/rauc.status

[keyring]
path=ca.pem

[slot.rootfs.0]
device=/dev/mmcblk0p2
bootname=A

[slot.rootfs.1]
device=/dev/mmcblk0p3
bootname=B

[polling]
source=https://updates.example/gw.raucb
interval-sec=86400
"""

LEFT_OUT = frozenset(
    {"key-rotation-mechanism", "mandatory-access-control", "revocation-checking", "update-slots", "watchdog"}
)
"""The checks that fire on the good image all the same, each medium or low: a small root file system has none of it."""


def good(root: Path) -> Path:
    """Locked root, verified updates to the slot that does not run, no key inside."""
    bare(root)
    write(root, "etc/shadow", "root:!:19000:0:99999:7:::\ndaemon:*:19000:0:99999:7:::\n", 0o600)
    write(root, "etc/rauc/system.conf", RAUC)
    started = "/usr/sbin/gatewayd --is-well && /usr/bin/rauc status mark-good\n"
    write(root, "etc/init.d/S99well", f"#!/bin/sh\n{started}", 0o755)
    write(root, "usr/bin/rauc", "#!/bin/false\n", 0o755)
    write(root, "etc/fw_env.config", "/dev/mmcblk0 0x100000 0x4000\n/dev/mmcblk0 0x104000 0x4000\n")
    write(root, "etc/rauc/ca.pem", "-----BEGIN CERTIFICATE-----\n")
    write(root, "etc/opkg.conf", "option check_signature\nsrc/gz base https://feed.example/base\ndest root /\n")
    write(root, "etc/opkg/keys/1a2b", "untrusted comment: key\n")
    return root


def regressed(root: Path) -> Path:
    """The good image after one careless commit: root has no password any more."""
    good(root)
    write(root, "etc/shadow", EMPTY_ROOT, 0o600)
    return root


def broken(root: Path) -> Path:
    """The good image after a build that did not end: what should hold the accounts is a folder."""
    good(root)
    (root / "etc/shadow").unlink()
    (root / "etc/shadow").mkdir()
    return root
