"""SNMP, SSDP, MQTT and mDNS: what announces itself, and agents that are asked."""

import re
import socket
import subprocess
import time

from .stage import HOST, Tape, daemon, hear, page, program, upstream, workplace, written

SYSTEM_LINES = {
    "sysDescr as Net-SNMP makes it": "",
    "sysDescr of its owner": "sysdescr Acme Thermostat\n",
    "sysDescr of its owner, two words": "sysdescr Boiler room\n",
    "sysObjectID of nobody": "sysobjectid 1.3.6.1.4.1.99999.1\n",
}


def snmpd() -> Tape:
    from iotscan.wire import snmp

    tape = Tape("snmpd", "Net-SNMP", upstream("snmpd"))
    with workplace() as folder:
        for number, (how, lines) in enumerate(SYSTEM_LINES.items()):
            port = 4000 + number
            text = f"{lines}rocommunity public\nagentaddress udp:127.0.0.1:{port}\n"
            command = [
                program("snmpd"),
                "-f",
                "-C",
                "-c",
                written(folder, f"{number}.conf", text),
                "-I",
                "-smux",
                "-Lf",
                "/dev/null",
            ]
            with daemon(command, port, udp=True), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as peer:
                peer.settimeout(3)
                peer.sendto(snmp.get_request("public", 7), (HOST, port))
                answer = snmp.read_response(peer.recv(65536))
                assert answer is not None
                tape.add("snmp.sys_description", (answer.value or b"").decode(), how)
                done = subprocess.run(
                    ["snmpget", "-v2c", "-c", "public", "-On", "-Oqv", f"{HOST}:{port}", "1.3.6.1.2.1.1.2.0"],
                    capture_output=True, text=True, check=False,
                )  # fmt: skip
                tape.add("snmp.sys_object_id", done.stdout.strip().lstrip("."), how)
    return tape


def mosquitto() -> Tape:
    tape = Tape("mosquitto", "Mosquitto", upstream("mosquitto"))
    with workplace() as folder:
        text = "listener 4010 127.0.0.1\nallow_anonymous true\nsys_interval 1\n"
        with daemon([program("mosquitto"), "-c", written(folder, "m.conf", text)], 4010):
            done = subprocess.run(
                ["mosquitto_sub", "-p", "4010", "-t", "$SYS/broker/version", "-C", "1", "-W", "5"],
                capture_output=True, text=True, check=False,
            )  # fmt: skip
            tape.add("mqtt.version", done.stdout, "$SYS/broker/version")
    return tape


def minidlna() -> Tape:
    tape = Tape("minidlna", "MiniDLNA", upstream("minidlna"))
    with workplace() as folder:
        for number, name in enumerate(
            ("", "friendly_name=Living room\n", "model_name=Acme Player\n", "model_number=7\nserial=1\n")
        ):
            port = 4020 + number
            (folder / str(number)).mkdir()
            text = (
                f"{name}port={port}\nnetwork_interface=lo\nmedia_dir={folder}\ndb_dir={folder}/{number}\nlog_dir={folder}\n"
                f"minissdpdsocket={folder}/none\nnotify_interval=2\n"
            )
            with daemon(
                [
                    program("minidlnad"),
                    "-d",
                    "-f",
                    written(folder, f"{number}.conf", text),
                    "-P",
                    f"{folder}/pid{number}",
                ],
                port,
            ):
                how = name.strip().replace("\n", ", ") or "its defaults"
                page(tape, port, how, "/rootDesc.xml")
                page(tape, port, f"{how}, status page", "/")
                head = hear(port, f"GET /rootDesc.xml HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n\r\n".encode()).decode(
                    "latin-1"
                )
                server = re.search(r"(?i)^server: *(.*)\r$", head, re.MULTILINE)
                if server:
                    tape.add("ssdp.server", server[1], f"{how}; its SSDP says the same")
                maker = re.search(r"<manufacturer>(.*?)</manufacturer>", head)
                model = re.search(r"<modelName>(.*?)</modelName>", head)
                if maker and model:
                    tape.add("stated.model", f"{maker[1]} | {model[1]}", how)
                kind = re.search(r"<deviceType>(.*?)</deviceType>", head)
                if kind:
                    tape.add("device.type", kind[1], how, "media")
    return tape


