"""What services are configured to do: real files of Debian's packages, OpenSSH against its own ``-T``."""

import shutil
import subprocess
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TypeVar

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from iotscan.model.answer import Answer
from iotscan.model.facts import (
    AdbServer,
    FtpPolicy,
    MqttBroker,
    SnmpAgent,
    SshPolicy,
    SshServer,
    TelnetServer,
    TlsEndpoint,
)
from iotscan.model.facts.fact import Fact
from iotscan.observe.heard import Configured, Heard
from iotscan.observe.image.configuration import all_configurations
from iotscan.observe.image.configuration.tls import endpoint, unknown_versions
from iotscan.observe.image.inspector import Inspector
from iotscan.observe.image.readers.folder import FolderTree
from tests.observe.image.looking import a_root, heard_of
from tests.observe.image.test_startup import add_links

F = TypeVar("F", bound=Fact)
BY_NAME: Mapping[str, Inspector] = {inspector.name: inspector for inspector in all_configurations()}
PROGRAMS = ("sshd", "dropbear", "mosquitto", "snmpd", "telnetd", "httpd", "vsftpd", "proftpd", "adbd")


def a_gateway(folder: Path, inittab: Iterable[str], files: Mapping[str, str | bytes] = {}) -> FolderTree:
    """A root of BusyBox's init that starts these commands."""
    programs = {f"usr/sbin/{name}": b"\x7fELF" for name in PROGRAMS}
    lines = "".join(f"::respawn:{command}\n" for command in inittab)
    tree = a_root(folder, {"bin/busybox": "ELF", "etc/inittab": lines, **programs, **files})
    add_links(folder, {"sbin/init": "/bin/busybox"})
    return tree


def status_of(package: str, version: str) -> dict[str, str]:
    other = "Package: other\nStatus: x\nVersion: 1\n\n"
    return {"var/lib/dpkg/status": f"{other}Package: {package}\nStatus: install ok installed\nVersion: {version}\n\n"}


def said(name: str, tree: FolderTree) -> tuple[Configured, ...]:
    heard = heard_of(BY_NAME[name], tree)
    assert not heard.missed
    return heard.configured


def facts(configured: Iterable[Configured], kind: type[F]) -> list[F]:
    return [c.fact for c in configured if isinstance(c.fact, kind)]


def policy(tree: FolderTree, name: str = "openssh") -> SshPolicy:
    (found,) = facts(said(name, tree), SshPolicy)
    return found


SSHD = status_of("openssh-server", "1:9.2p1-2+deb12u2")


def test_a_service_that_is_not_started_is_absent(tmp_path: Path) -> None:
    tree = a_gateway(
        tmp_path, [], {"etc/ssh/sshd_config": "PermitRootLogin yes\n", "etc/snmp/snmpd.conf": "rwcommunity x\n"}
    )
    for name in ("openssh", "snmpd", "mosquitto", "telnetd", "dropbear"):
        assert heard_of(BY_NAME[name], tree) == Heard()


def test_without_a_known_init_an_installed_service_is_open(tmp_path: Path) -> None:
    tree = a_root(tmp_path, {"usr/sbin/sshd": "x", "etc/ssh/sshd_config": "PermitRootLogin yes\n"})
    missed = heard_of(BY_NAME["openssh"], tree).missed
    assert {m.need for m in missed} == {"ssh-server", "ssh-policy"}
    assert {m.reason for m in missed} == {"not_observable"}
    assert heard_of(BY_NAME["dropbear"], tree) == Heard()


