"""Whether a UDP port speaks DTLS, and what its first answer costs whom: one hello, no cookie brought back.

The hello is short and offers what small devices have, since some drop a long one without a word; where that settles
nothing, a long one offers everything. Each is sent once. Source: RFC 6347 section 4.2.1, RFC 9147 section 5.1.
"""

from secrets import token_bytes
from typing import Final

import msgspec

from iotscan.model.answer import Answer
from iotscan.model.facts.fact import kind_of
from iotscan.model.facts.tls import DtlsServer
from iotscan.model.vocabulary import AttemptStatus, Reason
from iotscan.observe.network.datagram_hellos import Exchange, say_hello
from iotscan.observe.network.failures import Refused
from iotscan.observe.network.probe import Door, FirstWord, Heard, Missed, Probe, missed
from iotscan.wire.tls.alerts import HANDSHAKE_FAILURE, alert_name
from iotscan.wire.tls.dtls import SHORT_OFFER, alert, hello_datagrams
from iotscan.wire.tls.groups import USUAL
from iotscan.wire.tls.hello import NOISE, Offer
from iotscan.wire.tls.suites import offer, suite_name

_WAITS = (1.5,)
_FATAL = 2
_NEED: Final = kind_of(DtlsServer)
_LONG = msgspec.structs.replace(SHORT_OFFER, suites=offer("DTLSv1.2"), groups=USUAL)

_Try = tuple[Exchange, Offer]


async def ask_dtls(door: Door) -> Heard:
    """Say hello to one service. Never raises a DialError."""
    tried: list[_Try] = []
    for offered in (SHORT_OFFER, _LONG):
        tried.append((await say_hello(door, offered, waits=_WAITS, returns_cookie=False), offered))
        if isinstance(tried[-1][0].said.error, Refused):
            # Nobody has knocked before: an ICMP refusal is the answer that there is no server.
            return _nothing(AttemptStatus.ABSENT, None, "the port is closed")
        if _settles(*tried[-1]):
            return _conclude(*tried[-1])
    return _conclude(*next((t for t in tried if t[0].said.flight.answer is not None), tried[-1]))


def _settles(exchange: Exchange, asked: Offer) -> bool:
    return bool(exchange.asks_cookie) or _selects(exchange, asked)


def _selects(exchange: Exchange, asked: Offer) -> bool:
    """True where the server chose something that was offered, and not only by asking for a cookie."""
    answer = exchange.said.flight.answer
    return (
        answer is not None
        and answer.kind == "server_hello"
        and answer.version in asked.versions
        and answer.suite in asked.suites
    )


def _conclude(exchange: Exchange, asked: Offer) -> Heard:
    said, answer = exchange.said, exchange.said.flight.answer
    if exchange.asks_cookie:
        empty = Answer[bool].missing(Reason.UNREADABLE, "asks for a cookie, and sends none")
        return _heard(exchange, exchange.asks_cookie, Answer.of(True) if exchange.cookie else empty)
    if answer is None:
        if said.error is not None:
            return Heard(missed=(missed(DtlsServer, said.error),))
        detail = "no whole answer to a DTLS hello" if said.heard else "no answer to two DTLS hellos"
        return _nothing(AttemptStatus.TIMED_OUT, Reason.TIMEOUT, detail)
    if answer.kind == "not_tls":
        return _nothing(AttemptStatus.UNREADABLE, Reason.UNREADABLE, "answered in something other than DTLS")
    if answer.kind == "alert":
        how = f"alert {alert_name(answer.description)}"
        return _heard(exchange, how, _open("refused the hello before it showed whether it asks for a cookie"))
    if answer.kind == "hello_retry":
        return _heard(exchange, "HelloRetryRequest", _open("asked for another key share, and for no cookie yet"))
    if not _selects(exchange, asked):
        chosen = f"{answer.version} {suite_name(answer.suite)}"
        return _nothing(AttemptStatus.UNREADABLE, Reason.UNREADABLE, f"selected {chosen}, which was not offered")
    return _heard(exchange, "ServerHello", Answer.of(False))


def _open(detail: str) -> Answer[bool]:
    return Answer.missing(Reason.NOT_OBSERVABLE, detail)


def _heard(exchange: Exchange, how: str, asks_cookie: Answer[bool]) -> Heard:
    amplification = round(exchange.said.heard / exchange.sent, 2)
    fact = DtlsServer(asks_cookie=asks_cookie, amplification=amplification, how=how)
    return Heard(facts=(fact,), excerpt=f"{how}: {exchange.said.heard} bytes for {exchange.sent}")


def _nothing(status: AttemptStatus, reason: Reason | None, detail: str) -> Heard:
    return Heard(missed=(Missed(need=_NEED, status=status, reason=reason, detail=detail),))


def _first_words() -> tuple[FirstWord, ...]:
    # Whoever begins a handshake without a cookie is told at once that there will be none.
    farewell = alert(_FATAL, HANDSHAKE_FAILURE, sequence=1)
    hellos = (hello for offered in (SHORT_OFFER, _LONG) for hello in hello_datagrams(offered, token_bytes(NOISE)))
    return tuple(FirstWord(payload=hello, farewell=farewell) for hello in hellos)


PROBE = Probe(
    name="dtls",
    version=1,
    speaks=frozenset({"coaps"}),
    gives=(DtlsServer,),
    ask=ask_dtls,
    stage=0,
    first_words=_first_words,
)
