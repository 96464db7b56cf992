"""A device begins in the clear and turns to TLS before it logs in: mail, files, a directory, messages.

It takes a certificate that has expired at ``old.example``, and looks at that of all others.
"""

import shutil
import tempfile
from pathlib import Path

from cryptography.hazmat.primitives.serialization import Encoding

from tests.lan.network import Machine, poll
from tests.traffic_lab.certificates import Authority
from tests.traffic_lab.stage import Stage

TOOLS = {
    "curl": "curl", "aiosmtpd": "python3-aiosmtpd", "dovecot": "dovecot-imapd", "vsftpd": "vsftpd", "slapd": "slapd",
    "prosody": "prosody", "openssl": "openssl",
}  # fmt: skip
PASSWORD = "Sesame-4711-open"
SECRETS = (PASSWORD,)
_MAIL_SERVER = """
import signal, ssl, sys
from aiosmtpd.controller import Controller
from aiosmtpd.handlers import Sink
from aiosmtpd.smtp import AuthResult
own = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
own.load_cert_chain(sys.argv[1], sys.argv[2])
Controller(
    Sink(), hostname="0.0.0.0", port=25, tls_context=own, require_starttls=True,
    authenticator=lambda server, session, envelope, mechanism, data: AuthResult(success=True),
).start()
signal.pause()
"""
Papers = tuple[Path, Path]


def play(stage: Stage) -> None:
    """SMTP twice and once in 1.3, IMAP, POP3, FTP, LDAP and XMPP; each calls its server by a name of its own."""
    device, lab = stage.near("device", 21), Authority()
    root = stage.folder / "lab.pem"
    root.write_bytes(lab.certificate.public_bytes(Encoding.PEM))
    names = ("smtp.example", "imap.example", "pop.example", "ftp.example", "ldap.example", "xmpp.example")
    papers = lab.issue(*names).write(stage.folder, "mail")
    _smtp(stage, device, lab, papers)
    _mailbox(stage, device, papers)
    _files(stage, device, papers)
    _directory(stage, device, papers)
    _messages(stage, device, papers)


def curl(stage: Stage, device: Machine, place: int, url: str, *words: str) -> bool:
    """TLS or nothing, up to 1.2 so that certificates are seen; with the password, and the root that it trusts."""
    kind, _, name = url.partition("://")
    port = {"smtp": 25, "imap": 143, "pop3": 110, "ftp": 21}[kind]
    where = ("--resolve", f"{name.rstrip('/')}:{port}:203.0.113.{place}", url)
    login = ("--ssl-reqd", "--user", f"ann:{PASSWORD}", "--cacert", str(stage.folder / "lab.pem"))
    return device.run("curl", "-s", "-m", "5", *login, *words, *where).returncode == 0


def _listens(server: Machine, port: int) -> None:
    poll(f"port {port} is open", lambda: f":{port}" in server.run("ss", "-Hltn", f"sport = :{port}").stdout)


def _smtp(stage: Stage, device: Machine, lab: Authority, papers: Papers) -> None:
    letter = stage.folder / "letter"
    letter.write_text("Subject: all is well\n\nno news\n")
    mail = ("--mail-from", "meter@device.example", "--mail-rcpt", "ann@cloud.example", "-T", str(letter))
    expired = lab.issue("old.example", begins=-400, days=365).write(stage.folder, "old")
    for place, name, files in ((86, "smtp", papers), (87, "old", expired)):
        server = stage.far(name, place)
        server.start("/usr/bin/python3", "-c", _MAIL_SERVER, *map(str, files))
        _listens(server, 25)
    old = ("--tls-max", "1.2")
    assert curl(stage, device, 86, "smtp://smtp.example", *mail, *old)
    assert curl(stage, device, 87, "smtp://old.example", *mail, *old, "-k")
    words = ("-servername", "smtp13.example", "-tls1_3", "-starttls", "smtp", "-crlf", "-quiet", "-ign_eof")
    said = device.run("openssl", "s_client", *words, "-connect", "203.0.113.86:25", given="EHLO meter\nQUIT\n").stdout
    assert "221" in said