def test_sshd_config_takes_the_first_value_and_knows_match(tmp_path: Path) -> None:
    config = (
        "Include /etc/ssh/sshd_config.d/*.conf\nPort 2222\n#PermitRootLogin yes\nPermitRootLogin yes\n"
        "PermitRootLogin no\nUsePAM yes\nMatch Address 10.0.0.0/8\n  PasswordAuthentication yes\n"
        "  PermitRootLogin yes\nMatch all\nX11Forwarding no\n"
    )
    extra = "PasswordAuthentication no\nKbdInteractiveAuthentication no\nCiphers aes128-ctr,3des-cbc\nMACs +hmac-md5\n"
    tree = a_gateway(
        tmp_path,
        ["/usr/sbin/sshd -D"],
        {"etc/ssh/sshd_config": config, "etc/ssh/sshd_config.d/a.conf": extra, **SSHD},
    )
    found = said("openssh", tree)
    assert {c.service for c in found} == {"tcp/2222"}
    assert {(c.path, c.line) for c in found} == {("/etc/ssh/sshd_config", 2)}
    one = policy(tree)
    assert (one.root_login.value.known, one.root_login.line) == ("yes", 4)
    assert (one.passwords.value.known, one.passwords.path) == ("no", "/etc/ssh/sshd_config.d/a.conf")
    assert (one.empty_passwords.value.known, one.empty_passwords.path) == ("no", "")
    assert [(e.match, e.keyword, e.line) for e in one.exceptions] == [
        ("Address 10.0.0.0/8", "passwordauthentication", 8),
        ("Address 10.0.0.0/8", "permitrootlogin", 9),
    ]
    (server,) = facts(found, SshServer)
    assert server.ciphers == ("aes128-ctr", "3des-cbc")
    assert "hmac-md5" in server.macs
    assert "curve25519-sha256" in server.kex
    assert server.software == "OpenSSH_9.2"


def test_pam_asks_for_passwords_where_sshd_does_not(tmp_path: Path) -> None:
    config = "PasswordAuthentication no\nUsePAM yes\n"
    tree = a_gateway(tmp_path, ["/usr/sbin/sshd -D"], {"etc/ssh/sshd_config": config, **SSHD})
    assert policy(tree).passwords.value.known == "yes"


def test_no_version_leaves_open_what_is_not_written(tmp_path: Path) -> None:
    tree = a_gateway(tmp_path, ["/usr/sbin/sshd -D"], {"etc/ssh/sshd_config": "PermitRootLogin no\n"})
    one = policy(tree)
    assert one.root_login.value.known == "no"
    assert not one.passwords.value.is_answered
    (server,) = facts(said("openssh", tree), SshServer)
    assert server.unsaid == ("kex", "ciphers", "macs", "host key algorithms", "strict kex")


@pytest.mark.parametrize("option", ["-o PermitRootLogin=yes", "-oPermitRootLogin=yes", '-o "PermitRootLogin yes"'])
def test_what_sshd_is_told_as_it_starts_comes_before_its_file(tmp_path: Path, option: str) -> None:
    tree = a_gateway(tmp_path, [f"/usr/sbin/sshd -D {option}"], {"etc/ssh/sshd_config": "PermitRootLogin no\n", **SSHD})
    assert policy(tree, "openssh").root_login.value.known == "yes"


def test_sshd_for_the_device_itself_alone_is_no_service(tmp_path: Path) -> None:
    tree = a_gateway(tmp_path, ["/usr/sbin/sshd -D"], {"etc/ssh/sshd_config": "ListenAddress 127.0.0.1\n", **SSHD})
    assert said("openssh", tree) == ()


@pytest.mark.parametrize(
    "config",
    [
        "",
        "PermitRootLogin yes\nPasswordAuthentication no\n",
        "Ciphers -chacha20*\nKexAlgorithms ^diffie-hellman-group14-sha256\n",
        "MACs hmac-sha1\nPermitEmptyPasswords yes\nPort 22\nPort 2200\n",
        "HostKeyAlgorithms +ssh-dss\nMatch User x\n PermitRootLogin no\n",
    ],
)
def test_openssh_itself_says_the_same(tmp_path: Path, config: str) -> None:
    sshd, keygen = shutil.which("sshd", path="/usr/sbin:/usr/bin"), shutil.which("ssh-keygen")
    if sshd is None or keygen is None:
        pytest.skip("sshd is missing (package openssh-server)")
    subprocess.run([keygen, "-q", "-t", "ed25519", "-N", "", "-f", str(tmp_path / "key")], check=True, timeout=20)
    tree = a_gateway(tmp_path, ["/usr/sbin/sshd -D"], {"etc/ssh/sshd_config": config})
    (tmp_path / "usr/sbin/sshd").write_bytes(Path(sshd).read_bytes())
    words = [sshd, "-T", "-f", str(tmp_path / "etc/ssh/sshd_config"), "-h", str(tmp_path / "key")]
    done = subprocess.run(words, capture_output=True, text=True, timeout=20, check=False)
    if done.returncode:
        pytest.skip(f"sshd -T cannot run here: {done.stderr[:80]}")
    lines = [line.partition(" ") for line in done.stdout.splitlines()]
    truth = {key: value for key, _, value in lines}
    found = said("openssh", tree)
    assert {c.service for c in found} == {f"tcp/{v}" for k, _, v in lines if k == "port"}
    server, one = facts(found, SshServer)[0], facts(found, SshPolicy)[0]
    assert one.root_login.value.known == truth["permitrootlogin"].replace("without-password", "prohibit-password")
    assert one.passwords.value.known == truth["passwordauthentication"]
    assert one.empty_passwords.value.known == truth["permitemptypasswords"]
    assert set(server.ciphers) == set(truth["ciphers"].split(","))
    assert set(server.macs) == set(truth["macs"].split(","))
    # Debian's 9.2 knows the later name of sntrup761x25519-sha512@openssh.com as well.
    offered = set(truth["kexalgorithms"].split(",")) - {"sntrup761x25519-sha512"}
    assert set(server.kex) - {"kex-strict-s-v00@openssh.com"} == offered
    offered = {
        name for name in truth["hostkeyalgorithms"].split(",") if "-cert-" not in name and "webauthn" not in name
    }
    assert set(server.host_key_algorithms) == offered


