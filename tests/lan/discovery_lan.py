"""The LAN on which discovery is held to the truth: every way a device can be there, and be hard to find."""

import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Final

import msgspec

from iotscan.wire import core_links, knx, mdns, ssdp, ws_discovery
from tests.lan import speakers
from tests.lan.network import Lan, Machine, poll
from tests.lan.speakers import Starts, avahi, coap_node, computer, hears, responder

TOOLS = {
    **speakers.TOOLS,
    "minidlnad": "minidlna",
    "snmpd": "snmpd",
    "busybox": "busybox-static",
    "setpriv": "util-linux",
}
INSIDE, ROUTER = "192.168.50.2", "10.77.0.12"
"""A web server behind the router, which passes a port on to it, and knows its MAC address."""
COMMUNITY = "s3cret-lan-12"
SNMPD = """
agentaddress udp:{router}:161
view met included .1.3.6.1.2.1.4.22.1.2.{index}
rocommunity {community} default -V met
[snmp] persistentDir {folder}
"""
"""Tells whom the router has met on the wire behind it, and of nobody else."""

MINIDLNA = """
port=8200
network_interface=eth0
friendly_name=Attic Media
media_dir={folder}/media
db_dir={folder}/db
log_dir={folder}
inotify=no
serial=AT-20261126
uuid=4d696e69-444c-164e-9d41-00408c000713
"""
EVERYTHING = """
table ip every {
  chain in { type nat hook prerouting priority -100; tcp dport 1-65535 redirect to :80; }
}
"""
SLEEPY = """
table netdev sleepy {
  chain in {
    type filter hook ingress device eth0 priority 0;
    arp operation request arp daddr ip 10.77.0.24 arp saddr ip 10.77.0.2 numgen inc mod 3 < 2 drop
    arp operation request arp daddr ip 10.77.0.24 arp saddr ip 10.77.0.3 numgen inc mod 3 < 2 drop
    ip saddr 10.77.0.2 udp dport 5353 numgen inc mod 3 < 2 drop
    ip saddr 10.77.0.3 udp dport 5353 numgen inc mod 3 < 2 drop
    ip6 saddr fd77::2 udp dport 5353 numgen inc mod 3 < 2 drop
    ip6 saddr fd77::3 udp dport 5353 numgen inc mod 3 < 2 drop
    ip6 saddr fd77::2 icmpv6 type echo-request numgen inc mod 3 < 2 drop
    ip6 saddr fd77::3 icmpv6 type echo-request numgen inc mod 3 < 2 drop
  }
}
"""
"""Who sleeps hears but every third question of each asker; a conversation that was begun wakes it."""
PING_ONLY = """
table inet quiet {
  chain in { type filter hook input priority 0; policy drop;
    icmp type echo-request accept
    icmpv6 type { echo-request, nd-neighbor-solicit, nd-neighbor-advert } accept
  }
}
"""
MUTE = """
table inet quiet {
  chain in { type filter hook input priority 0; policy drop; }
  chain out { type filter hook output priority 0; policy drop; }
}
"""
FORWARD = f"""
table ip behind {{
  chain in {{ type nat hook prerouting priority -100;
    iifname eth0 ip daddr {ROUTER} tcp dport 8080 dnat to {INSIDE}:80
  }}
  chain out {{ type nat hook postrouting priority 100; masquerade; }}
}}
"""


class Place(msgspec.Struct, frozen=True, kw_only=True):
    """One machine: the last byte of its addresses and MAC, how many it has, what it runs and when it is ready."""

    last: int
    starts: Starts | None = None
    group: tuple[int, str] | None = None
    four: tuple[int, ...] | None = None
    """The last bytes of its IPv4 addresses, where they are not ``last`` alone."""
    six: tuple[int, ...] | None = None
    """Likewise of its unique local ones."""
    has_six: bool = True
    """Whether it speaks IPv6 at all."""
    rules: str = ""
    mac: str = ""
    """Where it is not that of its last byte."""


MDNS, MDNS6 = (mdns.PORT, mdns.GROUP), (mdns.PORT, mdns.GROUP6)


def web(title: str) -> Starts:
    """busybox httpd with a page of a title."""

    def start(machine: Machine, folder: Path) -> None:
        folder.mkdir(exist_ok=True)
        (folder / "index.html").write_text(f"<html><head><title>{title}</title></head><body>It is.</body></html>")
        machine.start("busybox", "httpd", "-f", "-p", "80", "-h", str(folder))

    return start


