"""Whether a UDP port speaks CoAP in the clear, and what it shows to anybody: a ping, its list, one resource of it.

The ping does nothing (RFC 7252 section 4.3). All in one conversation, of at most eight questions.
"""

import secrets
import time
from typing import Final

from iotscan.model.facts import AnyFact, CoapResources, CoapServer, kind_of
from iotscan.model.vocabulary import AttemptStatus, Reason
from iotscan.observe.network.conversation import Datagram
from iotscan.observe.network.failures import DialError, Refused, TimedOut
from iotscan.observe.network.probe import Door, FirstWord, Heard, Missed, Probe, missed
from iotscan.observe.network.probes.coap_reading import CAP, CORE, Got, enrolment_in, read_resources
from iotscan.wire import coap

_SECONDS: Final = 1.0
_LATER: Final = 2.0
"""Seconds for an answer that was acknowledged and comes by itself (RFC 7252 section 5.2.2)."""
_TRIES: Final = 2
_READ: Final = 8
"""Datagrams read for one question: whoever floods is not heard to the end."""
_TOKEN: Final = 4


async def ask_coap(door: Door) -> Heard:
    """Ask one service. Never raises a DialError."""
    talk = _Talk()
    try:
        async with door.udp(cap=CAP) as peer:
            await talk.run(peer)
    except Refused:
        if not talk.has_spoken:
            # Nobody has knocked before: an ICMP refusal is the answer that there is no server.
            return _nothing(AttemptStatus.ABSENT, None, "the port is closed")
    except DialError as error:
        talk.error = error
    return talk.heard()


class _Talk:
    """What has come back so far."""

    def __init__(self) -> None:
        self._pinged: bool | None = None
        """Whether the ping was answered as one; None for silence."""
        self._resources: CoapResources | None = None
        self._is_coap = False
        self.error: DialError | None = None

    @property
    def has_spoken(self) -> bool:
        return self._pinged is not None or self._is_coap

    async def run(self, peer: Datagram) -> None:
        message_id = secrets.randbelow(0x10000)
        try:
            said = coap.read_message(await peer.ask(coap.ping(message_id), seconds=_SECONDS, tries=1))
            self._pinged = said == coap.read_message(coap.reset(message_id))
        except TimedOut:
            pass
        if self._pinged is False:
            return

        async def get(path: tuple[str, ...], block: int | None) -> Got | None:
            answer = await _get(peer, path, block, tries=_TRIES if self._pinged else 1)
            self._is_coap = self._is_coap or answer is not None
            return answer

        self._resources = await read_resources(get, is_secured=False)

    def heard(self) -> Heard:
        facts: list[AnyFact] = []
        if self._pinged or self._resources:
            facts.append(CoapServer(how="reset" if self._pinged or not self._resources else self._resources.code))
        if self._resources:
            facts.append(self._resources)
            # Where none is listed, nothing was looked for: nobody is to be told that it could not be.
            enrolment = enrolment_in(self._resources)
            facts += [enrolment] if enrolment else []
        if facts:
            return Heard(facts=tuple(facts), missed=self._gaps(), excerpt=self._excerpt())
        if self._pinged is False:
            detail = "what came was no Reset of the ping"
            return _nothing(AttemptStatus.UNREADABLE, Reason.UNREADABLE, detail)
        if self.error:
            return Heard(missed=(missed(CoapServer, self.error), missed(CoapResources, self.error)))
        detail = "no answer to a CoAP ping and a GET: filtered, or nothing that speaks CoAP"
        return _nothing(AttemptStatus.TIMED_OUT, Reason.TIMEOUT, detail)

    def _gaps(self) -> tuple[Missed, ...]:
        if self._resources:
            return ()
        if self.error:
            return (missed(CoapResources, self.error),)
        need, detail = kind_of(CoapResources), "it answers a ping, and no GET of its list"
        return (Missed(need=need, status=AttemptStatus.TIMED_OUT, reason=Reason.TIMEOUT, detail=detail),)

    def _excerpt(self) -> str:
        if self._resources is None:
            return "Reset in answer to a ping"
        paths = " ".join(r.path for r in self._resources.resources)
        return f"{self._resources.code} {paths}".strip()[:200]


async def _get(peer: Datagram, path: tuple[str, ...], block: int | None, *, tries: int) -> Got | None:
    """One question and its answer, which may come behind an acknowledgement; None for silence."""
    message_id, token = secrets.randbelow(0x10000), secrets.token_bytes(_TOKEN)
    question = coap.get(path, message_id, token, block=block)
    for _ in range(tries):
        await peer.send(question)
        ends = time.monotonic() + _SECONDS
        for _ in range(_READ):
            try:
                datagram = await peer.receive(max(ends - time.monotonic(), 0.01))
            except TimedOut:
                break
            response, said = coap.read_response(datagram), coap.read_message(datagram)
            if response and response.token == token:
                if response.message.kind == "confirmable":
                    await peer.send(coap.acknowledgement(response.message.message_id))
                return Got(code=response.message.code, options=response.options, payload=response.payload)
            if said == coap.read_message(coap.reset(message_id)):
                return None
            if said == coap.read_message(coap.acknowledgement(message_id)):
                ends = time.monotonic() + _LATER
    return None


def _nothing(status: AttemptStatus, reason: Reason | None, detail: str) -> Heard:
    needs = (kind_of(CoapServer), kind_of(CoapResources))
    return Heard(missed=tuple(Missed(need=n, status=status, reason=reason, detail=detail) for n in needs))


def _first_words() -> tuple[FirstWord, ...]:
    question = coap.get(CORE, secrets.randbelow(0x10000), secrets.token_bytes(_TOKEN))
    return FirstWord(payload=coap.ping(secrets.randbelow(0x10000))), FirstWord(payload=question)


PROBE = Probe(
    name="coap",
    version=2,
    speaks=frozenset({"coap"}),
    gives=(CoapServer, CoapResources),
    ask=ask_coap,
    first_words=_first_words,
)
