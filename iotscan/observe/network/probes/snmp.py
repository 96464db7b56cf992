"""Whether an SNMP agent answers ``public`` (RFC 1157, RFC 3416), and what its engine says (RFC 3414 section 4).

Reads two values, writes none. The questions of all versions go out together, those of version 3 first and last: where
both of them are answered, and ``public`` is not, the agent was there, and discarded it (decision 0038).
"""

import secrets
import time
from collections.abc import Callable, Iterable
from typing import Final

import msgspec

from iotscan.model.facts import AnyFact, SnmpAgent, SnmpEngine, kind_of
from iotscan.model.text import safe_text
from iotscan.model.vocabulary import AttemptStatus, Reason
from iotscan.observe.network.conversation import Datagram
from iotscan.observe.network.failures import DialError, Refused, TimedOut
from iotscan.observe.network.probe import Door, FirstWord, Heard, Missed, Probe, missed
from iotscan.wire import snmp, snmp_engine

PUBLIC: Final = "public"
_ASKED: Final[tuple[snmp.Version, ...]] = ("2c", "1")
_ROUNDS: Final = 2
_SECONDS: Final = 1.0
_GRACE: Final = 0.3
"""Seconds for an answer to the stranger after the one to what was asked behind him: an agent answers in turn."""
_READ: Final = 16
"""Datagrams read in one round: whoever floods is not heard to the end."""
_DESCRIPTION = 300
_SILENCE: Final = "no answer to SNMP with community public: closed, filtered or another community"
_DISCARDED: Final = "the agent answers SNMPv3, and what it was sent with community public in between, twice, not at all"
_AUTHORIZATION_ERROR = 16
"""RFC 3416 section 3: an answer, but not to somebody of this community."""


class _Get(msgspec.Struct, frozen=True, kw_only=True):
    """One GET, and how its answer is known."""

    community: str
    version: snmp.Version
    oid: tuple[int, ...] = snmp.SYS_DESCR
    number: int

    @property
    def packet(self) -> bytes:
        return snmp.get_request(self.community, self.number, version=self.version, oid=self.oid)

    def answer_in(self, packet: bytes) -> snmp.Response | None:
        """The answer, where it is one and grants what was asked."""
        said = snmp.read_response(packet)
        if said is None or (said.request_id, said.community) != (self.number, self.community.encode()):
            return None
        return None if said.error_status == _AUTHORIZATION_ERROR else said


def _ask(community: str, version: snmp.Version, oid: tuple[int, ...] = snmp.SYS_DESCR) -> _Get:
    return _Get(community=community, version=version, oid=oid, number=secrets.randbelow(0x7FFFFFFF))


