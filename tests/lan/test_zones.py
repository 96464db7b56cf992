"""One link-local address on two links: two devices, each found, asked and shown over its own link."""

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import msgspec
import pytest

from checks.communication.tls_known_attacks import nmap
from checks.keys.default_credentials import ssh
from iotscan.assess.check import Target
from iotscan.model.device import Device
from iotscan.model.run import Run
from iotscan.model.subject import Subject
from iotscan.store.runs import decode_run
from tests.authorised import write_scope
from tests.lan.certificates import make_rsa_key, self_sign
from tests.lan.devices import NGINX
from tests.lan.network import Lan, Machine, poll
from tests.lan.scanning import command_line

pytestmark = [pytest.mark.lan, pytest.mark.slow]

NEAR, FAR = "fe80::1%eth0", "fe80::1%eth1"
SITE = """
log_format host "$http_host";
server {{
    access_log {folder}/hosts.log host;
    listen [::]:443 ssl default_server ipv6only=on; ssl_protocols TLSv1.1 TLSv1.2; ssl_ciphers ALL:@SECLEVEL=0;
    add_header Set-Cookie "sid=1; Path=/";
}}
"""
SNMPD = "agentaddress udp6:[::]:161\nrocommunity6 public default\nsysDescr Far router R7\n"
FAR_CONF = 'server.document-root = "{folder}/www"\nserver.port = 80\nserver.use-ipv6 = "enable"\n'
SHOWN = ("session-cookies", "snmp-community", "tls-versions")
"""One finding for each kind of command that a report gives: curl, snmpget, openssl."""


OUT = [{"ip": f"fe80::{n}%eth1", "reason": "somebody else's"} for n in (2, 3)]


class Zones(msgspec.Struct, frozen=True):
    """Where the scanner stands, what it found on all its links, and what kept it."""

    scanner: Machine
    run: Run
    folder: Path
    hosts: frozenset[str]
    """The Host fields that the near device was asked with."""

    def device(self, address: str) -> Device:
        """The device at an address."""
        return next(d for d in self.run.devices if address in d.addresses)


@pytest.fixture(scope="module")
def zones(place: Callable[[str], Path]) -> Iterator[Zones]:
    """Two devices on two links, each with the same only address."""
    folder = place("zones")
    with Lan(folder) as lan:
        scanner = lan.join("scanner", "10.77.0.2", mac="00:40:8c:00:08:02")
        near = lan.join("near", mac="00:40:8c:00:08:10")
        far = lan.cable(scanner, "eth1", "far", mac="00:40:8c:00:08:11")
        for machine in (near, far):
            lines = "address flush dev eth0\naddress add fe80::1/64 dev eth0 nodad\n"
            machine.run("ip", "-6", "-batch", "-", given=lines, check=True)
        _start_near(near, folder)
        _start_far(far, folder)
        for where, port in ((NEAR, 22), (NEAR, 443), (FAR, 80)):
            poll(f"{where} accepts {port}", partial(_accepts, scanner, where, port))
        checks = (word for check in (*SHOWN, "coap-encryption", "ssh-algorithms") for word in ("--check", check))
        scope = write_scope(folder / "scope.yaml", in_scope=[{"ip": NEAR}, {"ip": FAR}], out_of_scope=OUT)
        targets = (NEAR, FAR, "--scope", str(scope))
        words = ("scan", *targets, "--ports", "22,80,443", *checks, "-f", "json", "--no-progress")
        done = command_line(scanner, folder, *words)
        assert done.returncode == 0, done.stderr
        run = decode_run(done.stdout.encode(), "standard output")
        yield Zones(scanner, run, folder, frozenset((folder / "hosts.log").read_text().split()))


def _start_near(machine: Machine, folder: Path) -> None:
    self_sign(folder, make_rsa_key(), "near", days=1000)
    (folder / "www").mkdir()
    (folder / "www" / "index.html").write_text("<title>Near</title>")
    (folder / "nginx.conf").write_text(NGINX.format(folder=folder, servers=SITE.format(folder=folder)))
    machine.start("nginx", "-e", "stderr", "-c", f"{folder}/nginx.conf")
    machine.run("dropbearkey", "-t", "rsa", "-f", f"{folder}/host_key", check=True)
    machine.start("dropbear", "-F", "-E", "-P", f"{folder}/pid", "-r", f"{folder}/host_key", "-p", "[::]:22")


def _start_far(machine: Machine, folder: Path) -> None:
    (folder / "far.conf").write_text(FAR_CONF.format(folder=folder))
    machine.start("lighttpd", "-D", "-f", f"{folder}/far.conf")
    (folder / "snmpd.conf").write_text(f"{SNMPD}[snmp] persistentDir {folder}\n")
    machine.start("snmpd", "-f", "-Lo", "-C", "-c", f"{folder}/snmpd.conf", "-p", f"{folder}/snmpd.pid")
    machine.start("coap-server-openssl", "-A", "::")


def _accepts(scanner: Machine, where: str, port: int) -> bool:
    return scanner.run("nc", "-z", "-w", "1", where, str(port)).returncode == 0


def test_each_is_found_on_its_link_and_asked_there(zones: Zones) -> None:
    near, far = zones.device(NEAR), zones.device(FAR)
    assert near.id != far.id
    assert {s.name: s.protocol for s in near.services} == {"tcp/22": "ssh", "tcp/443": "https"}
    assert {s.name: s.protocol for s in far.services} == {"tcp/80": "http", "udp/161": "snmp", "udp/5683": "coap"}
    assert "answers neighbour solicitation" in near.found_by


def test_a_zone_is_ours_alone(zones: Zones) -> None:
    assert zones.hosts == {"[fe80::1]"}


@pytest.mark.parametrize("check", SHOWN)
def test_the_command_of_a_report_goes_over_the_link(zones: Zones, check: str) -> None:
    found = [r for r in zones.run.results if r.check == check and r.is_finding]
    assert found, [(r.check, r.outcome, r.subject) for r in zones.run.results]
    done = zones.scanner.run("sh", "-c", found[0].reproduce)
    assert found[0].shows in done.stdout, (found[0].reproduce, done)


def test_so_do_the_commands_that_need_a_grant(zones: Zones) -> None:
    def at(port: int) -> Target:
        return Target(subject=Subject(address=NEAR, service=f"tcp/{port}"))

    assert "password" in zones.scanner.run("sh", "-c", ssh(at(22), "root")).stderr
    assert "443/tcp open" in zones.scanner.run("sh", "-c", nmap(at(443), "ssl-heartbleed")).stdout
    page = zones.scanner.run("curl", "-k", "-s", at(443).url("https"))
    assert "Near" in page.stdout


def test_what_was_sent_is_logged_with_its_link(zones: Zones) -> None:
    log = next(zones.folder.glob("iotscan-out/*/audit.jsonl")).read_text()
    assert '"to":"fe80::1%eth0"' in log
    assert '"to":"fe80::1"' not in log
    assert {r.subject.address for r in zones.run.results if r.is_finding} == {NEAR, FAR}