def _mailbox(stage: Stage, device: Machine, papers: Papers) -> None:
    server = stage.far("mailbox", 88)
    base = tempfile.mkdtemp(prefix="dovecot", dir="/tmp")  # its sockets must have short names
    logins = "".join(f"service {p}-login {{\n chroot =\n}}\n" for p in ("imap", "pop3"))
    (stage.folder / "dovecot.conf").write_text(
        f"base_dir = {base}\nlog_path = {stage.folder}/dovecot.log\nprotocols = imap pop3\nlisten = 0.0.0.0\n"
        f"ssl = required\nssl_cert = <{papers[0]}\nssl_key = <{papers[1]}\n"
        "default_internal_user = nobody\ndefault_login_user = nobody\ndefault_internal_group = nogroup\n"
        f"mail_location = maildir:{base}/mail\npassdb {{\n driver = static\n args = password={PASSWORD}\n}}\n"
        f"userdb {{\n driver = static\n args = uid=65534 gid=65534 home=/nonexistent\n}}\n{logins}"
        "service anvil {\n chroot =\n}\n"
    )
    Path(base).chmod(0o777)
    try:
        server.start("dovecot", "-F", "-c", str(stage.folder / "dovecot.conf"))
        _listens(server, 143)
        _listens(server, 110)
        assert curl(stage, device, 88, "imap://imap.example/", "--tls-max", "1.2")
        assert curl(stage, device, 88, "pop3://pop.example/", "--tls-max", "1.2")
    finally:
        shutil.rmtree(base, ignore_errors=True)


def _files(stage: Stage, device: Machine, papers: Papers) -> None:
    """A login that is refused: what matters is that it goes under TLS."""
    server = stage.far("files", 89)
    Path("/var/run/vsftpd/empty").mkdir(parents=True, exist_ok=True)
    (stage.folder / "vsftpd.conf").write_text(
        "listen=YES\nbackground=NO\nseccomp_sandbox=NO\nlocal_enable=YES\nanonymous_enable=NO\ndelay_failed_login=0\n"
        f"ssl_enable=YES\nssl_ciphers=HIGH\nrsa_cert_file={papers[0]}\nrsa_private_key_file={papers[1]}\n"
    )
    # The program looks for its empty folder in the machine's own /run.
    server.run("mkdir", "-p", "/run/vsftpd/empty", own_files=True)
    server.start("vsftpd", str(stage.folder / "vsftpd.conf"))
    _listens(server, 21)
    curl(stage, device, 89, "ftp://ftp.example/", "--tls-max", "1.2")


def _directory(stage: Stage, device: Machine, papers: Papers) -> None:
    server = stage.far("directory", 90)
    (stage.folder / "slapd.conf").write_text(
        f"include /etc/ldap/schema/core.schema\npidfile {stage.folder}/pid\n"
        f"TLSCertificateFile {papers[0]}\nTLSCertificateKeyFile {papers[1]}\n"
    )
    server.start("slapd", "-d", "0", "-f", str(stage.folder / "slapd.conf"), "-h", "ldap://0.0.0.0:389")
    _listens(server, 389)
    _openssl(device, "ldap", "203.0.113.90:389", "ldap.example")


def _messages(stage: Stage, device: Machine, papers: Papers) -> None:
    server = stage.far("messages", 91)
    (stage.folder / "prosody.cfg.lua").write_text(
        f'run_as_root = true\npidfile = "{stage.folder}/pid"\ndata_path = "{stage.folder}"\n'
        'log = { info = "*console" }\n'
        "modules_enabled = { 'tls', 'saslauth' }\nmodules_disabled = { 's2s' }\ns2s_ports = {}\n"
        f'ssl = {{ key = "{papers[1]}"; certificate = "{papers[0]}" }}\nVirtualHost "xmpp.example"\n'
    )
    server.start("prosody", "--config", str(stage.folder / "prosody.cfg.lua"), "-F")
    _listens(server, 5222)
    _openssl(device, "xmpp", "203.0.113.91:5222", "xmpp.example")


def _openssl(device: Machine, protocol: str, where: str, name: str) -> None:
    host = ("-xmpphost", name) if protocol == "xmpp" else ()
    words = ("-starttls", protocol, *host, "-connect", where, "-servername", name, "-tls1_2")
    said = device.run("openssl", "s_client", *words, given="Q\n", timeout=15)
    assert "BEGIN CERTIFICATE" in said.stdout, said.stderr
