"""The shell chain that a careful person runs: nmap, sslyze, ssh-audit, hydra and each protocol's own client.

Its parts are Debian's: ``apt-get install nmap hydra ssh-audit mosquitto-clients snmp libcoap3-bin redis-tools curl
bind9-dnsutils tftp-hpa``; sslyze comes with our own development installation. What is not there is named and left out.
nmap knocks on the ports that we knock on, hydra tries the pairs that most of our records know, and only where a client
has seen that somebody asks for a login.
"""

import re
import shutil
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeVar
from xml.etree import ElementTree

import msgspec

from bench.posture.marks import Login, Posture
from iotscan.data.credential_records import load_records
from iotscan.observe.network.ports import PORTS, UDP
from tests.questions.lan import SCANNER, QuestionLan
from tests.questions.truth import NETWORK

LONGEST = 600.0
"""Seconds after which a program is stopped."""
PATIENCE = "120"
"""Seconds after which hydra is stopped at one service: against some it never ends by itself."""
PAIRS = 20
"""Pairs of names and passwords in hydra's list."""
_SSLYZE = str(Path(sys.executable).with_name("sslyze"))
_CLAIM = re.compile(r"^\[(\d+)\]\[[^\]]+\] host: (\S+)", re.MULTILINE)
Command = tuple[str, ...]
T = TypeVar("T")


class Seen(msgspec.Struct, frozen=True):
    """An open port, as nmap names what is there; ``is_tls`` where it says so."""

    address: str
    transport: str
    port: int
    name: str
    is_tls: bool

    @property
    def login(self) -> Login:
        """Address and service, as results name it."""
        return self.address, f"{self.transport}/{self.port}"


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """One program's part: seconds, and what each host saw of it."""

    name: str
    seconds: float
    calls: dict[str, int]
    packets: dict[str, int]

    def most(self) -> str:
        """What the devices that saw the most of it saw."""
        return f"{max(self.calls.values()):,} calls, {max(self.packets.values()):,} packets"


class Chain:
    """Runs the chain where the scanner stands, one program after the other, as a script does."""

    def __init__(self, lan: QuestionLan, home: Path) -> None:
        self._lan = lan
        self._home = home
        self.steps: list[Step] = []
        self.missing: set[str] = set()
        self._claims: set[Login] = set()

    def run(self) -> Posture:
        """From the first ping to the last client."""
        self._home.mkdir(exist_ok=True)
        self._lan.scanner.run("ip", "neigh", "flush", "dev", "eth0", check=True)
        hosts = self._step("nmap -sn", self._sweep)
        tcp = self._step("nmap -sS -sV", lambda: self._nmap("-sS", [c.port for c in PORTS], hosts))
        udp = self._step("nmap -sU -sV", lambda: self._nmap("-sU", [port for _, port in UDP], hosts))
        seen = [*tcp, *udp]
        self._step("sslyze", lambda: self._sslyze([s for s in tcp if s.is_tls]))
        self._step("ssh-audit", lambda: self._each(("ssh-audit", "-p", str(s.port), s.address) for s in of(tcp, "ssh")))
        self._step("clients", lambda: self._each(command for s in seen for command in asking(s)))
        self._step("hydra", lambda: self._hydra(seen))
        whole = sum(step.seconds for step in self.steps)
        return Posture(
            seconds=whole,
            without_logins=whole - self.steps[-1].seconds,
            services=frozenset(s.login for s in seen),
            logins=frozenset(self._claims),
            calls=added(step.calls for step in self.steps),
            packets=added(step.packets for step in self.steps),
            harm=self._lan.harm(),
        )

    def _step(self, name: str, work: Callable[[], T]) -> T:
        self._lan.forget_traffic()
        began = time.perf_counter()
        result = work()
        seconds = time.perf_counter() - began
        traffic = self._lan.traffic()
        self.steps.append(Step(name=name, seconds=seconds, calls=traffic.calls, packets=traffic.packets))
        return result

    def _ask(self, *command: str) -> str:
        """What a program says; nothing where it is not there or does not end."""
        if not shutil.which(command[0]):
            self.missing.add(command[0])
            return ""
        try:
            return self._lan.scanner.run(*command, timeout=LONGEST).stdout
        except (subprocess.TimeoutExpired, UnicodeDecodeError):
            return ""

    def _each(self, commands: Iterator[Command]) -> None:
        for command in commands:
            self._ask(*command)

    def _report(self, *words: str) -> ElementTree.Element:
        """What nmap reports; nothing where it does not end."""
        return ElementTree.fromstring(self._ask("nmap", "-n", "-oX", "-", *words) or "<nmaprun/>")

    def _sweep(self) -> list[str]:
        said = self._report("-sn", NETWORK)
        up = (host for host in said.iter("host") if host.find("status[@state='up']") is not None)
        found = (address.get("addr", "") for host in up for address in host.findall("address[@addrtype='ipv4']"))
        return sorted(address for address in found if address != SCANNER)

    def _nmap(self, how: str, ports: list[int], hosts: list[str]) -> list[Seen]:
        listed = ",".join(map(str, sorted(set(ports))))
        said = self._report(how, "-sV", "-p", listed, *hosts)
        return [
            Seen(
                host.find("address[@addrtype='ipv4']").get("addr", ""),  # type: ignore[union-attr]  # nmap always says it
                port.get("protocol", ""),
                int(port.get("portid", "0")),
                service.get("name", "") if service is not None else "",
                service is not None and service.get("tunnel") == "ssl",
            )
            for host in said.iter("host")
            for port in host.iter("port")
            if port.find("state[@state='open']") is not None
            for service in [port.find("service")]
        ]

    def _sslyze(self, seen: list[Seen]) -> None:
        if seen:
            self._ask(_SSLYZE, *(f"{s.address}:{s.port}" for s in seen), "--json_out", str(self._home / "sslyze.json"))

    def _hydra(self, seen: list[Seen]) -> None:
        pairs, communities = self._home / "pairs", self._home / "communities"
        known = Counter((p.user, p.password.reveal()) for r in load_records() for p in r.pairs if ":" not in p.user)
        pairs.write_text("".join(f"{user}:{password}\n" for (user, password), _ in known.most_common(PAIRS)))
        communities.write_text("public\nprivate\n")
        for service in seen:
            module = self._module(service)
            if not module or not shutil.which("hydra"):
                self.missing |= {"hydra"} if module else set()
                continue
            tries = ("-P", str(communities)) if module == "snmp" else ("-C", str(pairs))
            path = ("/",) if module.startswith("http") else ()
            words = ("-I", "-f", "-t", "4", *tries, "-s", str(service.port), service.address, module, *path)
            self._claims |= {
                (host, service.login[1]) for _, host in _CLAIM.findall(self._ask("timeout", PATIENCE, "hydra", *words))
            }

    def _module(self, service: Seen) -> str:
        """hydra's module for a service that asks for a login, empty for one that has none or asks for nothing."""
        if service.name in ("ssh", "ftp", "telnet", "snmp", "redis", "rtsp"):
            return service.name
        if service.name.startswith("http"):
            scheme = "https" if service.is_tls else "http"
            url = f"{scheme}://{service.address}:{service.port}/"
            code = self._ask("curl", "-ks", "-m", "10", "-o", "/dev/null", "-w", "%{http_code}", url)
            return f"{scheme}-get" if code == "401" else ""
        return ""


