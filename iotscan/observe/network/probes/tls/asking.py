"""Sending the questions: within the ceiling, until the server falls silent, in the way that it wants to be asked."""

from collections.abc import Awaitable, Callable, Sequence

import msgspec

from iotscan.model.vocabulary import Reason
from iotscan.observe.network.failures import DialError, PeerClosed, Refused
from iotscan.observe.network.hellos import Ask, Said
from iotscan.observe.network.probes.tls.kinds import EVERY, PRIMES, Wanted, of_kind
from iotscan.observe.network.probes.tls.reply import Reply, judge, unread
from iotscan.observe.network.probes.tls.transcript import PLAIN, Asked, Transcript
from iotscan.wire.tls import framing, sslv2
from iotscan.wire.tls.groups import X25519
from iotscan.wire.tls.hello import Offer
from iotscan.wire.tls.suites import SUITES

_SILENCES = 2
_FIRST_SILENCES = 3


class Asking:
    """One server being asked.

    ``ask`` sends one hello; ``versions`` are those of its family, oldest first; ``ceiling`` is how many hellos it may
    be sent; ``is_complete`` asks for every suite and group.
    """

    def __init__(
        self, ask: Ask, *, versions: tuple[str, ...], server_name: str = "", ceiling: int, is_complete: bool = False
    ) -> None:
        self._ask = ask
        self._server_name = server_name
        self.ceiling = ceiling
        self.is_complete = is_complete
        self.said = Transcript(versions)
        self.hellos = 0
        """How many were sent: one connection or UDP exchange each."""
        self.error: DialError | None = None
        """The first failure to have a conversation at all."""
        self.cut: dict[str, None] = {}
        """The questions that the ceiling left unasked."""
        self.is_confirming = False
        """True once the hellos may be sent that were kept back for confirming what was heard."""
        self._silences = 0
        self._tries = 0
        self._was_without_primes = False

    @property
    def is_named(self) -> bool:
        """True when there is a name to send."""
        return bool(self._server_name)

    @property
    def is_silent(self) -> bool:
        """True once it has fallen silent: nothing more is sent."""
        return self._silences >= (_SILENCES if self.said.accepted else _FIRST_SILENCES)

    async def put(
        self,
        question: str,
        versions: Sequence[str],
        suites: Sequence[int],
        *,
        topic: str = PLAIN,
        groups: tuple[int, ...] | None = None,
        signatures: tuple[int, ...] | None = None,
        shares: tuple[int, ...] = (X25519,),
        alpn: tuple[str, ...] = (),
        extras: tuple[int, ...] = (framing.ENCRYPT_THEN_MAC,),
        compression: bool = False,
        is_fallback: bool = False,
    ) -> Reply:
        """Send one hello and note the reply; one that may not be sent any more is a reply, too: why not."""
        way = self.said.way
        offer = Offer(
            versions=tuple(versions),
            suites=tuple(suites),
            server_name=self._server_name if way.is_named else "",
            groups=way.groups(versions[0]) if groups is None else groups,
            signatures=way.signatures if signatures is None else signatures,
            shares=shares,
            alpn=alpn,
            extras=() if way.is_short else extras,
            compression=compression,
            is_fallback=is_fallback,
            is_bare=way.is_bare,
        )
        reply = await self._reply(question, offer)
        self.said.note(Asked(question=question, topic=topic, way=way, offer=offer, reply=reply))
        return reply

    async def _reply(self, question: str, offer: Offer) -> Reply:
        if self.is_silent:
            return unread(Reason.TIMEOUT, "the server fell silent; not asked")
        if self._tries + self._reserve() >= self.ceiling:
            self.cut[question] = None
            return unread(Reason.BUDGET, f"left unasked: {self.ceiling} hellos a service are the ceiling")
        said = await self._send(offer)
        if isinstance(said.error, Refused | PeerClosed) and self._tries < self.ceiling:
            # One guest at a time: the one before had hardly gone.
            said = await self._send(offer)
        reply = judge(said, offer)
        self._silences = self._silences + 1 if reply.reason is Reason.TIMEOUT else 0
        return reply

    async def _send(self, offer: Offer) -> Said:
        self._tries += 1
        said = await self._ask(offer)
        if said.error is None:
            self.hellos += 1
        else:
            self.error = self.error or said.error
        return said

    def _reserve(self) -> int:
        """Hellos that confirming the doubtful refusals so far will take."""
        if self.is_confirming or not self.said.accepted:
            return 0
        is_last_doubtful = self.said.asked[-1].reply.is_doubtful
        doubted = [v for v in self.said.accepted if any(a.reply.is_doubtful for a in self.said.refusals(v))]
        return max(len(doubted), int(is_last_doubtful))

    def offered(self, version: str, wanted: Wanted = EVERY) -> tuple[int, ...]:
        """The suites of a kind that one hello of this server's way offers in a version."""
        if version == sslv2.VERSION:
            return tuple(sslv2.KINDS)
        return self.within_reach(of_kind(version, wanted))

    def within_reach(self, codes: Sequence[int]) -> tuple[int, ...]:
        """Those of some suites that one hello of this server's way may offer."""
        way = self.said.way
        fitting = codes if way.has_primes else [code for code in codes if not PRIMES(SUITES[code])]
        return tuple(fitting[: way.limit])

    async def put_again_without_primes(self, reply: Reply, again: Callable[[], Awaitable[Reply]]) -> Reply:
        """Where breaking off was the answer to an offer with DHE suites, ask without them, once a server.

        What that brings, a selection or a clear refusal, is the way to go on asking; else nothing has changed.
        """
        way, offered = self.said.way, self.said.asked[-1].offer.suites
        has_primes = way.has_primes and any(code in SUITES and PRIMES(SUITES[code]) for code in offered)
        breaks_off = reply.is_doubtful and reply.flight.answer is None
        if not (breaks_off and has_primes) or self._was_without_primes:
            return reply
        self._was_without_primes = True
        self.said.way = msgspec.structs.replace(way, has_primes=False)
        second = await again()
        if second.kind == "open" or second.is_doubtful:
            self.said.way = way
            return reply
        return second

    def take_back(self, asked: Asked, why: str) -> None:
        """A refusal that turned out to be none."""
        self.said.correct(asked, unread(Reason.UNREADABLE, why, speaks_tls=asked.reply.speaks_tls))
