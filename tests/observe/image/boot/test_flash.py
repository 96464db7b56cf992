"""Raw flash: what device trees, partition lists and scripts of the start say of it."""

from pathlib import Path

import pytest

from iotscan.model.facts import KernelCommandLines, RawFlash
from iotscan.observe.image.site import Place, Site
from tests.observe.image.boot.making import (
    a_partition,
    a_site,
    device_tree,
    facts_of,
    fit,
    run,
    tool,
    written,
)
from tests.observe.image.updates.systems import BUSYBOX

PARTS = 'partitions { compatible = "fixed-partitions"; partition@0 { label = "rootfs"; }; };'
SPI_NAND = f'spi {{ flash@0 {{ compatible = "spi-nand"; {PARTS} }}; }};'
SPI_NOR = f'spi2 {{ flash@0 {{ compatible = "winbond,w25q128", "jedec,spi-nor"; {PARTS} }}; }};'
TREES = {
    SPI_NAND: {("nand", "spi-nand")},
    SPI_NAND.replace("spi-nand", 'spi-nand"; status = "okay'): {("nand", "spi-nand")},
    SPI_NAND.replace("spi-nand", 'spi-nand"; status = "disabled'): set(),
    SPI_NAND.replace("spi {", 'spi { status = "disabled";'): set(),
    SPI_NOR: {("nor", "winbond,w25q128")},
    SPI_NAND + SPI_NOR: {("nand", "spi-nand"), ("nor", "winbond,w25q128")},
    'ctrl { compatible = "brcm,nand-iproc"; nandcs@0 { compatible = "brcm,nandcs"; }; };': {("nand", "brcm,nandcs")},
    'ctrl { compatible = "marvell,armada-8k-nand-controller"; nand@0 { reg = <0>; }; };': {("nand", "nand@0")},
    'nand@1c03000 { compatible = "allwinner,sun4i-a10-nand"; nand@0 { reg = <0>; }; };': {("nand", "nand@0")},
    f'gpmi {{ compatible = "fsl,imx6q-gpmi-nand"; {PARTS} }};': {("nand", "fsl,imx6q-gpmi-nand")},
    # A controller that is on, and nothing that says that a chip is there.
    'gpmi { compatible = "fsl,imx6q-gpmi-nand"; };': set(),
    'flash@1e000000 { compatible = "cfi-flash"; };': {("nor", "cfi-flash")},
    f'flash@0 {{ compatible = "acme,flash"; {PARTS} }};': {("other", "acme,flash")},
    f'mmc {{ card@0 {{ compatible = "mmc-card"; {PARTS} }}; }};': set(),
}


def flash_of(site: Site | Path) -> RawFlash:
    found = facts_of(site)["RawFlash"]
    assert isinstance(found, RawFlash)
    return found


@pytest.mark.parametrize("source", TREES)
def test_chips_of_a_device_tree(source: str, tmp_path: Path) -> None:
    blob = device_tree(tmp_path, "board", source).read_bytes()
    found = flash_of(a_site(("p1:/board.dtb", "dtb", blob)))
    assert {(c.kind, c.said) for c in found.chips} == TREES[source]
    assert all(c.path == "p1:/board.dtb" for c in found.chips)


def test_chips_of_the_tree_in_a_fit(tmp_path: Path) -> None:
    """Its command line, too: the partitions that it names are kept."""
    line = "root=/dev/mtdblock4 rootfstype=squashfs mtdparts=spi-nand0:1m(boot),-(rootfs) wifi.psk=x"
    image, _ = fit(tmp_path, "gw", bootargs=line)
    facts = facts_of(image)
    lines, found = facts["KernelCommandLines"], facts["RawFlash"]
    assert isinstance(lines, KernelCommandLines)
    assert isinstance(found, RawFlash)
    assert "mtdparts=spi-nand0:1m(boot),-(rootfs)" in lines.lines[0].arguments
    assert "wifi.psk=…" in lines.lines[0].arguments
    assert [(c.kind, c.said) for c in found.chips] == [("nand", "spi-nand0")]


@pytest.mark.parametrize(
    ("line", "kinds"),
    [
        ("mtdparts=nand0:1m(boot),-(root)", ["nand"]),
        ("mtdparts=gpmi-nand:1m(boot),-(root);physmap-flash.0:-(all)", ["nand", "nor"]),
        ("mtdparts=spi0.0:1m(boot),-(nand)", ["other"]),
        ("mtdparts=pci:0000:1.nand:1m,2m", ["nand"]),
        (f"mtdparts=nand0:{'1m(boot),' * 80}-(root);nor0:-(x)", ["nand", "other"]),
        ("root=/dev/mtdblock1 mtdparts", []),
    ],
)
def test_partitions_of_a_command_line(line: str, kinds: list[str], tmp_path: Path) -> None:
    site = Site(source="test", places=(a_partition("p1", written(tmp_path, {"cmdline.txt": f"{line}\n"})),))
    assert [c.kind for c in flash_of(site).chips] == kinds


def test_partitions_of_an_environment(tmp_path: Path) -> None:
    words = "bootcmd=run x\nmtdids=nand0=gpmi-nand,nor0=spi0.0\nmtdparts=mtdparts=gpmi-nand:1m(boot),-(root)\n"
    (tmp_path / "env.txt").write_text(words)
    run(tool("mkenvimage", "u-boot-tools"), "-s", "8192", "-o", "env.bin", "env.txt", cwd=tmp_path)
    found = flash_of(a_site(("p3", "u-boot-env", (tmp_path / "env.bin").read_bytes())))
    assert {(c.kind, c.said, c.path) for c in found.chips} == {
        ("nand", "gpmi-nand", "p3"),
        ("nand", "nand0=gpmi-nand", "p3"),
        ("nor", "nor0=spi0.0", "p3"),
    }


def test_what_the_start_mounts(tmp_path: Path) -> None:
    script = (
        "#!/bin/sh\nmount -t squashfs -o ro /dev/mtdblock5 /app\n# mount -t ext4 /dev/mtdblock6 /x\n"
        "mount /dev/mtdblock7 /y\nmount -tjffs2 /dev/mtdblock8 /z\nmount -t ext4 /dev/mmcblk0p3 /data\n"
    )
    root = written(tmp_path, {**BUSYBOX, "etc/init.d/rcS": script})
    found = flash_of(root)
    assert [(m.path, m.line, m.source, m.type) for m in found.mounts] == [
        ("/etc/init.d/rcS", 2, "/dev/mtdblock5", "squashfs"),
        ("/etc/init.d/rcS", 4, "/dev/mtdblock7", ""),
        ("/etc/init.d/rcS", 5, "/dev/mtdblock8", "jffs2"),
    ]


def test_an_image_without_any_says_so(tmp_path: Path) -> None:
    assert flash_of(Site(source="test", places=(Place(path="", format="disk", role="container"),))) == RawFlash(
        chips=()
    )
