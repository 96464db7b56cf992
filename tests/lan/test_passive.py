"""Passive listening, against real clients and daemons: who speaks is heard, named, and nothing is sent to hear them."""

import os
import selectors
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from iotscan.wire import yeelight
from tests.lan.around import Around
from tests.lan.conftest import give_up
from tests.lan.network import NETWORK, Lan, Machine, why_not
from tests.lan.speakers import avahi
from tests.lan.test_around import SERVICES
from tests.wire.broadcasts import COIOT, MNDP, SSDP_NOTIFY, TUYA, YEELIGHT

pytestmark = [pytest.mark.lan, pytest.mark.slow]

TOOLS = {"avahi-daemon": "avahi-daemon", "busybox": "busybox-static", "dnsmasq": "dnsmasq-base", "lldpd": "lldpd"}
NETWORK6 = "fd77::/64"
SCANNER, SERVER, CLIENT, AVAHI, SWITCH, SLEEPER, SWITCH_CDP = (f"10.77.0.{n}" for n in (2, 1, 100, 11, 12, 13, 14))
PLUG, LAMP, SHELLY, ROUTER, UPNP, LIAR, MANY, TWICE, LATE = (
    f"10.77.0.{n}" for n in (20, 21, 22, 23, 24, 30, 40, 60, 16)
)
COUNT = """
table inet watch {
    counter out { }
    chain sent {
        type filter hook output priority 0
        icmpv6 type { nd-router-solicit, nd-neighbor-solicit, nd-neighbor-advert, mld2-listener-report } accept
        counter name out
    }
}
table arp watch {
    counter out { }
    chain sent {
        type filter hook output priority 0
        counter name out
    }
}
"""
"""All that a machine sends, but for what its kernel sends for an IPv6 address that it has."""
DNSMASQ = [
    *("dnsmasq", "--keep-in-foreground", "--port=0", "--conf-file=/dev/null", "--user=root", "--interface=eth0"),
    *("--dhcp-range=10.77.0.100,10.77.0.100,1h", "--dhcp-range=fd77::,ra-only", "--enable-ra"),
    *("--dhcp-broadcast", "--leasefile-ro", "--pid-file="),
]
LEASE = "#!/bin/sh\n[ $1 = bound ] && ip address add $ip/24 dev eth0 && busybox arping -c 1 -U -I eth0 $ip\nexit 0\n"
FLOODED = "10.77.0.110"
"""The first of the addresses of a flood."""


def mac(address: str) -> str:
    return f"00:40:8c:00:09:{int(address.rpartition('.')[2]):02x}"


