"""Device trees as dtc and mkimage make them, and what must not break the codec."""

import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from iotscan.wire import fdt
from tests.observe.network.daemons import tool

SOURCE = """
/dts-v1/;
/memreserve/ 0x1000 0x2000;
/ {
    compatible = "acme,gateway", "acme,board";
    #address-cells = <1>;
    chosen { bootargs = "console=ttyS0 root=/dev/mmcblk0p2"; };
    signature {
        key-dev { required = "conf"; algo = "sha256,rsa2048"; rsa,num-bits = <2048>; big = /bits/ 64 <5>; };
    };
};
"""


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    folder = tmp_path_factory.mktemp("dtb")
    (folder / "a.dts").write_text(SOURCE)
    dtc = tool("dtc", "device-tree-compiler")
    subprocess.run([dtc, "-O", "dtb", "-o", folder / "a.dtb", folder / "a.dts"], check=True, stderr=subprocess.DEVNULL)
    return (folder / "a.dtb").read_bytes()


def test_what_dtc_makes_reads_back(tree: bytes) -> None:
    assert fdt.is_fdt(tree[: fdt.HEADER])
    read = fdt.read_bytes(tree)
    assert (read.size, read.version, read.reserved) == (len(tree), 17, ((0x1000, 0x2000),))
    assert read.root.texts("compatible") == ("acme,gateway", "acme,board")
    assert read.root.number("#address-cells") == 1
    key = read.root.find("signature/key-dev")
    assert key is not None
    assert (key.text("required"), key.number("rsa,num-bits"), key.number("big")) == ("conf", 2048, 5)
    assert (key.number("required"), key.text("nothing"), key.find("below")) == (None, None, None)
    assert [path for path, _ in read.root.walk()] == ["/", "/chosen", "/signature", "/signature/key-dev"]


@pytest.mark.parametrize("version", [16, 17])
def test_both_versions(tmp_path: Path, version: int) -> None:
    (tmp_path / "a.dts").write_text(SOURCE)
    made = subprocess.run(
        [tool("dtc", "device-tree-compiler"), "-V", str(version), "-O", "dtb", tmp_path / "a.dts"],
        check=True,
        capture_output=True,
    ).stdout
    read = fdt.read_bytes(made)
    assert read.version == version
    assert read.root.find("signature/key-dev") is not None


def fit(folder: Path, *options: str) -> bytes:
    (folder / "kernel").write_bytes(bytes(range(256)) * 1024)
    (folder / "small").write_bytes(b"a device tree")
    (folder / "a.its").write_text("""
/dts-v1/;
/ { description = "test"; images {
    kernel-1 { data = /incbin/("kernel"); type = "kernel"; arch = "arm64"; compression = "none"; };
    fdt-1 { data = /incbin/("small"); type = "flat_dt"; arch = "arm64"; compression = "none"; };
}; configurations { default = "conf-1"; conf-1 { kernel = "kernel-1"; fdt = "fdt-1"; }; }; };
""")
    tool("dtc", "device-tree-compiler")
    mkimage = tool("mkimage", "u-boot-tools")
    subprocess.run([mkimage, *options, "-f", "a.its", "a.itb"], cwd=folder, check=True, stdout=subprocess.DEVNULL)
    return (folder / "a.itb").read_bytes()


@pytest.mark.parametrize("options", [[], ["-E"], ["-E", "-p", "0x4000"], ["-E", "-B", "0x200"]])
def test_data_of_a_fit_inside_and_outside(tmp_path: Path, options: list[str]) -> None:
    made = fit(tmp_path, *options)
    asked: list[int] = []

    def source(offset: int, length: int) -> bytes:
        asked.append(length)
        return made[offset : offset + length]

    read = fdt.read(source, len(made))
    for name, file in (("kernel-1", "kernel"), ("fdt-1", "small")):
        node = read.root.find(f"images/{name}")
        assert node is not None
        place = fdt.data_of(read, node)
        assert place is not None
        assert place.is_inside == (not options)
        assert made[place.offset : place.offset + place.length] == (tmp_path / file).read_bytes()
    kernel = read.root.find("images/kernel-1")
    assert kernel is not None
    assert kernel.value("data") is None


def test_limits_are_kept(tree: bytes) -> None:
    for limits in (
        fdt.Limits(nodes=3),
        fdt.Limits(properties=3),
        fdt.Limits(depth=2),
        fdt.Limits(strings=8),
        fdt.Limits(kept=8),
        fdt.Limits(reserved=1),
        fdt.Limits(name=4),
    ):
        with pytest.raises(fdt.BadTree):
            fdt.read_bytes(tree, limits)


def test_every_truncation_is_told(tree: bytes) -> None:
    for length in range(len(tree)):
        with pytest.raises(fdt.BadTree):
            fdt.read_bytes(tree[:length])


@given(st.data())
def test_damage_is_read_or_told(tree: bytes, data: st.DataObject) -> None:
    broken = bytearray(tree)
    for _ in range(data.draw(st.integers(1, 4))):
        broken[data.draw(st.integers(0, len(tree) - 1))] = data.draw(st.integers(0, 255))
    try:
        for _, node in fdt.read_bytes(bytes(broken)).root.walk():
            for name in node.properties:
                node.texts(name)
    except fdt.BadTree:
        pass
