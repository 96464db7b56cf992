"""Names of algorithms and banners: what OpenSSH and dropbear know is known, and any text has an answer."""

import subprocess
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from iotscan.assess.ssh_names import SshList, is_post_quantum, ssh_strength
from iotscan.assess.ssh_release import ssh_release
from tests.observe.network.daemons import tool

KINDS: tuple[SshList, ...] = ("kex", "host key", "cipher", "mac", "compression")


@pytest.mark.parametrize(
    ("question", "kind"), [("kex", "kex"), ("cipher", "cipher"), ("mac", "mac"), ("HostKeyAlgorithms", "host key")]
)
def test_every_name_of_openssh_is_known(question: str, kind: SshList) -> None:
    done = subprocess.run([tool("ssh", "openssh-client"), "-Q", question], capture_output=True, text=True, check=True)
    names = done.stdout.split()
    assert names
    assert [name for name in names if ssh_strength(kind, name) == "unknown"] == []


@pytest.mark.parametrize(
    ("kind", "name", "strength"),
    [
        ("kex", "diffie-hellman-group1-sha1", "broken"),
        ("kex", "gss-group1-sha1-toWM5Slw5Ew8Mqkay+al2g==", "broken"),
        ("kex", "gss-gex-sha1-eipGX3TCiQSrx573bT1o1Q==", "weak"),
        ("kex", "gss-group14-sha256-toWM5Slw5Ew8Mqkay+al2g==", "fine"),
        ("kex", "diffie-hellman-group14-sha1", "dated"),
        ("kex", "diffie-hellman-group1-sha256", "unknown"),
        ("kex", "xdiffie-hellman-group1-sha1", "unknown"),
        ("kex", "mlkem768x25519-sha256", "fine"),
        ("kex", "kexguess2@matt.ucc.asn.au", "fine"),
        ("host key", "ssh-dss", "broken"),
        ("host key", "ssh-rsa", "dated"),
        ("host key", "ssh-rsa-cert-v01@openssh.com", "dated"),
        ("host key", "ssh-rsa-sha256@ssh.com", "fine"),
        ("host key", "rsa-sha2-512-cert-v01@openssh.com", "fine"),
        ("cipher", "arcfour", "broken"),
        ("cipher", "none", "broken"),
        ("cipher", "3des-cbc", "weak"),
        ("cipher", "rijndael-cbc@lysator.liu.se", "dated"),
        ("cipher", "camellia256-ctr", "fine"),
        ("mac", "hmac-md5-96-etm@openssh.com", "weak"),
        ("mac", "hmac-ripemd160@openssh.com", "dated"),
        ("mac", "umac-64@openssh.com", "fine"),
        ("compression", "none", "fine"),
        ("compression", "zlib", "dated"),
        ("compression", "zlib@openssh.com", "fine"),
    ],
)
def test_names_and_their_strength(kind: SshList, name: str, strength: str) -> None:
    assert ssh_strength(kind, name) == strength


def test_post_quantum_exchanges_are_told() -> None:
    assert is_post_quantum("mlkem768x25519-sha256")
    assert is_post_quantum("sntrup761x25519-sha512@openssh.com")
    assert not is_post_quantum("curve25519-sha256")


@given(st.sampled_from(KINDS), st.text(max_size=200))
def test_any_name_has_a_strength(kind: SshList, name: str) -> None:
    assert ssh_strength(kind, name) in ("broken", "weak", "dated", "fine", "unknown")


@pytest.mark.parametrize(
    ("software", "called", "distribution", "ends"),
    [
        ("OpenSSH_9.2p1 Debian-2+deb12u3", "OpenSSH 9.2", "Debian 12", "2028-06-30"),
        ("OpenSSH_7.9p1 Raspbian-10+deb10u2", "OpenSSH 7.9", "Raspberry Pi OS 10", "2024-06-30"),
        ("OpenSSH_8.4p1 Debian-5", "OpenSSH 8.4", "Debian 11", "2026-08-31"),
        ("OpenSSH_9.6p1 Ubuntu-3ubuntu13.5", "OpenSSH 9.6", "Ubuntu 24.04", "2029-05-31"),
        ("OpenSSH_6.6.1p1 Ubuntu-2ubuntu2", "OpenSSH 6.6", "Ubuntu 14.04", None),
        ("OpenSSH_8.8 FreeBSD-20240318", "OpenSSH 8.8", "FreeBSD", None),
        ("OpenSSH_8.8 FreeBSD-20249999", "OpenSSH 8.8", "", None),
        ("OpenSSH_9.2p1", "OpenSSH 9.2", "", None),
        ("dropbear_2022.83", "dropbear 2022.83", "", None),
        ("dropbear", " ", "", None),
        ("Cisco-1.25", " ", "", None),
    ],
)
def test_banners(software: str, called: str, distribution: str, ends: str | None) -> None:
    release = ssh_release(software)
    assert f"{release.product} {release.version}" == called
    assert release.distribution == distribution
    assert ends is None or release.ends == date.fromisoformat(ends)


@given(
    st.text(max_size=80)
    | st.builds(
        "{}_{}.{}p1 {}-{}".format,
        st.sampled_from(["OpenSSH", "dropbear"]),
        *(st.integers(0, 99999), st.integers(0, 99999)),
        *(st.sampled_from(["Debian", "Ubuntu", "FreeBSD"]), st.text(max_size=12)),
    )
)
def test_any_banner_has_a_release(software: str) -> None:
    assert ssh_release(software).product in ("", "OpenSSH", "dropbear")