class Listener:
    """``hearing.py`` in the scanner's place."""

    def __init__(self, scanner: Machine, how: str, *words: str) -> None:
        script = str(Path(__file__).with_name("hearing.py"))
        command = ["env", f"PYTHONPATH={Path(__file__).parents[2]}", sys.executable, script, how, "0", "eth0", *words]
        self._process = subprocess.Popen(
            scanner.inside(*command, own_files=False), stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        self._said = b""
        self.wait_for("listening")

    def wait_for(self, *wanted: str, seconds: float = 20.0) -> None:
        """Return once all of this was said."""
        assert self._process.stdout is not None
        until = time.monotonic() + seconds
        with selectors.DefaultSelector() as ready:
            ready.register(self._process.stdout, selectors.EVENT_READ)
            while missing := [word for word in wanted if word not in self._said.decode()]:
                assert time.monotonic() < until, f"not heard: {missing}; heard: {self._said.decode()}"
                if ready.select(0.1):
                    said = os.read(self._process.stdout.fileno(), 65536)
                    assert said, f"ended early: {self._said.decode()}"
                    self._said += said

    def end(self) -> Around:
        """What was found and told."""
        out, _ = self._process.communicate(timeout=30)
        return msgspec.json.decode((self._said + out).rpartition(b"\n")[2], type=Around)


def start(machine: Machine, *words: str) -> None:
    machine.start(sys.executable, str(Path(__file__).with_name("talkers.py")), *words)


@pytest.fixture(scope="module")
def lan(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lan]:
    if reason := why_not(TOOLS):
        give_up(reason, is_required=os.environ.get("IOTSCAN_REQUIRE_LAN") == "1")
    with Lan(tmp_path_factory.mktemp("passive")) as made:
        yield made


@pytest.fixture(scope="module")
def scanner(lan: Lan) -> Machine:
    machine = join(lan, "scanner", SCANNER)
    machine.run("ip", "address", "add", "fd77::2/64", "dev", "eth0", "nodad", check=True)
    return machine


def join(lan: Lan, name: str, address: str, *, with_address: bool = True) -> Machine:
    return lan.join(name, *([address] if with_address else []), mac=mac(address))


@pytest.fixture(scope="module")
def heard(lan: Lan, scanner: Machine) -> tuple[Around, int]:
    """What is heard of all of them, from before they come up; how many packets the scanner sent meanwhile."""
    scanner.nft(COUNT)
    machines = {
        a: join(lan, f"m{a.rpartition('.')[2]}", a)
        for a in (SERVER, AVAHI, SWITCH, SWITCH_CDP, PLUG, LAMP, SHELLY, ROUTER, UPNP)
    }
    mute = {a: join(lan, f"m{a.rpartition('.')[2]}", a, with_address=False) for a in (CLIENT, SLEEPER, LIAR, TWICE)}
    machines[SERVER].run("ip", "address", "add", "fd77::1/64", "dev", "eth0", "nodad", check=True)
    listener = Listener(scanner, "raw", NETWORK, SCANNER, NETWORK6, "fd77::2")
    machines[SERVER].start(*DNSMASQ)
    avahi("hall", SERVICES)(machines[AVAHI], lan.folder / "avahi")
    start_switch(machines[SWITCH], SWITCH)
    start_switch(machines[SWITCH_CDP], SWITCH_CDP, "-cc")
    start(mute[SLEEPER], "arp", mac(SLEEPER), SLEEPER)
    start(mute[LIAR], "arp-for", mac(LIAR), mac(PLUG), PLUG)
    start(mute[LIAR], "arp-many", mac(LIAR), MANY, "10")
    start(mute[TWICE], "arp", mac(TWICE), TWICE)
    start(mute[LIAR], "arp", "00:40:8c:00:0a:01", TWICE)
    for address, (port, payload, group) in SPEAKS.items():
        start(machines[address], "udp", str(port), payload.hex(), group)
    start_client(mute[CLIENT], lan.folder)
    listener.wait_for(*(f"\n{address} passive" for address in (SERVER, CLIENT, AVAHI, SWITCH, SLEEPER, TWICE, *SPEAKS)))
    listener.wait_for(f"\n{AVAHI} passive service", f"\n{SWITCH} passive", f"\n{SWITCH_CDP} passive")
    listener.wait_for("description", "role")
    around = listener.end()
    return around, scanner_sent(scanner)


SPEAKS = {
    PLUG: (6667, TUYA, "255.255.255.255"),
    LAMP: (yeelight.PORT, YEELIGHT, yeelight.GROUP),
    SHELLY: (5683, COIOT, "224.0.1.187"),
    ROUTER: (5678, MNDP, "255.255.255.255"),
    UPNP: (1900, SSDP_NOTIFY, "239.255.255.250"),
}


def start_switch(machine: Machine, address: str, *words: str) -> None:
    # Its client, which reads the settings, is not root.
    machine.run("tee", "/run/lldpd.conf", given="configure lldp tx-interval 1\n", own_files=True, check=True)
    machine.run("mkdir", "-p", "/run/lldpd", own_files=True, check=True)
    said = ("-m", address, "-S", "Acme Switch 8P 2.1", "-P", "SW8")
    machine.start("lldpd", "-d", *words, "-O", "/run/lldpd.conf", "-I", "eth0", *said)


def start_client(machine: Machine, folder: Path) -> None:
    script = folder / "lease.sh"
    script.write_text(LEASE)
    script.chmod(0o755)
    words = [
        "busybox",
        "udhcpc",
        "-f",
        "-i",
        "eth0",
        "-s",
        str(script),
        "-x",
        "hostname:boiler-7",
        "-V",
        "udhcp 1.36.1",
    ]
    machine.start(*words)


def scanner_sent(scanner: Machine) -> int:
    said = scanner.run("nft", "list", "counters", check=True).stdout
    return sum(int(piece.split()[0]) for piece in said.split("packets ")[1:])


@pytest.fixture(scope="module")
def unprivileged(heard: tuple[Around, int], scanner: Machine) -> tuple[Around, int]:
    """What ordinary sockets hear of the same devices, and what the scanner sent."""
    listener = Listener(scanner, "plain", NETWORK, SCANNER, NETWORK6, "fd77::2")
    listener.wait_for(*(f"\n{address} passive" for address in SPEAKS))
    return listener.end(), scanner_sent(scanner)


@pytest.fixture(scope="module")
def flooded(unprivileged: tuple[Around, int], lan: Lan, scanner: Machine) -> Around:
    """What is heard while somebody speaks for everybody, as fast as he can; one who answered before speaks late."""
    start(join(lan, "flooder", "10.77.0.31", with_address=False), "arp-storm", FLOODED, "100")
    listener = Listener(scanner, "raw", NETWORK, SCANNER)
    listener.wait_for(f"\n{SLEEPER} passive", *(f"\n{address} passive" for address in (PLUG, LAMP, ROUTER)))
    start(join(lan, "late", LATE), "udp", "1900", SSDP_NOTIFY.hex(), "239.255.255.250")
    listener.wait_for(f"\n{LATE} passive software")
    return listener.end()


def test_a_dhcp_client_says_who_it_is(heard: tuple[Around, int]) -> None:
    around, _ = heard
    said = dict(around.claims(CLIENT))
    assert (said["hostname"], said["vendor-class"]) == ("boiler-7", "udhcp 1.36.1")
    # What busybox asks for: mask, router, names (RFC 2132).
    assert {"1", "3", "6", "12", "15"} <= set(said["dhcp-fingerprint"].split(","))
    assert around.claims(SERVER) >= {("role", "DHCP server"), ("role", "IPv6 router")}


def test_daemons_announce_themselves(heard: tuple[Around, int]) -> None:
    around, _ = heard
    assert {("service", "_acme-own._tcp"), ("name", "boiler"), ("firmware", "2026.6.1")} <= around.claims(AVAHI)
    assert around.claims(SWITCH) >= {("description", "Acme Switch 8P 2.1"), ("hostname", "m12")}
    assert around.claims(SWITCH_CDP) >= {("firmware", "Acme Switch 8P 2.1"), ("model", "SW8"), ("hostname", "m14")}


def test_broadcasts_of_devices_name_them(heard: tuple[Around, int], unprivileged: tuple[Around, int]) -> None:
    for around, _ in (heard, unprivileged):
        assert around.claims(PLUG) >= {("serial", "eb0123456789abcdefghij"), ("software", "Tuya 3.3")}
        assert around.claims(LAMP) >= {("manufacturer", "Yeelight"), ("model", "color"), ("firmware", "18")}
        assert around.claims(SHELLY) >= {("model", "SHPLG-S"), ("serial", "AABBCC112233")}
        assert around.claims(ROUTER) >= {("hostname", "core-router"), ("model", "RB4011iGS+")}
        assert ("software", "Linux/5.10 UPnP/1.1 AcmeTV/3") in around.claims(UPNP)


def test_who_speaks_for_itself_is_there_and_who_speaks_for_others_is_not(heard: tuple[Around, int]) -> None:
    around, _ = heard
    assert around.how(SLEEPER) == {"passive", "heard ARP"}
    assert {f.mac for f in around.found if f.address == PLUG} == {mac(PLUG)}
    many = [f for f in around.found if f.mac == mac(LIAR) and f.how != "passive"]
    assert not many
    assert around.how(TWICE) == {"passive"}
    said = "\n".join(around.told)
    assert f"both speak as {TWICE}: used twice, or forged" in said
    assert "in the name of another MAC dropped" in said


def test_the_run_says_what_was_heard_and_who_leads_out(heard: tuple[Around, int]) -> None:
    around, _ = heard
    assert around.told[0].startswith("passive listening on eth0 for ")
    assert "(raw frames, nothing sent)" in around.told[0]
    for kind in ("ARP", "NDP", "DHCP", "mDNS", "LLDP", "CDP", "SSDP", "Tuya", "Yeelight", "CoAP", "MNDP"):
        assert f"{kind} " in around.told[0], kind
    said = "\n".join(around.told)
    assert f"DHCP server: {SERVER} ({mac(SERVER)})" in said
    assert f"%eth0 ({mac(SERVER)}) for fd77::/64" in said
    assert f"neighbour by LLDP: Acme Switch 8P 2.1 at {SWITCH} ({mac(SWITCH)})" in said


def test_nothing_is_sent(heard: tuple[Around, int], unprivileged: tuple[Around, int]) -> None:
    assert heard[1] == 0
    # The kernel tells the link of the groups that were joined: the counter counts.
    assert unprivileged[1] > 0
    assert "groups of mDNS, SSDP, WS-Discovery, CoAP and Yeelight joined" in unprivileged[0].told[0]
    assert "ARP, neighbour discovery, DHCP, NetBIOS, LLDP and CDP not heard" in unprivileged[0].told[0]


def test_a_flood_hides_nobody_and_costs_little(flooded: Around) -> None:
    assert flooded.how(SLEEPER) >= {"passive"}
    assert not [
        f for f in flooded.found if f.how != "passive" and f.address.startswith("10.77.0.1") and f.address != SLEEPER
    ]
    assert "beyond the share of their senders were not read" in flooded.told[0]
    assert flooded.grown < 50 * 1024


def test_a_link_that_goes_down_meanwhile_is_told(flooded: Around, scanner: Machine) -> None:
    listener = Listener(scanner, "raw", NETWORK, SCANNER)
    scanner.run("ip", "link", "set", "eth0", "down", check=True)
    assert "eth0 went down meanwhile" in listener.end().told[0]
