"""What the inspectors read, on root file systems made with real tools and real formats."""

from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from hypothesis import given
from hypothesis import strategies as st

from iotscan.model.facts import PrivateKeys, Updaters
from iotscan.observe.image.inspector import Swept
from iotscan.observe.image.inspectors import keys, updaters
from iotscan.observe.image.inspectors.keys import find_keys
from iotscan.observe.image.readers.folder import FolderTree
from iotscan.observe.image.site import Place
from iotscan.observe.image.tree import Entry
from tests.observe.image.looking import a_root, heard_of


@pytest.fixture
def rootfs(tmp_path: Path) -> Path:
    for folder in ("etc", "bin", "usr/lib"):
        (tmp_path / folder).mkdir(parents=True)
    return tmp_path


def write(root: Path, path: str, content: str | bytes, mode: int = 0o644) -> None:
    target = root / path
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(content.encode() if isinstance(content, str) else content)
    target.chmod(mode)


def pem(key, password: bytes | None = None, form=serialization.PrivateFormat.PKCS8) -> bytes:
    protection = serialization.BestAvailableEncryption(password) if password else serialization.NoEncryption()
    return key.private_bytes(serialization.Encoding.PEM, form, protection)


def test_private_keys_are_parsed_not_guessed(rootfs: Path) -> None:
    curve = ec.generate_private_key(ec.SECP256R1())
    write(rootfs, "etc/ssl/device.key", b"# the key\n" + pem(curve), 0o600)
    write(
        rootfs,
        "etc/ssl/old.key",
        pem(rsa.generate_private_key(65537, 2048), None, serialization.PrivateFormat.TraditionalOpenSSL),
    )
    write(rootfs, "etc/ssh/host", pem(curve, None, serialization.PrivateFormat.OpenSSH), 0o640)
    write(rootfs, "etc/ssl/locked.key", pem(curve, b"secret"))
    write(rootfs, "usr/share/doc/howto", "-----BEGIN PRIVATE KEY-----\nyour key here\n-----END PRIVATE KEY-----\n")
    write(rootfs, "etc/dropbear/dropbear_rsa_host_key", b"\0\0\0\x07ssh-rsa" + bytes(200))
    (fact,) = heard_of(keys.INSPECTOR, FolderTree(rootfs)).facts
    assert isinstance(fact, PrivateKeys)
    assert {(k.path, k.line, k.format, k.encrypted, k.mode) for k in fact.keys} == {
        ("/etc/ssl/device.key", 2, "pkcs8", False, 0o600),
        ("/etc/ssl/old.key", 1, "pkcs1", False, 0o644),
        ("/etc/ssh/host", 1, "openssh", False, 0o640),
        ("/etc/ssl/locked.key", 1, "pkcs8", True, 0o644),
        ("/etc/dropbear/dropbear_rsa_host_key", 0, "dropbear", False, 0o644),
    }
    assert fact.files_searched == 6
    same = {k.public_sha256 for k in fact.keys if k.path in ("/etc/ssl/device.key", "/etc/ssh/host")}
    assert len(same) == 1


def test_an_image_without_keys_says_how_much_it_searched(rootfs: Path) -> None:
    write(rootfs, "etc/hostname", "gw")
    (fact,) = heard_of(keys.INSPECTOR, FolderTree(rootfs)).facts
    assert isinstance(fact, PrivateKeys)
    assert (fact.keys, fact.files_searched) == ((), 1)


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> FolderTree:
    return a_root(tmp_path_factory.mktemp("empty"))


@given(before=st.binary(max_size=300), inside=st.binary(max_size=300))
def test_any_bytes_between_the_markers(empty: FolderTree, before: bytes, inside: bytes) -> None:
    content = before + b"-----BEGIN PRIVATE KEY-----\n" + inside + b"\n-----END PRIVATE KEY-----\n"
    place = Place(path="", format="folder", role="root")
    entry = Entry(path="/x", kind="file", size=len(content))
    list(find_keys(Swept(place=place, tree=empty, entry=entry, data=content)))


def verdicts(root: Path) -> dict[tuple[str, str], tuple[bool | None, bool]]:
    (fact,) = heard_of(updaters.INSPECTOR, FolderTree(root)).facts
    assert isinstance(fact, Updaters)
    return {(u.system, u.source): (u.verifies.known, u.encrypted) for u in fact.updaters}


@pytest.mark.parametrize(
    ("path", "content", "expected"),
    [
        (
            "etc/opkg.conf",
            "src/gz base http://feed.example/base\n",
            {("opkg", "http://feed.example/base"): (False, False)},
        ),
        (
            "etc/opkg/feeds.conf",
            "option check_signature\nsrc/gz base https://feed.example/base\n",
            {("opkg", "https://feed.example/base"): (True, True)},
        ),
        (
            "etc/apt/sources.list",
            "deb [arch=arm64 trusted=yes] https://user:pw@deb.example/d stable main\n",
            {("apt", "https://deb.example/d"): (False, True)},
        ),
        (
            "etc/apt/sources.list",
            "deb http://deb.example/d stable main\n",
            {("apt", "http://deb.example/d"): (True, False)},
        ),
        (
            "etc/apt/sources.list.d/x.sources",
            "Types: deb\nURIs: https://deb.example/d\nTrusted: yes\n",
            {("apt", "https://deb.example/d"): (False, True)},
        ),
        ("etc/apk/repositories", "https://apk.example/main\n", {("apk", "https://apk.example/main"): (True, True)}),
        (
            "etc/yum.repos.d/x.repo",
            "[x]\nbaseurl=https://y.example\ngpgcheck=0\n",
            {("dnf", "https://y.example"): (False, True)},
        ),
        (
            "etc/rauc/system.conf",
            "[system]\ncompatible=x\n[keyring]\npath=/etc/rauc/ca.pem\n",
            {("rauc", ""): (True, False)},
        ),
        ("etc/rauc/system.conf", "[system]\ncompatible=x\n", {("rauc", ""): (False, False)}),
        ("etc/swupdate.cfg", 'globals : { public-key-file = "/etc/k.pem"; };', {("swupdate", ""): (True, False)}),
        ("etc/swupdate.cfg", "globals : { };", {("swupdate", ""): (False, False)}),
        (
            "etc/mender/mender.conf",
            '{"ServerURL": "https://m.example", "ArtifactVerifyKey": "/k", "SkipVerify": true}',
            {("mender", "https://m.example"): (False, True)},
        ),
        ("etc/mender/mender.conf", "{torn", {("mender", ""): (None, False)}),
        (
            "etc/ostree/remotes.d/r.conf",
            '[remote "r"]\nurl=https://o.example\ngpg-verify=false\n',
            {("ostree", "https://o.example"): (False, True)},
        ),
        ("sbin/sysupgrade", "#!/bin/sh", {("other", ""): (None, False)}),
        ("etc/hostname", "gw", {}),
    ],
)
def test_update_sources(rootfs: Path, path: str, content: str, expected: dict) -> None:
    write(rootfs, path, content)
    assert verdicts(rootfs) == expected
