"""Which protocol an open TCP port speaks: listened to first, then asked TLS, HTTP and MQTT.

A port that suggests a protocol is asked that one first. Whatever a service says to any question counts:
a web server that refuses our ClientHello in HTTP is a web server.
"""

from collections.abc import Callable
from typing import Final, Literal

import anyio
import msgspec

from iotscan.model.device import Service
from iotscan.model.facts import OpenService
from iotscan.model.text import safe_text
from iotscan.observe.network.conversation import Connection
from iotscan.observe.network.dial import Line
from iotscan.observe.network.failures import DialError, PeerClosed, TimedOut, TlsFailed
from iotscan.observe.network.gaps import Outcome, behind_tls, not_recognised
from iotscan.observe.network.probe import Missed
from iotscan.wire import adb, mqtt, telnet
from iotscan.wire.banner import Recognised, is_tls_record, recognise
from iotscan.wire.http import Exchange, Origin
from iotscan.wire.tls.hello import Offer, client_hello
from iotscan.wire.tls.suites import offer

Question = Literal["listen", "tls", "http", "mqtt", "adb", "rtsp"]

_GENERAL: Final[tuple[Question, ...]] = ("tls", "http", "mqtt")
_FIRST: Final[dict[str, Question]] = {
    "http": "http",
    "https": "tls",
    "tls": "tls",
    "mqtts": "tls",
    "mqtt": "mqtt",
    "adb": "adb",
    "rtsp": "rtsp",
}
_SPEAK_FIRST: Final = frozenset({"ssh", "telnet", "ftp", "smtp"})
_PATIENCE: Final[dict[Question, tuple[float, float]]] = {
    # Seconds to wait for an answer: on a port that suggests the protocol, and on any other.
    "tls": (4.0, 1.5),
    "http": (4.0, 2.0),
    "mqtt": (3.0, 1.0),
    "adb": (2.0, 2.0),
    "rtsp": (2.0, 2.0),
}
_LONG_LISTEN = 2.5
_READ_CAP = 16 * 1024
_DRAIN_CAP = 64 * 1024
_DRAIN_SECONDS = 0.3
_DRIP = 16
"""Bytes below which an unfinished utterance is a drip: it counts as silence."""
_BANNER = 400


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
        self._listen = max(listen, _LONG_LISTEN) if expected in _SPEAK_FIRST else listen
        self._outcomes: dict[str, Outcome] = {}
        self._unasked = b""

    async def run(self) -> Identified:
        first = _FIRST.get(self._expected)
        order = dict.fromkeys((*((first,) if first else ()), *_GENERAL))
        for question in order:
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
        if found.protocol == "http" and question == "http" and _may_be_tls(data, self._port):
            try:
                again = await self._ask("tls")
            except DialError:
                again = _Heard()
            found = again.recognised if again.recognised and again.recognised.protocol == "tls" else found
        if found.protocol == "tls":
            return await self._behind_tls(found)
        return self._identified(found.protocol, found.how, data)

    async def _ask(self, question: Question) -> _Heard:
        """One conversation. TLS listens first where nothing was asked yet: any other wait is listening too."""
        listens = question == "tls" and not self._outcomes and self._expected not in ("https", "tls", "mqtts")
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
            await connection.send(self._message(question))
        except PeerClosed:
            self._outcomes[question] = "closed"
            return _Heard(outcome="closed")
        heard = await self._hear(connection, question, self._patience(question))
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
                found = recognise(got, self._expected) if piece else None
                if found:
                    self._outcomes[question] = "other"
                    return _Heard(data=got, recognised=found, outcome="other")
        if question == "tls" and is_tls_record(got):
            how = "answered a ClientHello with TLS records that cannot be read"
            return _Heard(data=got, recognised=Recognised(protocol="tls", how=how), outcome="other")
        # An utterance that was cut short, by a reset or by our clock, tells nothing of its protocol.
        is_whole = len(got) >= _DRIP or (got and is_closed and not is_reset)
        outcome: Outcome = "other" if is_whole else "closed" if is_closed else "silent"
        self._outcomes[question] = outcome
        return _Heard(data=got, outcome=outcome)

    def _message(self, question: Question) -> bytes:
        messages: dict[Question, Callable[[], bytes]] = {
            "tls": lambda: client_hello(Offer(versions=("TLSv1.2",), suites=offer("TLSv1.2"))),
            "http": lambda: self._get("http"),
            "mqtt": lambda: mqtt.connect_message(""),
            "adb": adb.connect_message,
            "rtsp": lambda: b"OPTIONS * RTSP/1.0\r\nCSeq: 1\r\n\r\n",
        }
        return messages[question]()

    def _get(self, scheme: str) -> bytes:
        host = Origin(scheme=scheme, host=self._line.address, port=self._port).authority
        return Exchange("/", host=host, body_cap=0).request

    def _patience(self, question: Question) -> float:
        suggested, other = _PATIENCE[question]
        return suggested if _FIRST.get(self._expected) == question else other

    async def _behind_tls(self, found: Recognised) -> Identified:
        """What TLS carries: HTTP, else MQTT, else nothing that we know."""
        outcomes: dict[str, Outcome] = {}
        order: tuple[Question, ...] = ("mqtt", "http") if self._expected == "mqtts" else ("http", "mqtt")
        for question in order:
            try:
                heard = await self._ask_inside(question)
            except DialError as error:
                return self._identified("tls", found.how, b"", behind_tls(outcomes, error))
            outcomes[question] = heard.outcome
            if heard.recognised and heard.recognised.protocol == question:
                protocol = "https" if question == "http" else "mqtts"
                how = f"{found.how}; inside, {heard.recognised.how}"
                return self._identified(protocol, how, b"")
        return self._identified("tls", found.how, b"", behind_tls(outcomes))

    async def _ask_inside(self, question: Question) -> _Heard:
        message = self._get("https") if question == "http" else self._message(question)
        try:
            async with self._line.tls(self._port) as connection:
                await connection.send(message)
                heard = await self._hear(connection, question, self._patience(question))
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
        banner = data if protocol in ("ssh", "telnet", "ftp", "smtp", "vnc", "pop3", "imap") else self._unasked
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


async def _take_leave(connection: Connection, heard: _Heard) -> None:
    """End as the protocol wishes: DISCONNECT a session, read a page to its end so that the close is no reset."""
    protocol = heard.recognised.protocol if heard.recognised else ""
    try:
        if protocol == "mqtt" and mqtt.read_connack(heard.data) == mqtt.ACCEPTED:
            await connection.send(mqtt.DISCONNECT)
        elif protocol == "http":
            with anyio.move_on_after(_DRAIN_SECONDS):
                await connection.receive_while(lambda _: True, _DRAIN_CAP)
    except DialError:
        return
