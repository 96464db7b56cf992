"""Constrained nodes, agents, and small servers over UDP."""

import sys
from functools import partial
from pathlib import Path

from tests.lan.network import Machine
from tests.lan.speakers import Services, avahi
from tests.questions.host import Host, Place, accepts_its_ports

_FAKES = Path(__file__).parents[1] / "constrained_fakes.py"
PLUG: Services = {
    "_matterc._udp": ("A1B2C3D4E5F60718", 5540, ["CM=1", "D=840", "VP=65521+32769", "DN=Acme Plug"]),
}
BULB: Services = {"_hap._tcp": ("Acme Bulb 77", 51826, ["md=Bulb L1", "ci=5", "sf=1", "id=0E:0A:0B:0C:0D:10"])}
LOCK: Services = {
    "_matterc._udp": ("B1B2C3D4E5F60718", 5540, ["CM=0", "D=841", "DN=Acme Lock"]),
    "_hap._tcp": ("Acme Lock 12", 51826, ["md=Lock K1", "ci=6", "sf=0", "id=0E:0A:0B:0C:0D:11"]),
}


def bound(machine: Machine, *ports: int) -> bool:
    """Whether all these UDP ports are held."""
    held = machine.run("ss", "-luHn").stdout
    return all(f":{port} " in held for port in ports)


def is_bound(place: Place) -> bool:
    """Whether all that its truth lists, and its TCP ports, are there."""
    return bound(place.machine, *_udp(place)) and accepts_its_ports(place)


def _udp(place: Place) -> list[int]:
    return [int(name[4:]) for name in place.true.services if name.startswith("udp/")]


def node(place: Place) -> None:
    """libcoap's example server, which shows everything to anybody."""
    place.machine.start("coap-server-openssl", "-A", place.address, "-v", "3")


def directory(place: Place) -> None:
    """libcoap's resource directory."""
    place.machine.start("coap-rd-openssl", "-A", place.address, "-v", "3")


def fake(place: Place, *, kind: str) -> None:
    """One of :mod:`tests.questions.constrained_fakes`."""
    place.machine.start(sys.executable, "-I", str(_FAKES), kind, place.address)


def agent_of_version_3(place: Place) -> None:
    """snmpd with a user who has to encrypt, and no community."""
    lines = ("agentaddress udp:161", "createUser monitor SHA twelve-letters AES twelve-letters", "rouser monitor priv")
    (place.folder / "snmpd.conf").write_text("\n".join((*lines, f"[snmp] persistentDir {place.folder}", "")))
    place.machine.start("snmpd", "-f", "-Lo", "-C", "-c", f"{place.folder}/snmpd.conf", "-p", f"{place.folder}/pid")


def loader(place: Place) -> None:
    """tftpd that was left on from production."""
    (place.folder / "files").mkdir()
    (place.folder / "files" / "firmware.bin").write_bytes(b"firmware")
    place.machine.start("in.tftpd", "-L", "--user", "root", "-a", f"{place.address}:69", "-s", f"{place.folder}/files")


def time_and_names(place: Place) -> None:
    """chrony and dnsmasq, as on any home router."""
    lines = ("cmdport 0", "local stratum 9", "allow all", f"pidfile {place.folder}/chrony.pid")
    (place.folder / "chrony.conf").write_text("\n".join((*lines, "")))
    place.machine.start("chronyd", "-d", "-x", "-u", "root", "-U", "-f", f"{place.folder}/chrony.conf")
    options = ("--conf-file=/dev/null", "--no-resolv", "--no-hosts", "--user=root", f"--pid-file={place.folder}/pid")
    place.machine.start("dnsmasq", "--keep-in-foreground", *options)


def announcer(place: Place, *, host: str, services: Services) -> None:
    """avahi alone."""
    avahi(host, services)(place.machine, place.folder / "avahi")


def hears_mdns(place: Place) -> bool:
    """Whether it listens to what is asked of all."""
    return bound(place.machine, 5353)


def loads(place: Place) -> bool:
    """Whether its loader listens."""
    return bound(place.machine, 69)


_COAP = {"coap-server-openssl": "libcoap3-bin", "coap-rd-openssl": "libcoap3-bin"}
_AVAHI = {"avahi-daemon": "avahi-daemon"}
MACHINES = (
    Host(name="coap-open", start=node, is_ready=is_bound, tools=_COAP),
    Host(name="coap-directory", start=directory, is_ready=is_bound, tools=_COAP),
    Host(name="coap-oscore", start=partial(fake, kind="oscore"), is_ready=is_bound),
    Host(name="lwm2m-server", start=partial(fake, kind="lwm2m"), is_ready=is_bound),
    Host(name="agent-v3", start=agent_of_version_3, is_ready=is_bound, tools={"snmpd": "snmpd"}),
    Host(name="agent-any", start=partial(fake, kind="any-community"), is_ready=is_bound),
    Host(name="loader", start=loader, is_ready=loads, tools={"in.tftpd": "tftpd-hpa"}),
    Host(
        name="time-and-names",
        start=time_and_names,
        is_ready=is_bound,
        tools={"chronyd": "chrony", "dnsmasq": "dnsmasq-base"},
    ),
    Host(name="plug", start=partial(announcer, host="acme-plug", services=PLUG), is_ready=hears_mdns, tools=_AVAHI),
    Host(name="bulb", start=partial(announcer, host="acme-bulb", services=BULB), is_ready=hears_mdns, tools=_AVAHI),
    Host(name="lock", start=partial(announcer, host="acme-lock", services=LOCK), is_ready=hears_mdns, tools=_AVAHI),
    Host(name="esphome", start=partial(fake, kind="esphome")),
    Host(name="esphome-noise", start=partial(fake, kind="esphome-noise")),
)
