"""Devices and old protocols: SNMP, telnet, FTP, TFTP, syslog and mail, spoken by their usual clients and servers."""

import shutil
import tempfile
from pathlib import Path

import pexpect

from tests.lan.network import _ENVIRONMENT, Machine, poll
from tests.traffic_lab.stage import Stage

TOOLS = {
    "snmpget": "snmp", "snmpd": "snmpd", "telnet": "telnet", "busybox": "busybox-static", "ftp": "ftp",
    "vsftpd": "vsftpd", "tftp": "tftp-hpa", "in.tftpd": "tftpd-hpa", "logger": "bsdutils", "curl": "curl",
    "dovecot": "dovecot-imapd",
}  # fmt: skip
PASSWORD = "Sesame-4711-open"
COMMUNITY = "Zq81xHidden"
SECRETS = (PASSWORD, COMMUNITY)
_LOGIN = """#!/bin/sh
echo "Acme cam"
printf "login: "; read user
stty -echo; printf "Password: "; read password; stty echo; echo
if [ "$user:$password" = "root:{password}" ]; then PS1='# ' exec /bin/sh; fi
echo "Login incorrect"; printf "login: "; read user
"""
IMAGE = b"\x27\x05\x19\x56" + bytes(range(256)) * 30


def play(stage: Stage) -> None:
    """Each protocol once or twice; logins that are taken and some that are not."""
    device, server = stage.near("device", 21), stage.far("server", 88)
    folder = stage.folder
    (folder / "files").mkdir()
    (folder / "files" / "boot.img").write_bytes(IMAGE)
    (folder / "files" / "readme.txt").write_text("nothing of interest\n")
    _snmp(device, server, folder)
    _telnet(device, server, folder)
    _ftp(device, server, folder)
    _tftp(device, server, folder)
    for words in ("--rfc5424", "--rfc3164"):
        device.run("logger", "-n", "203.0.113.88", "-P", "514", "-d", words, "-t", "updater", "no news", check=True)
    _mail(device, server, folder)


def _snmp(device: Machine, server: Machine, folder: Path) -> None:
    (folder / "snmpd.conf").write_text(
        f"agentaddress udp:0.0.0.0:161\nrocommunity {COMMUNITY} default\nrocommunity public default\n"
        f'createUser reader SHA "{PASSWORD}" AES "{PASSWORD}"\nrouser reader auth\n[snmp] persistentDir {folder}\n'
    )
    server.start("snmpd", "-f", "-Lo", "-C", "-c", f"{folder}/snmpd.conf", "-p", f"{folder}/snmpd.pid")

    def get(*words: str) -> bool:
        return device.run("snmpget", "-t", "2", "-r", "0", *words, "203.0.113.88", "1.3.6.1.2.1.1.3.0").returncode == 0

    poll("snmpd answers", lambda: get("-v2c", "-c", COMMUNITY))
    get("-v1", "-c", "public")
    login = ("-v3", "-u", "reader", "-a", "SHA", "-A", PASSWORD)
    assert get(*login, "-l", "authNoPriv")
    assert get(*login, "-l", "authPriv", "-x", "AES", "-X", PASSWORD)


def _telnet(device: Machine, server: Machine, folder: Path) -> None:
    script = folder / "login"
    script.write_text(_LOGIN.format(password=PASSWORD))
    script.chmod(0o755)
    server.start("busybox", "telnetd", "-F", "-l", str(script), "-p", "23")
    poll("telnetd answers", lambda: "23" in server.run("ss", "-Hltn", "sport = :23").stdout)
    for password, expected in ((PASSWORD, "#"), ("wrong-guess-1", "incorrect")):
        words = device.inside("telnet", "203.0.113.88", own_files=False)
        session = pexpect.spawn(words[0], words[1:], timeout=15, env=_ENVIRONMENT)
        for prompt, answer in (("login: ", "root"), ("Password: ", password)):
            session.expect_exact(prompt)
            session.sendline(answer)
        session.expect_exact(expected)
        session.close(force=True)


def _ftp(device: Machine, server: Machine, folder: Path) -> None:
    Path("/var/run/vsftpd/empty").mkdir(parents=True, exist_ok=True)
    (folder / "vsftpd.conf").write_text(
        f"listen=YES\nbackground=NO\nseccomp_sandbox=NO\nssl_enable=NO\nanonymous_enable=YES\nanon_root={folder}/files\n"
        "local_enable=YES\ndelay_failed_login=0\n"
    )
    # The program looks for its empty folder in the machine's own /run.
    server.run("mkdir", "-p", "/run/vsftpd/empty", own_files=True)
    server.start("vsftpd", str(folder / "vsftpd.conf"))
    poll("vsftpd answers", lambda: ":21" in server.run("ss", "-Hltn", "sport = :21").stdout)
    given = "user anonymous me@device.example\nbinary\nget boot.img /dev/null\nquit\n"
    for mode in ("-p", "-A"):  # passive, active
        device.run("ftp", "-n", mode, "203.0.113.88", given=given)
    device.run("curl", "-s", "-m", "5", "--user", "camera:wrong-guess-1", "ftp://203.0.113.88/readme.txt")


def _tftp(device: Machine, server: Machine, folder: Path) -> None:
    server.start("in.tftpd", "-L", "--user", "root", "-a", "0.0.0.0:69", "-s", str(folder / "files"))
    (folder / "got").mkdir()

    def get(name: str) -> int:
        words = f"cd {folder}/got && tftp 203.0.113.88 -m binary -c get {name} && wc -c < {name}"
        said = device.run("sh", "-c", words).stdout.split()
        return int(said[-1]) if said and said[-1].isdigit() else 0

    poll("tftpd answers", lambda: get("boot.img") == len(IMAGE))
    get("missing.bin")


def _mail(device: Machine, server: Machine, folder: Path) -> None:
    base = tempfile.mkdtemp(prefix="dovecot", dir="/tmp")  # its sockets must have short names
    logins = "".join(f"service {p}-login {{\n chroot =\n}}\n" for p in ("imap", "pop3"))
    (folder / "dovecot.conf").write_text(
        f"base_dir = {base}\nlog_path = {folder}/dovecot.log\nprotocols = imap pop3\nlisten = 0.0.0.0\nssl = no\n"
        "default_internal_user = nobody\ndefault_login_user = nobody\ndefault_internal_group = nogroup\n"
        "disable_plaintext_auth = no\nauth_mechanisms = plain login\n"
        f"mail_location = maildir:{base}/mail\npassdb {{\n driver = static\n args = password={PASSWORD}\n}}\n"
        f"userdb {{\n driver = static\n args = uid=65534 gid=65534 home=/nonexistent\n}}\n{logins}"
        "service anvil {\n chroot =\n}\n"
    )
    Path(base).chmod(0o777)
    try:
        server.start("dovecot", "-F", "-c", str(folder / "dovecot.conf"))

        def curl(url: str, *words: str) -> bool:
            return device.run("curl", "-s", "-m", "5", *words, url).returncode == 0

        login = ("--user", f"ann:{PASSWORD}")
        poll("dovecot answers", lambda: curl("imap://203.0.113.88/", *login))
        curl("pop3://203.0.113.88/", *login)
        curl("imap://203.0.113.88/", "--user", "ann:wrong-guess-1")
        curl("imap://203.0.113.88/", *login, "--login-options", "AUTH=LOGIN")
    finally:
        shutil.rmtree(base, ignore_errors=True)
