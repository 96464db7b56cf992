"""The machines of the LAN: what each is configured to be, and the daemons that make it so."""

import json
import struct
import subprocess
import sys
import zlib
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec

from iotscan.data.credential_records import CredentialRecord, load_records
from tests.lan.certificates import Authority, make_ec_key, make_rsa_key, self_sign
from tests.lan.network import OUTSIDE, Lan, Machine, poll
from tests.lan.questions import ASK_GROUP, ASK_MDNS, ASK_SSDP, KNOCK
from tests.lan.secure import TOOLS as SECURE_TOOLS
from tests.lan.secure import coap_node, ftp_server, psk_broker
from tests.lan.truth import LanDevice, LanTruth

TOOLS = {
    "nginx": "nginx-light",
    "lighttpd": "lighttpd",
    "mosquitto": "mosquitto",
    "mosquitto_passwd": "mosquitto",
    "mosquitto_sub": "mosquitto-clients",
    "sshd": "openssh-server",
    "ssh-keygen": "openssh-client",
    "dropbear": "dropbear-bin",
    "dropbearkey": "dropbear-bin",
    "snmpd": "snmpd",
    "snmpget": "snmp",
    "busybox": "busybox-static",
    "avahi-daemon": "avahi-daemon",
    "curl": "curl",
    "openssl": "openssl",
    **SECURE_TOOLS,
}
"""Commands that the LAN and its proofs need -> Debian package."""
SCANNER = "10.77.0.2"

NGINX = """
user root;
worker_processes 1;
daemon off;
pid {folder}/nginx.pid;
error_log stderr;
events {{ worker_connections 128; }}
http {{
    access_log off;
    types {{ text/html html; application/json json; text/plain txt; }}
    default_type application/octet-stream;
    client_body_temp_path {folder}/t; proxy_temp_path {folder}/t; fastcgi_temp_path {folder}/t;
    uwsgi_temp_path {folder}/t; scgi_temp_path {folder}/t;
    ssl_certificate {folder}/cert.pem;
    ssl_certificate_key {folder}/key.pem;
    root {folder}/www;
    {servers}
}}
"""
GATEWAY = """
server { listen 80 default_server; return 301 https://$host$request_uri; }
server {
    listen 443 ssl default_server;
    ssl_protocols TLSv1.2 TLSv1.3;
    ssl_ciphers ECDHE+AESGCM:ECDHE+CHACHA20;
    add_header Strict-Transport-Security "max-age=31536000" always;
}
"""
LEGACY = """
server {{
    listen 80 default_server;
    listen 443 ssl default_server;
    ssl_protocols TLSv1 TLSv1.1 TLSv1.2;
    ssl_ciphers AES128-SHA:@SECLEVEL=0;
    location / {{ auth_basic "{realm}"; auth_basic_user_file {folder}/logins; }}
    location /firmware/ {{ }}
}}
"""
TWIN = "server { listen 443 ssl default_server; ssl_protocols TLSv1.2 TLSv1.3; ssl_ciphers ECDHE+AESGCM; }"

SSHD = """
ListenAddress 0.0.0.0
HostKey {folder}/host_key
PidFile none
UsePAM no
PasswordAuthentication no
KexAlgorithms curve25519-sha256,ecdh-sha2-nistp256
Ciphers aes256-gcm@openssh.com,aes128-gcm@openssh.com
MACs hmac-sha2-256-etm@openssh.com
"""

AVAHI = """
[server]
host-name=lamp-l2
use-ipv4=yes
use-ipv6=no
enable-dbus=no
allow-interfaces=eth0
[publish]
publish-hinfo=no
publish-workstation=no
"""
AVAHI_SERVICE = """<?xml version="1.0" standalone="no"?>
<!DOCTYPE service-group SYSTEM "avahi-service.dtd">
<service-group>
  <name>Lamp on the second floor</name>
  <service><type>_http._tcp</type><port>80</port><txt-record>model=L2-900</txt-record></service>
</service-group>
"""
UPNP = """<?xml version="1.0"?>
<root xmlns="urn:schemas-upnp-org:device-1-0"><specVersion><major>1</major><minor>0</minor></specVersion>
<device><deviceType>urn:schemas-upnp-org:device:MediaRenderer:1</deviceType>
<friendlyName>Living room speaker</friendlyName><manufacturer>Acme Audio</manufacturer><modelName>S5</modelName>
<serialNumber>S5-20260042</serialNumber><UDN>uuid:7d6c1f1e-52a7-4d39-9a0b-3f1f5a8b6c42</UDN></device></root>
"""
LIES = """<?xml version="1.0"?>
<root xmlns="urn:schemas-upnp-org:device-1-0"><device><friendlyName>Not this one</friendlyName>
<modelName>LIE-1</modelName></device></root>
"""
DROP = "table inet mute { chain in { type filter hook input priority 0; policy drop; }; }"
WATCH_OUTSIDE = f"""
table inet watch {{
    counter heard {{ }}
    chain in {{ type filter hook input priority 0; iifname eth0 ip daddr {OUTSIDE} counter name heard; }}
}}
"""
WATCH_SCANNER = """
table inet watch {
    counter left { }
    chain out {
        type filter hook output priority 0;
        ip daddr { 10.77.0.0/24, 127.0.0.0/8, 224.0.0.251, 239.255.255.250, 224.0.1.187, 224.0.23.12 } accept
        ip daddr 224.0.0.22 accept
        ip daddr 0.0.0.0/0 counter name left
    }
}
"""
"""Counts what is not for the network, the scanner itself or the groups that are asked. 224.0.0.22 is the kernel's."""