def test_dropbear_says_all_by_its_arguments(tmp_path: Path) -> None:
    one = policy(a_gateway(tmp_path / "a", ["/usr/sbin/dropbear -F"]), "dropbear")
    assert (one.root_login.value.known, one.passwords.value.known) == ("yes", "yes")
    tree = a_gateway(tmp_path / "b", ["/usr/sbin/dropbear -FEsg -p 192.0.2.1:2222 -p 127.0.0.1:23"])
    two = policy(tree, "dropbear")
    assert (two.root_login.value.known, two.passwords.value.known) == ("prohibit-password", "no")
    assert {c.service for c in said("dropbear", tree)} == {"tcp/2222"}
    assert (
        policy(a_gateway(tmp_path / "c", ["/usr/sbin/dropbear -w -B"]), "dropbear").empty_passwords.value.known == "yes"
    )


def test_dropbear_of_openwrt_is_configured_by_uci(tmp_path: Path) -> None:
    script = '#!/bin/sh /etc/rc.common\nprocd_set_param command "/usr/sbin/dropbear" -F\n'
    uci = "config dropbear\n\toption PasswordAuth 'off'\n\toption RootPasswordAuth 'on'\n\toption Port '2022'\n"
    uci += "config dropbear\n\toption enable '0'\n\toption Port '23'\n"
    tree = a_root(
        tmp_path,
        {
            "sbin/procd": "x",
            "etc/rc.common": "x",
            "usr/sbin/dropbear": "x",
            "etc/init.d/dropbear": script,
            "etc/config/dropbear": uci,
        },
    )
    add_links(tmp_path, {"etc/rc.d/S19dropbear": "../init.d/dropbear"})
    found = said("dropbear", tree)
    assert {(c.service, c.path, c.line) for c in found} == {("tcp/2022", "/etc/config/dropbear", 1)}
    assert policy(tree, "dropbear").passwords.value.known == "no"


BROKERS = {
    "default": ("", "2.0.11", []),
    "default-old": ("", "1.6.12", [("tcp/1883", False, True)]),
    "listener": ("listener 1883\n", "2.0.11", [("tcp/1883", False, False)]),
    "anonymous": ("listener 1883\nallow_anonymous true\n", "2.0.11", [("tcp/1883", False, True)]),
    "digit": ("listener 1883\nallow_anonymous 1\n", "2.0.11", [("tcp/1883", False, True)]),
    "another-word": ("listener 1883\nallow_anonymous yes\n", "2.0.11", [("tcp/1883", False, False)]),
    "each-digit": (
        "per_listener_settings 1\nlistener 1883\nallow_anonymous 1\nlistener 1884\n",
        "2.0.11",
        [("tcp/1883", False, True), ("tcp/1884", False, False)],
    ),
    "commented": ("listener 1883\n#allow_anonymous true\n", "2.0.11", [("tcp/1883", False, False)]),
    "loopback": ("listener 1883 127.0.0.1\nallow_anonymous true\n", "2.0.11", []),
    "old-with-passwords": ("port 1884\npassword_file /etc/p\n", "1.6.12", [("tcp/1884", False, False)]),
    "each": (
        "per_listener_settings true\nlistener 1883\nallow_anonymous true\nlistener 1884\n",
        "2.0.11",
        [("tcp/1883", False, True), ("tcp/1884", False, False)],
    ),
    "tls": ("listener 8883\ncertfile /c\nkeyfile /k\nallow_anonymous true\n", "2.0.11", [("tcp/8883", True, True)]),
    "mutual": (
        "listener 8883\ncertfile /c\nkeyfile /k\ncafile /a\nrequire_certificate true\nallow_anonymous true\n",
        "2.0.11",
        [("tcp/8883", True, False)],
    ),
    "psk": ("listener 8883\npsk_hint h\nallow_anonymous true\n", "2.0.11", [("tcp/8883", True, False)]),
    "no-version": ("listener 1883\n", "", [("tcp/1883", False, None)]),
}


