"""One request to industrial equipment, and its answer: one conversation on a port that nobody has knocked on."""

from collections.abc import Callable

import anyio

from iotscan.model.facts import AnyFact, Fact, kind_of
from iotscan.model.vocabulary import AttemptStatus, Reason
from iotscan.observe.network.failures import DialError, Refused, TimedOut
from iotscan.observe.network.probe import Door, Heard, Missed, missed

SECONDS = 3.0
"""How long an answer may take: a controller answers between two cycles of its program."""
_CAP = 4096

Read = Callable[[bytes], tuple[AnyFact, str] | None]
"""The fact that an answer shows, and an excerpt that a person recognises; None where it is no such answer."""


async def ask_once(
    door: Door, gives: type[Fact], request: bytes, wants_more: Callable[[bytes], bool], read: Read
) -> Heard:
    """Send ``request`` over TCP and read one answer. Never raises a DialError."""
    got = b""
    try:
        async with door.gentle(cap=_CAP) as connection:
            await connection.send(request)
            with anyio.move_on_after(SECONDS):
                while wants_more(got):
                    piece = await connection.receive()
                    if not piece:
                        break
                    got += piece
    except DialError as error:
        return Heard(missed=(gap(gives, error),))
    return heard(gives, got, read)


async def ask_datagram(door: Door, gives: type[Fact], request: bytes, read: Read) -> Heard:
    """Send ``request`` over UDP, once, and read one answer. Never raises a DialError."""
    try:
        async with door.udp(cap=_CAP) as peer:
            got = await peer.ask(request, seconds=SECONDS, tries=1)
    except DialError as error:
        return Heard(missed=(gap(gives, error),))
    return heard(gives, got, read)


def heard(gives: type[Fact], got: bytes, read: Read) -> Heard:
    """What an answer shows, or why it shows nothing."""
    if found := read(got):
        fact, excerpt = found
        return Heard(facts=(fact,), excerpt=excerpt)
    if not got:
        return Heard(missed=(gap(gives, TimedOut("it accepted the connection and did not answer")),))
    detail = "it answered in another protocol, or not to this question"
    need, status = kind_of(gives), AttemptStatus.UNREADABLE
    return Heard(missed=(Missed(need=need, status=status, reason=Reason.UNREADABLE, detail=detail),))


def gap(gives: type[Fact], error: DialError) -> Missed:
    """A dial error in the words of an attempt. Nobody has knocked: a refusal says that nothing of the kind is there."""
    if isinstance(error, Refused):
        return Missed(need=kind_of(gives), status=AttemptStatus.ABSENT, detail="the port is closed")
    return missed(gives, error)
