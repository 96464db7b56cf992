"""What a probe is: it is handed a door to one service, asks, and returns facts or why there are none."""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from socket import socket
from typing import Any, Final

import msgspec

from iotscan.model.device import Service
from iotscan.model.facts import Announcement, AnyFact, Fact, OpenService, kind_of
from iotscan.model.scope import Grants
from iotscan.model.vocabulary import AttemptStatus, Reason
from iotscan.observe.heard import Heard, Missed
from iotscan.observe.network.conversation import Connection, Datagram
from iotscan.observe.network.failures import DialError, Refused
from iotscan.observe.network.line import Line
from iotscan.observe.network.opening import bring_to_tls
from iotscan.observe.network.ports import OWN_WORDS_ONLY
from iotscan.observe.network.udp_knock import FirstWord
from iotscan.observe.network.web_session import Ask, WebSession
from iotscan.wire.starttls import PROTOCOLS as BEGIN_IN_THE_CLEAR

TLS_AT_ONCE: Final = frozenset(
    {
        *(
            "tls",
            "https",
            "h2",
            "mqtts",
            "amqps",
            "imaps",
            "smtps",
            "pop3s",
            "ftps",
            "ldaps",
            "rtsps",
            "dot",
            "coaps+tcp",
        ),
        *("rediss", "memcached+tls", "mongodb+tls", "mqtt-wss"),
    }
)
"""Protocols of a service whose first word is a ClientHello."""
HAVE_TLS: Final = TLS_AT_ONCE | BEGIN_IN_THE_CLEAR
"""What a question about TLS applies to: TLS at once, or after a word in the clear (STARTTLS and its like)."""


_MAY_BE_WEB: Final = frozenset({"http", "https", "tls", "unknown"})


def missed(fact: type[Fact] | str, error: DialError) -> Missed:
    """A dial error in the words of an attempt, for a fact type or its kind.

    A refusal is no absence here: a probe is only sent where the port was open a moment ago. The service
    takes one guest at a time, is busy, or keeps us out.
    """
    need = fact if isinstance(fact, str) else kind_of(fact)
    if isinstance(error, Refused):
        detail = f"{error}, though it was open a moment ago"
        return Missed(need=need, status=AttemptStatus.UNREADABLE, reason=Reason.UNREACHABLE, detail=detail)
    return Missed(need=need, status=error.status, reason=error.reason, detail=str(error))


class Door(msgspec.Struct, frozen=True, kw_only=True):
    """The way to one service, and what is known of its device so far.

    ``known`` are the facts already observed on this device, as (service name, fact). ``grants`` is what
    the user allowed; ``tools`` are run-wide helpers by name (the credential engine, the TLS worker).
    """

    line: Line
    service: Service
    grants: Grants = Grants()
    server_name: str = ""
    """The host name the user gave for this address, for SNI and Host; empty when scanned by address."""
    known: tuple[tuple[str, AnyFact], ...] = ()
    tools: Mapping[str, Any] = {}
    share: int = 1000
    """Conversations that leave as many to the same probe on each other service of the device."""
    web: WebSession = msgspec.field(default_factory=WebSession)
    """What this service has answered to GETs of the device's probes, all together."""

    @property
    def address(self) -> str:
        """The device's address."""
        return self.line.address

    @property
    def port(self) -> int:
        """The service's port."""
        return self.service.port

    def tcp(self, *, cap: int = 256 * 1024) -> AbstractAsyncContextManager[Connection]:
        """A TCP conversation with the service."""
        return self.line.tcp(self.port, cap=cap)

    @property
    def opening(self) -> str:
        """The protocol whose words in the clear come before a ClientHello; empty for TLS at once."""
        return self.service.protocol if self.service.protocol in BEGIN_IN_THE_CLEAR else ""

    @asynccontextmanager
    async def before_tls(self, *, cap: int = 256 * 1024) -> AsyncIterator[Connection]:
        """A TCP conversation in which the next word is a ClientHello.

        Raises NoTls where the service plainly offers no TLS, and any DialError where that stays open.
        """
        async with self.tcp(cap=cap) as connection:
            if self.opening:
                await bring_to_tls(connection, self.opening, self.server_name or self.address)
            yield connection

    def gentle(self, *, cap: int = 4096) -> AbstractAsyncContextManager[Connection]:
        """The one TCP conversation with a port of industrial equipment, on which nobody has knocked."""
        return self.line.gentle(self.port, cap=cap)

    def tls(self, *, cap: int = 256 * 1024, certificate: str = "") -> AbstractAsyncContextManager[Connection]:
        """A conversation inside TLS, unvalidated.

        With ``certificate``, the SHA-256 of one that was judged before, the server has to show this one.
        """
        return self.line.tls(self.port, server_name=self.server_name, cap=cap, certificate=certificate)

    def plain_or_tls(self, *, cap: int = 256 * 1024) -> AbstractAsyncContextManager[Connection]:
        """A conversation in whatever the service was heard to use: see :data:`TLS_AT_ONCE`."""
        return self.tls(cap=cap) if speaks_tls(self.service) else self.tcp(cap=cap)

    def udp(self, *, cap: int = 256 * 1024, any_port: bool = False) -> AbstractAsyncContextManager[Datagram]:
        """A UDP exchange with the service; ``any_port`` where its answers come from another port than was asked."""
        return self.line.udp(self.port, cap=cap, any_port=any_port)

    def socket(self) -> AbstractAsyncContextManager[socket]:
        """A connected socket for a protocol library."""
        return self.line.socket(self.port)


