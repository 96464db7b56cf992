"""What the A/B gateways of the lab share: a small root file system with systemd, a disk by sgdisk, and editions.

An edition is the right gateway but for one thing that is easily missed.
"""

import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path

from tests.image_lab.build import Workshop
from tests.image_lab.hardened import put_links

UNITS = "usr/lib/systemd/system"
MOSQUITTO_PUB = (
    "#!/bin/sh\nset -e\nmosquitto_pub --cafile /etc/ssl/acme-ca.pem -h broker.acme-gateways.com -t check -m 1\n"
)
"""A health check: the broker takes a message, or the script fails."""
_FILES = {
    "etc/passwd": "root:x:0:0:root:/root:/sbin/nologin\n",
    "etc/shadow": "root:*:19000::::::\n",
    "etc/group": "root:x:0:\n",
    "etc/os-release": 'ID=acme-gateway\nNAME="ACME gateway"\nVERSION_ID=2026.11\n',
    "etc/machine-id": "",
    "usr/lib/systemd/systemd": "#!/bin/sh\n",
    f"{UNITS}/multi-user.target": "[Unit]\nDescription=Multi-User System\nRequires=basic.target\n",
    f"{UNITS}/basic.target": "[Unit]\nDescription=Basic System\n",
}
CHECK = """\
[Unit]
Description=The broker takes a message
Before=boot-complete.target

[Service]
Type=oneshot
ExecStart=/usr/bin/gateway-check
DynamicUser=yes
NoNewPrivileges=yes

[Install]
RequiredBy=boot-complete.target
"""
LINUX = b"Linux version 6.6.54 (oe-user@oe-host)\0" + bytes(4096)


def root_of(shop: Workshop, files: Mapping[str, "str | bytes | Path"], *units: str) -> Path:
    """A root file system with systemd that starts these units."""
    root = shop.root("root", {**_FILES, **files}, modes={"etc/shadow": 0o600})
    (root / "sbin/init").unlink()
    (root / "sbin/init").symlink_to("../usr/lib/systemd/systemd")
    put_links(root, "multi-user.target", *units)
    (root / "etc/systemd/system/default.target").symlink_to(f"/{UNITS}/multi-user.target")
    return root


def require(root: Path, target: str, unit: str, how: str = "requires") -> None:
    """Put a unit below a target: ``requires`` or ``wants``, as its ``[Install]`` says."""
    folder = root / f"etc/systemd/system/{target}.{how}"
    folder.mkdir(parents=True)
    (folder / unit).symlink_to(f"/{UNITS}/{unit}")


def gpt(shop: Workshop, name: str, parts: Sequence[tuple[str, str, Path, int]]) -> Path:
    """A disk as ``sgdisk`` makes it: (name, type code, content, KiB), the first at 1 MiB."""
    image = shop.folder / name
    start, words, places = 2048, list[str](), list[tuple[int, Path]]()
    for number, (title, code, content, kib) in enumerate(parts, start=1):
        end = start + kib * 2 - 1
        words += [f"--new={number}:{start}:{end}", f"--change-name={number}:{title}", f"--typecode={number}:{code}"]
        places.append((start, content))
        start = -(-(end + 1) // 2048) * 2048
    with image.open("wb") as file:
        file.truncate(start * 512 + (1 << 20))
    shop.run("sgdisk", *words, image)
    with image.open("r+b") as file:
        for begin, content in places:
            file.seek(begin * 512)
            file.write(content.read_bytes())
    return image


def copy(shop: Workshop, other: Workshop, *names: str) -> None:
    """Take files from another shop, which made them: a key is good for all editions."""
    for name in names:
        shutil.copyfile(other.folder / name, shop.folder / name)


def authority(shop: Workshop, name: str = "acme") -> None:
    """``NAME-ca.pem``, and a signer below it for updates: ``NAME.key``, ``NAME.pem``."""
    curve = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes")
    shop.run("openssl", "req", "-x509", *curve, "-keyout", f"{name}-ca.key", "-out", f"{name}-ca.pem", "-days", "9000",
             "-subj", f"/CN={name} update CA", "-addext", "keyUsage=critical,keyCertSign,cRLSign")  # fmt: skip
    shop.run("openssl", "req", *curve, "-keyout", f"{name}.key", "-out", f"{name}.csr", "-subj", f"/CN={name} release")
    (shop.folder / "signer.ext").write_text(
        "basicConstraints=critical,CA:false\nkeyUsage=critical,digitalSignature\nextendedKeyUsage=codeSigning\n"
        "subjectKeyIdentifier=hash\nauthorityKeyIdentifier=keyid\n"
    )
    shop.run("openssl", "x509", "-req", "-in", f"{name}.csr", "-CA", f"{name}-ca.pem", "-CAkey", f"{name}-ca.key",
             "-CAcreateserial", "-days", "8000", "-extfile", "signer.ext", "-out", f"{name}.pem")  # fmt: skip
