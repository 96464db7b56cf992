"""What is mounted over a root file system leaves a gap for the facts that hang on it, and for no others."""

from pathlib import Path

import pytest

from iotscan.model.facts import kind_of
from iotscan.model.vocabulary import Reason
from iotscan.observe.image.inspectors import accounts, all_inspectors, packages
from iotscan.observe.image.messages import Ended, Message
from iotscan.observe.image.mounted import OF_VARIABLE, covered
from iotscan.observe.image.posture import look_at
from tests.observe.image.looking import a_root, site_of
from tests.observe.image.started_roots import buildroot

OVERLAY = "overlay /etc overlay lowerdir=/etc,upperdir=/data/overlay/etc,workdir=/data/overlay/w 0 0"


@pytest.mark.parametrize(
    ("line", "points"),
    [
        ("LABEL=etc /etc ext4 ro 0 2", ["/etc"]),
        ("/dev/mmcblk0p7 /opt/ ext4 ro 0 2", ["/opt"]),
        ("/data/ssh /etc/ssh none bind 0 0", ["/etc/ssh"]),
        ("tmpfs /etc tmpfs mode=755 0 0", ["/etc"]),
        ("PARTUUID=1-2 /var ext4 rw 0 2", ["/var"]),
        ("PARTUUID=1-2 /usr ext4 noauto,x-systemd.automount 0 2", ["/usr"]),
        ("/dev/mmcblk0p3 /usr ext4 noauto 0 2", []),
        ("#LABEL=etc /etc ext4 ro 0 2", []),
        ("tmpfs /var tmpfs rw 0 0", []),
        ("/dev/mmcblk0p3 /data ext4 rw 0 2", []),
        ("/dev/mmcblk0p2 / ext4 rw 0 1", []),
        ("/dev/mmcblk0p4 none swap sw 0 0", []),
        (OVERLAY, []),
    ],
)
def test_lines_of_fstab(tmp_path: Path, line: str, points: list[str]) -> None:
    found = covered(a_root(tmp_path, {"etc/fstab": f"{line}\n"}))
    assert [folder.path for folder in found] == points
    assert all(folder.why.startswith("/etc/fstab:1 mounts ") for folder in found)


def test_an_overlay_counts_where_the_image_fills_it(tmp_path: Path) -> None:
    root = {"etc/fstab": OVERLAY}
    assert covered(a_root(tmp_path / "a", {**root, "data/overlay/etc/init.d/S50x": ""}))
    tree = a_root(tmp_path / "b", root)
    tree.beside = (a_root(tmp_path / "data", {"overlay/etc/init.d/S50x": ""}),)
    assert [folder.path for folder in covered(tree)] == ["/etc"]


def test_units_and_commands_of_the_start(tmp_path: Path) -> None:
    unit = "[Mount]\nWhat=/dev/disk/by-label/etc\nWhere=/etc\nType=ext4\n"
    assert [f.why[:38] for f in covered(a_root(tmp_path / "a", {"etc/systemd/system/etc.mount": unit}))] == [
        "/etc/systemd/system/etc.mount:2 mounts"
    ]
    script = "#!/bin/sh\nmount -t proc proc /proc\nmount -t jffs2 /dev/mtdblock5 /etc 2>/dev/null\n"
    (found,) = covered(buildroot(tmp_path / "b", {"etc/init.d/S01x": script}))
    assert found.why.startswith("/etc/init.d/S01x:3 mounts /dev/mtdblock5 over /etc: ")


def gaps(folder: Path, line: str) -> set[tuple[str, str, Reason | None]]:
    told: list[Message] = []
    look_at(site_of(a_root(folder, {"etc/fstab": line})), "image", told.append)
    (ended,) = (message for message in told if isinstance(message, Ended))
    return {(gap.need, gap.subject.path, gap.reason) for gap in ended.gaps}


def test_the_facts_that_hang_on_it_have_a_gap_there(tmp_path: Path) -> None:
    of_accounts, of_packages = (kind_of(module.INSPECTOR.gives[0]) for module in (accounts, packages))
    etc = gaps(tmp_path / "a", "LABEL=etc /etc ext4 ro 0 2\n")
    assert {(need, "/etc", Reason.NOT_OBSERVABLE) for need in (of_accounts, of_packages)} <= etc
    var = gaps(tmp_path / "b", "LABEL=var /var ext4 rw 0 2\n")
    assert (of_packages, "/var", Reason.NOT_OBSERVABLE) in var
    assert of_accounts not in {need for need, _, _ in var}
    assert gaps(tmp_path / "c", "LABEL=data /data ext4 rw 0 2\n") == set()


def test_the_inspectors_named_are_there() -> None:
    assert set(OF_VARIABLE) <= {inspector.name for inspector in all_inspectors()}
