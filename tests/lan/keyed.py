"""The machines of a LAN whose keys are shared, weak, known, kept or renewed: what each is, and its daemons."""

import subprocess
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from random import Random

import gmpy2
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.x509.oid import NameOID

from tests.lan.certificates import Key, make_ec_key, make_rsa_key
from tests.lan.network import Lan, Machine, poll
from tests.wire.rsa_keys import prime, private_key, roca_prime

TOOLS = {
    "nginx": "nginx-light",
    "haproxy": "haproxy",
    "busybox": "busybox-static",
    "dropbear": "dropbear-bin",
    "dropbearkey": "dropbear-bin",
    "dropbearconvert": "dropbear-bin",
}
"""Commands that this LAN needs -> Debian package."""
SCANNER = "10.80.0.2"
TLS_A, TLS_B, SSH_A, SSH_B = (f"10.80.0.{n}" for n in range(10, 14))
"""Two pairs with one key each: nginx, and dropbear."""
TWICE = ("10.80.0.14", "10.80.0.15")
"""One machine with two addresses."""
PROXY, PASSING = "10.80.0.16", "10.80.0.19"
"""haproxy: one ends TLS for two names on two other machines, one passes TLS on to :data:`GOOD` as it is."""
BACKENDS = ("10.80.0.17", "10.80.0.18")
PRIME_A, PRIME_B, CLOSE, ROCA, KNOWN, BAKED = (f"10.80.0.{n}" for n in range(20, 26))
ROTATED, RENEWED, KEPT, GOOD = "10.80.0.26", "10.80.0.27", "10.80.0.28", "10.80.0.30"
WITH_NGINX = (TLS_A, TLS_B, PRIME_A, CLOSE, ROCA, KNOWN, BAKED, ROTATED, RENEWED, KEPT, GOOD)

NGINX = """
user root;
worker_processes 1;
daemon off;
pid {folder}/nginx.pid;
error_log stderr;
events {{ worker_connections 64; }}
http {{
    access_log off;
    client_body_temp_path {folder}/t; proxy_temp_path {folder}/t; fastcgi_temp_path {folder}/t;
    uwsgi_temp_path {folder}/t; scgi_temp_path {folder}/t;
    server {{
        listen 443 ssl;
        ssl_certificate {folder}/cert.pem;
        ssl_certificate_key {folder}/key.pem;
        return 200 "{host}";
    }}
}}
"""
HAPROXY = """
global
    maxconn 64
defaults
    timeout connect 2s
    timeout client 5s
    timeout server 5s
"""
ENDING = """
frontend names
    mode http
    bind :443 ssl crt {folder}/both.pem
    use_backend second if {{ ssl_fc_sni second.example }}
    default_backend first
backend first
    mode http
    server first {first}:80
backend second
    mode http
    server second {second}:80
"""
PASSING_ON = """
frontend through
    mode tcp
    bind :443
    default_backend good
backend good
    mode tcp
    server good {good}:443
"""


