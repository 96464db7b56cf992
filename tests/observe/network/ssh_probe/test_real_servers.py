"""OpenSSH and dropbear, with keys of every type that they have."""

import hashlib
import subprocess
from base64 import b64decode
from pathlib import Path

import msgspec
import pytest

from iotscan.model.facts import GroupExchange, SshServer
from iotscan.model.vocabulary import Reason
from tests.observe.network.daemons import PACE, tool
from tests.observe.network.ssh_probe.asking import seen, seen_at
from tests.observe.network.ssh_probe.daemons import dropbear, openssh

KEYS = {
    "ed25519": ("ed25519",),
    "ecdsa": ("ecdsa",),
    "ecdsa384": ("ecdsa", "-b", "384"),
    "ecdsa521": ("ecdsa", "-b", "521"),
    "rsa": ("rsa", "-b", "2048"),
    "dsa": ("dsa",),
}


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a host key of each type, a certificate for the first, and its authority."""
    folder, keygen = tmp_path_factory.mktemp("keys"), tool("ssh-keygen", "openssh-client")
    for name, words in {**KEYS, "ca": ("ed25519",)}.items():
        subprocess.run([keygen, "-q", "-N", "", "-t", *words, "-f", folder / name], check=True)
    words = ["-s", "ca", "-h", "-I", "gateway", "-n", "gw.example", "-V", "20260101000000Z:20270101000000Z"]
    subprocess.run([keygen, "-q", *words, "ed25519.pub"], cwd=folder, check=True)
    return folder


def digest_of(public: Path) -> str:
    return hashlib.sha256(b64decode(public.read_text().split()[1])).hexdigest()


def shown(fact: SshServer) -> set[tuple[str, int, str]]:
    return {(key.algorithm, key.bits, key.sha256) for key in fact.host_keys.value}


def test_openssh_shows_every_type_of_host_key(keys: Path, tmp_path: Path) -> None:
    with openssh(keys, tmp_path, "HostKeyAlgorithms=+ssh-dss", names=tuple(KEYS)) as port:
        fact, cost = seen_at(port)
    sizes = {"rsa": 2048, "dsa": 1024}
    types = {"dsa": "ssh-dss", "ecdsa": "ecdsa-sha2-nistp256", "rsa": "ssh-rsa", "ed25519": "ssh-ed25519"} | {
        f"ecdsa{n}": f"ecdsa-sha2-nistp{n}" for n in (384, 521)
    }
    assert shown(fact) == {(types[n], sizes.get(n, 0), digest_of(keys / f"{n}.pub")) for n in KEYS}
    assert fact.unread_keys == fact.unproved_keys == ()
    assert fact.has_strict_kex
    assert fact.ciphers == fact.ciphers_in
    assert fact.macs == fact.macs_in
    assert fact.compression == fact.compression_in == ("none", "zlib@openssh.com")
    assert fact.login_methods.value == ("publickey", "password", "keyboard-interactive")
    assert not fact.admits_strangers
    assert "rsa-sha2-256" in fact.signature_algorithms
    # Six types, the groups along with them.
    assert cost.connections == 6


def test_openssh_costs_three_conversations(keys: Path, tmp_path: Path) -> None:
    with openssh(keys, tmp_path, names=("ed25519", "ecdsa", "rsa")) as port:
        fact, cost = seen_at(port)
    assert len(fact.host_keys.value) == 3
    assert fact.groups.value == (
        GroupExchange(least=1024, wanted=1024, most=8192, bits=2048),
        GroupExchange(least=2048, wanted=3072, most=8192, bits=3072),
    )
    assert cost.connections == 3
    assert cost.packets < 40
    log = (tmp_path / "daemon.log").read_text()
    assert log.count("Invalid user iotscan-") == 1
    assert "Failed" not in log


def test_a_profile_can_spare_a_log_the_name_that_nobody_has(keys: Path, tmp_path: Path) -> None:
    with openssh(keys, tmp_path, names=("ed25519", "rsa")) as port:
        fact = seen(port, pace=msgspec.structs.replace(PACE, ssh_login_methods=False))
        logged = (tmp_path / "daemon.log").read_text()
    assert fact.login_methods.reason is Reason.EXCLUDED
    assert len(shown(fact)) == 2
    assert fact.groups.value
    assert "iotscan" not in logged


def test_openssh_with_a_certificate(keys: Path, tmp_path: Path) -> None:
    with openssh(keys, tmp_path, f"HostCertificate={keys / 'ed25519-cert.pub'}") as port:
        fact = seen(port)
    assert shown(fact) == {("ssh-ed25519", 0, digest_of(keys / "ed25519.pub"))}
    (said,) = fact.host_certificates
    assert (said.algorithm, said.authority) == ("ssh-ed25519-cert-v01@openssh.com", "ssh-ed25519")
    assert said.authority_sha256 == digest_of(keys / "ca.pub")
    assert (said.kind, said.principals, said.is_signed) == ("host", ("gw.example",), True)
    assert (said.valid_from, said.valid_until) == (1767225600, 1798761600)


CIPHERS = (
    *("chacha20-poly1305@openssh.com", "aes128-gcm@openssh.com", "aes256-gcm@openssh.com", "aes192-ctr"),
    *("aes256-cbc", "3des-cbc"),
)


@pytest.mark.parametrize("cipher", CIPHERS)
def test_methods_are_asked_over_any_cipher(keys: Path, tmp_path: Path, cipher: str) -> None:
    options = f"Ciphers={cipher}", "PasswordAuthentication=no", "KbdInteractiveAuthentication=no"
    with openssh(keys, tmp_path, *options) as port:
        fact = seen(port)
    assert fact.ciphers == (cipher,)
    assert fact.login_methods.value == ("publickey",)


MACS = ("hmac-sha1", "hmac-md5-96", "hmac-sha2-512", "hmac-sha1-etm@openssh.com", "hmac-sha2-256-etm@openssh.com")


@pytest.mark.parametrize("mac", MACS)
def test_methods_are_asked_over_any_checksum(keys: Path, tmp_path: Path, mac: str) -> None:
    with openssh(keys, tmp_path, f"MACs={mac}", "Ciphers=aes128-ctr") as port:
        assert seen(port).login_methods.is_answered


METHODS = (
    *("curve25519-sha256", "ecdh-sha2-nistp384", "ecdh-sha2-nistp521", "diffie-hellman-group16-sha512"),
    *("diffie-hellman-group14-sha256", "diffie-hellman-group-exchange-sha1"),
)


@pytest.mark.parametrize("method", METHODS)
def test_keys_are_proved_over_any_exchange(keys: Path, tmp_path: Path, method: str) -> None:
    with openssh(keys, tmp_path, f"KexAlgorithms={method}", names=("ecdsa", "rsa")) as port:
        fact = seen(port)
    assert {algorithm for algorithm, _, _ in shown(fact)} == {"ecdsa-sha2-nistp256", "ssh-rsa"}
    assert fact.login_methods.is_answered
    assert bool(fact.groups.value) == ("exchange" in method)


def test_openssh_that_offers_nothing_current(keys: Path, tmp_path: Path) -> None:
    options = (
        "KexAlgorithms=diffie-hellman-group1-sha1",
        "Ciphers=3des-cbc",
        "MACs=hmac-md5",
        "HostKeyAlgorithms=ssh-rsa",
    )
    with openssh(keys, tmp_path, *options, names=("rsa",)) as port:
        fact = seen(port)
    assert (fact.ciphers, fact.macs, fact.host_key_algorithms) == (("3des-cbc",), ("hmac-md5",), ("ssh-rsa",))
    assert fact.has_strict_kex
    assert [(key.algorithm, key.bits) for key in fact.host_keys.value] == [("ssh-rsa", 2048)]
    assert fact.groups.value == ()
    assert fact.login_methods.is_answered


def test_an_exchange_that_we_cannot_do_leaves_the_keys_open(keys: Path, tmp_path: Path) -> None:
    with openssh(keys, tmp_path, "KexAlgorithms=sntrup761x25519-sha512@openssh.com") as port:
        fact, cost = seen_at(port)
    assert fact.kex
    assert fact.host_keys.reason is Reason.NOT_OBSERVABLE
    assert not fact.login_methods.is_answered
    assert fact.unread_keys == ("Ed25519",)
    assert cost.connections == 1


def test_a_banner_is_read_and_nobody_is_asked_for_a_password(keys: Path, tmp_path: Path) -> None:
    (tmp_path / "banner").write_text("Authorised \x1b[31musers only\nor else\n")
    with openssh(keys, tmp_path, f"Banner={tmp_path / 'banner'}", "PermitEmptyPasswords=yes") as port:
        fact = seen(port)
    assert fact.banner.startswith("Authorised ")
    assert fact.banner.isprintable()
    assert not fact.admits_strangers


def test_dropbear_with_three_host_keys(tmp_path: Path) -> None:
    kinds = "ed25519", "ecdsa", "rsa"
    with dropbear(tmp_path, *kinds) as port:
        fact, cost = seen_at(port)
    assert fact.protocol == "2.0"
    assert fact.software.startswith("dropbear_")
    assert "curve25519-sha256" in fact.kex
    assert "aes128-ctr" in fact.ciphers
    assert fact.macs
    types = {"rsa": "ssh-rsa", "ecdsa": "ecdsa-sha2-nistp256", "ed25519": "ssh-ed25519"}
    bits = {"rsa": 2048}
    assert shown(fact) == {(types[k], bits.get(k, 0), digest_of(tmp_path / f"{k}.pub")) for k in kinds}
    assert fact.login_methods.value == ("publickey", "password")
    assert fact.groups.value == ()
    assert cost.connections == 3
    log = (tmp_path / "daemon.log").read_text()
    assert "Login attempt for nonexistent user" in log
    assert "Bad password" not in log


def test_dropbear_that_offers_a_key_it_lacks(tmp_path: Path) -> None:
    with dropbear(tmp_path, "ed25519", options=("-s",)) as port:
        fact = seen(port)
    assert [key.algorithm for key in fact.host_keys.value] == ["ssh-ed25519"]
    assert fact.unread_keys == (("RSA",) if "rsa-sha2-256" in fact.host_key_algorithms else ())
    assert fact.login_methods.value == ("publickey",)


def test_a_probe_with_two_conversations_says_what_it_left_out(keys: Path, tmp_path: Path) -> None:
    with openssh(keys, tmp_path, names=("ed25519", "ecdsa", "rsa")) as port:
        fact, cost = seen_at(port, share=2)
    assert cost.connections == 2
    assert fact.unread_keys == ("RSA",)
    assert fact.login_methods.is_answered


def test_two_interviews_agree(keys: Path, tmp_path: Path) -> None:
    """A scan that goes back to an earlier one compares them."""
    with openssh(keys, tmp_path, f"Banner={keys / 'ca.pub'}", names=("ed25519", "rsa")) as port:
        assert seen(port) == seen(port)