def of(seen: list[Seen], name: str) -> list[Seen]:
    """The services that nmap calls so."""
    return [s for s in seen if s.name == name]


def asking(service: Seen) -> Iterator[Command]:
    """The clients that a careful person asks a service with, to see what it shows to anybody."""
    address, port = service.address, str(service.port)
    match service.name.removesuffix("-alt").removesuffix("-proxy"):
        case "http" | "https":
            url = f"{'https' if service.is_tls else 'http'}://{address}:{port}"
            for path in ("/", "/.well-known/security.txt", "/openapi.json", "/firmware/manifest.json"):
                yield ("curl", "-ksi", "-m", "10", f"{url}{path}")
        case "mqtt" | "secure-mqtt":
            tls = ("--insecure", "--capath", "/etc/ssl/certs") if service.is_tls else ()
            yield ("mosquitto_sub", "-h", address, "-p", port, *tls, "-t", "$SYS/broker/version", "-C", "1", "-W", "5")
        case "snmp":
            yield ("snmpget", "-v2c", "-c", "public", "-t", "1", "-r", "1", address, "1.3.6.1.2.1.1.1.0")
        case "coap":
            yield ("coap-client-openssl", "-B", "5", f"coap://{address}:{port}/.well-known/core")
        case "redis":
            yield ("redis-cli", "-h", address, "-p", port, "INFO", "server")
        case "rtsp":
            yield ("curl", "-si", "-m", "10", "-X", "OPTIONS", f"rtsp://{address}:{port}/")
        case "ftp":
            yield ("curl", "-s", "-m", "10", f"ftp://{address}:{port}/")
        case "domain":
            yield ("dig", "+time=2", "+tries=1", f"@{address}", "-p", port, "version.bind", "CH", "TXT")
        case "telnet":
            yield ("timeout", "5", "nc", address, port)
        case "tftp":
            yield ("tftp", address, port, "-c", "get", "config.txt")


def added(counts: Iterator[dict[str, int]]) -> dict[str, int]:
    """By host, all together."""
    total: Counter[str] = Counter()
    for each in counts:
        total.update(each)
    return dict(total)
