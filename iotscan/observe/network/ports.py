"""The ports worth asking on an IoT device, each with the reason it is here, and those never touched by default."""

from types import MappingProxyType
from typing import Final

import msgspec


class PortChoice(msgspec.Struct, frozen=True, kw_only=True):
    """A TCP port, the protocol it suggests (empty when it suggests none that iotscan speaks), and why it is asked."""

    port: int
    expected: str
    reason: str


def _choice(port: int, expected: str, reason: str) -> PortChoice:
    return PortChoice(port=port, expected=expected, reason=reason)


_PRINTERS: Final = (*range(9100, 9108), 515, 631)
_CONTROLLERS: Final = (
    *(102, 502, 789, 1911, 2404, 4911, 20000, 44818, 47808),
    # PCWorx, CODESYS of WAGO, MELSEC, HART-IP, FINS, GE-SRTP, ProConOS: the service names of IANA, and those of the
    # dissectors of Wireshark. Nobody asks for these by himself, but a list of another tool may name them.
    *(1962, 2455, 5006, 5007, 5094, 9600, 18245, 18246, 20547),
)
FRAGILE: Final = frozenset({*_PRINTERS, *_CONTROLLERS})
"""Printers print what they are sent; controllers have stopped at a stray byte: untouched by default."""
OPC_UA: Final = 4840
OWN_WORDS_ONLY: Final = FRAGILE | {OPC_UA}
"""Nobody speaks another protocol to these than their own, whoever wishes it: no TLS, no HTTP, no other program."""
CONTROLLERS: Final = MappingProxyType(
    {
        "bacnet": "udp/47808",
        "dnp3": "tcp/20000",
        "ethernet-ip": "tcp/44818",
        "iso-tsap": "tcp/102",
        "knx": "udp/3671",
        "modbus": "tcp/502",
    }
)
"""Where industrial equipment is asked in its own protocol where a profile allows it: no knock, one request."""

