"""What the parties of one device were seen to do, as its facts."""

from collections.abc import Callable, Iterable, Iterator
from typing import Final, TypeVar

import msgspec

from iotscan.model.answer import Answer
from iotscan.model.facts import (
    AnyFact,
    CoapExchange,
    Exposure,
    Exposures,
    HttpExchange,
    Lwm2mContact,
    MqttSession,
    NameQuestion,
    OtherTalk,
    ProtocolUse,
    Talk,
    TimeQuestion,
    TlsSession,
    TlsUse,
    TokenUse,
    TrafficProfile,
    UpdateContact,
    UpdateUse,
)
from iotscan.model.facts.traffic import Use
from iotscan.model.vocabulary import Reason
from iotscan.observe.traffic.clock import Clock
from iotscan.observe.traffic.keeping import Keeping, Times, Totals, moment, period_of
from iotscan.observe.traffic.locality import Locality
from iotscan.observe.traffic.parties import Span

LISTED: Final = 256
"""Things of one kind that a fact lists."""
_NO_LIFE: Final = Answer[int].missing(
    Reason.NOT_OBSERVABLE, "it names no beginning, and nothing bears out the clock of whoever captured"
)
U = TypeVar("U", bound=Use)


class Sum:
    """One device: all its parties together."""

    def __init__(self, kept: Iterable[Keeping], spans: Iterable[Span], locality: Locality, clock: Clock) -> None:
        self._locality, self._clock = locality, clock
        self._uses: dict[type[Use], dict[Use, Times]] = {}
        self._cut: set[type[Use]] = set()
        self._totals: list[Totals] = []
        self._spans = tuple(spans)
        for keeping in kept:
            self._totals.append(keeping.totals)
            self._cut |= keeping.cut
            for kind, known in keeping.uses.items():
                self._take(kind, known)

    def _take(self, kind: type[Use], known: dict[Use, Times]) -> None:
        mine = self._uses.setdefault(kind, {})
        for use, times in known.items():
            # Of an IPv6 network it may have become known only later that it is here.
            is_local = self._locality.is_local(use.peer.address)
            placed = msgspec.structs.replace(use, peer=msgspec.structs.replace(use.peer, is_local=is_local))
            if placed in mine:
                mine[placed].join(times)
            else:
                mine[placed] = msgspec.structs.replace(times)

    def facts(self) -> Iterator[AnyFact]:
        """All facts of it. Each is there: an empty one says that nothing of the kind was seen, and proves nothing."""
        yield self._profile()
        sessions = self._all(TlsSession, self._dated)
        yield TlsUse(sessions=sessions, is_cut_off=self._is_cut(TlsSession))
        yield ProtocolUse(
            http=self._all(HttpExchange, lambda use, times: {"body_bytes": times.biggest}),
            mqtt=self._all(MqttSession),
            coap=self._all(CoapExchange),
            lwm2m=self._all(Lwm2mContact),
            names=self._all(NameQuestion),
            time=self._all(TimeQuestion),
            other=self._all(OtherTalk),
            is_cut_off=self._is_cut(
                HttpExchange, MqttSession, CoapExchange, Lwm2mContact, NameQuestion, TimeQuestion, OtherTalk
            ),
        )
        yield Exposures(
            exposures=self._all(Exposure),
            tokens=self._all(TokenUse, self._aged),
            is_cut_off=self._is_cut(Exposure, TokenUse),
        )
        yield UpdateUse(
            contacts=self._all(
                UpdateContact, lambda use, times: {"size": times.biggest, "period": period_of(times.looks)}
            ),
            is_cut_off=self._is_cut(UpdateContact),
        )

    def _profile(self) -> TrafficProfile:
        every = [t for known in self._uses.values() for t in known.values()]
        first = min((*(s.first for s in self._spans), *(t.first for t in every)), default=0)
        last = max((*(s.last for s in self._spans), *(t.last for t in every)), default=0)
        talks = sorted(
            self._all(Talk, _counted, LISTED * 64),
            key=lambda talk: -(talk.bytes_sent + talk.bytes_received),
        )
        return TrafficProfile(
            first=moment(first),
            last=moment(last),
            frames=sum(s.frames for s in self._spans) or sum(t.packets for t in self._totals),
            minutes=len({minute for s in self._spans for minute in s.minutes}) or 1,
            days=len({day for s in self._spans for day in s.days}) or 1,
            talks=tuple(talks[:LISTED]),
            encrypted_bytes=sum(t.encrypted for t in self._totals),
            cleartext_bytes=sum(t.cleartext for t in self._totals),
            unknown_bytes=sum(t.unknown for t in self._totals),
            is_cut_off=Talk in self._cut or len(talks) > LISTED,
        )

    def _dated(self, use: TlsSession, times: Times) -> dict[str, object]:
        return {"proof": self._clock.judged(use.proof, times.first) if use.proof is not None else None}

    def _aged(self, use: TokenUse, times: Times) -> dict[str, object]:
        """Without a life that only the clock of whoever captured tells, where nothing bears that out."""
        is_told = not use.token.is_life_open or self._clock.is_borne_out(times.first)
        return {} if is_told else {"token": msgspec.structs.replace(use.token, lifetime=_NO_LIFE)}

    def _is_cut(self, *kinds: type[Use]) -> bool:
        return any(kind in self._cut or len(self._uses.get(kind, ())) > LISTED for kind in kinds)

    def _all(
        self,
        kind: type[U],
        more: Callable[[U, Times], dict[str, object]] = lambda use, times: {},
        most: int = LISTED,
    ) -> tuple[U, ...]:
        """What was seen of a kind, with count and times; servers beyond the network first."""
        known = sorted(self._uses.get(kind, {}).items(), key=lambda entry: _place(entry[0]))
        return tuple(_told(use, times, more) for use, times in known[:most])  # type: ignore[arg-type, misc]  # of this kind


def _told(use: U, times: Times, more: Callable[[U, Times], dict[str, object]]) -> U:
    return msgspec.structs.replace(
        use, count=times.count, first=moment(times.first), last=moment(times.last), **more(use, times)
    )


def _counted(use: Talk, times: Times) -> dict[str, object]:
    return {"bytes_sent": times.sent, "bytes_received": times.received, "bytes_missed": times.missed}


def _place(use: Use) -> tuple[bool, str, int]:
    return not use.is_outbound, use.peer.label, use.port
