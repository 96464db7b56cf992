"""Devices that no package of Debian holds, small but to the letter: ``responders.py KIND ADDRESS``, until killed.

``knx`` is a KNX IP router, ``onvif`` a camera, ``bacnet-router`` a router to two networks; ``bacnet`` is bacpypes3.
``mdns-liar`` announces another's host as its own, ``loop`` answers mDNS by names that point at themselves.
"""

import asyncio
import re
import socket
import struct
import sys
import time

OUTSIDE = "10.77.1.9"
GHOST = "10.77.0.99"
"""Nobody's address."""
ONVIF = """<?xml version="1.0"?><s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope"
 xmlns:a="http://schemas.xmlsoap.org/ws/2004/08/addressing"
 xmlns:d="http://schemas.xmlsoap.org/ws/2005/04/discovery" xmlns:dn="http://www.onvif.org/ver10/network/wsdl">
<s:Header><a:MessageID>urn:uuid:0</a:MessageID><a:RelatesTo>{relates}</a:RelatesTo>
<a:Action>http://schemas.xmlsoap.org/ws/2005/04/discovery/ProbeMatches</a:Action></s:Header>
<s:Body><d:ProbeMatches><d:ProbeMatch><a:EndpointReference><a:Address>urn:uuid:4d454930-0000-1000-8000-0012172a0b0c</a:Address>
</a:EndpointReference><d:Types>dn:NetworkVideoTransmitter</d:Types>
<d:Scopes>onvif://www.onvif.org/Profile/Streaming onvif://www.onvif.org/name/Gate%20Cam
 onvif://www.onvif.org/hardware/IPC-2000 onvif://www.onvif.org/location/yard</d:Scopes>
<d:XAddrs>http://{xaddr}/onvif/device_service</d:XAddrs><d:MetadataVersion>1</d:MetadataVersion>
</d:ProbeMatch></d:ProbeMatches></s:Body></s:Envelope>"""


def hear(group: str, port: int, address: str) -> socket.socket:
    """A socket that hears a group."""
    heard = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    heard.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    heard.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
    heard.bind(("", port))
    if group:
        heard.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, socket.inet_aton(address))
        heard.setsockopt(
            socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, socket.inet_aton(group) + socket.inet_aton(address)
        )
    return heard


def knx(address: str) -> None:
    own = hear("224.0.23.12", 3671, address)
    device = bytes([54, 1, 0x02, 0]) + struct.pack("!HH", 1 << 12 | 1 << 8, 0) + bytes.fromhex("00c501020304")
    device += socket.inet_aton("224.0.23.12") + bytes.fromhex("00408c000711") + b"KNX IP Router 752".ljust(30, b"\0")
    families = bytes([10, 2, 2, 1, 3, 1, 4, 1, 5, 1])
    endpoint = b"\x08\x01" + socket.inet_aton(address) + struct.pack("!H", 3671)
    body = endpoint + device + families
    answer = b"\x06\x10" + struct.pack("!HH", 0x0202, 6 + len(body)) + body
    while True:
        packet, _ = own.recvfrom(2048)
        if packet[:4] == b"\x06\x10\x02\x01":
            host, (port,) = socket.inet_ntoa(packet[8:12]), struct.unpack("!H", packet[12:14])
            own.sendto(answer, (host, port))


def onvif(address: str) -> None:
    """Answers only to a probe for cameras, as some do."""
    own = hear("239.255.255.250", 3702, address)
    while True:
        packet, source = own.recvfrom(8192)
        number = re.search(rb"MessageID>([^<]+)<", packet)
        if number and b"NetworkVideoTransmitter" in packet:
            own.sendto(ONVIF.format(relates=number[1].decode(), xaddr=OUTSIDE).encode(), source)


def bacnet_router(address: str) -> None:
    """Says to all which networks it leads to, and passes a device's I-Am on; hears only what is for all."""
    own = hear("", 47808, address)
    everybody = (address.rpartition(".")[0] + ".255", 47808)
    while True:
        packet, source = own.recvfrom(2048)
        if packet == bytes.fromhex("810b0007018000") and source[0] != address:
            own.sendto(bytes.fromhex("810b000b01800107d107d2"), everybody)
        elif packet == bytes.fromhex("810b000801001008") and source[0] != address:
            body = bytes.fromhex("010807d10105" + "1000c40200002a22040091032118")
            own.sendto(b"\x81\x0b" + struct.pack("!H", 4 + len(body)) + body, everybody)


def bacnet(address: str) -> None:
    """The real bacpypes3."""
    from bacpypes3.app import Application
    from bacpypes3.local.device import DeviceObject
    from bacpypes3.local.networkport import NetworkPortObject

    async def main() -> None:
        device = DeviceObject(
            objectIdentifier=("device", 260001), objectName="Air handler", vendorIdentifier=999, modelName="A1"
        )
        port = NetworkPortObject(f"{address}/24", objectIdentifier=("network-port", 1), objectName="port")
        Application.from_object_list([device, port])
        await asyncio.Event().wait()

    asyncio.run(main())


def name(*labels: str) -> bytes:
    return b"".join(bytes([len(label)]) + label.encode() for label in labels) + b"\0"


def record(owner: bytes, kind: int, data: bytes) -> bytes:
    return owner + struct.pack("!HHIH", kind, 1, 120, len(data)) + data