PORTS: Final[tuple[PortChoice, ...]] = (
    _choice(21, "ftp", "FTP for firmware, recordings and logs, often with a default login"),
    _choice(22, "ssh", "SSH: OpenSSH and dropbear on gateways"),
    _choice(23, "telnet", "telnet: the way in of Mirai and its children"),
    _choice(25, "smtp", "mail relays on NAS and alarm gateways"),
    _choice(53, "dns", "DNS forwarders of routers, over TCP"),
    _choice(80, "http", "the web interface of nearly everything"),
    _choice(81, "http", "second web interface of cameras and recorders"),
    _choice(82, "http", "third web interface of cameras"),
    _choice(88, "http", "web interface of Foscam-type cameras"),
    _choice(110, "pop3", "mail boxes of NAS, with STARTTLS or without"),
    _choice(143, "imap", "mail boxes of NAS, with STARTTLS or without"),
    _choice(322, "rtsps", "video of cameras behind TLS"),
    _choice(389, "ldap", "directories that gateways and NAS bring along"),
    _choice(443, "https", "the web interface behind TLS"),
    _choice(465, "smtps", "mail relays behind TLS"),
    _choice(554, "rtsp", "video of cameras"),
    _choice(587, "smtp", "mail submission on NAS and alarm gateways"),
    _choice(636, "ldaps", "directories behind TLS"),
    _choice(666, "", "console of cheap cameras and their malware"),
    _choice(843, "", "policy service of camera plug-ins"),
    _choice(853, "dot", "DNS over TLS of routers and filters"),
    _choice(880, "http", "web interface of building controllers"),
    _choice(888, "http", "alternative web interface of access control"),
    _choice(990, "ftps", "FTP behind TLS"),
    _choice(993, "imaps", "mail boxes behind TLS"),
    _choice(995, "pop3s", "mail boxes behind TLS"),
    _choice(1080, "", "proxies that malware leaves on routers"),
    _choice(1400, "http", "Sonos control"),
    _choice(1883, "mqtt", "MQTT in the clear"),
    _choice(1884, "mqtt", "second MQTT listener of brokers"),
    _choice(2000, "", "Mikrotik bandwidth test and SCCP phones"),
    _choice(2020, "http", "ONVIF of TP-Link cameras"),
    _choice(2083, "tls", "RadSec: RADIUS behind TLS of access points"),
    _choice(2222, "ssh", "SSH moved away from 22"),
    _choice(2323, "telnet", "telnet moved away from 23; Mirai asks it too"),
    _choice(2375, "http", "Docker without TLS on gateways"),
    _choice(2376, "https", "Docker behind TLS on gateways"),
    _choice(3000, "http", "Grafana and Node.js dashboards on gateways"),
    _choice(3306, "mysql", "MySQL and MariaDB of gateways and recorders"),
    _choice(3333, "", "debug servers (OpenOCD, GDB)"),
    _choice(4444, "telnet", "OpenOCD's telnet and left-over shells"),
    _choice(OPC_UA, "opc-ua", "OPC UA servers of gateways"),
    _choice(4843, "tls", "OPC UA behind TLS"),
    _choice(5000, "http", "UPnP descriptions, NAS and Flask interfaces"),
    _choice(5001, "https", "NAS behind TLS"),
    _choice(5037, "", "adb server of a developer's machine"),
    _choice(5222, "xmpp", "XMPP servers and hubs that talk through them"),
    _choice(5432, "postgresql", "PostgreSQL of gateways and building servers"),
    _choice(5555, "adb", "Android debug bridge on TVs and set-top boxes"),
    _choice(5671, "amqps", "AMQP behind TLS: brokers of gateways"),
    _choice(5672, "amqp", "AMQP in the clear"),
    _choice(5684, "coaps+tcp", "CoAP behind TLS over TCP"),
    _choice(6053, "esphome", "ESPHome native API"),
    _choice(6379, "redis", "Redis left open on gateways"),
    _choice(6514, "tls", "syslog behind TLS"),
    _choice(6668, "", "Tuya local control"),
    _choice(7000, "", "AirPlay and recorders"),
    _choice(7441, "rtsps", "video of UniFi recorders behind TLS"),
    _choice(7547, "http", "TR-069 connection request of routers"),
    _choice(7681, "http", "ttyd: a shell in a web page"),
    _choice(8000, "http", "Hikvision control and development servers"),
    _choice(8008, "http", "Chromecast and alternative web interfaces"),
    _choice(8009, "tls", "Chromecast control"),
    _choice(8060, "http", "Roku control"),
    _choice(8080, "http", "the second web interface of nearly everything"),
    _choice(8081, "http", "cameras and update services"),
    _choice(8083, "mqtt-ws", "MQTT over WebSocket, z-way"),
    _choice(8084, "mqtt-wss", "MQTT over WebSocket behind TLS"),
    _choice(8086, "http", "InfluxDB on gateways"),
    _choice(8088, "http", "alternative web interface"),
    _choice(8123, "http", "Home Assistant"),
    _choice(8181, "http", "alternative web interface of routers"),
    _choice(8443, "https", "the second web interface behind TLS"),
    _choice(8554, "rtsp", "RTSP moved away from 554"),
    _choice(8880, "http", "alternative web interface, UniFi portals"),
    _choice(8883, "mqtts", "MQTT behind TLS"),
    _choice(8884, "mqtts", "MQTT behind TLS with client certificates"),
    _choice(8888, "http", "alternative web interface, Jupyter on gateways"),
    _choice(8899, "http", "ONVIF of Xiongmai cameras and recorders"),
    _choice(9000, "http", "Portainer, cameras, SonarQube-like consoles"),
    _choice(9001, "mqtt-ws", "MQTT over WebSocket of mosquitto"),
    _choice(9090, "http", "Cockpit and Prometheus on gateways"),
    _choice(9443, "https", "Portainer behind TLS"),
    _choice(9999, "", "TP-Link Kasa local control"),
    _choice(10443, "https", "web interface of VPN gateways"),
    _choice(11211, "memcached", "memcached left open on gateways"),
    _choice(27017, "mongodb", "MongoDB left open on gateways and recorders"),
    _choice(34567, "", "Xiongmai recorders' control"),
    _choice(37777, "", "Dahua recorders' control"),
    _choice(49152, "http", "UPnP descriptions of embedded stacks"),
    _choice(60001, "http", "web interface of JAWS recorders"),
)

LIKELY: Final = (22, 23, 80, 443, 554, 1883, 2323, 5555, 7547, 8080, 8443, 8883)
"""The ports of a first look: where cameras, routers, hubs and gateways are met most often."""

UDP: Final[tuple[tuple[str, int], ...]] = (
    ("tftp", 69),
    ("snmp", 161),
    ("quic", 443),
    ("ssdp", 1900),
    ("ws-discovery", 3702),
    ("coap", 5683),
    ("coaps", 5684),
    ("dns", 53),
    ("ntp", 123),
)
"""Protocols asked over UDP, with their port: those first that checks ask for, as a device is sparing with refusals."""
