"""Whether a UDP port speaks CoAP in the clear: one ping, which does nothing (RFC 7252 section 4.3)."""

import secrets
from typing import Final

from iotscan.model.facts import CoapServer, kind_of
from iotscan.model.vocabulary import AttemptStatus, Reason
from iotscan.observe.network.failures import DialError, Refused, TimedOut
from iotscan.observe.network.probe import Door, FirstWord, Heard, Missed, Probe, missed
from iotscan.wire import coap

_SECONDS = 1.0
_TRIES = 2
_NEED: Final = kind_of(CoapServer)


async def ask_coap(door: Door) -> Heard:
    """Ping one service. Never raises a DialError."""
    message_id = secrets.randbelow(0x10000)
    try:
        async with door.udp() as peer:
            said = coap.read_message(await peer.ask(coap.ping(message_id), seconds=_SECONDS, tries=_TRIES))
    except Refused:
        # Nobody has knocked before: an ICMP refusal is the answer that there is no server.
        return Heard(missed=(Missed(need=_NEED, status=AttemptStatus.ABSENT, detail="the port is closed"),))
    except TimedOut:
        detail = "no answer to a CoAP ping: filtered, or nothing that speaks CoAP"
        gap = Missed(need=_NEED, status=AttemptStatus.TIMED_OUT, reason=Reason.TIMEOUT, detail=detail)
        return Heard(missed=(gap,))
    except DialError as error:
        return Heard(missed=(missed(CoapServer, error),))
    if said == coap.read_message(coap.reset(message_id)):
        return Heard(facts=(CoapServer(how="reset"),), excerpt="Reset in answer to a ping")
    detail = "what came was no Reset of the ping" if said else "answered in something other than CoAP"
    return Heard(missed=(Missed(need=_NEED, status=AttemptStatus.UNREADABLE, reason=Reason.UNREADABLE, detail=detail),))


def _first_words() -> tuple[FirstWord, ...]:
    return (FirstWord(payload=coap.ping(secrets.randbelow(0x10000))),)


PROBE = Probe(
    name="coap",
    version=1,
    speaks=frozenset({"coap"}),
    gives=(CoapServer,),
    ask=ask_coap,
    first_words=_first_words,
)
