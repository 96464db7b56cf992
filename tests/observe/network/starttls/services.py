"""Real servers that begin in the clear and go over to TLS, with and without their TLS, on loopback."""

import contextlib
import fcntl
import os
import shutil
import socket
import ssl
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import pytest

from tests.observe.network.daemons import HOST, accepts, free_port, running, serving, tool

Keys = tuple[str, str]
"""Paths of a private key and its certificate."""
Service = Callable[[Path, Keys | None], AbstractContextManager[int]]
"""Runs a server in a folder, with TLS where keys are given; yields the port of its protocol in the clear."""


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Keys:
    """An EC key and its certificate."""
    folder = tmp_path_factory.mktemp("keys")
    key, cert = folder / "key.pem", folder / "cert.pem"
    command = [tool("openssl", "openssl"), "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"]
    rest = ["-nodes", "-subj", "/CN=box", "-days", "2", "-keyout", str(key), "-out", str(cert)]
    subprocess.run([*command, *rest], check=True, capture_output=True)
    key.chmod(0o600)
    return str(key), str(cert)


def require_root(name: str) -> None:
    if os.geteuid() != 0:
        pytest.skip(f"{name} starts as root only")


@contextmanager
def vsftpd(folder: Path, keys: Keys | None) -> Iterator[int]:
    require_root("vsftpd")
    port = free_port()
    Path("/var/run/vsftpd/empty").mkdir(parents=True, exist_ok=True)
    tls = (
        f"ssl_enable=YES\nssl_ciphers=HIGH\nrsa_cert_file={keys[1]}\nrsa_private_key_file={keys[0]}\n"
        if keys
        else "ssl_enable=NO\n"
    )
    (folder / "vsftpd.conf").write_text(
        f"listen=YES\nlisten_address={HOST}\nlisten_port={port}\nbackground=NO\nseccomp_sandbox=NO\n"
        f"anonymous_enable=YES\nanon_root={folder}\n{tls}"
    )
    with running([tool("vsftpd", "vsftpd"), str(folder / "vsftpd.conf")], lambda: accepts(port), cwd=folder):
        yield port


@contextmanager
def opensmtpd(folder: Path, keys: Keys | None) -> Iterator[int]:
    """Its first flight is as it should be; on OpenSSL 3 it finishes no handshake (6.8)."""
    require_root("OpenSMTPD")
    port = free_port()
    pki = f'pki box cert "{keys[1]}"\npki box key "{keys[0]}"\n' if keys else ""
    tls = "tls pki box hostname box" if keys else "hostname box"
    (folder / "smtpd.conf").write_text(
        f'{pki}listen on {HOST} port {port} {tls}\naction "drop" maildir "{folder}/mail"\n'
        'match from any for local action "drop"\n'
    )
    (folder / "smtpd.conf").chmod(0o600)
    command = [tool("smtpd", "opensmtpd"), "-d", "-f", str(folder / "smtpd.conf")]
    # Its control socket has one place on a machine: two at once, of two workers of the suite, cannot be.
    with Path(tempfile.gettempdir(), "iotscan-opensmtpd.lock").open("w") as turn:
        fcntl.flock(turn, fcntl.LOCK_EX)
        with group(command, lambda: accepts(port), folder):
            yield port


@contextmanager
def dovecot(folder: Path, keys: Keys | None, *, serve: str = "imap", tls_port: int = 0) -> Iterator[int]:
    """Dovecot for one of ``imap`` and ``pop3``, and its twin inside TLS on ``tls_port``."""
    require_root("dovecot")
    port = free_port()
    # Its sockets must have short names.
    base = tempfile.mkdtemp(prefix="dovecot", dir="/tmp")
    tls = f"ssl = yes\nssl_cert = <{keys[1]}\nssl_key = <{keys[0]}\n" if keys else "ssl = no\n"
    (folder / "dovecot.conf").write_text(
        f"base_dir = {base}\nlog_path = {folder}/dovecot.log\nprotocols = {serve}\nlisten = {HOST}\n{tls}"
        "default_internal_user = nobody\ndefault_login_user = nobody\ndefault_internal_group = nogroup\n"
        f"mail_location = maildir:{folder}/mail\npassdb {{\n driver = static\n args = password=x\n}}\n"
        "userdb {\n driver = static\n args = uid=65534 gid=65534 home=/nonexistent\n}\n"
        f"service {serve}-login {{\n chroot =\n inet_listener {serve} {{\n port = {port}\n }}\n"
        f" inet_listener {serve}s {{\n port = {tls_port}\n }}\n}}\nservice anvil {{\n chroot =\n}}\n"
    )
    try:
        command = [tool("dovecot", f"dovecot-{serve}d"), "-F", "-c", str(folder / "dovecot.conf")]
        with group(command, lambda: accepts(port), folder):
            yield port
    finally:
        shutil.rmtree(base, ignore_errors=True)


def dovecot_pop3(folder: Path, keys: Keys | None) -> AbstractContextManager[int]:
    return dovecot(folder, keys, serve="pop3")


@contextmanager
def slapd(folder: Path, keys: Keys | None, *, ldaps: int = 0) -> Iterator[int]:
    port = free_port()
    tls = f"TLSCertificateFile {keys[1]}\nTLSCertificateKeyFile {keys[0]}\n" if keys else ""
    (folder / "slapd.conf").write_text(f"include /etc/ldap/schema/core.schema\npidfile {folder}/pid\n{tls}")
    urls = f"ldap://{HOST}:{port}" + (f" ldaps://{HOST}:{ldaps}" if ldaps else "")
    command = [tool("slapd", "slapd"), "-d", "0", "-f", str(folder / "slapd.conf"), "-h", urls]
    with running(command, lambda: accepts(port), cwd=folder):
        yield port