class _Talk:
    """What has been answered so far."""

    def __init__(self) -> None:
        self._public = tuple(_ask(PUBLIC, version) for version in _ASKED)
        self._discoveries = (secrets.randbelow(0x7FFFFFFF), secrets.randbelow(0x7FFFFFFF))
        self._asked = list(self._public)
        self._answers: dict[_Get, snmp.Response] = {}
        self._engines: dict[int, snmp_engine.Engine] = {}
        self.discarded = False
        """Both discoveries of one round were answered, and nothing between them."""
        self.kind = ""
        self.any_community = False

    @property
    def answer(self) -> snmp.Response | None:
        """The answer to ``public``, in the newest version that it is given in."""
        return next((self._answers[one] for one in self._public if one in self._answers), None)

    @property
    def engine(self) -> snmp_engine.Engine | None:
        return next(iter(self._engines.values()), None)

    async def run(self, peer: Datagram) -> None:
        for _ in range(_ROUNDS):
            self._engines.clear()
            first, last = (snmp_engine.discovery(number) for number in self._discoveries)
            await self._round(peer, (first, *(one.packet for one in self._public), last), self._is_over, _SECONDS)
            if self.answer:
                break
        self.discarded = len(self._engines) == len(self._discoveries) and not self.answer
        if self.answer:
            await self._ask_more(peer, self.answer.version)

    def _is_over(self) -> bool:
        return self.answer is not None and self._discoveries[1] in self._engines

    async def _ask_more(self, peer: Datagram, version: snmp.Version) -> None:
        """What made the agent, and whether a community that nobody set is answered as well."""
        stranger = _ask(f"iotscan-{secrets.token_hex(6)}", version)
        kind = _ask(PUBLIC, version, snmp.SYS_OBJECT_ID)
        self._asked += (stranger, kind)
        packets = (stranger.packet, kind.packet)
        await self._round(peer, packets, lambda: kind in self._answers, _SECONDS)
        if stranger not in self._answers:
            await self._round(peer, packets[:1], lambda: stranger in self._answers, _GRACE)
        self.kind = self._answers[kind].object_id if kind in self._answers else ""
        self.any_community = stranger in self._answers

    async def _round(self, peer: Datagram, packets: Iterable[bytes], is_over: Callable[[], bool], wait: float) -> None:
        for packet in packets:
            await peer.send(packet)
        ends = time.monotonic() + wait
        for _ in range(_READ):
            if is_over():
                return
            try:
                self._take(await peer.receive(max(ends - time.monotonic(), 0.01)))
            except TimedOut:
                return

    def _take(self, packet: bytes) -> None:
        for number in self._discoveries:
            if engine := snmp_engine.read_report(packet, number):
                self._engines[number] = engine
        for one in self._asked:
            if said := one.answer_in(packet):
                self._answers[one] = said


async def ask_snmp(door: Door) -> Heard:
    """Ask one agent, in one conversation. Never raises a DialError."""
    talk = _Talk()
    try:
        async with door.udp() as peer:
            await talk.run(peer)
    except Refused as error:
        if talk.answer is None and talk.engine is None:
            # Nobody has knocked before: an ICMP refusal is the answer that there is no agent.
            return Heard(missed=_gaps(AttemptStatus.ABSENT, None, "the port is closed"))
        return Heard(missed=(missed(SnmpAgent, error), missed(SnmpEngine, error)))
    except DialError as error:
        return Heard(missed=(missed(SnmpAgent, error), missed(SnmpEngine, error)))
    return _heard(talk)


def _heard(talk: _Talk) -> Heard:
    facts: list[AnyFact] = []
    if talk.answer:
        facts.append(
            SnmpAgent(
                version=talk.answer.version,
                description=safe_text(talk.answer.value or b"", _DESCRIPTION),
                object_id=talk.kind,
                answers_any_community=talk.any_community,
            )
        )
    if talk.engine:
        facts.append(
            SnmpEngine(
                enterprise=snmp_engine.enterprise_of(talk.engine.id),
                stated=snmp_engine.stated_in(talk.engine.id),
                boots=talk.engine.boots,
                seconds=talk.engine.seconds,
            )
        )
    gaps = _gaps(AttemptStatus.TIMED_OUT, Reason.TIMEOUT, _SILENCE)
    if talk.discarded:
        need = kind_of(SnmpAgent)
        gaps = (Missed(need=need, status=AttemptStatus.ABSENT, detail=_DISCARDED),)
    excerpt = safe_text(talk.answer.value or b"", _DESCRIPTION) if talk.answer else "SNMPv3 report" if facts else ""
    return Heard(facts=tuple(facts), missed=gaps, excerpt=excerpt)


def _gaps(status: AttemptStatus, reason: Reason | None, detail: str) -> tuple[Missed, ...]:
    needs = (kind_of(SnmpAgent), kind_of(SnmpEngine))
    return tuple(Missed(need=need, status=status, reason=reason, detail=detail) for need in needs)


def _first_words() -> tuple[FirstWord, ...]:
    words = [_ask(PUBLIC, version).packet for version in _ASKED]
    return tuple(FirstWord(payload=packet) for packet in (snmp_engine.discovery(secrets.randbelow(1 << 31)), *words))


PROBE = Probe(
    name="snmp",
    version=3,
    speaks=frozenset({"snmp"}),
    gives=(SnmpAgent, SnmpEngine),
    ask=ask_snmp,
    first_words=_first_words,
)
