"""Which protocol an open TCP port speaks: listened to first, then asked TLS, HTTP and MQTT (see :mod:`.questions`).

A port that suggests a protocol is asked that one first. Whatever a service says to any question counts:
a web server that refuses our ClientHello in HTTP is a web server.
"""

from typing import Final

import anyio
import msgspec

from iotscan.model.device import Service
from iotscan.model.facts import OpenService
from iotscan.model.text import safe_text
from iotscan.observe.network.conversation import Connection
from iotscan.observe.network.failures import DialError, PeerClosed, TimedOut, TlsFailed
from iotscan.observe.network.gaps import Outcome, behind_tls, beyond, not_recognised
from iotscan.observe.network.line import Line
from iotscan.observe.network.probe import TLS_AT_ONCE, Missed
from iotscan.observe.network.questions import (
    SPEAK_FIRST,
    TWINS,
    Question,
    message,
    order,
    order_inside,
    patience,
    understand,
)
from iotscan.wire import mqtt, telnet
from iotscan.wire.banner import Recognised, is_tls_record
from iotscan.wire.starttls import ldap

_LONG_LISTEN = 2.5
_READ_CAP = 16 * 1024
_DRAIN_CAP = 64 * 1024
_DRAIN_SECONDS = 0.3
_DRIP = 16
"""Bytes below which an unfinished utterance is a drip: it counts as silence."""
_BANNER = 400
_GREETERS: Final = frozenset({"ssh", "telnet", "ftp", "smtp", "vnc", "pop3", "imap", "ftps", "smtps", "pop3s", "imaps"})
"""Protocols whose greeting says something to a person."""


_BINARY: Final = frozenset({"mysql", "ldap", "amqp", "mongodb", "esphome", "dns"})
"""Protocols whose first bytes say nothing to a person, and something else each time."""


_NAMED_BY_HEADER: Final = frozenset({"rtsp", "rtsps"})
"""Protocols whose answer names the program in its Server header (RFC 2326 section 12.36)."""


class Identified(msgspec.Struct, frozen=True, kw_only=True):
    """What one port turned out to be, and which kinds of facts cannot be had from it, and why."""

    service: Service
    fact: OpenService
    missed: tuple[Missed, ...] = ()


class _Heard(msgspec.Struct, frozen=True, kw_only=True):
    """What came back to one question: its bytes, what they are, or how it ended without."""

    data: bytes = b""
    recognised: Recognised | None = None
    outcome: Outcome = "silent"


async def identify(line: Line, port: int, *, expected: str = "", listen: float = 0.7) -> Identified:
    """Find out what ``port`` speaks, in at most 6 conversations.

    ``expected`` is the protocol the port suggests (``ssh``, ``https``, ``mqtt`` …, or empty): its question
    comes first. ``listen`` is how many seconds a port that suggests none may speak unasked. Raises
    DialError when the port cannot be reached any more before it said anything.
    """
    return await _Inquiry(line, port, expected, listen).run()


