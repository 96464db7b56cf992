"""Whether a UDP port answers for names: its own version, which no server asks another for (``version.bind``, CHAOS).

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
_NEED: Final = kind_of(DnsServer)


async def ask_dns(door: Door) -> Heard:
    """Ask one service. Never raises a DialError."""
    number = secrets.randbelow(1 << 16)
    try:
        async with door.udp(cap=8192) as peer:
            packet = await peer.ask(dns.version_datagram(number), seconds=_SECONDS, tries=_TRIES)
    except Refused:
        # Nobody has knocked before: an ICMP refusal is the answer that there is no server.
        return Heard(missed=(Missed(need=_NEED, status=AttemptStatus.ABSENT, detail="the port is closed"),))
    except DialError as error:
        return Heard(missed=(missed(DnsServer, error),))
    answer = dns.read_answer(packet, number)
    if answer is None:
        detail = "what came was no answer to a DNS question"
        gap = Missed(need=_NEED, status=AttemptStatus.UNREADABLE, reason=Reason.UNREADABLE, detail=detail)
        return Heard(missed=(gap,))
    return Heard(facts=(DnsServer(recurses=answer.recurses, version=answer.version),), excerpt=answer.version)


def _first_words() -> tuple[FirstWord, ...]:
    return (FirstWord(payload=dns.version_datagram(secrets.randbelow(1 << 16))),)


PROBE = Probe(
    name="dns",
    version=1,
    speaks=frozenset({"dns"}),
    gives=(DnsServer,),
    ask=ask_dns,
    first_words=_first_words,
)
