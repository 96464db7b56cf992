"""Whether a port answers for names: its own version, which no server asks another for (``version.bind``, CHAOS).

Whether it would recurse for us stands in its answer. Making it ask others would send their packets on our account.
"""

import secrets
from typing import Final

from iotscan.model.facts import DnsServer, kind_of
from iotscan.model.vocabulary import AttemptStatus, Reason
from iotscan.observe.network.failures import DialError, Refused
from iotscan.observe.network.probe import Door, FirstWord, Heard, Missed, Probe, missed
from iotscan.wire import dns

_SECONDS: Final = 1.0
_TRIES: Final = 2
_CAP: Final = 8192
_NEED: Final = kind_of(DnsServer)


async def ask_dns(door: Door) -> Heard:
    """Ask one service. Never raises a DialError."""
    number = secrets.randbelow(1 << 16)
    question = dns.version_datagram(number)
    try:
        packet = await (_over_tcp(door, question) if door.service.transport == "tcp" else _over_udp(door, question))
    except DialError as error:
        if isinstance(error, Refused) and door.service.transport == "udp":
            # Nobody has knocked before: an ICMP refusal is the answer that there is no server.
            return Heard(missed=(Missed(need=_NEED, status=AttemptStatus.ABSENT, detail="the port is closed"),))
        return Heard(missed=(missed(DnsServer, error),))
    answer = dns.read_answer(packet, number)
    if answer is None:
        detail = "what came was no answer to a DNS question"
        gap = Missed(need=_NEED, status=AttemptStatus.UNREADABLE, reason=Reason.UNREADABLE, detail=detail)
        return Heard(missed=(gap,))
    return Heard(facts=(DnsServer(recurses=answer.recurses, version=answer.version),), excerpt=answer.version)


async def _over_udp(door: Door, question: bytes) -> bytes:
    async with door.udp(cap=_CAP) as peer:
        return await peer.ask(question, seconds=_SECONDS, tries=_TRIES)


async def _over_tcp(door: Door, question: bytes) -> bytes:
    """The same behind its length (RFC 7766 section 8)."""
    async with door.tcp(cap=_CAP) as connection:
        await connection.send(len(question).to_bytes(2, "big") + question)
        said = await connection.receive_while(lambda got: len(got) < 2 + int.from_bytes(got[:2], "big") or len(got) < 2)
        return said[2:]


def _first_words() -> tuple[FirstWord, ...]:
    return (FirstWord(payload=dns.version_datagram(secrets.randbelow(1 << 16)), is_urgent=False),)


PROBE = Probe(
    name="dns",
    version=1,
    speaks=frozenset({"dns"}),
    gives=(DnsServer,),
    ask=ask_dns,
    first_words=_first_words,
)