@pytest.mark.parametrize("name", BROKERS)
def test_mosquitto_listeners(tmp_path: Path, name: str) -> None:
    config, version, expected = BROKERS[name]
    files = {"etc/mosquitto/mosquitto.conf": config} | (status_of("mosquitto", version) if version else {})
    tree = a_gateway(tmp_path, ["/usr/sbin/mosquitto -c /etc/mosquitto/mosquitto.conf"], files)
    found = [c for c in said("mosquitto", tree) if isinstance(c.fact, MqttBroker)]
    shown = [(c.service, c.fact.tls, c.fact.anonymous.known) for c in found if isinstance(c.fact, MqttBroker)]
    assert shown == expected


@pytest.mark.parametrize(
    ("line", "version", "accepted"),
    [
        ("", "2.0.11", "TLSv1.2"),
        ("tls_version tlsv1.1\n", "1.6.12", "TLSv1.1 TLSv1.2"),
        ("", "1.6.12", None),
    ],
)
def test_mosquitto_tls_versions(tmp_path: Path, line: str, version: str, accepted: str | None) -> None:
    config = f"listener 8883\ncertfile /c\nkeyfile /k\n{line}"
    files = {
        "etc/mosquitto/mosquitto.conf": "include_dir /etc/mosquitto/conf.d\n",
        "etc/mosquitto/conf.d/a.conf": config,
    }
    files |= status_of("mosquitto", version)
    tree = a_gateway(tmp_path, ["/usr/sbin/mosquitto -c /etc/mosquitto/mosquitto.conf"], files)
    (tls,) = (c for c in said("mosquitto", tree) if isinstance(c.fact, TlsEndpoint))
    assert isinstance(tls.fact, TlsEndpoint)
    assert (tls.path, tls.line) == ("/etc/mosquitto/conf.d/a.conf", 1)
    if accepted is None:
        assert not any(a.known for a in tls.fact.versions.values())
    else:
        # Nothing in this image says which library it is, and whether that one has TLS 1.3.
        assert not tls.fact.versions["TLSv1.3"].is_answered
        assert tls.fact.accepted_versions == tuple(accepted.split())


AGENTS = {
    "rocommunity public\n": [("public", False, "")],
    "rwcommunity private 10.0.0.0/8\n": [("other", True, "10.0.0.0/8")],
    "rocommunity public localhost\nrocommunity public 127.0.0.1\n": [],
    "#rocommunity public\nrouser admin priv\n": [],
    "agentaddress 127.0.0.1,[::1]\nrocommunity public\n": [],
    "agentaddress udp:161,udp6:[::1]:161\nrocommunity public\n": [("public", False, "")],
    "com2sec ro default public\n": [],
    ('com2sec ro default public\ngroup g v2c ro\nview all included .1\naccess g "" any noauth exact all none none\n'): [
        ("public", False, "")
    ],
    'com2sec rw default s\ngroup g v1 rw\naccess g "" any noauth exact all all none\n': [("other", True, "")],
}


@pytest.mark.parametrize("config", AGENTS)
def test_snmp_communities(tmp_path: Path, config: str) -> None:
    tree = a_gateway(tmp_path, ["/usr/sbin/snmpd -f -u snmp -Lsd"], {"etc/snmp/snmpd.conf": config})
    found = facts(said("snmpd", tree), SnmpAgent)
    assert [(a.community, a.writable, a.limited_to) for a in found] == AGENTS[config]
    assert "private" not in str(found)