@contextmanager
def prosody(folder: Path, keys: Keys | None) -> Iterator[int]:
    port = free_port()
    tls = f'ssl = {{ key = "{keys[0]}"; certificate = "{keys[1]}" }}\n' if keys else ""
    enabled, disabled = ("{ 'tls', 'saslauth' }", "{ 's2s' }") if keys else ("{ 'saslauth' }", "{ 's2s', 'tls' }")
    (folder / "prosody.cfg.lua").write_text(
        f'run_as_root = true\npidfile = "{folder}/pid"\ndata_path = "{folder}"\nlog = {{ info = "*console" }}\n'
        f"modules_enabled = {enabled}\nmodules_disabled = {disabled}\nc2s_require_encryption = false\n"
        f'c2s_ports = {{ {port} }}\nc2s_interfaces = {{ "{HOST}" }}\ns2s_ports = {{}}\n{tls}VirtualHost "{HOST}"\n'
    )
    command = [tool("prosody", "prosody"), "--config", str(folder / "prosody.cfg.lua"), "-F"]
    with running(command, lambda: accepts(port), cwd=folder):
        yield port


@contextmanager
def mariadb(folder: Path, keys: Keys | None) -> Iterator[int]:
    port = free_port()
    (folder / "db").mkdir()
    tls = [f"--ssl-cert={keys[1]}", f"--ssl-key={keys[0]}"] if keys else ["--skip-ssl"]
    options = ["--no-defaults", "--user=root", f"--datadir={folder}/db", "--skip-grant-tables", "--innodb=OFF"]
    engine = ["--default-storage-engine=MyISAM", f"--port={port}", f"--bind-address={HOST}", "--socket=sock"]
    command = [tool("mariadbd", "mariadb-server-core"), *options, *engine, *tls]
    with running(command, lambda: accepts(port), cwd=folder):
        yield port


@contextmanager
def postgresql(folder: Path, keys: Keys | None) -> Iterator[int]:
    """Real where it is installed (too heavy for every CI run), else the one byte that it would answer, scripted."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/postgres"))
    if not found or os.geteuid() != 0:
        with scripted_postgresql(keys) as port:
            yield port
        return
    port = free_port()
    with tempfile.TemporaryDirectory(prefix="postgres") as home:
        # It will not run as root.
        shutil.chown(home, "nobody", "nogroup")
        options = {"user": "nobody", "group": "nogroup", "extra_groups": [], "cwd": home}
        subprocess.run(
            [found[0].with_name("initdb"), "-D", f"{home}/d", "-A", "trust", "--no-sync", "-E", "UTF8", "--locale=C"],
            check=True,
            capture_output=True,
            **options,
        )
        tls = []
        if keys:
            for path in keys:
                shutil.copy(path, home)
                shutil.chown(f"{home}/{Path(path).name}", "nobody", "nogroup")
            tls = ["-c", "ssl=on", "-c", f"ssl_key_file={home}/key.pem", "-c", f"ssl_cert_file={home}/cert.pem"]
        command = [str(found[0]), "-D", f"{home}/d", "-p", str(port), "-h", HOST, "-k", home, *tls]
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, **options)
        try:
            wait(lambda: accepts(port), process, command[0])
            yield port
        finally:
            process.terminate()
            process.wait()


def scripted_postgresql(keys: Keys | None) -> AbstractContextManager[int]:
    """PostgreSQL's answer to SSLRequest, and OpenSSL behind it."""

    def talk(guest: socket.socket) -> None:
        guest.recv(8, socket.MSG_WAITALL)
        guest.sendall(b"S" if keys else b"N")
        if keys:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(keys[1], keys[0])
            with contextlib.suppress(ssl.SSLError), context.wrap_socket(guest, server_side=True) as inside:
                inside.recv(100)

    return serving(talk)


@contextmanager
def group(command: list[str], ready: Callable[[], bool], folder: Path) -> Iterator[None]:
    """A daemon that has children: ended all together."""
    with (folder / "daemon.log").open("wb") as log:
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True)
    try:
        wait(ready, process, str(folder / "daemon.log"))
        yield
    finally:
        process.terminate()
        process.wait()


def wait(ready: Callable[[], bool], process: "subprocess.Popen[bytes]", name: str) -> None:
    ends = time.monotonic() + 15
    while not ready():
        if process.poll() is not None or time.monotonic() > ends:
            raise AssertionError(f"{name} did not start")
        time.sleep(0.02)


SERVICES: dict[str, Service] = {
    "ftp": vsftpd,
    "smtp": opensmtpd,
    "imap": dovecot,
    "pop3": dovecot_pop3,
    "ldap": slapd,
    "xmpp": prosody,
    "mysql": mariadb,
    "postgresql": postgresql,
}


@contextmanager
def stunnel(folder: Path, keys: Keys, inner: int) -> Iterator[int]:
    """TLS at once, in front of the service on port ``inner``."""
    port = free_port()
    (folder / "stunnel.conf").write_text(
        f"foreground = yes\npid =\n[front]\naccept = {HOST}:{port}\nconnect = {HOST}:{inner}\n"
        f"cert = {keys[1]}\nkey = {keys[0]}\n"
    )
    command = [tool("stunnel4", "stunnel4"), str(folder / "stunnel.conf")]
    with running(command, lambda: accepts(port), cwd=folder):
        yield port
