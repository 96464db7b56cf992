"""Modes, owners, capabilities and devices, set by the system's own tools; attributes of bytes that mean nothing."""

import os
import stat
import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from iotscan.model.facts import FilePermissions, FileSignatures
from iotscan.observe.image.inspectors import permissions
from iotscan.wire.file_attributes import capabilities_of, ima_of
from tests.observe.image.looking import a_root, heard_of
from tests.observe.network.daemons import tool

FILES = ("usr/bin/su", "usr/bin/helper", "usr/bin/ping", "usr/bin/plain", "usr/share/setuid-text", "etc/open.conf")
needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="setting owners, capabilities and devices takes root")


def found_in(folder: Path) -> FilePermissions:
    (fact, *_) = heard_of(permissions.INSPECTOR, a_root(folder)).facts
    assert isinstance(fact, FilePermissions)
    return fact


@pytest.fixture
def root(tmp_path: Path) -> Path:
    a_root(tmp_path, dict.fromkeys(FILES, "x") | {"etc/passwd": "root:x:0:0::/:/bin/sh\n"})
    for name, mode in (("su", 0o4755), ("helper", 0o2755), ("ping", 0o755), ("plain", 0o755)):
        (tmp_path / "usr/bin" / name).chmod(mode)
    (tmp_path / "usr/share/setuid-text").chmod(0o4644)
    (tmp_path / "etc/open.conf").chmod(0o666)
    for name, mode in (("tmp", 0o1777), ("spool", 0o777)):
        (tmp_path / name).mkdir()
        (tmp_path / name).chmod(mode)
    (tmp_path / "etc/link").symlink_to("open.conf")
    return tmp_path


def test_what_stands_out(root: Path) -> None:
    fact = found_in(root)
    assert {f.path: f.mode for f in fact.setuid} == {"/usr/bin/su": 0o4755, "/usr/bin/helper": 0o2755}
    assert {f.path: f.mode for f in fact.writable} == {"/etc/open.conf": 0o666, "/spool": 0o777}
    assert (fact.writable_count, fact.not_kept, fact.unread, fact.devices) == (2, (), (), ())


@needs_root
def test_capabilities_owners_and_devices(root: Path) -> None:
    subprocess.run([tool("setcap", "libcap2-bin"), "cap_net_raw,cap_bpf+ep", root / "usr/bin/ping"], check=True)
    os.chown(root / "usr/bin/plain", 4711, 0)
    (root / "dev").mkdir()
    os.mknod(root / "dev/null", stat.S_IFCHR | 0o666, os.makedev(1, 3))
    os.mknod(root / "etc/disk", stat.S_IFBLK | 0o600, os.makedev(8, 0))
    os.mknod(root / "etc/whiteout", stat.S_IFCHR, os.makedev(0, 0))
    fact = found_in(root)
    assert [(c.path, c.capabilities) for c in fact.capabilities] == [("/usr/bin/ping", ("net_raw", "bpf"))]
    assert [(o.path, o.uid) for o in fact.unknown_owners] == [("/usr/bin/plain", 4711)]
    assert [d.path for d in fact.devices] == ["/etc/disk"]


@needs_root
def test_marks_of_ima(root: Path) -> None:
    signature = b"\x03\x02\x04" + bytes.fromhex("1a2b3c4d") + b"\x01\x00" + bytes(256)
    try:
        os.setxattr(root / "usr/bin/su", "security.ima", signature)
        os.setxattr(root / "usr/bin/ping", "security.ima", b"\x04\x04" + bytes(32))
    except OSError as error:
        pytest.skip(f"this file system keeps no security.ima: {error.strerror}")
    _, fact = heard_of(permissions.INSPECTOR, a_root(root)).facts
    assert isinstance(fact, FileSignatures)
    assert (fact.programs, fact.signed, fact.hashed, fact.keys, fact.digests) == (4, 1, 1, ("1a2b3c4d",), ("sha256",))


def test_what_a_signature_and_a_capability_mean() -> None:
    mark = ima_of(b"\x03\x02\x06" + bytes.fromhex("00c0ffee") + b"\x00\x80" + bytes(128))
    assert mark is not None
    assert (mark.is_signature, mark.digest, mark.key) == (True, "sha512", "00c0ffee")
    assert capabilities_of(bytes.fromhex("0100000200200000000000000000000000000000")) == ("net_raw",)
    assert capabilities_of(bytes.fromhex("01000009") + bytes(16)) is None


@given(st.binary(max_size=40))
def test_any_attribute_means_something_or_nothing(value: bytes) -> None:
    ima_of(value)
    capabilities_of(value)
