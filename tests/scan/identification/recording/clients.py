"""DHCP clients: what they say of themselves in option 60 (RFC 2132 section 9.13)."""

import socket
import subprocess

from .stage import Tape, environment, program, upstream, workplace, written

_MAGIC = bytes.fromhex("63825363")
_VENDOR_CLASS = 60


def dhcp_clients() -> list[Tape]:
    subprocess.run(["ip", "link", "add", "wan0", "type", "veth", "peer", "name", "wan1"], check=False)
    for name in ("wan0", "wan1"):
        subprocess.run(["ip", "link", "set", name, "up"], check=False)
    with workplace() as folder:
        busybox, dhcpcd = (
            Tape("busybox-static", "udhcpc", upstream("busybox-static")),
            Tape("dhcpcd-base", "dhcpcd", ""),
        )
        dhcpcd.version = upstream("dhcpcd-base")
        client = [program("busybox"), "udhcpc", "-f", "-i", "wan0", "-n", "-t", "3", "-s", "/bin/true"]
        busybox.add("dhcp_vendor_class", _asked(client), "its defaults")
        busybox.add("dhcp_vendor_class", _asked([*client, "-V", "Acme thermostat"]), "-V")
        conf = written(folder, "dhcpcd.conf", "duid\noption routers\n")
        for how, options in (("its defaults", []), ("-i", ["-i", "Acme camera"])):
            command = [program("dhcpcd"), "-f", conf, "-B", "-4", "-d", *options, "wan0"]
            dhcpcd.add("dhcp_vendor_class", _asked(command), how)
    return [busybox, dhcpcd]


def _asked(command: list[str]) -> str:
    """The vendor class in the first DHCPDISCOVER that the client sends."""
    with socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(0x0800)) as wire:
        wire.bind(("wan1", 0))
        wire.settimeout(12)
        child = subprocess.Popen(command, env=environment(), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            while True:
                frame = wire.recv(2048)
                if _MAGIC in frame:
                    return _option(frame.partition(_MAGIC)[2], _VENDOR_CLASS)
        finally:
            child.kill()
            child.wait()


def _option(options: bytes, wanted: int) -> str:
    while options and options[0] != 255:
        if options[0] == 0:
            options = options[1:]
            continue
        length = options[1]
        if options[0] == wanted:
            return options[2 : 2 + length].decode("latin-1")
        options = options[2 + length :]
    return ""