class KeyedLan:
    """All of it, each machine answering, and what can be changed between two scans."""

    def __init__(self, lan: Lan) -> None:
        self.folder = lan.folder
        self._lan = lan
        self._ca, self._ca_key = _name("Device CA"), make_ec_key()
        self.machines: dict[str, Machine] = {}
        self.scanner = lan.join("scanner", SCANNER, mac="02:00:00:00:80:02")
        random = Random(80)
        common = prime(random)
        self.keys: Mapping[str, Key] = {
            TLS_A: (shared := make_rsa_key()),
            TLS_B: shared,
            PRIME_A: private_key(common, prime(random)),
            PRIME_B: private_key(common, prime(random)),
            CLOSE: private_key(common := prime(random), int(gmpy2.next_prime(common + 2**400))),
            ROCA: private_key(roca_prime(random, 1024), roca_prime(random, 1024)),
            **{address: make_ec_key() for address in (KNOWN, BAKED, ROTATED, RENEWED, KEPT, GOOD)},
        }
        for address in WITH_NGINX:
            self._web(address)
        same = self._host_key("same", None)
        for number, address in enumerate((SSH_A, SSH_B, PRIME_B)):
            key = same if address != PRIME_B else self._host_key("prime", self.keys[PRIME_B])
            self._start(address, f"ssh{number}", "dropbear", "-F", "-E", "-r", str(key))
        self._twice()
        self._proxies()
        places = [(a, 443) for a in (*WITH_NGINX, PROXY, PASSING, *TWICE)]
        for address, port in (*places, *((a, 22) for a in (SSH_A, SSH_B, PRIME_B))):
            self._wait(address, port)

    @property
    def targets(self) -> tuple[str, ...]:
        """Every address that is scanned."""
        return (*WITH_NGINX, SSH_A, SSH_B, PRIME_B, *TWICE, PROXY, PASSING)

    def replace(self, address: str, *, key: Key | None = None) -> None:
        """Give a web server another certificate from now on, and another key where one is given."""
        self._certify(address, key or self.keys[address], days_ago=0)
        (self.folder / address / "nginx.pid").read_text()
        nginx = self.machines[address]
        nginx.run("nginx", "-c", f"{self.folder}/{address}/nginx.conf", "-s", "reload", check=True, own_files=True)

    def _web(self, address: str) -> None:
        folder = self.folder / address
        folder.mkdir()
        self._certify(address, self.keys[address], days_ago=1200 if address == KEPT else 2)
        (folder / "nginx.conf").write_text(NGINX.format(folder=folder, host=address))
        self._start(address, f"web{address.rpartition('.')[2]}", "nginx", "-c", f"{folder}/nginx.conf")

    def _certify(self, address: str, key: Key, *, days_ago: int) -> None:
        """By the CA for those that have one, by itself for the others."""
        folder = self.folder / address
        is_issued = address == GOOD
        write_certificate(
            folder,
            key,
            _name(f"d{address.rpartition('.')[2]}"),
            address if is_issued else "",
            signer=(self._ca, self._ca_key) if is_issued else None,
            days_ago=days_ago,
        )

    def _host_key(self, name: str, key: Key | None) -> Path:
        """A host key as dropbear has it: one of its own making, or a given one."""
        file = self.folder / f"dropbear-{name}"
        if key is None:
            subprocess.run(["dropbearkey", "-t", "ed25519", "-f", file], check=True, capture_output=True)
            return file
        pem = self.folder / f"{name}.pem"
        traditional = serialization.PrivateFormat.TraditionalOpenSSL
        pem.write_bytes(key.private_bytes(serialization.Encoding.PEM, traditional, serialization.NoEncryption()))
        pem.chmod(0o600)
        subprocess.run(["dropbearconvert", "openssh", "dropbear", pem, file], check=True, capture_output=True)
        return file

    def _twice(self) -> None:
        folder = self.folder / TWICE[0]
        folder.mkdir()
        write_certificate(folder, make_ec_key(), _name("twice"), "", signer=None, days_ago=2)
        (folder / "nginx.conf").write_text(NGINX.format(folder=folder, host="twice"))
        machine = self._lan.join("twice", *TWICE, mac="02:00:00:00:80:14")
        self.machines |= dict.fromkeys(TWICE, machine)
        machine.start("nginx", "-c", f"{folder}/nginx.conf")
        machine.start("dropbear", "-F", "-E", "-r", str(self._host_key("twice", None)))

    def _proxies(self) -> None:
        for address in (*BACKENDS, PROXY, PASSING):
            (self.folder / address).mkdir()
        for address in BACKENDS:
            self._start(
                address, f"back{address[-2:]}", "busybox", "httpd", "-f", "-p", "80", "-h", str(self.folder / address)
            )
        folder = self.folder / PROXY
        write_certificate(folder, make_ec_key(), _name("first.example"), PROXY, signer=None, days_ago=2)
        (folder / "both.pem").write_bytes((folder / "cert.pem").read_bytes() + (folder / "key.pem").read_bytes())
        ending = ENDING.format(folder=folder, first=BACKENDS[0], second=BACKENDS[1])
        for address, said in ((PROXY, ending), (PASSING, PASSING_ON.format(good=GOOD))):
            file = self.folder / address / "haproxy.cfg"
            file.write_text(HAPROXY + said)
            self._start(address, f"proxy{address[-2:]}", "haproxy", "-db", "-f", str(file))

    def _start(self, address: str, name: str, *command: str) -> None:
        number = int(address.rpartition(".")[2])
        machine = self._lan.join(name, address, mac=f"00:40:8c:00:80:{number:02}")
        self.machines[address] = machine
        machine.start(*command)

    def _wait(self, address: str, port: int) -> None:
        machine = self.machines[address]
        poll(f"{address} {port}: {machine.log}", lambda: f":{port} " in machine.run("ss", "-ltnH").stdout)


def write_certificate(
    folder: Path, key: Key, name: x509.Name, address: str, *, signer: tuple[x509.Name, Key] | None, days_ago: int
) -> None:
    """``cert.pem`` and ``key.pem``; the certificate began ``days_ago`` and ends in a year."""
    issuer, signing = signer or (name, key)
    now = datetime.now(UTC).replace(microsecond=0)
    builder = x509.CertificateBuilder(
        issuer,
        name,
        key.public_key(),
        x509.random_serial_number(),
        now - timedelta(days=days_ago),
        now + timedelta(days=365),
    )
    if address:
        names = [x509.IPAddress(ip_address(address))]
        builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
    pem, clear = serialization.Encoding.PEM, serialization.NoEncryption()
    (folder / "cert.pem").write_bytes(builder.sign(signing, hashes.SHA256()).public_bytes(pem))
    (folder / "key.pem").write_bytes(key.private_bytes(pem, serialization.PrivateFormat.PKCS8, clear))


def spki_digest_of(key: Key) -> str:
    """The SHA-256 of a public key, hex."""
    digest = hashes.Hash(hashes.SHA256())
    public = key.public_key()
    digest.update(public.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo))
    return digest.finalize().hex()


def _name(common: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common)])