def media(machine: Machine, folder: Path) -> None:
    """minidlna, with nothing to show."""
    for each in ("media", "db"):
        (folder / each).mkdir(parents=True)
    (folder / "minidlna.conf").write_text(MINIDLNA.format(folder=folder))
    machine.start("minidlnad", "-S", "-R", "-f", f"{folder}/minidlna.conf", "-P", f"{folder}/pid")


def everything(machine: Machine, folder: Path) -> None:
    """One server on all ports."""
    responder("accept-all", "10.77.0.25")(machine, folder)
    machine.nft(EVERYTHING)


def ignoring(level: int, further: str = "") -> Starts:
    """Ignores ARP as arp_ignore of ip-sysctl says; ``further`` is an address that it has elsewhere."""

    def start(machine: Machine, folder: Path) -> None:
        machine.run("sysctl", "-qw", f"net.ipv4.conf.all.arp_ignore={level}", check=True)
        if further:
            machine.run("ip", "address", "add", f"{further}/32", "dev", "lo", check=True)

    return start


def with_address(six: str) -> Starts:
    """Has one more address, like a temporary one (RFC 8981)."""

    def start(machine: Machine, folder: Path) -> None:
        machine.run("ip", "-6", "address", "add", f"{six}/64", "dev", "eth0", "nodad", check=True)

    return start


def arp_alone(first: str, every: int) -> Starts:
    """Answers to ARP in the name of an address, each ``every``-th request."""
    words = ("live", first, "1", "1", str(every))
    script = str(Path(__file__).with_name("arp_responder.py"))
    return lambda machine, folder: machine.start(sys.executable, "-I", script, *words)


HUB = {"_hap._tcp": ("Acme Bridge 12AB", 51826, ["md=Bridge B2", "ci=2", "id=0E:0A:0B:0C:0D:0F"])}
NAMED = {"_http._tcp": ("Front door", 80, ["vendor=Acme", "model=D-1"])}
PRINTER = {"_ipp._tcp": ("Laser in the hall", 631, ["ty=Acme L5", "UUID=9f0f5d4e-6d1b-4a57-8f0c-1f2a3b4c5d6e"])}
SLEEPER = {"_http._tcp": ("Sleeper", 80, ["model=S-3"])}

PLACES: Final[dict[str, Place]] = {
    # These two have the name before the door asks for it.
    "namesake": Place(last=20, starts=responder("mdns-namesake", "10.77.0.20"), group=MDNS),
    "other-namesake": Place(last=34, starts=responder("mdns-namesake", "10.77.0.34"), group=MDNS),
    "hub": Place(last=10, starts=avahi("hub", HUB), group=MDNS6),
    "door": Place(last=11, starts=avahi("door", NAMED), group=MDNS6),
    "router": Place(last=12, starts=speakers.router, group=(ssdp.PORT, ssdp.GROUP)),
    "computer": Place(last=13, starts=computer, group=(ws_discovery.PORT, ws_discovery.GROUP6)),
    "node": Place(last=14, starts=coap_node(core_links.GROUP), group=(core_links.PORT, core_links.GROUP)),
    "node6": Place(last=15, starts=coap_node(core_links.GROUP6), group=(core_links.PORT, core_links.GROUP6), four=()),
    "knx": Place(last=17, starts=responder("knx", "10.77.0.17"), group=(knx.PORT, knx.GROUP)),
    "camera": Place(last=16, starts=responder("onvif", "10.77.0.16"), group=(ws_discovery.PORT, ws_discovery.GROUP)),
    "controller": Place(last=18, starts=responder("bacnet", "10.77.0.18"), group=(47808, "")),
    "media": Place(last=19, starts=media, group=(ssdp.PORT, ssdp.GROUP)),
    "many": Place(last=21, starts=web("Five addresses"), four=(21, 22, 23), six=(21,)),
    "sleeper": Place(last=24, starts=avahi("sleeper", SLEEPER), group=MDNS6, rules=SLEEPY),
    "everything": Place(last=25, starts=everything),
    "ping": Place(last=26, rules=PING_ONLY),
    "mute": Place(last=27, rules=MUTE),
    "link-local": Place(last=28, starts=web("Only here"), four=(), six=()),
    "ula": Place(last=29, starts=web("Only six"), four=()),
    "strict": Place(last=30, starts=ignoring(1, "10.77.0.31")),
    "hidden": Place(last=32, starts=ignoring(8)),
    "printer": Place(last=33, starts=avahi("printer", PRINTER), group=MDNS6),
    "phone": Place(last=35, mac="0a:40:8c:00:07:23", six=(), starts=with_address("fd77::9c5e:1d4:77aa:1035")),
    "arp-1": Place(last=0x40, starts=arp_alone("10.77.0.64", 1), four=(), has_six=False),
    "arp-3": Place(last=0x41, starts=arp_alone("10.77.0.65", 3), four=(), has_six=False),
}
ESTABLISHED: Final = ("hub", "door", "sleeper", "printer")
"""Those that run avahi."""