def test_the_snmpd_conf_of_debian_is_for_the_device_itself(tmp_path: Path) -> None:
    real = Path("/etc/snmp/snmpd.conf")
    try:
        config = real.read_text()
    except OSError:
        pytest.skip("snmpd.conf is missing or closed (package snmpd)")
    if "agentaddress  127.0.0.1,[::1]" not in config:
        pytest.skip("snmpd.conf is not that of the package snmpd")
    tree = a_gateway(tmp_path, ["/usr/sbin/snmpd -f"], {"etc/snmp/snmpd.conf": config})
    assert said("snmpd", tree) == ()
    opened = a_gateway(tmp_path / "x", ["/usr/sbin/snmpd -f udp:161"], {"etc/snmp/snmpd.conf": config})
    assert [a.community for a in facts(said("snmpd", opened), SnmpAgent)] == ["public", "public"]


@pytest.mark.parametrize(
    ("command", "expected"),
    [
        ("telnetd -F", [("tcp/23", "login")]),
        ("telnetd -F -l /bin/sh -p 2323", [("tcp/2323", "shell")]),
        ("telnetd -l/bin/ash", [("tcp/23", "shell")]),
        ("telnetd -l /usr/bin/vendor-login", [("tcp/23", "unknown")]),
        ("telnetd -b 127.0.0.1 -p 127.0.0.1:23", []),
    ],
)
def test_telnetd(tmp_path: Path, command: str, expected: list[tuple[str, str]]) -> None:
    found = said("telnetd", a_gateway(tmp_path, [f"/usr/sbin/{command}"]))
    assert [(c.service, c.fact.asks) for c in found if isinstance(c.fact, TelnetServer)] == expected
    assert all((c.path, c.line) == ("/etc/inittab", 1) for c in found)


def test_a_service_that_nobody_reads_leaves_tls_open(tmp_path: Path) -> None:
    others = BY_NAME["other-services"]
    assert heard_of(others, a_gateway(tmp_path / "a", ["/usr/sbin/telnetd -F"])) == Heard()
    (missed,) = heard_of(others, a_gateway(tmp_path / "b", ["/usr/sbin/httpd -f"])).missed
    assert (missed.need, missed.reason) == ("tls-endpoint", "not_observable")
    assert "httpd" in missed.detail


WORDS = """
Match all|Match|Include *|Include /etc/ssh/sshd_config|Port x|Port 70000|listener|listener -1|ListenAddress [|
ListenAddress ::1|tls_version x|rocommunity|com2sec a b|access|Ciphers ,,|agentaddress udp:99999,|include_dir /etc|
includeDir /etc/snmp|port 1|bind_address|group a b|access a b c d e f g h|listener 1 2 3|Match User x
"""
LINES = st.lists(st.sampled_from(WORDS.replace("\n", "").split("|")) | st.text(max_size=40), max_size=12)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(lines=LINES)
def test_any_configuration_is_survived(tmp_path_factory: pytest.TempPathFactory, lines: list[str]) -> None:
    text = "\n".join(lines).encode("utf-8", "replace")
    tree = a_gateway(
        tmp_path_factory.mktemp("any"),
        ["/usr/sbin/sshd -D", "/usr/sbin/mosquitto -c /etc/m.conf", "/usr/sbin/snmpd -f"],
        {"etc/ssh/sshd_config": text, "etc/m.conf": text, "etc/snmp/snmpd.conf": text},
    )
    for inspector in BY_NAME.values():
        heard_of(inspector, tree)


FTP = {
    "listen=YES\n": (True, False, "none"),
    "anonymous_enable=NO\nssl_enable=YES\n": (False, False, "demanded"),
    "anonymous_enable=NO\n#ssl_enable=YES\n": (False, False, "none"),
    "anonymous_enable=YES\nwrite_enable=YES\nanon_upload_enable=YES\n": (True, True, "none"),
    "anonymous_enable=NO\nssl_enable=YES\nforce_local_logins_ssl=NO\n": (False, False, "offered"),
}


