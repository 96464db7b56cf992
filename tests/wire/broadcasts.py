"""Messages of our own making that devices send to all, as their makers or standards describe them."""

import hashlib
import json
import struct
from ipaddress import ip_address

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

TUYA_KEY = hashlib.md5(b"yGAdlopoPVldABfn", usedforsecurity=False).digest()
TUYA_SAYS = json.dumps({
    "ip": "10.77.0.20", "gwId": "eb0123456789abcdefghij", "active": 2, "ability": 0, "mode": 0, "encrypt": True,
    "productKey": "keyacme0plug0001", "version": "3.3",
}).encode()  # fmt: skip


def tuya_plain(said: bytes = TUYA_SAYS) -> bytes:
    """As protocol 3.1 says it, on port 6666."""
    head = struct.pack(">IIII", 0x000055AA, 0, 0, len(said) + 12) + bytes(4)
    return head + said + bytes(4) + struct.pack(">I", 0x0000AA55)


def tuya_sealed(said: bytes = TUYA_SAYS) -> bytes:
    """As protocol 3.3 says it, on port 6667."""
    padding = 16 - len(said) % 16
    sealing = Cipher(algorithms.AES(TUYA_KEY), modes.ECB()).encryptor()  # the maker's choice
    return tuya_plain(sealing.update(said + bytes([padding]) * padding) + sealing.finalize())


def tuya_newer(said: bytes = TUYA_SAYS) -> bytes:
    """As protocol 3.5 says it: a head that is vouched for, a nonce, what is sealed with its tag."""
    head = struct.pack(">IHIII", 0x00006699, 0, 1, 0x13, 12 + 4 + len(said) + 16)
    nonce = bytes(range(12))
    return head + nonce + AESGCM(TUYA_KEY).encrypt(nonce, bytes(4) + said, head[4:]) + struct.pack(">I", 0x00009966)


TUYA = tuya_sealed()
YEELIGHT = (
    b"NOTIFY * HTTP/1.1\r\nHost: 239.255.255.250:1982\r\nCache-Control: max-age=3600\r\n"
    b"Location: yeelight://10.77.0.21:55443\r\nNTS: ssdp:alive\r\nServer: POSIX, UPnP/1.0 YGLC/1\r\n"
    b"id: 0x000000000015243f\r\nmodel: color\r\nfw_ver: 18\r\nsupport: get_prop set_power\r\npower: on\r\n"
)
SSDP_NOTIFY = (
    b"NOTIFY * HTTP/1.1\r\nHOST: 239.255.255.250:1900\r\nCACHE-CONTROL: max-age=1800\r\n"
    b"LOCATION: http://10.77.0.24:5000/root.xml\r\nNT: upnp:rootdevice\r\nNTS: ssdp:alive\r\n"
    b"SERVER: Linux/5.10 UPnP/1.1 AcmeTV/3\r\nUSN: uuid:9f0f5d4e-6d1b-4a57-8f0c-1f2a3b4c5d6e::upnp:rootdevice\r\n\r\n"
)
_COIOT_DEVICE = b"SHPLG-S#AABBCC112233#2"
COIOT = bytes([0x50, 0x1E, 0, 1, 0xED, 0x0B, 0xF7, len(_COIOT_DEVICE) - 13]) + _COIOT_DEVICE + b"\xff{}"
"""Non-confirmable, code 0.30; option 3332 as its difference to 0 in two bytes (269 + 3063), the length in one."""


def tlv(kind: int, value: bytes) -> bytes:
    """One field of MNDP."""
    return struct.pack(">HH", kind, len(value)) + value


MNDP = bytes(4) + b"".join((
    tlv(1, bytes.fromhex("00408c000917")), tlv(5, b"core-router"), tlv(7, b"7.15.2 (stable)"), tlv(8, b"MikroTik"),
    tlv(10, bytes(4)), tlv(12, b"RB4011iGS+"),
))  # fmt: skip


def option(code: int, value: bytes) -> bytes:
    """An option of DHCP."""
    return bytes([code, len(value)]) + value


MAC = bytes.fromhex("00408c000701")
DHCP_REQUEST = (
    b"\1\1\6\0" + bytes(24) + MAC + bytes(10 + 64 + 128) + b"\x63\x82\x53\x63" + option(53, b"\3")
    + option(50, bytes([10, 0, 0, 7])) + option(12, b"boiler-7") + option(60, b"udhcp 1.36.1") + b"\0\0"
    + option(55, bytes([1, 3, 6, 15])) + option(81, b"\4\0\0\x08boiler-7\x07example\0")
    + option(61, b"\xff" + bytes(4) + bytes(range(8))) + b"\xff"
)  # fmt: skip
"""A client that asks to have 10.0.0.7, selecting (RFC 2131 §4.3.2)."""


def option6(code: int, value: bytes) -> bytes:
    """An option of DHCPv6."""
    return struct.pack(">HH", code, len(value)) + value


def dhcp6_solicit() -> bytes:
    """A client that looks for a server."""
    vendor = struct.pack(">IH", 9999, 11) + b"acme-sensor"
    return (
        b"\1\0\0\7"
        + option6(1, b"\0\3\0\1" + MAC)
        + option6(6, struct.pack(">HH", 23, 24))
        + option6(16, vendor)
        + option6(39, b"\0\x08boiler-7\x07example\0")
    )