class _Inquiry:
    """The questions to one port, and how each ended."""

    def __init__(self, line: Line, port: int, expected: str, listen: float) -> None:
        self._line = line
        self._port = port
        self._expected = expected
        self._listen = max(listen, _LONG_LISTEN) if expected in SPEAK_FIRST else listen
        self._outcomes: dict[str, Outcome] = {}
        self._unasked = b""

    async def run(self) -> Identified:
        for question in order(self._expected):
            try:
                heard = await self._ask(question)
            except DialError as error:
                if not self._outcomes:
                    raise
                return self._unknown(error)
            if heard.recognised:
                return await self._settle(heard.recognised, heard.data, question)
        return self._unknown()

    async def _settle(self, found: Recognised, data: bytes, question: Question) -> Identified:
        if found.protocol == "http" and question in ("http", "mqtt-ws") and _may_be_tls(data, self._port):
            try:
                again = await self._ask("tls")
            except DialError:
                again = _Heard()
            found = again.recognised if again.recognised and again.recognised.protocol == "tls" else found
        if found.protocol == "tls":
            return await self._behind_tls(found)
        return self._identified(found.protocol, found.how, data, beyond(found.protocol))

    async def _ask(self, question: Question) -> _Heard:
        """One conversation. TLS listens first where nothing was asked yet: any other wait is listening too."""
        listens = question == "tls" and not self._outcomes and self._expected not in TLS_AT_ONCE
        is_connected = False
        try:
            async with self._line.tcp(self._port) as connection:
                is_connected = True
                if listens:
                    heard = await self._hear(connection, "listen", self._listen)
                    self._unasked = heard.data
                    if heard.recognised or heard.outcome == "closed":
                        self._outcomes["tls"] = heard.outcome
                        return heard
                return await self._converse(connection, question)
        except TimedOut:
            if not is_connected:
                raise
            self._outcomes[question] = "silent"
            return _Heard()

    async def _converse(self, connection: Connection, question: Question) -> _Heard:
        try:
            await connection.send(self._message(question, "http"))
        except PeerClosed:
            self._outcomes[question] = "closed"
            return _Heard(outcome="closed")
        heard = await self._hear(connection, question, patience(question, self._expected))
        if heard.recognised:
            await _take_leave(connection, heard)
        return heard

    async def _hear(self, connection: Connection, question: Question, seconds: float) -> _Heard:
        got, is_closed, is_reset = b"", False, False
        with anyio.move_on_after(seconds):
            while len(got) < _READ_CAP and not is_closed:
                try:
                    piece = await connection.receive(_READ_CAP)
                except PeerClosed:
                    piece, is_reset = b"", True
                is_closed = not piece
                got += piece
                found = understand(question, got, self._expected) if piece else None
                if found:
                    self._outcomes[question] = "other"
                    return _Heard(data=got, recognised=found, outcome="other")
        if is_tls_record(got) and (question == "tls" or len(got) >= _DRIP):
            # Whatever was asked: the answer to our ClientHello may have come too late.
            said = "answered a ClientHello with" if question == "tls" else "sent"
            how = f"{said} TLS records that cannot be read"
            return _Heard(data=got, recognised=Recognised(protocol="tls", how=how), outcome="other")
        # An utterance that was cut short, by a reset or by our clock, tells nothing of its protocol.
        is_whole = len(got) >= _DRIP or (got and is_closed and not is_reset)
        outcome: Outcome = "other" if is_whole else "closed" if is_closed else "silent"
        self._outcomes[question] = outcome
        return _Heard(data=got, outcome=outcome)

    def _message(self, question: Question, scheme: str) -> bytes:
        return message(question, scheme, self._line.address, self._port)

    async def _behind_tls(self, found: Recognised) -> Identified:
        """What TLS carries: what its port suggests, HTTP, MQTT, what it says to these, else nothing that we know."""
        outcomes: dict[str, Outcome] = {}
        for question in order_inside(self._expected):
            try:
                heard = await self._ask_inside(question)
            except DialError as error:
                return self._identified("tls", found.how, b"", behind_tls(outcomes, error))
            outcomes[question] = heard.outcome
            if heard.recognised and heard.recognised.protocol in TWINS:
                how = f"{found.how}; inside, {heard.recognised.how}"
                twin = TWINS[heard.recognised.protocol]
                return self._identified(twin, how, heard.data, beyond(twin))
        return self._identified("tls", found.how, b"", behind_tls(outcomes))

    async def _ask_inside(self, question: Question) -> _Heard:
        try:
            async with self._line.tls(self._port) as connection:
                if words := self._message(question, "https"):
                    await connection.send(words)
                heard = await self._hear(connection, question, patience(question, self._expected))
                if heard.recognised:
                    await _take_leave(connection, heard)
                return heard
        except TlsFailed:
            raise
        except PeerClosed:
            return _Heard(outcome="closed")
        except TimedOut:
            return _Heard(outcome="silent")

    def _identified(self, protocol: str, how: str, data: bytes, gaps: tuple[Missed, ...] = ()) -> Identified:
        banner = _telling(protocol, data, self._unasked)
        return Identified(
            service=Service(transport="tcp", port=self._port, protocol=protocol, how=how),
            fact=OpenService(protocol=protocol, how=how, banner=safe_text(telnet.split(banner).text, _BANNER)),
            missed=gaps,
        )

    def _unknown(self, error: DialError | None = None) -> Identified:
        gaps = not_recognised(self._outcomes, error, may_prompt=telnet.is_text(self._unasked))
        ends = set(self._outcomes.values())
        if "other" in ends:
            how = "answered in no protocol that was recognised"
        else:
            how = "closed without a word" if ends == {"closed"} else "accepted the connection and said nothing"
        return self._identified("unknown", how, b"", gaps)


def _may_be_tls(data: bytes, port: int) -> bool:
    """True when HTTP in the clear was refused, or sent to https on this very port: TLS may be what it wants."""
    head = data.partition(b"\r\n\r\n")[0].lower()
    status = head[:16].split(b" ")[1:2]
    return status == [b"400"] or (b"location: https://" in head and f":{port}".encode() in head)


def _telling(protocol: str, data: bytes, unasked: bytes) -> bytes:
    """What of the bytes of a service says something to a person."""
    if protocol in _GREETERS:
        return data
    if protocol in _NAMED_BY_HEADER:
        lines = (line.partition(b":") for line in data.partition(b"\r\n\r\n")[0].split(b"\r\n")[1:])
        return next((value.strip() for name, _, value in lines if name.strip().lower() == b"server"), b"")
    return b"" if protocol in _BINARY else unasked


async def _take_leave(connection: Connection, heard: _Heard) -> None:
    """End as the protocol wishes: DISCONNECT a session, read a page to its end so that the close is no reset."""
    protocol = heard.recognised.protocol if heard.recognised else ""
    try:
        if protocol == "mqtt" and mqtt.read_connack(heard.data) == mqtt.ACCEPTED:
            await connection.send(mqtt.DISCONNECT)
        elif protocol == "ldap":
            await connection.send(ldap.unbind_request())
        elif protocol in ("http", "h2c"):
            with anyio.move_on_after(_DRAIN_SECONDS):
                await connection.receive_while(lambda _: True, _DRAIN_CAP)
    except DialError:
        return
