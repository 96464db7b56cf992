"""One ClientHello to one service over datagrams, and what came back: DTLS without finishing a handshake.

Each hello has a UDP exchange of its own: the hello, the cookie that the server wants back (HelloVerifyRequest up to
DTLS 1.2, HelloRetryRequest in 1.3), the hello with it, the server's flight, and a fatal alert by which the server
forgets us at once. Source: RFC 6347 section 4.2, RFC 9147 section 5.
"""

from os import urandom
from typing import Literal

import anyio
import msgspec

from iotscan.observe.network.conversation import Datagram
from iotscan.observe.network.failures import DialError, Refused, TimedOut, TooMuch
from iotscan.observe.network.hellos import CAP, PATIENCE, Ask, Said, Stop
from iotscan.observe.network.probe import Door
from iotscan.wire.tls import dtls
from iotscan.wire.tls.alerts import HANDSHAKE_FAILURE
from iotscan.wire.tls.answer import ServerAnswer
from iotscan.wire.tls.flight import Flight
from iotscan.wire.tls.hello import NOISE, Offer

WAITS = (1.0, 4.0)
"""Seconds of quiet after which a hello is sent again (RFC 6347 section 4.2.4.1), and after which it is given up."""
_COOKIES = 2
"""Cookies that are brought back: a server whose secret changed in between asks twice."""
_FATAL = 2

CookieRequest = Literal["", "HelloVerifyRequest", "HelloRetryRequest"]


class Exchange(msgspec.Struct, frozen=True, kw_only=True):
    """One hello and what it came to; ``sent`` are the bytes of our hellos, ``asks_cookie`` how one was asked for."""

    said: Said
    sent: int = 0
    asks_cookie: CookieRequest = ""
    cookie: bytes = b""


def over_datagrams(door: Door) -> Ask:
    """Hellos over UDP, each in its own exchange."""

    async def ask(offer: Offer) -> Said:
        return (await say_hello(door, offer)).said

    return ask


async def say_hello(
    door: Door, offer: Offer, *, waits: tuple[float, ...] = WAITS, returns_cookie: bool = True
) -> Exchange:
    """Send one hello and read the answer until it is whole or quiet, then leave. Never raises a DialError.

    Each of ``waits`` is a try. Without ``returns_cookie`` the request for a cookie is the answer.
    """
    talk = _Talk(offer, waits, returns_cookie=returns_cookie)
    try:
        async with door.udp(cap=CAP) as peer:
            try:
                with anyio.move_on_after(PATIENCE):
                    await talk.run(peer)
            except TooMuch:
                talk.stop = "too_much"
            await talk.leave(peer)
    except DialError as error:
        if not talk.has_answer:
            return talk.ended(Said(stop="failed", error=error, heard=talk.heard, start=talk.start))
        if isinstance(error, Refused):
            talk.stop = "closed"
    return talk.ended()


class _Talk:
    """One exchange while it goes on."""

    def __init__(self, offer: Offer, waits: tuple[float, ...], *, returns_cookie: bool) -> None:
        self._offer = offer
        self._waits = waits
        self._returns_cookie = returns_cookie
        self._noise = urandom(NOISE)
        self._reader = dtls.DatagramReader()
        self._retry: Flight | None = None
        self._is_broken = self._was_quiet = False
        self._asks_cookie: CookieRequest = ""
        self._cookie = b""
        self._records = self._hellos = self._sent = 0
        self.heard = 0
        self.start = b""
        self.stop: Stop = "silent"

    @property
    def has_answer(self) -> bool:
        """True when the server has said something that decides."""
        return self._flight().answer is not None

    async def run(self, peer: Datagram) -> None:
        """Hello after hello, until one is answered by a flight, or by nothing."""
        await self._say(peer)
        while self._wants_another():
            await self._say(peer)

    async def leave(self, peer: Datagram) -> None:
        """Tell a server that may wait for us that we will not come."""
        is_waiting = bool(self.heard) and self._reader.cookie is None and self._flight().end != "alert"
        if is_waiting and not self._reader.is_strange:
            await peer.send(dtls.alert(_FATAL, HANDSHAKE_FAILURE, sequence=self._records))

    def ended(self, said: Said | None = None) -> Exchange:
        """What it came to."""
        if said is None:
            self._reader.closed()
            flight = self._flight()
            stop: Stop = "whole" if flight.end in ("whole", "alert", "broken") else self.stop
            said = Said(flight=flight, stop=stop, heard=self.heard, start=self.start)
        return Exchange(said=said, sent=self._sent, asks_cookie=self._asks_cookie, cookie=self._cookie)

    def _flight(self) -> Flight:
        if self._is_broken:
            return Flight(answer=ServerAnswer(kind="not_tls"), end="broken")
        # A HelloRetryRequest has chosen, whether or not anything follows.
        flight = self._reader.flight
        return self._retry if self._retry is not None and flight.answer is None else flight

    async def _say(self, peer: Datagram) -> None:
        """Send the next hello until it is answered or the tries are used up."""
        self._reader = dtls.DatagramReader(answered=self._cookie)
        self._was_quiet = False
        for wait in self._waits:
            await self._send(peer)
            try:
                while not self._reader.feed(await self._receive(peer, wait)):
                    pass
                break
            except TimedOut:
                self._was_quiet = True
                if self._reader.is_strange:
                    break
        self._hellos += 1

    async def _send(self, peer: Datagram) -> None:
        is_retry = self._retry is not None
        datagrams = dtls.hello_datagrams(
            self._offer,
            self._noise,
            cookie=b"" if is_retry else self._cookie,
            retry_cookie=self._cookie if is_retry else b"",
            message=self._hellos,
            sequence=self._records,
        )
        for datagram in datagrams:
            self._records += 1
            self._sent += len(datagram)
            await peer.send(datagram)

    async def _receive(self, peer: Datagram, seconds: float) -> bytes:
        data = await peer.receive(seconds)
        self.heard += len(data)
        self.start = self.start or data[:16]
        return data

    def _wants_another(self) -> bool:
        """See whether the answer asks for a cookie that another hello is to bring."""
        kind, cookie = self._request()
        if not kind:
            return False
        self._is_broken = self._retry is not None and kind == "HelloRetryRequest"
        self._asks_cookie, brought, self._cookie = kind, self._cookie, cookie
        if self._was_quiet and brought:
            # It took what was brought, and asks anew: no refusal, as some refuse so, and others what they could do.
            self.stop = "dropped"
        is_vain = self.stop == "dropped" or self._is_broken or not cookie or self._hellos > _COOKIES
        if is_vain or not self._returns_cookie:
            return False
        return kind == "HelloVerifyRequest" or self._follows()

    def _request(self) -> tuple[CookieRequest, bytes]:
        if self._reader.cookie is not None:
            return "HelloVerifyRequest", self._reader.cookie
        answer = self._reader.flight.answer
        if answer is not None and answer.kind == "hello_retry" and answer.cookie:
            return "HelloRetryRequest", answer.cookie
        return "", b""

    def _follows(self) -> bool:
        """Take up what a HelloRetryRequest wants; False where no key share can be made for its group."""
        self._retry = self._reader.flight
        group = self._retry.answer.group if self._retry.answer else 0
        self._offer = msgspec.structs.replace(self._offer, shares=(group,) if group else self._offer.shares)
        try:
            dtls.hello_datagrams(self._offer, self._noise)
        except ValueError:
            return False
        return True