WATCH_CALLS = """
table inet watch {
    counter calls { }
    chain in { type filter hook input priority -10; iifname eth0 tcp flags & (syn|ack) == syn counter name calls; }
}
"""


class Traffic(msgspec.Struct, frozen=True, kw_only=True):
    """Packets that left for elsewhere, packets that came to the machine outside, TCP calls (SYN) by host.

    ``packets`` are all that the scanner sent to a host alone, where that is counted.
    """

    left: int
    heard_outside: int
    calls: dict[str, int]
    packets: dict[str, int] = {}


def axis_record() -> CredentialRecord:
    """The shipped record that the legacy camera is an instance of."""
    return next(r for r in load_records() if r.id == "axis-2100")


class Setup:
    """Puts every machine of ``truth`` on the wire and starts its daemons."""

    def __init__(self, lan: Lan, truth: LanTruth) -> None:
        self._lan = lan
        self._devices = truth.devices
        self._authority = Authority(lan.folder)
        self._shared_tls_key = make_ec_key()
        self._shared_ssh_key = lan.folder / "shared_host_key"
        self.machines = {"scanner": self._join_scanner(), **{d.host: self._join(d) for d in truth.devices}}
        self.outside = self._lan.join("outside", OUTSIDE, mac="00:40:8c:00:01:09", routes=["10.77.0.0/24"])
        for device in truth.devices:
            start = _STARTS.get(device.host)
            if start:
                start(self, self.machines[device.host], device, self._folder(device.host))
        self._start_outside()

    def wait_until_ready(self) -> None:
        """Return when every service of the truth answers. AssertionError naming those that do not."""
        tcp = [(d.address, int(s[4:])) for d in self._devices for s in d.services if s.startswith("tcp/")]
        self._until(f"all of {tcp} accept", sys.executable, "-I", "-c", KNOCK, repr(tcp))
        sensor, announcer, media, liar = (self.device(h).address for h in ("sensor", "announcer", "media", "liar"))
        words = ("snmpget", "-v2c", "-c", "public", "-t", "0.3", "-r", "0", sensor, "1.3.6.1.2.1.1.1.0")
        self._until("snmpd answers", *words)
        node = self.device("coap-node").address
        self._until("the CoAP node answers", "coap-client-openssl", "-B", "1", f"coap://{node}/.well-known/core")
        question = (sys.executable, "-I", "-c", ASK_GROUP, SCANNER)
        self._until("avahi answers", *question, "224.0.0.251", "5353", ASK_MDNS.hex(), announcer)
        for responder in (media, liar):
            self._until("the SSDP responder answers", *question, "239.255.255.250", "1900", ASK_SSDP.hex(), responder)

    def forget_traffic(self) -> None:
        """Begin to count anew."""
        for machine in (*self.machines.values(), self.outside):
            machine.run("nft", "reset", "counters", "table", "inet", "watch", check=True)

    def traffic(self) -> Traffic:
        """What was counted since."""
        return Traffic(
            left=self.machines["scanner"].counted("left"),
            heard_outside=self.outside.counted("heard"),
            calls={host: machine.counted("calls") for host, machine in self.machines.items() if host != "scanner"},
        )

    @property
    def folder(self) -> Path:
        """Where configurations and logs are."""
        return self._lan.folder

    def device(self, host: str) -> LanDevice:
        """What is true of a machine."""
        return next(d for d in self._devices if d.host == host)

    def _until(self, what: str, *command: str) -> None:
        def is_so() -> bool:
            complaints = [c for c in (m.complaint() for m in self.machines.values()) if c]
            assert not complaints, complaints
            return self.ask(*command).returncode == 0

        poll(what, is_so)

    def ask(self, *command: str) -> "subprocess.CompletedProcess[str]":
        """Run somebody else's client where the scanner stands."""
        return self.machines["scanner"].run(*command)

    def _join(self, device: LanDevice) -> Machine:
        machine = self._lan.join(device.host, *device.addresses, mac=device.mac)
        machine.nft(WATCH_CALLS)
        return machine

    def _join_scanner(self) -> Machine:
        # A packet for anywhere else is sent to the wire, too, so that it meets the counter; there it ends.
        scanner = self._lan.join("scanner", SCANNER, mac="00:40:8c:00:00:02", routes=["default"])
        scanner.nft(WATCH_SCANNER)
        return scanner

    def _folder(self, host: str) -> Path:
        folder = self._lan.folder / host
        folder.mkdir()
        return folder

    def _start_outside(self) -> None:
        folder = self._folder("outside")
        (folder / "description.xml").write_text(LIES)
        self.outside.nft(WATCH_OUTSIDE)
        self.outside.start(*_http_server(folder, 80))
        knock = (sys.executable, "-I", "-c", KNOCK, repr([(OUTSIDE, 80)]))
        poll("the outside listens", lambda: self.outside.run(*knock).returncode == 0)

    def gateway(self, machine: Machine, device: LanDevice, folder: Path) -> None:
        self._authority.issue(folder, make_ec_key(), device.host, device.address)
        expires = datetime.now(UTC) + timedelta(days=180)
        contact = f"Contact: mailto:security@example.com\nExpires: {expires:%Y-%m-%dT%H:%M:%SZ}\n"
        _write_site(folder / "www", {"index.html": _page("Gateway G1"), ".well-known/security.txt": contact})
        _start_nginx(machine, folder, GATEWAY)

    def legacy(self, machine: Machine, device: LanDevice, folder: Path) -> None:
        self_sign(folder, make_rsa_key(), device.host, days=1000)
        pair = axis_record().pairs[0]
        (folder / "logins").write_text(f"{pair.user}:{{PLAIN}}{pair.password.reveal()}\n")
        manifest = json.dumps({"model": "AXIS 2100", "version": "2.43", "file": "/firmware/firmware.bin"})
        site = {"index.html": _page("Live view"), "firmware/manifest.json": manifest}
        _write_site(folder / "www", site)
        (folder / "www" / "firmware" / "firmware.bin").write_bytes(_uimage(bytes(range(256)) * 64))
        _start_nginx(machine, folder, LEGACY.format(realm=device.names[0], folder=folder))

    def open_broker(self, machine: Machine, device: LanDevice, folder: Path) -> None:
        (folder / "mosquitto.conf").write_text("user root\nlistener 1883 0.0.0.0\nallow_anonymous true\n")
        machine.start("mosquitto", "-c", f"{folder}/mosquitto.conf")

    def broker(self, machine: Machine, device: LanDevice, folder: Path) -> None:
        self._authority.issue(folder, self._shared_tls_key, device.host, device.address)
        machine.run("mosquitto_passwd", "-b", "-c", f"{folder}/passwords", "gateway", "k3h-Dp2-x8Q", check=True)
        lines = ["user root", "listener 8883 0.0.0.0", "allow_anonymous false", f"password_file {folder}/passwords"]
        lines += [f"certfile {folder}/cert.pem", f"keyfile {folder}/key.pem", "tls_version tlsv1.2"]
        (folder / "mosquitto.conf").write_text("\n".join([*lines, "ciphers ECDHE+AESGCM", ""]))
        machine.start("mosquitto", "-c", f"{folder}/mosquitto.conf")

    def twin(self, machine: Machine, device: LanDevice, folder: Path) -> None:
        self._authority.issue(folder, self._shared_tls_key, device.host, device.address)
        _write_site(folder / "www", {"index.html": _page("Plug P1")})
        _start_nginx(machine, folder, TWIN)

    def ssh_modern(self, machine: Machine, device: LanDevice, folder: Path) -> None:
        machine.run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", f"{folder}/host_key", check=True)
        (folder / "sshd_config").write_text(SSHD.format(folder=folder))
        machine.start("/usr/sbin/sshd", "-D", "-e", "-f", f"{folder}/sshd_config")

    def ssh_twin(self, machine: Machine, device: LanDevice, folder: Path) -> None:
        key, port = str(self._shared_ssh_key), next(iter(device.services)).removeprefix("tcp/")
        if not self._shared_ssh_key.exists():
            machine.run("dropbearkey", "-t", "ed25519", "-f", key, check=True)
        machine.start("dropbear", "-F", "-E", "-P", f"{folder}/pid", "-r", key, "-p", port)

    def sensor(self, machine: Machine, device: LanDevice, folder: Path) -> None:
        lines = ["agentaddress udp:161", "rocommunity public default", "sysDescr Acme Sensor Hub 2.1"]
        (folder / "snmpd.conf").write_text("\n".join([*lines, f"[snmp] persistentDir {folder}", ""]))
        machine.start("snmpd", "-f", "-Lo", "-C", "-c", f"{folder}/snmpd.conf", "-p", f"{folder}/pid")

    def shell(self, machine: Machine, device: LanDevice, folder: Path) -> None:
        machine.start("busybox", "telnetd", "-F", "-l", "/bin/sh")

    def telnet(self, machine: Machine, device: LanDevice, folder: Path) -> None:
        machine.start("busybox", "telnetd", "-F", "-l", "/bin/login")

    def announcer(self, machine: Machine, device: LanDevice, folder: Path) -> None:
        services = folder / "services"
        services.mkdir()
        (services / "http.service").write_text(AVAHI_SERVICE)
        (folder / "avahi.conf").write_text(AVAHI)
        machine.run("mount", "--bind", str(services), "/etc/avahi/services", own_files=True, check=True)
        machine.start("avahi-daemon", "--no-drop-root", "--no-chroot", "--no-rlimits", "-f", f"{folder}/avahi.conf")
        _write_site(folder / "www", {"index.html": _page("Lamp L2")})
        types = 'mimetype.assign = (".html" => "text/html")'
        settings = f'server.document-root = "{folder}/www"\nindex-file.names = ("index.html")\n{types}\n'
        (folder / "lighttpd.conf").write_text(f"server.port = 80\n{settings}")
        machine.start("lighttpd", "-D", "-f", f"{folder}/lighttpd.conf")

    def media(self, machine: Machine, device: LanDevice, folder: Path) -> None:
        _write_site(folder / "www", {"index.html": _page("Speaker S5"), "description.xml": UPNP})
        machine.start(*_http_server(folder / "www", 49152))
        location = f"http://{device.address}:49152/description.xml"
        machine.start(*_ssdp_responder(device.address, location, "Linux/5.10 UPnP/1.0 AcmeUPnP/1.2"))

    def liar(self, machine: Machine, device: LanDevice, folder: Path) -> None:
        location = f"http://{OUTSIDE}/description.xml"
        machine.start(*_ssdp_responder(device.address, location, "Linux UPnP/1.0 Liar/1.0"))
        script = Path(__file__).with_name("responders.py")
        machine.start(sys.executable, "-I", str(script), "mdns-ghost", device.address)

    def mute(self, machine: Machine, device: LanDevice, folder: Path) -> None:
        machine.nft(DROP)


