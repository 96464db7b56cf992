"""Daemons that answer a question to all on a link, started on a machine: avahi, miniupnpd, wsdd, libcoap, ours."""

import sys
from collections.abc import Callable, Mapping, Sequence
from ipaddress import ip_address
from pathlib import Path

from tests.lan.network import Machine

TOOLS = {
    "avahi-daemon": "avahi-daemon",
    "miniupnpd": "miniupnpd-nftables",
    "wsdd": "wsdd",
    "coap-server-openssl": "libcoap3-bin",
}
"""Commands -> Debian package."""
Starts = Callable[[Machine, Path], None]
"""Starts what a machine is; the folder is its own, and not made yet."""
Services = Mapping[str, tuple[str, int, Sequence[str]]]
"""DNS-SD type -> instance, port, TXT records."""

AVAHI_CONF = """
[server]
host-name={host}
use-ipv4=yes
use-ipv6=yes
enable-dbus=no
allow-interfaces=eth0
[publish]
publish-hinfo=no
publish-workstation={workstation}
"""
SERVICE = """<?xml version="1.0" standalone="no"?>
<!DOCTYPE service-group SYSTEM "avahi-service.dtd">
<service-group><name>{name}</name><service><type>{kind}</type><port>{port}</port>{texts}</service></service-group>
"""
WSD_UUID = "7f7a1c52-4f0e-4b0e-9a3e-0d2b3c4d5e6f"
UPNPD = """
listening_ip=eth0
port=5000
enable_upnp=yes
enable_natpmp=no
secure_mode=yes
notify_interval=3600
friendly_name=Acme Router R7
manufacturer_name=Acme
model_name=R7
model_number=7.1
serial=R7-20261126
uuid=67ce3d93-0d6b-4ec5-901e-4c8fc8dcb5ea
"""


def avahi(host: str, services: Services, *, workstation: bool = False) -> Starts:
    """avahi-daemon under a host name, with services."""

    def start(machine: Machine, folder: Path) -> None:
        records = folder / "services"
        records.mkdir(parents=True)
        for kind, (name, port, texts) in services.items():
            shown = "".join(f"<txt-record>{t}</txt-record>" for t in texts)
            (records / f"{kind}.service").write_text(SERVICE.format(name=name, kind=kind, port=port, texts=shown))
        conf = AVAHI_CONF.format(host=host, workstation="yes" if workstation else "no")
        (folder / "avahi.conf").write_text(conf)
        machine.run("mount", "--bind", str(records), "/etc/avahi/services", own_files=True, check=True)
        machine.start("avahi-daemon", "--no-drop-root", "--no-chroot", "--no-rlimits", "-f", f"{folder}/avahi.conf")

    return start


def router(machine: Machine, folder: Path) -> None:
    """miniupnpd, with a network behind it."""
    folder.mkdir()
    machine.run("ip", "link", "add", "ext0", "type", "bridge", check=True)
    machine.run("ip", "address", "add", "203.0.113.1/24", "dev", "ext0", check=True)
    machine.run("ip", "link", "set", "ext0", "up", check=True)
    (folder / "upnpd.conf").write_text(UPNPD)
    words = ("miniupnpd", "-d", "-f", f"{folder}/upnpd.conf", "-i", "ext0", "-a", "eth0", "-P", f"{folder}/pid")
    machine.start(*words)


def computer(machine: Machine, folder: Path) -> None:
    """wsdd, as Linux computers that Windows shall see."""
    machine.start("wsdd", "-i", "eth0", "-n", "office-pc", "-U", WSD_UUID)


def coap_node(group: str) -> Starts:
    """libcoap's server, a member of a group."""
    return lambda machine, folder: machine.start("coap-server-openssl", "-g", group, "-G", "eth0")


def responder(kind: str, address: str) -> Starts:
    """One of :mod:`tests.lan.responders`."""
    script = str(Path(__file__).with_name("responders.py"))
    return lambda machine, folder: machine.start(sys.executable, script, kind, address)


def hears(machine: Machine, port: int, group: str) -> bool:
    """Whether a machine listens to a port, and to a group unless that is empty."""
    assert not machine.complaint(), machine.complaint()
    said = machine.run("cat", *(f"/proc/net/{name}" for name in ("udp", "udp6", "igmp", "igmp6"))).stdout
    # proc(5): an IPv4 group stands there as the machine holds it, an IPv6 one as it is written, without colons.
    packed = ip_address(group).packed if group else b""
    joined = packed.hex() if len(packed) == 16 else packed[::-1].hex().upper()
    return f":{port:04X} " in said and joined in said
