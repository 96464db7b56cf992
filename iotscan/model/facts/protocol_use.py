"""Protocols in the clear in traffic: HTTP, MQTT, CoAP and LwM2M, DNS, NTP, and whatever else was recognised.

Nothing of these holds a password, token, key or the content of a message.
"""

from typing import ClassVar, Literal

from iotscan.model.facts.fact import Fact, Ownership
from iotscan.model.facts.traffic import Use


class HttpExchange(Use, frozen=True, kw_only=True):
    """Requests of one kind: host, method, path without query."""

    host: str = ""
    method: str = ""
    path: str = ""
    """Without query; what looks like an identifier in it stays, what looks like a token does not."""
    user_agent: str = ""
    server: str = ""
    status: int = 0
    content_type: str = ""
    body: str = ""
    """What the answer's first bytes are, where that is known: ``uimage``, ``squashfs``, ``elf``, ``json`` …"""
    body_bytes: int = 0


class MqttSession(Use, frozen=True, kw_only=True):
    """One kind of connection to a broker."""

    version: str = ""
    """``3.1``, ``3.1.1``, ``5``."""
    client_id: str = ""
    has_user: bool = False
    has_password: bool = False
    return_code: int = -1
    """Of CONNACK; -1 where it was not seen."""
    published: tuple[str, ...] = ()
    """Topics, the first 64."""
    subscribed: tuple[str, ...] = ()
    is_websocket: bool = False


class CoapExchange(Use, frozen=True, kw_only=True):
    """Requests of one kind."""

    method: str = ""
    path: str = ""
    code: str = ""
    """Of the answer: ``2.05``; empty where none was seen."""
    is_protected: bool = False
    """An OSCORE option stands in it (RFC 8613)."""
    content_format: str = ""


class Lwm2mContact(Use, frozen=True, kw_only=True):
    """An LwM2M client and its server, or bootstrap server (OMA LwM2M 1.2, Transport Bindings)."""

    interface: Literal["bootstrap", "register", "update", "deregister"] = "register"
    endpoint: str = ""
    lifetime: int = 0
    version: str = ""
    binding: str = ""
    security: Literal["none", "oscore", "psk", "raw-public-key", "certificate", "dtls"] = "none"
    """``dtls``: encrypted, and the handshake was not seen or does not tell with what."""


class NameQuestion(Use, frozen=True, kw_only=True):
    """Questions of one name to one name server."""

    name: str = ""
    kind: str = ""
    """``A``, ``AAAA`` …"""
    answers: tuple[str, ...] = ()
    asks_dnssec: bool = False
    """DO bit in the question."""
    is_validated: bool = False
    """AD bit in the answer: the name server's word."""
    is_encrypted: bool = False
    """Over TLS, HTTPS or QUIC: then no name is known."""


class TimeQuestion(Use, frozen=True, kw_only=True):
    """Time asked of one server by NTP."""

    version: int = 0
    mode: str = ""
    authentication: Literal["none", "symmetric key", "nts"] = "none"
    stratum: int = 0


class OtherTalk(Use, frozen=True, kw_only=True):
    """A protocol of which only some words are kept: AMQP, SNMP, RTSP, telnet, FTP, syslog, SMTP, SIP, Modbus …"""

    protocol: str = ""
    words: tuple[str, ...] = ()
    """What it says of itself, made safe: ``version 2c``, ``user admin``, ``DESCRIBE 401 Digest``."""


class ProtocolUse(Fact, frozen=True, kw_only=True, tag="protocol-use"):
    """What a device was seen to say in protocols that anybody on the way can read."""

    per: ClassVar[Ownership] = "traffic"

    http: tuple[HttpExchange, ...] = ()
    mqtt: tuple[MqttSession, ...] = ()
    coap: tuple[CoapExchange, ...] = ()
    lwm2m: tuple[Lwm2mContact, ...] = ()
    names: tuple[NameQuestion, ...] = ()
    time: tuple[TimeQuestion, ...] = ()
    other: tuple[OtherTalk, ...] = ()
    is_cut_off: bool = False