def may_be_web(known: Iterable[tuple[str, AnyFact]], port: int) -> bool:
    """Whether HTTP may be spoken to a TCP port that somebody named for it, maybe in the name of another.

    Not to equipment that takes other words amiss, nor where another protocol was heard: lines of HTTP are commands to
    an open shell.
    """
    if port in OWN_WORDS_ONLY:
        return False
    name = f"tcp/{port}"
    heard = (fact.protocol for service, fact in known if service == name and isinstance(fact, OpenService))
    return all(protocol in _MAY_BE_WEB for protocol in heard)


def speaks_tls(service: Service) -> bool:
    """True when the service was identified as TLS on the outside."""
    return service.protocol in TLS_AT_ONCE


class Probe(msgspec.Struct, frozen=True, kw_only=True):
    """One protocol's questions.

    ``speaks`` are the service protocols it applies to; ``gives`` the facts it may bring; ``stage``
    orders probes on a device (low first, the costliest last); ``grant`` names the grant it
    needs (a field of :class:`Grants`), empty when it is harmless.
    """

    name: str
    version: int
    speaks: frozenset[str]
    gives: tuple[type[Fact], ...]
    ask: Callable[[Door], Awaitable[Heard]]
    stage: int = 1
    grant: str = ""
    fragile: str = ""
    """The kind of fragile equipment that it asks: only where the profile allows it."""
    wants: tuple[type[Fact], ...] = ()
    """Facts of other probes that this one reads from :attr:`Door.known`: asked for as well."""
    after: type[Fact] | None = None
    """Asked only where this fact was observed on the service: elsewhere there is nothing to ask, and no attempt."""
    first_words: Callable[[], tuple[FirstWord, ...]] | None = None
    """What is said first to a UDP port. With all ports of a device so knocked on together, the probe is asked only
    where something came back."""
    heard_of: Callable[[Announcement], bool] | None = None
    """What of a device's announcement shows that there is something to ask, whatever its ports said to a first word:
    some listen to all on the link, and to nobody who asks them alone."""
    where: Callable[[Any], bool] | None = None
    """Which facts of ``after`` leave something to ask; where none does, what it gives is absent, grant or not."""
    ahead: Callable[[Door], tuple[Ask, ...]] | None = None
    """The GETs it will ask whatever else it hears: asked in a conversation that an earlier probe holds anyway."""
    shows: bool = False
    """With an earlier run to go back to: asked first, and what answers as it did then is the same service still."""
    holds_on: Callable[[Any], bool] | None = None
    """Which facts of then are believed of a service that is the same still; None for none: it is asked anew.

    What is costly and can hardly have changed: never what a person may have mended meanwhile without its showing."""

    @property
    def label(self) -> str:
        """``tls/1``, as observations name it."""
        return f"{self.name}/{self.version}"


__all__ = [
    "HAVE_TLS",
    "TLS_AT_ONCE",
    "Door",
    "FirstWord",
    "Heard",
    "Missed",
    "Probe",
    "may_be_web",
    "missed",
    "speaks_tls",
]
