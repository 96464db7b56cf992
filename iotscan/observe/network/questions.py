"""What a service is asked to learn its protocol, in which order, and how its answer is known."""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final, Literal

from iotscan.observe.network.gaps import ALONE
from iotscan.observe.network.probe import TLS_AT_ONCE
from iotscan.wire import adb, amqp, coap_tcp, dns, esphome, memcached, mongodb, mqtt, opc_ua, redis, websocket
from iotscan.wire.banner import Recognised, recognise
from iotscan.wire.http import Exchange, Origin
from iotscan.wire.starttls import databases, ldap, xmpp
from iotscan.wire.tls.hello import Offer, client_hello
from iotscan.wire.tls.suites import offer

Question = Literal[
    "listen",
    "tls",
    "http",
    "mqtt",
    "adb",
    "amqp",
    "coap",
    "dns",
    "esphome",
    "ldap",
    "memcached",
    "mongodb",
    "mqtt-ws",
    "opc-ua",
    "postgresql",
    "redis",
    "rtsp",
    "xmpp",
]

GENERAL: Final[tuple[Question, ...]] = ("tls", "http", "mqtt")
"""What every port is asked, whatever it suggests."""
GENERAL_INSIDE: Final[tuple[Question, ...]] = ("http", "mqtt")
"""What every TLS service is asked inside."""
SPEAK_FIRST: Final = frozenset({"ssh", "telnet", "ftp", "smtp", "imap", "pop3", "mysql"})
"""Protocols whose server has the first word."""
TWINS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "http": "https",
        "h2c": "h2",
        "mqtt": "mqtts",
        "amqp": "amqps",
        "imap": "imaps",
        "pop3": "pop3s",
        "smtp": "smtps",
        "ftp": "ftps",
        "ldap": "ldaps",
        "rtsp": "rtsps",
        "dns": "dot",
        "coap": "coaps+tcp",
        "redis": "rediss",
        "memcached": "memcached+tls",
        "mongodb": "mongodb+tls",
        "mqtt-ws": "mqtt-wss",
    }
)
"""What a protocol is called inside TLS."""

_FIRST: Final[Mapping[str, Question]] = MappingProxyType(
    {
        **dict.fromkeys(TLS_AT_ONCE, "tls"),
        "http": "http",
        "mqtt": "mqtt",
        "adb": "adb",
        "rtsp": "rtsp",
        "amqp": "amqp",
        "ldap": "ldap",
        "xmpp": "xmpp",
        "postgresql": "postgresql",
        "redis": "redis",
        "memcached": "memcached",
        "mongodb": "mongodb",
        "mqtt-ws": "mqtt-ws",
        "opc-ua": "opc-ua",
        "esphome": "esphome",
        "dns": "dns",
    }
)
_FIRST_INSIDE: Final[Mapping[str, Question]] = MappingProxyType(
    {
        "mqtts": "mqtt",
        "amqps": "amqp",
        "ldaps": "ldap",
        "rtsps": "rtsp",
        "dot": "dns",
        "coaps+tcp": "coap",
        "mqtt-wss": "mqtt-ws",
        # Stores have no port of their own for TLS.
        "redis": "redis",
        "memcached": "memcached",
        "mongodb": "mongodb",
        "mqtt-ws": "mqtt-ws",
        **dict.fromkeys(("imaps", "pop3s", "smtps", "ftps"), "listen"),
    }
)
MQTT_PATH: Final = "/mqtt"
"""Where brokers take MQTT over WebSocket: EMQX, HiveMQ, VerneMQ; mosquitto takes it at every path."""
WEBSOCKET_KEY: Final = b"iotscan, mqtt ws"
"""A key that our question alone has: whoever answers it speaks WebSocket, and nobody remembers one."""

_PATIENCE: Final[Mapping[Question, tuple[float, float]]] = MappingProxyType(
    {
        # Seconds to wait for an answer: on a port that suggests the protocol, and on any other.
        "tls": (4.0, 1.5),
        "http": (4.0, 2.0),
        "mqtt": (3.0, 1.0),
        "listen": (2.5, 0.7),
    }
)
_ESPHOME: Final = {"clear": "in the clear", "encrypted": "encrypted"}
_USUAL_PATIENCE = (2.0, 2.0)


