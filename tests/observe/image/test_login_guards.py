"""Logins over the network, what guards them, what feeds randomness, and the tools of developers."""

from pathlib import Path

import pytest

from iotscan.model.facts import DebugTools, Entropy, LoginGuards
from iotscan.observe.image.inspectors import debug_tools, entropy, login_guards
from iotscan.observe.image.readers.folder import FolderTree
from tests.observe.image.looking import heard_of
from tests.observe.image.started_roots import buildroot, debian, openwrt

UNITS = "usr/lib/systemd/system"
SSHD = {f"{UNITS}/ssh.service": "[Service]\nExecStart=/usr/sbin/sshd -D\n"}


def guards_of(tree: FolderTree) -> LoginGuards:
    (fact,) = heard_of(login_guards.INSPECTOR, tree).facts
    assert isinstance(fact, LoginGuards)
    return fact


@pytest.mark.parametrize(
    ("config", "takes", "tries"),
    [
        ("", True, 6),
        ("PasswordAuthentication no\n", True, 6),
        ("PasswordAuthentication no\nKbdInteractiveAuthentication no\nUsePAM yes\n", False, 6),
        ("PasswordAuthentication no\nUsePAM no\n", False, 6),
        ("#PasswordAuthentication no\nMaxAuthTries=3\nMaxAuthTries 9\n", True, 3),
        ("Match User x\nPasswordAuthentication no\n", True, 6),
    ],
)
def test_what_sshd_takes(tmp_path: Path, config: str, takes: bool, tries: int) -> None:
    uses_pam = "" if "UsePAM" in config or not config.startswith("PasswordAuthentication no") else "UsePAM yes\n"
    tree = debian(tmp_path, {**SSHD, "etc/ssh/sshd_config": uses_pam + config}, wants=("ssh.service",))
    (service,) = guards_of(tree).services
    assert (service.name, service.takes_passwords, service.tries) == ("sshd", takes, tries)


@pytest.mark.parametrize(
    ("options", "takes"),
    [("-f /etc/ssh/own", True), ("-f/etc/ssh/own", True), ("-oPasswordAuthentication=yes", True), ("", False)],
)
def test_which_file_sshd_reads(tmp_path: Path, options: str, takes: bool) -> None:
    files = {
        f"{UNITS}/ssh.service": f"[Service]\nExecStart=/usr/sbin/sshd -D {options}\n",
        "etc/ssh/sshd_config": "PasswordAuthentication no\nUsePAM no\n",
        "etc/ssh/own": "PasswordAuthentication yes\n",
    }
    (service,) = guards_of(debian(tmp_path, files, wants=("ssh.service",))).services
    assert service.takes_passwords is takes


def test_what_guards_sshd(tmp_path: Path) -> None:
    files = {
        **SSHD,
        "etc/ssh/sshd_config": "UsePAM yes\n",
        "usr/lib/openssh/sshd-session": b"\x7fELF\0",
        f"{UNITS}/fail2ban.service": "[Service]\nExecStart=/usr/bin/fail2ban-server -xf start\n",
        "etc/fail2ban/jail.conf": "[DEFAULT]\nenabled = false\n[sshd]\nport = ssh\n",
        "etc/fail2ban/jail.d/defaults-debian.conf": "[sshd]\nenabled = true\n",
        "etc/pam.d/common-auth": "# pam_faillock.so\nauth required pam_faillock.so preauth\n",
        "etc/nftables.conf": "table inet f {\n  chain i {\n    tcp dport 22 limit rate 5/minute accept\n  }\n}\n",
    }
    tree = debian(tmp_path, files, wants=("ssh.service", "fail2ban.service"))
    assert {(g.kind, g.path, g.line, g.guards) for g in guards_of(tree).guards} == {
        ("fail2ban", "/etc/fail2ban/jail.d/defaults-debian.conf", 2, ("sshd",)),
        ("pam_faillock", "/etc/pam.d/common-auth", 2, ("sshd",)),
        ("penalties", "/usr/lib/openssh/sshd-session", 0, ("sshd",)),
        ("rate", "/etc/nftables.conf", 3, ("sshd",)),
    }


def test_a_guard_that_is_off_is_none(tmp_path: Path) -> None:
    files = {
        **SSHD,
        "etc/ssh/sshd_config": "UsePAM no\nPerSourcePenalties no\n",
        "usr/lib/openssh/sshd-session": b"\x7fELF\0",
        f"{UNITS}/fail2ban.service": "[Service]\nExecStart=/usr/bin/fail2ban-server -xf start\n",
        "etc/fail2ban/jail.d/a.conf": "[sshd]\nenabled = true\n",
        "etc/fail2ban/jail.local": "[sshd]\nenabled = false\n",
        "etc/pam.d/common-auth": "auth required pam_faillock.so preauth\n",
    }
    assert guards_of(debian(tmp_path, files, wants=("ssh.service", "fail2ban.service"))).guards == ()