_STARTS: dict[str, Callable[[Setup, Machine, LanDevice, Path], None]] = {
    "gateway": Setup.gateway,
    "legacy": Setup.legacy,
    "open-broker": Setup.open_broker,
    "broker": Setup.broker,
    "twin": Setup.twin,
    "ssh-modern": Setup.ssh_modern,
    "ssh-twin-a": Setup.ssh_twin,
    "ssh-twin-b": Setup.ssh_twin,
    "sensor": Setup.sensor,
    "shell": Setup.shell,
    "telnet": Setup.telnet,
    "announcer": Setup.announcer,
    "media": Setup.media,
    "liar": Setup.liar,
    "mute": Setup.mute,
    "coap-node": lambda lan, machine, device, folder: coap_node(machine, device.address, folder),
    "psk-broker": lambda lan, machine, device, folder: psk_broker(machine, folder),
    "ftp": lambda lan, machine, device, folder: ftp_server(machine, device.host, folder),
}


def _page(title: str) -> str:
    return f"<!doctype html><html><head><title>{title}</title></head><body><h1>{title}</h1></body></html>"


def _uimage(payload: bytes) -> bytes:
    """A legacy U-Boot image: two checksums and no place for a signature (U-Boot include/image.h)."""
    fields = (len(payload), 0x80008000, 0x80008000, zlib.crc32(payload), 5, 2, 2, 0, b"axis-2100")

    def header(checksum: int) -> bytes:
        return struct.pack(">7I4B32s", 0x27051956, checksum, 0, *fields)

    return header(zlib.crc32(header(0))) + payload


def _write_site(folder: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def _start_nginx(machine: Machine, folder: Path, servers: str) -> None:
    (folder / "nginx.conf").write_text(NGINX.format(folder=folder, servers=servers))
    machine.start("nginx", "-e", "stderr", "-c", f"{folder}/nginx.conf")


def _http_server(folder: Path, port: int) -> tuple[str, ...]:
    return sys.executable, "-I", "-m", "http.server", "--directory", str(folder), str(port)


def _ssdp_responder(address: str, location: str, server: str) -> tuple[str, ...]:
    return sys.executable, "-I", str(Path(__file__).with_name("ssdp_responder.py")), address, location, server