def mac_of(last: int) -> str:
    return f"00:40:8c:00:07:{last:02x}"


@contextmanager
def discovery_lan(folder: Path) -> Iterator[tuple[Machine, Machine]]:
    """The LAN with all on it, ready; gives the machines that scan: they are devices to each other."""
    with Lan(folder) as lan:
        scanners = _join(lan, "scanner", Place(last=2)), _join(lan, "other-scanner", Place(last=3))
        for scanner in scanners:
            # As systemd sets it: every user may send an ICMP echo.
            scanner.run("sysctl", "-qw", "net.ipv4.ping_group_range=0 2147483647", check=True)
        machines = {name: _join(lan, name, place) for name, place in PLACES.items()}
        _put_behind(lan, machines["router"])
        # One of those who scan knows the way to what is behind the router.
        scanners[0].run("ip", "route", "add", f"{INSIDE}/32", "via", ROUTER, check=True)
        for name, place in PLACES.items():
            if name == "door":
                _wait_for(machines, "namesake", "other-namesake")
            if place.starts is not None:
                place.starts(machines[name], folder / name)
            if place.rules:
                machines[name].nft(place.rules)
        _wait_for(machines, *PLACES)
        for name in ESTABLISHED:
            poll(f"{name} has its name", partial(_has_its_name, folder / f"{name}.log"))
        for machine in (*scanners, *machines.values()):
            poll("its addresses are its own", partial(_has_its_addresses, machine))
        yield scanners


def _wait_for(machines: Mapping[str, Machine], *names: str) -> None:
    for name in names:
        if (group := PLACES[name].group) is not None:
            poll(f"{name} listens", partial(hears, machines[name], *group))


def _has_its_name(log: Path) -> bool:
    """Whether avahi has asked whether others have its names, and settled on those that nobody has."""
    return "successfully established" in log.read_text("utf-8", "replace")


def _join(lan: Lan, name: str, place: Place) -> Machine:
    four = (place.last,) if place.four is None else place.four
    six = (place.last,) if place.six is None else place.six
    machine = lan.join(name, *(f"10.77.0.{n}" for n in four), mac=place.mac or mac_of(place.last))
    if not place.has_six:
        machine.run("sysctl", "-qw", "net.ipv6.conf.all.disable_ipv6=1", check=True)
        return machine
    for each in six:
        machine.run("ip", "-6", "address", "add", f"fd77::{each:x}/64", "dev", "eth0", "nodad", check=True)
    return machine


def _has_its_addresses(machine: Machine) -> bool:
    return "tentative" not in machine.run("ip", "-6", "address", "show", "dev", "eth0").stdout


def _put_behind(lan: Lan, router: Machine) -> None:
    """A web server in a network of its own behind the router, which masquerades for it and passes a port on."""
    inner = lan.cable(router, "in0", "inner", mac=mac_of(0x50))
    router.run("ip", "address", "add", f"{INSIDE.rpartition('.')[0]}.1/24", "dev", "in0", check=True)
    lines = f"address add {INSIDE}/24 dev eth0\nroute add default via 192.168.50.1\n"
    inner.run("ip", "-batch", "-", given=lines, check=True)
    router.run("sysctl", "-qw", "net.ipv4.ip_forward=1", check=True)
    router.nft(FORWARD)
    web("Greenhouse")(inner, lan.folder / "inner")
    router.run("ip", "neigh", "replace", INSIDE, "lladdr", mac_of(0x50), "dev", "in0", "nud", "permanent", check=True)
    index = router.run("ip", "-o", "link", "show", "in0", check=True).stdout.partition(":")[0]
    folder = lan.folder / "agent"
    folder.mkdir()
    conf = SNMPD.format(router=ROUTER, index=index, community=COMMUNITY, folder=folder)
    (folder / "snmpd.conf").write_text(conf)
    router.start("snmpd", "-f", "-Lo", "-C", "-c", f"{folder}/snmpd.conf", "-p", f"{folder}/pid")
    poll("the router's agent listens", partial(hears, router, 161, ""))
