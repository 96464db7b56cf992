"""Asking all on a link, against real daemons: nothing missed, nothing invented, nobody led elsewhere."""

import os
import sys
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import msgspec
import pytest

from iotscan.wire import bacnet, core_links, knx, mdns, ssdp, ws_discovery
from tests.lan.around import Around
from tests.lan.conftest import give_up
from tests.lan.network import NETWORK, OUTSIDE, Lan, Machine, poll, why_not
from tests.lan.speakers import TOOLS, WSD_UUID, Starts, avahi, coap_node, computer, hears, responder, router

pytestmark = [pytest.mark.lan, pytest.mark.slow]

NETWORK6, PREFIX6 = "fd77::/64", "fd77::"
SCANNER, AVAHI, ROUTER, COMPUTER, NODE, NODE6 = (f"10.77.0.{n}" for n in (2, 11, 12, 13, 14, 15))
KNX, CAMERA, CONTROLLER, BACNET_ROUTER, LIAR, UPNP_LIAR, SLEEPER = (f"10.77.0.{n}" for n in range(16, 23))
FLOODER = "10.77.0.30"

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


@pytest.fixture(scope="module")
def wire(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Lan, Machine]]:
    """The link with all on it, and where the scanner stands."""
    if reason := why_not(TOOLS):
        give_up(reason, is_required=os.environ.get("IOTSCAN_REQUIRE_LAN") == "1")
    folder = tmp_path_factory.mktemp("around")
    with Lan(folder) as lan:
        scanner = join(lan, "scanner", SCANNER)
        machines = {address: join(lan, f"m{address.rpartition('.')[2]}", address) for address in STARTS}
        for address, start in STARTS.items():
            start(machines[address], folder / address)
        for address, (port, group) in HEARS.items():
            poll(f"{address} listens", partial(hears, machines[address], port, group))
        # Until its link-local address is settled, a machine answers in another of its own.
        settled = ("ip", "-6", "address", "show", "tentative")
        poll("IPv6 addresses", lambda: not any(m.run(*settled).stdout for m in machines.values()))
        yield lan, scanner


@pytest.fixture(scope="module")
def around(wire: tuple[Lan, Machine]) -> Around:
    """What asking around found, once."""
    return ask(wire[1])


@pytest.fixture(scope="module")
def flooded(around: Around, wire: tuple[Lan, Machine]) -> Around:
    """What asking by mDNS finds while somebody answers in the name of everybody, as fast as it can."""
    lan, scanner = wire
    flooder = join(lan, "flooder", FLOODER)
    responder("mdns-flood", FLOODER)(flooder, lan.folder)
    poll("the flooder listens", partial(hears, flooder, mdns.PORT, mdns.GROUP))
    return ask(scanner, "mdns")


def start_upnp_liar(machine: Machine, folder: Path) -> None:
    script = str(Path(__file__).with_name("ssdp_responder.py"))
    machine.start(sys.executable, "-I", script, UPNP_LIAR, f"http://{OUTSIDE}/description.xml", "Linux UPnP/1.0 Liar/1")


STARTS: dict[str, Starts] = {
    AVAHI: avahi("hall", SERVICES, workstation=True),
    ROUTER: router,
    COMPUTER: computer,
    NODE: coap_node("224.0.1.187"),
    NODE6: coap_node("ff02::fd"),
    KNX: responder("knx", KNX),
    CAMERA: responder("onvif", CAMERA),
    CONTROLLER: responder("bacnet", CONTROLLER),
    BACNET_ROUTER: responder("bacnet-router", BACNET_ROUTER),
    LIAR: responder("mdns-liar", LIAR),
    SLEEPER: responder("mdns-sleeper", SLEEPER),
    UPNP_LIAR: start_upnp_liar,
}
HEARS = {
    AVAHI: (mdns.PORT, mdns.GROUP),
    ROUTER: (ssdp.PORT, ssdp.GROUP),
    COMPUTER: (ws_discovery.PORT, ws_discovery.GROUP),
    NODE: (core_links.PORT, core_links.GROUP),
    NODE6: (core_links.PORT, core_links.GROUP6),
    KNX: (knx.PORT, knx.GROUP),
    CAMERA: (ws_discovery.PORT, ws_discovery.GROUP),
    CONTROLLER: (bacnet.PORT, ""),
    BACNET_ROUTER: (bacnet.PORT, ""),
    LIAR: (mdns.PORT, mdns.GROUP),
    SLEEPER: (mdns.PORT, mdns.GROUP),
    UPNP_LIAR: (ssdp.PORT, ssdp.GROUP),
}


def join(lan: Lan, name: str, address: str) -> Machine:
    last = int(address.rpartition(".")[2])
    machine = lan.join(name, address, mac=f"00:40:8c:00:07:{last:02x}")
    words = ("address", "add", f"{PREFIX6}{last:x}/64", "dev", "eth0", "nodad")
    machine.run("ip", "-6", *words, check=True)
    return machine


def ask(scanner: Machine, method: str = "all") -> Around:
    def is_up() -> bool:
        return "tentative" not in scanner.run("ip", "-6", "address", "show", "dev", "eth0").stdout

    poll("IPv6 of the scanner", is_up)
    script = str(Path(__file__).with_name("around.py"))
    links = [NETWORK, SCANNER, NETWORK6, f"{PREFIX6}2", "fe80::%eth0/64", on_link(SCANNER)]
    words = [method, *links]
    done = scanner.run("env", f"PYTHONPATH={Path(__file__).parents[2]}", sys.executable, script, *words, check=True)
    return msgspec.json.decode(done.stdout.encode(), type=Around)


