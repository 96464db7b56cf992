"""Which protocol the first bytes of a service belong to, whether it spoke unasked or was asked in another.

Source: RFC 4253 section 4.2 (SSH), RFC 854 (telnet), RFC 959 and RFC 5321 (220), RFC 2326 (RTSP), RFC 9112 (HTTP),
RFC 1939 (POP3), RFC 9051 (IMAP), RFC 6120 (XMPP).
"""

from typing import Final

import msgspec

from iotscan.model.text import safe_text
from iotscan.wire import adb, amqp, http2, mqtt, telnet
from iotscan.wire.starttls import databases, ldap, xmpp
from iotscan.wire.tls.flight import read_flight
from iotscan.wire.tls.framing import ALERT, HANDSHAKE

_STARTS: Final = (
    # What a first line begins with, and the protocol that alone begins so.
    (b"HTTP/1.", "http"),
    (b"HTTP/0.", "http"),
    (b"RTSP/1.", "rtsp"),
    (b"RTSP/2.", "rtsp"),
    (b"SIP/2.0", "sip"),
    (b"RFB 00", "vnc"),
    (b"+OK ", "pop3"),
    (b"* OK ", "imap"),
    (b"* PREAUTH ", "imap"),
    (b"+PONG", "redis"),
    (b"-ERR ", "redis"),
    (b"-DENIED ", "redis"),
    (b"-NOAUTH ", "redis"),
)
_SHOWN = 120
_GREET_WITH_220: Final = {"ftp": "ftp", "ftps": "ftp", "smtp": "smtp", "smtps": "smtp"}
_TELNET_COMMANDS: Final = range(0xFA, 0xFF)


class Recognised(msgspec.Struct, frozen=True, kw_only=True):
    """A protocol, and what made us say so in a few words."""

    protocol: str
    how: str


def recognise(data: bytes, expected: str = "") -> Recognised | None:
    """The protocol of a service's first bytes; None while they do not tell. Never raises.

    ``expected`` settles what alone would be open: whether ``220`` is FTP or SMTP, and whether a prompt
    without negotiation is telnet's.
    """
    line = _first_line(data)
    for start, protocol in _STARTS:
        if line.startswith(start):
            return Recognised(protocol=protocol, how=f"sent {_show(line)}")
    # After the other starts: a page may hold such a line, and lines may come before an SSH version.
    if any(piece.startswith(b"SSH-") for piece in data.split(b"\n")[:50]):
        return Recognised(protocol="ssh", how=f"sent {_show(_ssh_line(data))}")
    return _binary(data) or _greeting(line, expected) or _prompt(data, expected)


def is_tls_record(data: bytes) -> bool:
    """True for what begins like a TLS handshake or alert record, whatever stands in it."""
    return len(data) >= 5 and data[0] in (ALERT, HANDSHAKE) and data[1] == 3 and data[2] <= 4


def _binary(data: bytes) -> Recognised | None:
    answer = read_flight(data).answer
    if answer is not None and answer.kind != "not_tls":
        what = f"alert {answer.description}" if answer.kind == "alert" else f"a {answer.kind.replace('_', ' ')}"
        return Recognised(protocol="tls", how=f"answered a ClientHello with {what}")
    if len(data) >= 7 and data[:2] == b"\x15\x03" and data[3:5] == b"\x00\x02":
        return Recognised(protocol="tls", how=f"answered a ClientHello with alert {data[6]}")
    if reply := adb.read_reply(data):
        return Recognised(protocol="adb", how=f"answered CNXN with {reply.command}")
    if (code := mqtt.read_connack(data)) is not None:
        return Recognised(protocol="mqtt", how=f"answered CONNECT with CONNACK {code}")
    if http2.is_server_preface(data):
        return Recognised(protocol="h2c", how="opened HTTP/2 with its SETTINGS")
    if amqp.is_answer(data):
        return Recognised(protocol="amqp", how="answered in AMQP")
    if (greeting := databases.read_first_packet(data)) is not None:
        said = greeting.error or f"version {_show(greeting.version)}"
        return Recognised(protocol="mysql", how=f"greeted in the protocol of MySQL: {said}")
    if ldap.is_answer(data):
        return Recognised(protocol="ldap", how="answered in LDAP")
    if xmpp.is_stream(data):
        return Recognised(protocol="xmpp", how="opened an XMPP stream")
    if len(data) >= 3 and data[0] == telnet.IAC and data[1] in _TELNET_COMMANDS:
        return Recognised(protocol="telnet", how="opened with telnet negotiation")
    return None


def _greeting(line: bytes, expected: str) -> Recognised | None:
    if not line.startswith((b"220 ", b"220-")):
        return None
    words = line.upper()
    if b"FTP" in words:
        protocol = "ftp"
    elif b"SMTP" in words:
        protocol = "smtp"
    else:
        protocol = _GREET_WITH_220.get(expected, "")
    return Recognised(protocol=protocol, how=f"sent {_show(line)}") if protocol else None


def _prompt(data: bytes, expected: str) -> Recognised | None:
    """A login prompt or an open shell, where no negotiation came before it."""
    if telnet.IAC in data and telnet.split(data).demands:
        return Recognised(protocol="telnet", how="sent telnet negotiation")
    asks = telnet.classify(data)
    if asks in ("login", "password") or (asks == "shell" and (expected == "telnet" or _is_plain_shell(data))):
        return Recognised(protocol="telnet", how=f"shows a {asks} prompt")
    return None


def _is_plain_shell(data: bytes) -> bool:
    """A prompt that only a shell shows, on a port that suggests nothing: ``/ #``, ``~ $``, ``root@box:~#``."""
    prompt = telnet.last_line(data)
    return prompt.endswith(("#", "$")) and len(prompt) > 1 and any(c in prompt for c in "/~@")


def _first_line(data: bytes) -> bytes:
    return data[:512].partition(b"\n")[0].rstrip(b"\r")


def _ssh_line(data: bytes) -> bytes:
    return next(piece for piece in data.split(b"\n")[:50] if piece.startswith(b"SSH-"))


def _show(line: bytes) -> str:
    return safe_text(line, _SHOWN)
