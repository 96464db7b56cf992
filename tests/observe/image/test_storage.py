"""Encrypted volumes whose headers cryptsetup wrote, file systems of mke2fs, and the files that say what is mounted."""

import shutil
import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from iotscan.model.facts import DiskUnlocks, KeyStores, Mounts, Storage
from iotscan.observe.image.blob import FileBlob
from iotscan.observe.image.inspectors import key_stores, mounts, storage
from iotscan.observe.image.opening import open_image
from iotscan.wire.luks import MAGIC, read_luks
from tests.observe.image.looking import a_root, heard_of
from tests.observe.network.daemons import tool

MIB = 1 << 20
TOKEN = '{"type":"systemd-tpm2","keyslots":["0"],"tpm2-blob":"AAAA","tpm2-pcrs":[7],"tpm2-policy-hash":"00"}'


@pytest.fixture(scope="module")
def volumes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """``luks1``, ``luks2`` (with a token as systemd-cryptenroll writes it), ``plain.ext4`` and ``encrypts.ext4``."""
    folder = tmp_path_factory.mktemp("volumes")
    key = folder / "key"
    key.write_bytes(b"sample")
    for version in ("1", "2"):
        place = folder / f"luks{version}"
        with place.open("wb") as file:
            file.truncate(17 * MIB)
        quick = ["--pbkdf", "pbkdf2", "--pbkdf-force-iterations", "1000", "--batch-mode", "--disable-locks"]
        cryptsetup("luksFormat", *quick, "--type", f"luks{version}", str(place), str(key))
    cryptsetup("token", "import", "--disable-locks", str(folder / "luks2"), given=TOKEN)
    for name, features in (("plain", "^encrypt"), ("encrypts", "encrypt")):
        make = [tool("mke2fs", "e2fsprogs"), "-q", "-t", "ext4", "-O", features, str(folder / f"{name}.ext4"), "2M"]
        subprocess.run(make, check=True, capture_output=True)
    return folder


def cryptsetup(*words: str, given: str = "") -> None:
    subprocess.run(
        [tool("cryptsetup", "cryptsetup-bin"), *words], input=given, text=True, check=True, capture_output=True
    )


def test_headers_that_cryptsetup_wrote(volumes: Path) -> None:
    first = read_luks(FileBlob(volumes / "luks1").read_at)
    assert first is not None
    assert (first.version, first.slots, first.tokens, first.cipher) == (1, 1, (), "aes-xts-plain64")
    second = read_luks(FileBlob(volumes / "luks2").read_at)
    assert second is not None
    assert (second.version, second.slots, second.tokens, second.cipher) == (2, 1, ("systemd-tpm2",), "aes-xts-plain64")


@given(data=st.data())
def test_a_damaged_header_is_read_or_none(volumes: Path, data: st.DataObject) -> None:
    raw = bytearray((volumes / "luks2").read_bytes()[: 20 * 1024])
    for _ in range(4):
        raw[data.draw(st.integers(6, 6000))] = data.draw(st.integers(0, 255))
    read_luks(lambda offset, length: bytes(raw[offset : offset + length]))
    read_luks(lambda offset, length: (MAGIC + data.draw(st.binary(max_size=700)))[offset : offset + length])


def test_a_disk_says_what_is_encrypted(volumes: Path, tmp_path: Path) -> None:
    root = a_root(tmp_path / "root", {"etc/hostname": "gw\n", "usr/bin/x": "x"})
    assert root is not None
    system = tmp_path / "system.ext4"
    make = [tool("mke2fs", "e2fsprogs"), "-q", "-t", "ext4", "-d", str(tmp_path / "root"), str(system), "2M"]
    subprocess.run(make, check=True, capture_output=True)
    parts = [(system, 2, "rootfs_a"), (volumes / "luks2", 17, "secrets"), (volumes / "plain.ext4", 2, "data"),
             (volumes / "encrypts.ext4", 2, "userdata")]  # fmt: skip
    disk = tmp_path / "disk.img"
    table, start = "label: gpt\n", 1
    for _, size, name in parts:
        table += f"start={start}MiB, size={size}MiB, name={name}\n"
        start += size
    with disk.open("wb") as file:
        file.truncate((start + 1) * MIB)
    subprocess.run([tool("sfdisk", "fdisk"), "-q", str(disk)], input=table, text=True, check=True, capture_output=True)
    start = 1
    with disk.open("r+b") as file:
        for place, size, _ in parts:
            file.seek(start * MIB)
            with place.open("rb") as source:
                shutil.copyfileobj(source, file)
            start += size
    assert storage.INSPECTOR.survey is not None
    (fact,) = storage.INSPECTOR.survey(open_image(disk)).facts
    assert isinstance(fact, Storage)
    assert fact.is_disk
    told = {v.label: (v.role, v.encryption, v.tokens) for v in fact.volumes}
    assert told == {
        "rootfs_a": ("root", "", ()),
        "secrets": ("sealed", "luks2", ("systemd-tpm2",)),
        "data": ("data", "", ()),
        "userdata": ("data", "fscrypt", ()),
    }