def on_link(address: str) -> str:
    """Its link-local address, as the kernel makes it of the MAC address (RFC 4291 appendix A)."""
    return f"fe80::240:8cff:fe00:7{int(address.rpartition('.')[2]):02x}%eth0"


def six(address: str) -> str:
    return f"{PREFIX6}{int(address.rpartition('.')[2]):x}"


def test_a_device_says_everything_over_both_families(around: Around) -> None:
    for address in (AVAHI, six(AVAHI)):
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


def test_everybody_is_found_by_what_they_speak_and_nobody_else(around: Around) -> None:
    assert {f.address: around.how(f.address) for f in around.found} == {
        AVAHI: {"mdns"},
        six(AVAHI): {"mdns"},
        ROUTER: {"ssdp"},
        six(ROUTER): {"ssdp"},
        on_link(ROUTER): {"ssdp"},
        COMPUTER: {"ws-discovery"},
        on_link(COMPUTER): {"ws-discovery"},
        NODE: {"coap"},
        six(NODE6): {"coap"},
        on_link(NODE6): {"coap"},
        KNX: {"knx"},
        CAMERA: {"ws-discovery"},
        CONTROLLER: {"bacnet"},
        BACNET_ROUTER: {"bacnet"},
        LIAR: {"mdns"},
        SLEEPER: {"mdns"},
        UPNP_LIAR: {"ssdp"},
    }


def test_a_router_is_described_by_itself(around: Around) -> None:
    for address in (ROUTER, six(ROUTER)):
        said = around.claims(address)
        # miniupnpd keeps nine characters of a serial number.
        assert {("name", "Acme Router R7"), ("manufacturer", "Acme"), ("model", "R7"), ("serial", "R7-202611")} <= said
        assert ("uuid", "uuid:67ce3d93-0d6b-4ec5-901e-4c8fc8dcb5ea") in said
        assert around.costs[address] == 1


def test_web_services_name_themselves(around: Around) -> None:
    assert around.claims(COMPUTER) == {
        ("uuid", f"uuid:{WSD_UUID}"),
        ("device-type", "Device"),
        ("device-type", "Computer"),
    }
    said = around.claims(CAMERA)
    assert {("name", "Gate Cam"), ("model", "IPC-2000"), ("location", "yard")} <= said
    assert ("device-type", "NetworkVideoTransmitter") in said


def test_constrained_devices_list_their_resources(around: Around) -> None:
    for address in (NODE, six(NODE6)):
        assert around.claims(address, "resource") >= {("resource", "/time (ticks)"), ("resource", "/async")}


def test_a_building_names_its_lines_and_networks(around: Around) -> None:
    assert around.claims(KNX) == {
        ("name", "KNX IP Router 752"),
        ("serial", "00c501020304"),
        ("mac", "00:40:8c:00:07:11"),
        ("knx-address", "1.1.0"),
        ("child", "KNX line 1.1 (twisted pair)"),
    }
    assert around.claims(CONTROLLER) == {("bacnet-device", "260001"), ("bacnet-vendor", "999")}
    assert around.claims(BACNET_ROUTER) == {
        ("child", "BACnet network 2001"),
        ("child", "BACnet network 2002"),
        ("child", "BACnet device 42 on network 2001"),
    }


def test_who_hears_but_every_third_question_is_found(around: Around) -> None:
    assert around.claims(SLEEPER) == {("name", "Sleeper"), ("service", "_http._tcp")}


def test_who_points_elsewhere_is_not_followed_and_named(around: Around) -> None:
    assert around.claims(UPNP_LIAR) == {("software", "Linux UPnP/1.0 Liar/1")}
    assert around.claims(LIAR) == set()
    assert around.costs[UPNP_LIAR] == around.costs[LIAR] == around.costs[CAMERA] == 0
    said = "\n".join(around.told)
    assert f"LOCATION points elsewhere: {UPNP_LIAR} says http://{OUTSIDE}/description.xml; not fetched" in said
    assert f"XAddrs point elsewhere: {CAMERA} says http://{OUTSIDE}/onvif/device_service; not fetched" in said
    assert f"{LIAR} announces services of other addresses here (Stolen at {AVAHI})" in said


def test_what_was_sent_is_told(around: Around) -> None:
    told = {line.partition(" (")[0]: line for line in around.told if line.startswith("asked all on")}
    assert "eth0), 18 packets: mdns: 3 sent (" in told[f"asked all on {NETWORK}"]
    assert "eth0), 12 packets: mdns: 3 sent (" in told[f"asked all on {NETWORK6}"]
    assert "bacnet: 3 sent (23 bytes), 5 answers of 2" in told[f"asked all on {NETWORK}"]


def test_a_flood_hides_nobody_and_costs_little(flooded: Around) -> None:
    for address in (AVAHI, six(AVAHI)):
        said = flooded.claims(address)
        assert {("service", kind) for kind in SERVICES} <= said
        assert {("firmware", "2026.6.1"), ("model", "Acme L5"), ("hostname", "hall")} <= said
    assert not [f for f in flooded.found if f.address.startswith("192.0.2.")]
    assert flooded.grown < 50 * 1024
    assert "in the name of addresses out of scope dropped" in "".join(flooded.told)
