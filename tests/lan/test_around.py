"""Asking all on a link, against real daemons: nothing missed, nothing invented, nobody led elsewhere."""

import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec
import pytest

from tests.lan.around import Around
from tests.lan.conftest import give_up
from tests.lan.network import NETWORK, Lan, Machine, poll, why_not

pytestmark = [pytest.mark.lan, pytest.mark.slow]

NETWORK6, PREFIX6 = "fd77::/64", "fd77::"
SCANNER, AVAHI = "10.77.0.2", "10.77.0.11"
TOOLS = {"avahi-daemon": "avahi-daemon"}

AVAHI_CONF = """
[server]
host-name=hall
use-ipv4=yes
use-ipv6=yes
enable-dbus=no
allow-interfaces=eth0
[publish]
publish-hinfo=no
publish-workstation=yes
"""
SERVICE = """<?xml version="1.0" standalone="no"?>
<!DOCTYPE service-group SYSTEM "avahi-service.dtd">
<service-group><name>{name}</name><service><type>{kind}</type><port>{port}</port>{texts}</service></service-group>
"""
SERVICES = {
    "_http._tcp": ("Web of the hall", 80, ["model=H-1", "vendor=Acme"]),
    "_ipp._tcp": ("Laser in the hall", 631, ["ty=Acme L5", "usb_MDL=L5", "UUID=9f0f5d4e-6d1b-4a57-8f0c-1f2a3b4c5d6e"]),
    "_hap._tcp": ("Acme Bridge 12AB", 51826, ["md=Bridge B2", "ci=2", "id=0E:0A:0B:0C:0D:0F"]),
    "_matter._tcp": ("0123456789ABCDEF-0000000000000001", 5540, ["SII=500"]),
    "_matterc._udp": ("A1B2C3D4E5F60718", 5540, ["DN=Acme Plug", "VP=65521+32769", "DT=266"]),
    "_esphomelib._tcp": ("boiler", 6053, ["version=2026.6.1", "board=esp32dev", "mac=a0b1c2d3e4f5"]),
    "_arduino._tcp": ("boiler ota", 8266, ["board=esp32", "auth_upload=no"]),
    "_acme-own._tcp": ("Something of our own", 4711, ["serial=AC-771204"]),
    "_mqtt._tcp": ("Broker of the hall", 1883, ["x=" + "y" * 200]),
}
"""More than fits into one short answer, and a type that nobody knows beforehand."""


def start_avahi(machine: Machine, folder: Path) -> None:
    services = folder / "services"
    services.mkdir(parents=True)
    for kind, (name, port, texts) in SERVICES.items():
        shown = "".join(f"<txt-record>{t}</txt-record>" for t in texts)
        (services / f"{kind}.service").write_text(SERVICE.format(name=name, kind=kind, port=port, texts=shown))
    (folder / "avahi.conf").write_text(AVAHI_CONF)
    machine.run("mount", "--bind", str(services), "/etc/avahi/services", own_files=True, check=True)
    machine.start("avahi-daemon", "--no-drop-root", "--no-chroot", "--no-rlimits", "-f", f"{folder}/avahi.conf")


@pytest.fixture(scope="module")
def around(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Around]:
    """What asking around found, once."""
    if reason := why_not(TOOLS):
        give_up(reason, is_required=os.environ.get("IOTSCAN_REQUIRE_LAN") == "1")
    folder = tmp_path_factory.mktemp("around")
    with Lan(folder) as lan:
        scanner = join(lan, "scanner", SCANNER)
        for address, start in STARTS.items():
            start(join(lan, f"m{address.rpartition('.')[2]}", address), folder / address)
        yield ask(scanner)


STARTS: dict[str, Callable[[Machine, Path], None]] = {AVAHI: start_avahi}


def join(lan: Lan, name: str, address: str) -> Machine:
    last = int(address.rpartition(".")[2])
    machine = lan.join(name, address, mac=f"00:40:8c:00:07:{last:02x}")
    words = ("address", "add", f"{PREFIX6}{last:x}/64", "dev", "eth0", "nodad")
    machine.run("ip", "-6", *words, check=True)
    return machine


def ask(scanner: Machine) -> Around:
    def is_up() -> bool:
        return "tentative" not in scanner.run("ip", "-6", "address", "show", "dev", "eth0").stdout

    poll("IPv6 of the scanner", is_up)
    script = str(Path(__file__).with_name("around.py"))
    words = [NETWORK, SCANNER, NETWORK6, f"{PREFIX6}2"]
    done = scanner.run("env", f"PYTHONPATH={Path(__file__).parents[2]}", sys.executable, script, *words, check=True)
    return msgspec.json.decode(done.stdout.encode(), type=Around)


def six(address: str) -> str:
    return f"{PREFIX6}{int(address.rpartition('.')[2]):x}"


def test_a_device_says_everything_over_both_families(around: Around) -> None:
    for address in (AVAHI, six(AVAHI)):
        assert around.how(address) == {"mdns"}
        said = around.claims(address)
        assert {("service", kind) for kind in SERVICES} <= said
        # A type that is not among those we know is asked for as soon as it is known of.
        assert {("name", "Something of our own"), ("serial", "AC-771204")} <= said
        # Matter's instances are called by numbers.
        assert {v for w, v in said if w == "name"} == {
            "Web of the hall", "Laser in the hall", "Acme Bridge 12AB", "Acme Plug", "boiler", "boiler ota",
            "Something of our own", "Broker of the hall", "hall [00:40:8c:00:07:0b]",
        }  # fmt: skip
        assert {v for w, v in said if w == "model"} == {"H-1", "Acme L5", "L5", "Bridge B2"}
        assert ("child", "HomeKit accessories behind this bridge") in said
        assert {("firmware", "2026.6.1"), ("ota-authentication", "no"), ("hostname", "hall")} <= said


def test_nobody_else_is_found(around: Around) -> None:
    assert {f.address for f in around.found} == {a for own in STARTS for a in (own, six(own))}


def test_what_was_sent_is_told(around: Around) -> None:
    told = {line.partition(" (")[0]: line for line in around.told if line.startswith("asked all on")}
    assert set(told) == {f"asked all on {NETWORK}", f"asked all on {NETWORK6}"}
    for line in told.values():
        assert "mdns: 3 sent" in line