FSTAB = """# <source> <point>
/dev/mmcblk0p4 /data ext4 defaults,nosuid 0 2
//nas/share /mnt/nas cifs password=hunter22,rw 0 0
torn
"""
CRYPTTAB = """data /dev/mmcblk0p4 /etc/keys/data.key luks
away /dev/mmcblk0p5 /run/keys/away luks
sealed /dev/mmcblk0p6 none tpm2-device=auto
swap /dev/mmcblk0p7 /dev/urandom swap
typed /dev/mmcblk0p8
filled /dev/mmcblk0p9 /etc/keys/filled.key luks
"""


def test_what_is_mounted_and_opened(tmp_path: Path) -> None:
    files = {
        "etc/fstab": FSTAB,
        "etc/crypttab": CRYPTTAB,
        "etc/keys/data.key": "0123",
        # What the first start writes into: no key is in it.
        "etc/keys/filled.key": "",
        "etc/systemd/system/var-log.mount": "[Mount]\nWhat=/dev/mapper/data\nWhere=/var/log\nOptions=nodev\n",
        "etc/init.d/S10data": "# cryptsetup open a\ncryptsetup luksOpen --key-file '/etc/keys/data.key' /dev/sda2 d\n",
    }
    mounted, opened = heard_of(mounts.INSPECTOR, a_root(tmp_path, dict(files))).facts
    assert isinstance(mounted, Mounts)
    assert isinstance(opened, DiskUnlocks)
    assert [(m.source, m.point, m.options, m.line) for m in mounted.mounts] == [
        ("/dev/mmcblk0p4", "/data", ("defaults", "nosuid"), 2),
        ("//nas/share", "/mnt/nas", ("password", "rw"), 3),
        ("/dev/mapper/data", "/var/log", ("nodev",), 2),
    ]
    assert [(u.name, u.key, u.key_in_image) for u in opened.unlocks] == [
        ("data", "file", True),
        ("away", "file", False),
        ("sealed", "tpm2", False),
        ("swap", "random", False),
        ("typed", "prompt", False),
        ("filled", "file", False),
        ("cryptsetup", "file", True),
    ]
    assert "hunter22" not in repr(mounted)


def test_key_stores_and_who_uses_them(tmp_path: Path) -> None:
    files = {
        "usr/lib/x86_64-linux-gnu/libtss2-esys.so.0.0.0": "x",
        "usr/lib/softhsm/libsofthsm2.so": "x",
        "etc/mosquitto/mosquitto.conf": "# keyfile pkcs11:token=old\nkeyfile pkcs11:token=gw;object=tls\n",
        "etc/ssl/openssl.cnf": "[tpm2]\nprovider = tpm2\n",
        "usr/lib/systemd/system/app.service": "[Service]\nLoadCredentialEncrypted=key:/etc/key.cred\n",
    }
    (fact,) = heard_of(key_stores.INSPECTOR, a_root(tmp_path, dict(files))).facts
    assert isinstance(fact, KeyStores)
    assert fact.libraries == ("/usr/lib/x86_64-linux-gnu/libtss2-esys.so.0.0.0",)
    assert sorted((u.path, u.line, u.store) for u in fact.uses) == [
        ("/etc/mosquitto/mosquitto.conf", 2, "pkcs11"),
        ("/etc/ssl/openssl.cnf", 2, "tpm2"),
        ("/usr/lib/systemd/system/app.service", 2, "credentials"),
    ]
