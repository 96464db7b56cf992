"""The cloud: nginx, mosquitto, libcoap and NSD on one machine, each at an address of its own, and a scanner beside it.

Names are below ``acme.example``; the scanner's resolver is the NSD of the cloud, in a mount namespace of its own.
"""

import hashlib
import subprocess
import sys
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import serialization

from tests.authorised import write_scope
from tests.backend_lab import zones
from tests.lan.certificates import Authority, make_ec_key, self_sign
from tests.lan.network import Lan, Machine, poll
from tests.program import environment

TOOLS = {
    "nginx": "nginx-light",
    "mosquitto": "mosquitto",
    "mosquitto_passwd": "mosquitto",
    "mosquitto_pub": "mosquitto-clients",
    "coap-server-notls": "libcoap3-bin",
    "nsd": "nsd",
    **zones.TOOLS,
}
NETWORK = "203.0.113.0/24"
SCANNER, RESOLVER = "203.0.113.200", "203.0.113.53"
HOSTS = {
    "api.acme.example": "203.0.113.5",
    "broker.acme.example": "203.0.113.6",
    "coap.acme.example": "203.0.113.7",
    "wrong.acme.example": "203.0.113.8",
    "updates.acme.example": "203.0.113.9",
    "iot.signed.example": "203.0.113.10",
    "old.signed.example": "203.0.113.11",
    "open.signed.example": "203.0.113.12",
}
USERS = {"device-1": "wX9-first-device", "device-2": "qT4-second-device"}
WEB = ("api.acme.example", "wrong.acme.example", *(host for host in HOSTS if host.endswith(".signed.example")))
"""Who has a web server: each with a certificate of its own."""
SECURITY_TXT = "Contact: mailto:security@acme.example\nExpires: 2099-01-01T00:00:00Z\n"

_NGINX = """\
daemon off;
user root;
pid {folder}/nginx.pid;
error_log stderr;
events {{}}
http {{
  access_log off;
  server_tokens off;
{servers}
}}
"""
_SERVER = """\
  server {{
    listen {address}:443 ssl;
    server_name {host};
    ssl_certificate {folder}/{host}/chain.pem;
    ssl_certificate_key {folder}/{host}/key.pem;
    ssl_protocols TLSv1.2 TLSv1.3;
    ssl_ciphers ECDHE+AESGCM;
    add_header Strict-Transport-Security "max-age=31536000";
    root {folder}/www;
  }}
"""
_MOSQUITTO = """\
user root
per_listener_settings true
listener 8883 {address}
certfile {folder}/broker.acme.example/cert.pem
keyfile {folder}/broker.acme.example/key.pem
allow_anonymous false
password_file {folder}/passwords
acl_file {folder}/acl
listener 1883 {address}
allow_anonymous true
"""
_NSD = """\
server:
  ip-address: {address}
  username: root
  zonesdir: "{folder}"
  database: ""
  pidfile: "{folder}/nsd.pid"
  xfrdfile: ""
  zonelistfile: "{folder}/zone.list"
  logfile: ""
remote-control:
  control-enable: no
{zones}"""
_ZONE = """\
zone:
  name: {name}
  zonefile: {name}.zone
"""


