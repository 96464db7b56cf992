"""Whether a device serves files by TFTP: one request for a file that nobody has, with the grant alone (RFC 1350).

Nothing is fetched: of a server that would send even that file nothing is acknowledged, so it sends no second piece.
The request is no plain question. TFTP has no other word than read and write, and some loaders act on the first.
"""

import secrets
from typing import Final

from iotscan.model.facts import TftpServer, kind_of
from iotscan.model.vocabulary import AttemptStatus, Reason
from iotscan.observe.network.failures import DialError, Refused
from iotscan.observe.network.probe import Door, Heard, Missed, Probe, missed
from iotscan.wire import tftp

_SECONDS: Final = 1.5
_TRIES: Final = 2
_NEED: Final = kind_of(TftpServer)


async def ask_tftp(door: Door) -> Heard:
    """Ask one service. Never raises a DialError."""
    request = tftp.read_request(f"iotscan-{secrets.token_hex(8)}")
    try:
        # A server answers from a port of its own for each transfer (RFC 1350 section 4).
        async with door.udp(cap=4096, any_port=True) as peer:
            answer = tftp.read_answer(await peer.ask(request, seconds=_SECONDS, tries=_TRIES))
    except Refused:
        # Nobody has knocked before: an ICMP refusal is the answer that there is no server.
        return Heard(missed=(Missed(need=_NEED, status=AttemptStatus.ABSENT, detail="the port is closed"),))
    except DialError as error:
        return Heard(missed=(missed(TftpServer, error),))
    if answer is None:
        detail = "what came was no answer of TFTP"
        gap = Missed(need=_NEED, status=AttemptStatus.UNREADABLE, reason=Reason.UNREADABLE, detail=detail)
        return Heard(missed=(gap,))
    said = f"error {answer.code} {answer.text}".strip() if answer.is_error else "it would send a file that nobody has"
    return Heard(facts=(TftpServer(said=said),), excerpt=said)


PROBE = Probe(
    name="tftp",
    version=1,
    speaks=frozenset({"tftp"}),
    gives=(TftpServer,),
    ask=ask_tftp,
    stage=3,
    grant="intrusive",
)
