"""Whether a UDP port tells the time: one question of a client (RFC 5905), never one that controls (modes 6 and 7)."""

import secrets
from typing import Final

from iotscan.model.facts import NtpServer, kind_of
from iotscan.model.vocabulary import AttemptStatus, Reason
from iotscan.observe.network.failures import DialError, Refused
from iotscan.observe.network.probe import Door, FirstWord, Heard, Missed, Probe, missed
from iotscan.wire import ntp

_SECONDS: Final = 1.0
_TRIES: Final = 2
_NEED: Final = kind_of(NtpServer)


async def ask_ntp(door: Door) -> Heard:
    """Ask one service. Never raises a DialError."""
    token = secrets.token_bytes(8)
    try:
        async with door.udp(cap=4096) as peer:
            clock = ntp.read_answer(await peer.ask(ntp.question(token), seconds=_SECONDS, tries=_TRIES), token)
    except Refused:
        # Nobody has knocked before: an ICMP refusal is the answer that there is no server.
        return Heard(missed=(Missed(need=_NEED, status=AttemptStatus.ABSENT, detail="the port is closed"),))
    except DialError as error:
        return Heard(missed=(missed(NtpServer, error),))
    if clock is None:
        detail = "what came was no answer to the question of a client"
        gap = Missed(need=_NEED, status=AttemptStatus.UNREADABLE, reason=Reason.UNREADABLE, detail=detail)
        return Heard(missed=(gap,))
    fact = NtpServer(version=clock.version, stratum=clock.stratum)
    return Heard(facts=(fact,), excerpt=f"NTP version {clock.version}, stratum {clock.stratum}")


def _first_words() -> tuple[FirstWord, ...]:
    return (FirstWord(payload=ntp.question(secrets.token_bytes(8)), is_urgent=False),)


PROBE = Probe(
    name="ntp",
    version=1,
    speaks=frozenset({"ntp"}),
    gives=(NtpServer,),
    ask=ask_ntp,
    first_words=_first_words,
)