def test_dropbear_of_openwrt(tmp_path: Path) -> None:
    script = "#!/bin/sh /etc/rc.common\nstart_service() {\n\tprocd_set_param command /usr/sbin/dropbear -F -T 3\n}\n"
    links = {"etc/rc.d/S19dropbear": "../init.d/dropbear"}
    config = "config dropbear\n\toption PasswordAuth 'off'\n"
    plain = guards_of(openwrt(tmp_path / "a", {"etc/init.d/dropbear": script}, links)).services[0]
    assert (plain.name, plain.takes_passwords, plain.tries) == ("dropbear", True, 3)
    files = {"etc/init.d/dropbear": script, "etc/config/dropbear": config}
    closed = guards_of(openwrt(tmp_path / "b", files, links)).services[0]
    assert (closed.takes_passwords, closed.path, closed.line) == (False, "/etc/config/dropbear", 2)


def test_what_is_not_started_is_no_login(tmp_path: Path) -> None:
    assert guards_of(debian(tmp_path, SSHD)).services == ()


def entropy_of(tree: FolderTree) -> Entropy:
    (fact,) = heard_of(entropy.INSPECTOR, tree).facts
    assert isinstance(fact, Entropy)
    return fact


def test_shipped_seeds_and_ids(tmp_path: Path) -> None:
    files = {
        "var/lib/systemd/random-seed": bytes(range(256)) * 2,
        "etc/urandom.seed": b"",
        "etc/machine-id": "0123456789abcdef0123456789abcdef\n",
        "boot/config-6.1.0": "CONFIG_RANDOM_TRUST_CPU=y\n# CONFIG_RANDOM_TRUST is not set\nCONFIG_HW_RANDOM=m\n",
        "etc/init.d/S20rngd": "#!/bin/sh\n/usr/sbin/rngd -r /dev/hwrng\nstart-stop-daemon -S -x /usr/sbin/rngd\n",
    }
    fact = entropy_of(buildroot(tmp_path, files, {"var/lib/dbus/machine-id": "/etc/machine-id"}))
    assert [(s.path, s.size) for s in fact.seeds] == [("/var/lib/systemd/random-seed", 512)]
    assert [(m.path, m.state) for m in fact.machine_ids] == [("/etc/machine-id", "fixed")]
    assert fact.feeders == ("rngd",)
    assert fact.kernel_options == ("CONFIG_RANDOM_TRUST_CPU", "CONFIG_HW_RANDOM")


@pytest.mark.parametrize(("content", "state"), [("", "empty"), ("uninitialized\n", "uninitialized")])
def test_machine_ids_that_the_first_start_makes(tmp_path: Path, content: str, state: str) -> None:
    fact = entropy_of(buildroot(tmp_path, {"etc/machine-id": content}))
    assert [m.state for m in fact.machine_ids] == [state]
    assert (fact.seeds, fact.has_kernel_config) == ((), False)


def test_debug_tools_and_traces(tmp_path: Path) -> None:
    files = {
        "usr/bin/gdbserver": b"\x7fELF\0",
        "usr/sbin/tcpdump": b"\x7fELF\0",
        "usr/share/doc/strace": "text",
        "etc/buildinfo": 'IMAGE_FEATURES = "ssh-server-dropbear debug-tweaks"\n',
        "etc/os-release": 'NAME="Gateway"\nVARIANT_ID=dev\n',
        "etc/ssh/sshd_config": "PermitEmptyPasswords yes\n",
    }
    tree = buildroot(tmp_path, files, {"bin/netcat": "busybox", "usr/local/bin/tcpdump": "/usr/sbin/tcpdump"})
    (fact,) = heard_of(debug_tools.INSPECTOR, tree).facts
    assert isinstance(fact, DebugTools)
    assert {(t.path, t.purpose) for t in fact.tools} == {
        ("/usr/bin/gdbserver", "debugger"),
        ("/usr/sbin/tcpdump", "sniffer"),
        ("/usr/bin/nc", "network-tool"),
        ("/usr/bin/socat", "network-tool"),
    }
    assert [(t.path, t.line) for t in fact.traces] == [
        ("/etc/buildinfo", 1),
        ("/etc/os-release", 2),
        ("/etc/ssh/sshd_config", 1),
    ]
    assert fact.commands_searched > 10