def miniupnpd() -> Tape:
    """Needs a network namespace in which it may change nftables."""
    tape = Tape("miniupnpd", "MiniUPnPd", upstream("miniupnpd"))
    subprocess.run(["ip", "link", "add", "wan0", "type", "veth", "peer", "name", "wan1"], check=False)
    subprocess.run(["ip", "addr", "add", "198.51.100.2/24", "dev", "wan0"], check=False)
    for name in ("wan0", "wan1"):
        subprocess.run(["ip", "link", "set", name, "up"], check=False)
    with workplace() as folder:
        for number, lines in enumerate(("", "friendly_name=Attic\nmodel_name=X1\nmanufacturer_name=Acme\n")):
            port = 4030 + number
            text = (
                f"{lines}ext_ifname=wan0\next_ip=9.9.9.9\nlistening_ip=lo\nhttp_port={port}\nenable_natpmp=no\nenable_upnp=yes\n"
                "uuid=00000000-1111-2222-3333-444444444444\nsystem_uptime=yes\n"
            )
            command = [
                program("miniupnpd"),
                "-d",
                "-f",
                written(folder, f"{number}.conf", text),
                "-P",
                f"{folder}/pid{number}",
            ]
            with daemon(command, port):
                how = lines.strip().replace("\n", ", ") or "its defaults"
                page(tape, port, how, "/rootDesc.xml")
                page(tape, port, f"{how}, not found", "/")
                body = hear(port, b"GET /rootDesc.xml HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n").decode(
                    "latin-1"
                )
                server = re.search(r"(?i)^server: *(.*)\r$", body, re.MULTILINE)
                if server:
                    tape.add("ssdp.server", server[1], f"{how}; its SSDP says the same")
                kind = re.search(r"<deviceType>(.*?)</deviceType>", body)
                if kind:
                    tape.add("device.type", kind[1], how, "gateway")
    return tape


TYPES = {
    "_ipp._tcp": "printer",
    "_ipps._tcp": "printer",
    "_printer._tcp": "printer",
    "_pdl-datastream._tcp": "printer",
    "_uscan._tcp": "printer",
    "_googlecast._tcp": "media",
    "_raop._tcp": "media",
    "_airplay._tcp": "media",
    "_spotify-connect._tcp": "media",
    "_axis-video._tcp": "camera",
    "_home-assistant._tcp": "hub",
    "_hue._tcp": "hub",
    "_meshcop._udp": "hub",
    "_adisk._tcp": "nas",
    "_http._tcp": "",
    "_ssh._tcp": "",
    "_workstation._tcp": "",
    "_mqtt._tcp": "",
    "_device-info._tcp": "",
    "_smb._tcp": "",
    "_hap._tcp": "",
    "_matter._tcp": "",
}


def avahi() -> Tape:
    """What avahi says of services that somebody publishes: the type, which is all that these rules read."""
    tape = Tape("avahi-daemon", "", upstream("avahi-daemon"))
    from zeroconf import ServiceBrowser, Zeroconf

    class Heard:
        def __init__(self) -> None:
            self.types: set[str] = set()

        def add_service(self, _: object, kind: str, __: str) -> None:
            self.types.add(kind.removesuffix(".local."))

        update_service = remove_service = add_service

    with workplace() as folder:
        services = "".join(f"<service><type>{t}</type><port>{9000 + n}</port></service>" for n, t in enumerate(TYPES))
        written(folder, "etc/all.service", f"<service-group><name>box</name>{services}</service-group>")
        text = "[server]\nuse-ipv6=no\nallow-interfaces=lo,wan0\nenable-dbus=no\n[publish]\npublish-workstation=no\n"
        # In a mount namespace of our own: nobody else sees these services.
        subprocess.run(["mount", "--bind", str(folder / "etc"), "/etc/avahi/services"], check=True)
        try:
            conf = written(folder, "a.conf", text)
            with daemon(
                [program("avahi-daemon"), "-f", conf, "--no-drop-root", "--no-rlimits", "--no-chroot"], 0, udp=True
            ):
                heard, browser = Heard(), Zeroconf(interfaces=["198.51.100.2"])
                ServiceBrowser(browser, [f"{t}.local." for t in TYPES], heard)  # type: ignore[arg-type]
                time.sleep(6)
                browser.close()
        finally:
            subprocess.run(["umount", "/etc/avahi/services"], check=True)
    for kind, device in TYPES.items():
        if kind in heard.types:
            tape.add("mdns.service", kind, "published by a file of avahi.service(5)", device)
    return tape