class Cloud:
    """All servers, ready, and :meth:`scan` to run the program beside them."""

    def __init__(self, lan: Lan, *, acl: str = "pattern readwrite devices/%u/#\n") -> None:
        self.folder = lan.folder
        self.machine = lan.join("cloud", mac="02:00:00:00:01:10")
        self.scanner = lan.join("scanner", mac="02:00:00:00:01:09")
        self._addresses(self.machine, RESOLVER, *HOSTS.values())
        self._addresses(self.scanner, SCANNER)
        self.authority = Authority(self.folder)
        self._web()
        self._broker(acl)
        self.machine.start("coap-server-notls", "-A", HOSTS["coap.acme.example"])
        self._names()
        poll("the servers of the cloud", self._is_ready)

    @staticmethod
    def _addresses(machine: Machine, *addresses: str) -> None:
        for address in addresses:
            machine.run("ip", "address", "add", f"{address}/24", "dev", "eth0", check=True)

    def _issue(self, host: str, name: str) -> None:
        own = self.folder / host
        own.mkdir()
        self.authority.issue_for(own, make_ec_key(), name)
        (own / "chain.pem").write_text((own / "cert.pem").read_text())

    def _web(self) -> None:
        www = self.folder / "www" / ".well-known"
        www.mkdir(parents=True)
        (www / "security.txt").write_text(SECURITY_TXT)
        (self.folder / "www" / "index.html").write_text("<title>ACME</title>")
        for host in WEB:
            self._issue(host, "other.acme.example" if host.startswith("wrong.") else host)
        servers = "".join(_SERVER.format(folder=self.folder, host=host, address=HOSTS[host]) for host in WEB)
        (self.folder / "nginx.conf").write_text(_NGINX.format(folder=self.folder, servers=servers))
        self.machine.start("nginx", "-c", f"{self.folder}/nginx.conf")

    def _broker(self, acl: str) -> None:
        host = "broker.acme.example"
        (self.folder / host).mkdir()
        self_sign(self.folder / host, make_ec_key(), host, days=3650)
        for index, (user, password) in enumerate(USERS.items()):
            made = [] if index else ["-c"]
            self.machine.run("mosquitto_passwd", "-b", *made, f"{self.folder}/passwords", user, password, check=True)
        (self.folder / "acl").write_text(acl)
        (self.folder / "acl").chmod(0o600)
        (self.folder / "mosquitto.conf").write_text(_MOSQUITTO.format(folder=self.folder, address=HOSTS[host]))
        self.machine.start("mosquitto", "-c", f"{self.folder}/mosquitto.conf")

    def _names(self) -> None:
        zones.write(self.folder, RESOLVER, HOSTS, {host: self._spki(host) for host in ("iot.signed.example",)})
        said = "".join(_ZONE.format(name=name) for name in zones.NAMES)
        (self.folder / "nsd.conf").write_text(_NSD.format(folder=self.folder, address=RESOLVER, zones=said))
        self.machine.start("nsd", "-d", "-c", f"{self.folder}/nsd.conf")
        resolver = self.folder / "resolv.conf"
        resolver.write_text(f"nameserver {RESOLVER}\noptions timeout:1 attempts:2\n")
        self.scanner.run("mount", "--bind", str(resolver), "/etc/resolv.conf", own_files=True, check=True)

    def _spki(self, host: str) -> str:
        """The SHA-256 of the public key of a host."""
        certificate = x509.load_pem_x509_certificate((self.folder / host / "cert.pem").read_bytes())
        form = (serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
        return hashlib.sha256(certificate.public_key().public_bytes(*form)).hexdigest()

    def _is_ready(self) -> bool:
        wrong = self.machine.complaint()
        assert not wrong, wrong
        said = self.machine.run("ss", "-Hlntu").stdout
        wanted = (":53", f"{HOSTS['api.acme.example']}:443", ":8883", ":1883", f"{HOSTS['coap.acme.example']}:5683")
        return all(want in said for want in wanted)

    def scope(self, *backends: str, **changes: object) -> Path:
        """A scope file that permits these servers and no network."""
        permissions = {"backends": list(backends), "intrusive": True}
        return write_scope(self.folder / "scope.yaml", **{"permissions": permissions, **changes})

    def scan(self, *words: str | Path, seconds: float = 120.0) -> subprocess.CompletedProcess[str]:
        """Run ``iotscan WORDS`` where the scanner is, with its resolver."""
        # Whoever enters a mount namespace begins at its root.
        program = ("env", f"--chdir={self.folder}", sys.executable, "-m", "iotscan", *map(str, words))
        return subprocess.run(
            self.scanner.inside(*program),
            env=environment(self.folder),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=seconds,
            check=False,
        )