@pytest.mark.parametrize("config", FTP)
def test_vsftpd(tmp_path: Path, config: str) -> None:
    tree = a_gateway(tmp_path, ["/usr/sbin/vsftpd /etc/vsftpd.conf"], {"etc/vsftpd.conf": config})
    (one,) = facts(said("vsftpd", tree), FtpPolicy)
    assert (one.anonymous.known, one.anonymous_writes.known, one.tls.known) == FTP[config]
    assert len(facts(said("vsftpd", tree), TlsEndpoint)) == (one.tls.known != "none")


def test_the_vsftpd_conf_of_debian(tmp_path: Path) -> None:
    try:
        config = Path("/etc/vsftpd.conf").read_text()
    except OSError:
        pytest.skip("vsftpd.conf is missing (package vsftpd)")
    tree = a_gateway(tmp_path, ["/usr/sbin/vsftpd /etc/vsftpd.conf"], {"etc/vsftpd.conf": config})
    (found,) = (c for c in said("vsftpd", tree) if isinstance(c.fact, FtpPolicy))
    assert isinstance(found.fact, FtpPolicy)
    assert (found.fact.anonymous.known, found.fact.tls.known, found.service) == (False, "none", "tcp/21")
    assert config.splitlines()[found.line - 1] == "anonymous_enable=NO"


PROFTPD = {
    "": (False, False, "none"),
    "<IfModule mod_tls.c>\nTLSEngine on\nTLSRequired on\nTLSProtocol TLSv1.2 TLSv1.3\n</IfModule>\n": (
        *(False, False),
        "demanded",
    ),
    "#<Anonymous ~ftp>\n#</Anonymous>\nTLSEngine off\n": (False, False, "none"),
    "<Anonymous ~ftp>\n<Limit WRITE>\nDenyAll\n</Limit>\n</Anonymous>\n": (True, False, "none"),
    "<Anonymous ~ftp>\nUser ftp\n</Anonymous>\nInclude /etc/proftpd/tls.conf\n": (True, True, "offered"),
}


@pytest.mark.parametrize("config", PROFTPD)
def test_proftpd(tmp_path: Path, config: str) -> None:
    files = {"etc/proftpd/proftpd.conf": f"Port 2121\n{config}", "etc/proftpd/tls.conf": "TLSEngine on\n"}
    tree = a_gateway(tmp_path, ["/usr/sbin/proftpd -n -c /etc/proftpd/proftpd.conf"], files)
    found = said("proftpd", tree)
    (one,) = facts(found, FtpPolicy)
    assert (one.anonymous.known, one.anonymous_writes.known, one.tls.known) == PROFTPD[config]
    assert {c.service for c in found} == {"tcp/2121"}
    for tls in facts(found, TlsEndpoint):
        assert (tls.opening, tls.versions["TLSv1.0"].known) == ("ftp", False if "TLSv1.2" in config else None)


def test_adbd(tmp_path: Path) -> None:
    tree = a_gateway(tmp_path / "a", ["/usr/sbin/adbd"], {"default.prop": "ro.x=1\nservice.adb.tcp.port=5555\n"})
    (found,) = said("adbd", tree)
    assert (found.fact, found.service, found.line) == (AdbServer(needs_key=False), "tcp/5555", 2)
    assert (
        said("adbd", a_gateway(tmp_path / "b", ["/usr/sbin/adbd"], {"default.prop": "service.adb.tcp.port=0\n"})) == ()
    )
    (missed,) = heard_of(BY_NAME["adbd"], a_gateway(tmp_path / "c", ["/usr/sbin/adbd"])).missed
    assert missed.reason == "not_observable"


def test_a_file_that_comes_with_the_start_is_open(tmp_path: Path) -> None:
    tree = a_gateway(tmp_path, ["/usr/sbin/mosquitto -c /run/mosquitto.conf", "/usr/sbin/snmpd -C -c /run/snmpd.conf"])
    for name in ("mosquitto", "snmpd"):
        assert {m.reason for m in heard_of(BY_NAME[name], tree).missed} == {"not_observable"}


def test_no_question_of_a_configured_endpoint_looks_as_if_nobody_had_asked() -> None:
    """NOT_ASKED would say that another scan could answer: a configuration that is silent stays so."""
    found = endpoint(unknown_versions("which TLS versions it takes"))
    answers = {name: getattr(found, name) for name in TlsEndpoint.__struct_fields__}
    assert [n for n, answer in answers.items() if isinstance(answer, Answer) and not answer.was_asked] == []
