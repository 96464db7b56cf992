"""Asking a resolver what the DNS says of the name of a server: who may issue for it, signatures, TLSA.

Through the dialer, like everything else; over TCP where an answer does not fit into a datagram.
"""

from collections.abc import Iterable
from typing import Any, Final

from iotscan.model.answer import Answer
from iotscan.model.facts import CaaRecord, NameRecords, TlsaRecord
from iotscan.model.vocabulary import Reason
from iotscan.observe.heard import Heard
from iotscan.observe.network.failures import DialError
from iotscan.observe.network.line import Line
from iotscan.observe.network.probe import missed
from iotscan.wire import name_records as wire

LABEL: Final = "name-records/1"
PORT: Final = 53
_SERVICES: Final = 8
"""Services of which TLSA records are asked for."""
_STREAM_CAP: Final = 64 * 1024 + 2


_NOT_TOLD: Final = Answer[Any].missing(
    Reason.NOT_OBSERVABLE, "the resolver passes no signatures on: name another with --resolver"
)


async def ask_records(line: Line, name: str, address: str, ports: Iterable[int]) -> Heard:
    """Ask for all of it. ``address`` is the one that the name was looked up to, ``ports`` those of its TLS services."""
    try:
        own = await _ask(line, name, "AAAA" if ":" in address else "A")
        caa, caa_at = await _caa(line, name)
        tlsa = await _tlsa(line, name, tuple(ports)[:_SERVICES])
        delegated = await _delegated(line, own)
    except DialError as error:
        return Heard(missed=(missed(NameRecords, error),))
    return Heard(
        facts=(
            NameRecords(
                name=name,
                resolver=line.address,
                caa=caa,
                caa_at=caa_at,
                is_signed=_signed(own),
                is_delegated=delegated,
                is_validated=Answer.of(own.is_validated) if own and own.records else _unknown(own),
                tlsa=tlsa,
            ),
        )
    )


async def _ask(line: Line, name: str, kind: wire.Kind, port: int = 0) -> wire.Answer | None:
    """One question and its answer, None for what cannot be read. Raises DialError."""
    question = wire.ask(name, kind)
    async with line.udp(PORT) as exchange:
        answer = wire.read(await exchange.ask(question.payload), question, port=port)
    if answer is None or not answer.is_cut:
        return answer
    async with line.tcp(PORT, cap=_STREAM_CAP) as stream:
        await stream.send(len(question.payload).to_bytes(2, "big") + question.payload)
        got = await stream.receive_while(lambda got: len(got) < 2 or len(got) < 2 + int.from_bytes(got[:2], "big"))
    return wire.read(got[2:], question, port=port)


async def _caa(line: Line, name: str) -> tuple[Answer[tuple[CaaRecord, ...]], str]:
    """Those of the name, else of the nearest domain above that has any; what cannot be read ends the climb."""
    for domain in wire.above(name):
        answer = await _ask(line, domain, "CAA")
        if answer is None or not answer.is_known:
            return _unknown(answer), ""
        if answer.caa:
            return Answer.of(answer.caa), domain
    return Answer.of(()), ""


async def _tlsa(line: Line, name: str, ports: tuple[int, ...]) -> Answer[tuple[TlsaRecord, ...]]:
    found: list[TlsaRecord] = []
    for port in ports:
        answer = await _ask(line, f"_{port}._tcp.{name}", "TLSA", port)
        if answer is None or not answer.is_known:
            return _unknown(answer)
        found += answer.tlsa
    return Answer.of(tuple(found))


def _signed(own: wire.Answer | None) -> Answer[bool]:
    if own is None or not own.records:
        return _unknown(own)
    return Answer.of(own.is_signed) if own.is_signed or own.has_signatures_told else _NOT_TOLD


async def _delegated(line: Line, own: wire.Answer | None) -> Answer[bool]:
    """Whether the zone above vouches for that of the name: a chain of trust needs its DS."""
    if own is None or not own.is_known:
        return _unknown(own)
    if not own.is_signed or not own.zone:
        return Answer.of(False) if own.is_signed or own.has_signatures_told else _NOT_TOLD
    answer = await _ask(line, own.zone, "DS")
    return Answer.of(answer.records > 0) if answer and answer.is_known else _unknown(answer)


def _unknown(answer: wire.Answer | None) -> Answer[Any]:
    """Why an answer says nothing."""
    if answer is None:
        return Answer.missing(Reason.UNREADABLE, "the resolver answered what is no answer")
    return Answer.missing(Reason.UNREADABLE, f"the resolver answered {answer.code}, and no record")