def order(expected: str) -> tuple[Question, ...]:
    """The questions to a port that suggests ``expected`` (empty for nothing), its own first."""
    first = _FIRST.get(expected)
    if first and expected in ALONE:
        return (first,)
    return tuple(dict.fromkeys((*((first,) if first else ()), *GENERAL)))


def order_inside(expected: str) -> tuple[Question, ...]:
    """The questions inside TLS, that of the port first."""
    first = _FIRST_INSIDE.get(expected)
    return tuple(dict.fromkeys((*((first,) if first else ()), *GENERAL_INSIDE)))


def patience(question: Question, expected: str) -> float:
    """Seconds to wait for the answer to a question of a port that suggests ``expected``."""
    suggested, other = _PATIENCE.get(question, _USUAL_PATIENCE)
    return suggested if question in (_FIRST.get(expected), _FIRST_INSIDE.get(expected)) else other


def message(question: Question, scheme: str, address: str, port: int) -> bytes:
    """The bytes of a question; empty for listening. ``scheme`` is that of the web server we may be talking to."""
    messages: dict[Question, Callable[[], bytes]] = {
        "listen": lambda: b"",
        "tls": lambda: client_hello(Offer(versions=("TLSv1.2",), suites=offer("TLSv1.2"))),
        "http": lambda: (
            Exchange("/", host=Origin(scheme=scheme, host=address, port=port).authority, body_cap=0).request
        ),
        "mqtt": lambda: mqtt.connect_message(""),
        "adb": adb.connect_message,
        "rtsp": lambda: b"OPTIONS * RTSP/1.0\r\nCSeq: 1\r\n\r\n",
        "amqp": lambda: amqp.HEADER,
        "ldap": ldap.root_request,
        "xmpp": lambda: xmpp.stream_header(address),
        "postgresql": lambda: databases.SSL_REQUEST,
        "dns": dns.version_query,
        "coap": lambda: coap_tcp.CSM,
        "esphome": lambda: esphome.PING,
        "redis": lambda: redis.PING,
        "memcached": lambda: memcached.VERSION,
        "mongodb": mongodb.is_master,
        "mqtt-ws": lambda: websocket.request(
            Origin(scheme=scheme, host=address, port=port).authority, WEBSOCKET_KEY, path=MQTT_PATH, protocol="mqtt"
        ),
        "opc-ua": lambda: opc_ua.hello(f"opc.tcp://{address}:{port}"),
    }
    return messages[question]()


def understand(question: Question, data: bytes, expected: str) -> Recognised | None:
    """What the answer to a question is; None while it does not tell. Some answers mean nothing to another question."""
    if question == "postgresql" and data in (b"S", b"N"):
        return Recognised(protocol="postgresql", how=f"answered SSLRequest with {data.decode()}")
    if question == "dns" and dns.is_answer(data):
        return Recognised(protocol="dns", how="answered a DNS query")
    if question == "coap" and coap_tcp.is_csm(data):
        return Recognised(protocol="coap", how="opened CoAP with its capabilities")
    if (
        question == "mqtt-ws"
        and (upgrade := websocket.read_upgrade(data, WEBSOCKET_KEY))
        and upgrade.protocol == "mqtt"
    ):
        return Recognised(protocol="mqtt-ws", how="went over to MQTT in WebSocket")
    if question == "mongodb" and mongodb.read_answer(data):
        return Recognised(protocol="mongodb", how="answered isMaster")
    if question == "memcached" and memcached.is_answer(data):
        return Recognised(protocol="memcached", how="answered version")
    if question == "opc-ua" and opc_ua.is_answer(data):
        return Recognised(protocol="opc-ua", how="answered a Hello of OPC UA")
    if question == "esphome" and (kind := esphome.read_answer(data)):
        return Recognised(protocol="esphome", how=f"answered a ping of ESPHome as one that is {_ESPHOME[kind]}")
    return recognise(data, expected)