def mdns_liar(address: str) -> None:
    """Announces a web server of another machine, in one packet, to all."""
    own = hear("224.0.0.251", 5353, address)
    service, instance = name("_http", "_tcp", "local"), name("Stolen", "_http", "_tcp", "local")
    host = name("victim", "local")
    records = record(service, 12, instance) + record(instance, 33, struct.pack("!HHH", 0, 0, 80) + host)
    records += record(host, 1, socket.inet_aton("10.77.0.11")) + record(instance, 16, b"\x0cmodel=LIE-10")
    lie = b"\0\0\x84\0\0\0\0\4\0\0\0\0" + records
    loop = b"\0\0\x84\0\0\0\0\1\0\0\0\0\xc0\x0c\0\x0c\0\1\0\0\0\1\0\2\xc0\x0c"
    while True:
        packet, source = own.recvfrom(9000)
        if len(packet) > 3 and not packet[2] & 0x80 and source[0] != address:
            for answer in (lie, loop):
                own.sendto(answer, ("224.0.0.251", 5353))


def mdns_namesake(address: str) -> None:
    """Claims the names of another device as its own, the host's too, and heeds no conflict (RFC 6762 section 9)."""
    own = hear("224.0.0.251", 5353, address)
    service, instance = name("_http", "_tcp", "local"), name("Front door", "_http", "_tcp", "local")
    host = name("door", "local")
    records = record(service, 12, instance) + record(instance, 33, struct.pack("!HHH", 0, 0, 80) + host)
    records += record(host, 1, socket.inet_aton(address)) + record(instance, 16, b"\x0bvendor=Acme\x09model=D-1")
    said = b"\0\0\x84\0\0\0\0\4\0\0\0\0" + records
    while True:
        packet, source = own.recvfrom(9000)
        if len(packet) > 3 and not packet[2] & 0x80 and source[0] != address:
            own.sendto(said, ("224.0.0.251", 5353))


def mdns_sleeper(address: str) -> None:
    """Hears but every third question."""
    own = hear("224.0.0.251", 5353, address)
    instance = name("Sleeper", "_http", "_tcp", "local")
    said = b"\0\0\x84\0\0\0\0\1\0\0\0\0" + record(name("_http", "_tcp", "local"), 12, instance)
    count = 0
    while True:
        packet, source = own.recvfrom(9000)
        if len(packet) > 3 and not packet[2] & 0x80 and source[0] == "10.77.0.2":
            count += 1
            if count % 3 == 0:
                own.sendto(said, ("224.0.0.251", 5353))


def mdns_ghost(address: str) -> None:
    """Answers in the name of an address that nobody has."""
    heard = hear("224.0.0.251", 5353, address)
    sender = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW)
    sender.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, socket.inet_aton(address))
    instance = name("Ghost", "_http", "_tcp", "local")
    said = b"\0\0\x84\0\0\0\0\1\0\0\0\0" + record(name("_http", "_tcp", "local"), 12, instance)
    while True:
        packet, source = heard.recvfrom(9000)
        if len(packet) > 3 and not packet[2] & 0x80 and source[0] not in (address, GHOST):
            sender.sendto(spoofed(GHOST, "224.0.0.251", 5353, said), ("224.0.0.251", 0))


def accept_all(address: str) -> None:
    """Accepts a connection to any port, which nftables sends here, greets, and says no more."""
    own = socket.create_server((address, 80), backlog=64)
    callers: list[socket.socket] = []
    while True:
        caller, _ = own.accept()
        caller.sendall(b"RFB 003.008\n")
        callers = [*callers[-200:], caller]


def spoofed(source: str, to: str, port: int, payload: bytes) -> bytes:
    """An IPv4 packet with a UDP datagram (RFC 791, RFC 768); the kernel fills in what is zero."""
    datagram = struct.pack("!HHHH", port, port, 8 + len(payload), 0) + payload
    head = struct.pack("!BBHHHBBH", 0x45, 0, 0, 0, 0, 255, socket.IPPROTO_UDP, 0)
    return head + socket.inet_aton(source) + socket.inet_aton(to) + datagram


def mdns_flood(address: str) -> None:
    """Once it is asked anything by mDNS, answers for two seconds as fast as it can, in the name of everybody."""
    heard = hear("224.0.0.251", 5353, address)
    sender = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW)
    sender.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, socket.inet_aton(address))
    sources = [*(f"10.77.0.{n}" for n in range(100, 250)), *(f"192.0.2.{n}" for n in range(150)), address]
    packets = []
    for number in range(900):
        own = name(f"Flood {number}", "_http", "_tcp", "local")
        records = record(name("_http", "_tcp", "local"), 12, own) + record(own, 16, b"\x07model=X" * 100)
        packet = b"\0\0\x84\0\0\0\0\2\0\0\0\0" + records
        # To who asked and, at times, to all: on one wire of this machine that makes the most of a flood.
        to = "224.0.0.251" if number % 20 == 0 else "10.77.0.2"
        packets.append((spoofed(sources[number % len(sources)], to, 5353, packet), (to, 0)))
    while True:
        packet, source = heard.recvfrom(9000)
        if len(packet) > 3 and not packet[2] & 0x80 and source[0] == "10.77.0.2":
            until, count = time.monotonic() + 2, 0
            while time.monotonic() < until:
                for each, to in packets:
                    sender.sendto(each, to)
                count += len(packets)
            print(f"{count / 2:,.0f} answers a second", file=sys.stderr, flush=True)


KINDS = {
    "accept-all": accept_all,
    "mdns-flood": mdns_flood,
    "mdns-namesake": mdns_namesake,
    "mdns-sleeper": mdns_sleeper,
    "mdns-ghost": mdns_ghost,
    "knx": knx,
    "onvif": onvif,
    "bacnet": bacnet,
    "bacnet-router": bacnet_router,
    "mdns-liar": mdns_liar,
}

if __name__ == "__main__":
    KINDS[sys.argv[1]](sys.argv[2])
