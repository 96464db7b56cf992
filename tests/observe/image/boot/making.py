"""Real artefacts of a boot chain, made with the tools that make them for devices."""

import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

import pytest

from iotscan.model.facts import AnyFact
from iotscan.observe.image.blob import Bytes
from iotscan.observe.image.inspectors.boot import INSPECTOR
from iotscan.observe.image.opening import open_image
from iotscan.observe.image.readers.folder import FolderTree
from iotscan.observe.image.site import Place, Role, Site

FIT = """/dts-v1/;
/ {{
    description = "gateway"; #address-cells = <1>;
    images {{
        kernel-1 {{ data = /incbin/("kernel"); type = "kernel"; arch = "arm64"; os = "linux"; compression = "none";
            load = <0x80000>; entry = <0x80000>; hash-1 {{ algo = "{digest}"; }}; {image_signature} }};
        fdt-1 {{ data = /incbin/("board.dtb"); type = "flat_dt"; arch = "arm64"; compression = "none";
            hash-1 {{ algo = "{digest}"; }}; }};
        ramdisk-1 {{ data = /incbin/("ramdisk"); type = "ramdisk"; arch = "arm64"; os = "linux";
            compression = "none"; hash-1 {{ algo = "{digest}"; }}; }};
    }};
    configurations {{
        default = "conf-1";
        conf-1 {{ kernel = "kernel-1"; fdt = "fdt-1"; ramdisk = "ramdisk-1"; {signature} }};
    }};
}};
"""


def tool(name: str, package: str) -> str:
    """The path of a program, or a loud skip that names its Debian package."""
    path = shutil.which(name, path="/usr/sbin:/usr/bin:/sbin:/bin")
    if path is None:
        pytest.skip(f"needs {name}: apt install {package}")
    return path


def run(*words: str | Path, cwd: Path) -> str:
    done = subprocess.run(words, cwd=cwd, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def signature(algorithm: str, images: Sequence[str] = ("kernel", "fdt", "ramdisk")) -> str:
    """A signature node of a configuration."""
    listed = ", ".join(f'"{name}"' for name in images)
    return f'signature-1 {{ algo = "{algorithm}"; key-name-hint = "dev"; sign-images = {listed}; }};'


def device_tree(folder: Path, name: str, source: str) -> Path:
    """A device tree, compiled."""
    (folder / f"{name}.dts").write_text(f"/dts-v1/; / {{ {source} }};")
    run(tool("dtc", "device-tree-compiler"), "-q", "-o", f"{name}.dtb", f"{name}.dts", cwd=folder)
    return folder / f"{name}.dtb"


def keys(folder: Path) -> Path:
    """A key pair for mkimage and sbsign: ``dev.key`` and ``dev.crt`` in the folder that is returned."""
    place = folder / "keys"
    if not place.exists():
        place.mkdir()
        subject = ("-subj", "/CN=gateway boot", "-days", "3650", "-nodes")
        made = ("openssl", "req", "-x509", "-newkey", "rsa:2048", "-keyout", "dev.key", "-out", "dev.crt")
        run(*made, *subject, cwd=place)
    return place


def fit(
    folder: Path,
    name: str,
    *,
    signed: str = "",
    image_signature: str = "",
    digest: str = "sha256",
    bootargs: str = "console=ttyS0 root=/dev/mmcblk0p2",
) -> tuple[Path, Path]:
    """A FIT, and the control device tree into which mkimage put the key (without one when nothing is signed)."""
    mkimage = tool("mkimage", "u-boot-tools")
    (folder / "kernel").write_bytes(b"\x1f kernel " * 400)
    (folder / "ramdisk").write_bytes(b"\x1f ramdisk " * 300)
    device_tree(folder, "board", f'compatible = "acme,gateway"; chosen {{ bootargs = "{bootargs}"; }};')
    control = device_tree(folder, f"{name}-control", 'compatible = "acme,u-boot"; model = "u-boot";')
    source = folder / f"{name}.its"
    source.write_text(FIT.format(digest=digest, signature=signed, image_signature=image_signature))
    signing = ("-k", keys(folder), "-K", control, "-r") if signed or image_signature else ()
    run(mkimage, "-f", source, *signing, f"{name}.itb", cwd=folder)
    return folder / f"{name}.itb", control


def a_site(*places: tuple[str, str, bytes]) -> Site:
    """A site of blobs: (path, format, bytes)."""
    role: Role = "container"
    return Site(source="test", places=tuple(Place(path=p, format=f, role=role, blob=Bytes(b)) for p, f, b in places))


def facts_of(site: Site | Path) -> dict[str, AnyFact]:
    """What the inspector of the boot chain says, by the name of the fact; nothing may be missed."""
    assert INSPECTOR.survey is not None
    heard = INSPECTOR.survey(open_image(site) if isinstance(site, Path) else site)
    assert not heard.missed
    return {type(fact).__name__: fact for fact in heard.facts}


def a_partition(path: str, folder: Path) -> Place:
    """A file system that is no root (an EFI system partition), of what lies in a folder."""
    tree = FolderTree(folder)
    tree.prefix = f"{path}:"
    return Place(path=path, format="fat", role="files", tree=tree)


def written(folder: Path, files: dict[str, str | bytes]) -> Path:
    """A folder with these files."""
    for name, content in files.items():
        place = folder / name
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(content.encode() if isinstance(content, str) else content)
    return folder
