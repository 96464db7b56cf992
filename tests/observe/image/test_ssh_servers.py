"""What an image says of its SSH servers beyond lists: host keys, groups, compression, ways to log in."""

import base64
import hashlib
import subprocess
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from iotscan.model.facts import SshServer
from iotscan.observe.image.configuration.ssh_keys import host_keys_in
from tests.observe.image.looking import a_root
from tests.observe.image.test_configuration import a_gateway, facts, said, status_of
from tests.observe.network.daemons import tool

SSHD = ["/usr/sbin/sshd -D"]
NEW, OLD = status_of("openssh-server", "1:9.2p1-2+deb12u2"), status_of("openssh-server", "1:6.7p1-5")
GEX = "KexAlgorithms diffie-hellman-group-exchange-sha256\n"


def server(tree: object, name: str = "openssh") -> SshServer:
    return facts(said(name, tree), SshServer)[0]  # type: ignore[arg-type]  # a FolderTree, as a_gateway makes it


def moduli(*bits: int) -> str:
    lines = [f"20240101000000 2 6 100 {size - 1} 2 {(1 << (size - 1)) + 1:X}" for size in bits]
    return "# Time Type Tests Tries Size Generator Modulus\n" + "\n".join(lines) + "\n"


@pytest.mark.parametrize(
    ("version", "given", "sizes"),
    [
        (NEW, (1024, 1536, 2048, 4096), {2048, 4096}),
        (OLD, (1024, 1536, 2048), {1024, 1536, 2048}),
        (NEW, (1024,), {2048}),
        (NEW, (), {2048}),
    ],
)
def test_groups_are_those_of_the_moduli_file_that_the_version_gives(
    tmp_path: Path, version: dict[str, str], given: tuple[int, ...], sizes: set[int]
) -> None:
    files = {"etc/ssh/sshd_config": GEX, "etc/ssh/moduli": moduli(*given), **version}
    found = server(a_gateway(tmp_path, SSHD, files))
    assert {group.bits for group in found.groups.value} == sizes


def test_groups_stay_open_where_the_version_is_unknown_and_are_none_without_the_method(tmp_path: Path) -> None:
    assert not server(a_gateway(tmp_path / "a", SSHD, {"etc/ssh/sshd_config": GEX})).groups.is_answered
    none = {"etc/ssh/sshd_config": "KexAlgorithms curve25519-sha256\n"}
    assert server(a_gateway(tmp_path / "b", SSHD, none)).groups.value == ()


@pytest.mark.parametrize(
    ("config", "version", "compression"),
    [
        ("Compression no\n", NEW, ("none",)),
        ("Compression yes\n", NEW, ("none", "zlib@openssh.com")),
        ("Compression yes\n", OLD, ("none", "zlib@openssh.com", "zlib")),
        ("", OLD, ("none", "zlib@openssh.com")),
        ("Compression yes\n", {}, ()),
    ],
)
def test_compression_before_the_login_went_with_7_4(
    tmp_path: Path, config: str, version: dict[str, str], compression: tuple[str, ...]
) -> None:
    found = server(a_gateway(tmp_path, SSHD, {"etc/ssh/sshd_config": config, **version}))
    assert (found.compression, found.compression_in) == (compression, compression)
    assert (found.ciphers_in, found.macs_in) == (found.ciphers, found.macs)


def test_ways_to_log_in_that_hold_for_all(tmp_path: Path) -> None:
    config = "PasswordAuthentication no\nHostbasedAuthentication yes\nKbdInteractiveAuthentication no\n"
    tree = a_gateway(tmp_path / "a", SSHD, {"etc/ssh/sshd_config": config, **NEW})
    assert server(tree).login_methods.value == ("publickey", "hostbased")
    unknown = a_gateway(tmp_path / "b", SSHD, {"etc/ssh/sshd_config": config})
    assert not server(unknown).login_methods.is_answered
    keys = a_gateway(tmp_path / "c", ["/usr/sbin/dropbear -Fs"])
    assert server(keys, "dropbear").login_methods.value == ("publickey",)


@pytest.mark.parametrize("kind", ["rsa", "ecdsa", "ed25519"])
def test_host_keys_of_openssh_with_and_without_their_public_file(tmp_path: Path, kind: str) -> None:
    place = tmp_path / "key"
    size = ["-b", "1024"] if kind == "rsa" else []
    words = [tool("ssh-keygen", "openssh-client"), "-q", "-t", kind, *size, "-N", "", "-f", str(place)]
    subprocess.run(words, check=True)
    line = place.with_suffix(".pub").read_text()
    true = hashlib.sha256(base64.b64decode(line.split()[1])).hexdigest()
    for folder, public in (("with", {"etc/ssh/k.pub": line}), ("without", {})):
        config = "HostKey /etc/ssh/k\n"
        files: dict[str, str | bytes] = {"etc/ssh/sshd_config": config, "etc/ssh/k": place.read_bytes(), **public}
        (key,) = server(a_gateway(tmp_path / folder, SSHD, files)).host_keys.value
        assert (key.sha256, key.bits) == (true, 1024 if kind == "rsa" else 0)
        assert key.algorithm == line.split()[0]


@pytest.mark.parametrize("kind", ["rsa", "ecdsa", "ed25519"])
def test_host_keys_of_dropbear(tmp_path: Path, kind: str) -> None:
    place = tmp_path / "key"
    size = ["-s", "1024"] if kind == "rsa" else []
    words = [tool("dropbearkey", "dropbear-bin"), "-t", kind, *size, "-f", str(place)]
    shown = subprocess.run(words, capture_output=True, check=True).stdout.decode()
    line = next(x for x in shown.splitlines() if x.startswith(("ssh-", "ecdsa-")))
    tree = a_gateway(tmp_path / "root", ["/usr/sbin/dropbear -F -r /etc/k"], {"etc/k": place.read_bytes()})
    (key,) = server(tree, "dropbear").host_keys.value
    assert key.sha256 == hashlib.sha256(base64.b64decode(line.split()[1])).hexdigest()
    assert (key.algorithm, key.bits) == (line.split()[0], 1024 if kind == "rsa" else 0)


def test_no_host_key_in_the_image_is_no_answer_and_a_damaged_one_neither(tmp_path: Path) -> None:
    none = server(a_gateway(tmp_path / "a", SSHD, NEW)).host_keys
    assert "each device has one of its own" in none.detail
    broken = {"etc/ssh/ssh_host_rsa_key": "-----BEGIN RSA PRIVATE KEY-----\nx\n", **NEW}
    assert server(a_gateway(tmp_path / "b", SSHD, broken)).host_keys.reason == "unreadable"


@settings(max_examples=50, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.binary(max_size=80) | st.builds(lambda x: b"\0\0\0\x07ssh-rsa" + x, st.binary(max_size=60)))
def test_any_bytes_are_a_key_or_none(tmp_path: Path, data: bytes) -> None:
    answer = host_keys_in(a_root(tmp_path, {"k": data, "p.pub": b"ssh-rsa " + base64.b64encode(data)}), ["/k"])
    assert answer.is_answered or answer.detail