def lldp_tlv(kind: int, value: bytes) -> bytes:
    """A TLV of LLDP."""
    return struct.pack(">H", kind << 9 | len(value)) + value


LLDP = b"".join((
    lldp_tlv(1, b"\4" + MAC), lldp_tlv(2, b"\7p1"), lldp_tlv(3, b"\0\x78"), lldp_tlv(5, b"sw-hall"),
    lldp_tlv(6, b"Acme Switch 8P"), lldp_tlv(7, b"\0\x14\0\4"),
    lldp_tlv(8, b"\5\1" + bytes([10, 0, 0, 7]) + b"\2\0\0\0\1\0"),
    lldp_tlv(127, b"\0\x12\xbb\x0aSW8"), lldp_tlv(127, b"\0\x12\xbb\x08S-1"), lldp_tlv(0, b""),
))  # fmt: skip


def cdp() -> bytes:
    """A switch of Cisco's."""
    address = struct.pack(">I", 1) + b"\1\1\xcc\0\4" + bytes([10, 0, 0, 7])
    fields = ((1, b"sw-hall"), (2, address), (5, b"IOS 15"), (6, b"cisco WS-C2960"))
    return b"\2\xb4\0\0" + b"".join(struct.pack(">HH", kind, len(value) + 4) + value for kind, value in fields)


def netbios_name(name: str, kind: int = 0) -> bytes:
    """A name in half bytes as letters (RFC 1001 §14.1)."""
    raw = name.encode().ljust(15) + bytes([kind])
    return b"\x20" + b"".join(bytes([65 + (byte >> 4), 65 + (byte & 15)]) for byte in raw) + b"\0"


NETBIOS_REGISTRATION = (
    b"\0\7\x29\x10\0\1\0\0\0\0\0\1" + netbios_name("OFFICE-PC") + b"\0\x20\0\1\xc0\x0c\0\x20\0\1\0\4\x93\xe0\0\6\0\0"
    + bytes([10, 0, 0, 7])
)  # fmt: skip
NETBIOS_DATAGRAM = (
    b"\x11\x0a\0\7" + bytes([10, 0, 0, 7]) + b"\0\x8a\0\xbb\0\0"
    + netbios_name("OFFICE-PC", 0x20) + netbios_name("HOME", 0x1D)
)  # fmt: skip
HELLO = (
    b'<?xml version="1.0"?><s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope"'
    b' xmlns:a="http://schemas.xmlsoap.org/ws/2004/08/addressing"'
    b' xmlns:d="http://schemas.xmlsoap.org/ws/2005/04/discovery"><s:Body><d:Hello><a:EndpointReference>'
    b"<a:Address>urn:uuid:4d454930-0000-1000-8000-0012172a0b0c</a:Address></a:EndpointReference>"
    b"<d:Types>dn:NetworkVideoTransmitter</d:Types></d:Hello></s:Body></s:Envelope>"
)


def ethernet(mac: bytes, kind: int, body: bytes) -> bytes:
    """A frame to all."""
    return b"\xff" * 6 + mac + struct.pack(">H", kind) + body


def udp4(mac: bytes, source: str, port: int, payload: bytes, *, from_port: int = 0) -> bytes:
    """A datagram to all."""
    length = len(payload) + 8
    addresses = bytes(map(int, source.split("."))) + b"\xff" * 4
    head = struct.pack(">BBHHHBBH", 0x45, 0, 20 + length, 0, 0, 64, 17, 0) + addresses
    checksum = 0xFFFF - sum(struct.unpack(">10H", head)) % 0xFFFF
    head = head[:10] + struct.pack(">H", checksum) + head[12:]
    return ethernet(mac, 0x0800, head + struct.pack(">HHHH", from_port or port, port, length, 0) + payload)


def router_advertisement(mac: bytes, prefix: tuple[str, int], *, seconds: int = 600) -> bytes:
    """A router at fe80::1."""
    network = ip_address(prefix[0]).packed
    message = struct.pack(">BBHBBHII", 134, 0, 0, 64, 0, seconds, 0, 0) + b"\1\1" + mac
    message += struct.pack(">BBBBIII", 3, 4, prefix[1], 0xC0, 7200, 3600, 0) + network
    to = ip_address("ff02::1").packed
    head = struct.pack(">IHBB", 6 << 28, len(message), 58, 255) + ip_address("fe80::1").packed + to
    return b"\x33\x33\0\0\0\1" + mac + b"\x86\xdd" + head + message


FRAMES = (
    ethernet(MAC, 0x88CC, LLDP),
    ethernet(MAC, 8 + len(cdp()), b"\xaa\xaa\3\0\0\x0c\x20\0" + cdp()),
    router_advertisement(MAC, ("fd77::", 64)),
    udp4(MAC, "0.0.0.0", 67, DHCP_REQUEST, from_port=68),
    *(
        udp4(MAC, "10.0.0.7", port, payload)
        for port, payload in (
            (137, NETBIOS_REGISTRATION), (138, NETBIOS_DATAGRAM), (1900, SSDP_NOTIFY), (1982, YEELIGHT), (3702, HELLO),
            (5678, MNDP), (5683, COIOT), (6667, TUYA), (6667, tuya_newer()),
        )
    ),
)  # fmt: skip
"""One of each kind, as it comes in."""
