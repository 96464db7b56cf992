"""HTTP/2 in the clear, by prior knowledge or after an upgrade of HTTP/1.1 (RFC 9113, RFC 7540 section 3.2); gRPC."""

from typing import Final

from iotscan.model.facts import OtherTalk
from iotscan.observe.traffic.content.http_exchange import Answered, Asked
from iotscan.observe.traffic.conversation import Conversation, Piece, Tell
from iotscan.observe.traffic.readers.telling import name_server, tell_exchange
from iotscan.observe.traffic.voice import Voice
from iotscan.wire.http2_stream import PREFACE, Streams
from iotscan.wire.http_stream import End, Event, Head, Part

_OPEN: Final = 32
"""Exchanges at once that are kept."""


class _Exchange:
    """A stream: what is asked and answered on it, and which of the two is over."""

    def __init__(self, asked: Asked | None, *, is_asked: bool = False) -> None:
        self.asked, self.is_asked = asked, is_asked
        self.answered: Answered | None = None
        self.is_answered = False


class Http2Reader:
    """Reads one connection. ``opened`` is the request of HTTP/1.1 that its first stream answers after an upgrade."""

    def __init__(
        self, conversation: Conversation, tell: Tell, opened: Asked | None = None, *, is_upgrade: bool = False
    ) -> None:
        self._voice = Voice(conversation, tell, "http2")
        self._how = "upgrade" if is_upgrade else "prior knowledge"
        self._up, self._down = Streams(), Streams()
        self._preface = len(PREFACE)
        """Bytes of it that are still to come."""
        self._open: dict[int, _Exchange] = {1: _Exchange(opened, is_asked=True)} if opened else {}

    @property
    def wants_more(self) -> bool:
        """Until neither end is understood any more."""
        return not (self._up.is_lost and self._down.is_lost)

    def take(self, piece: Piece) -> None:
        """Hear the next piece."""
        if self._how:
            self._voice.say(piece.at, OtherTalk(protocol="http2", words=(self._how,)))
            self._how = ""
        streams = self._up if piece.is_upward else self._down
        if streams.is_lost:
            return
        hear = self._hear_request if piece.is_upward else self._hear_answer
        missing = piece.gap + (len(piece.data) if piece.is_doubtful else 0)
        if missing:
            for stream, event in streams.skip(missing):
                hear(stream, event, piece.at)
        if not piece.is_doubtful and not streams.is_lost:
            for stream, event in streams.read(self._without_preface(piece)):
                hear(stream, event, piece.at)
        if streams.is_lost:
            self._give_up(piece)

    def end(self, at: int) -> None:
        """Tell what is not over yet."""
        for stream in tuple(self._open):
            self._tell(stream, at)

    def _without_preface(self, piece: Piece) -> bytes:
        if not self._preface or not piece.is_upward:
            return piece.data
        part = piece.data[: self._preface]
        if part != PREFACE[-self._preface :][: len(part)]:
            self._up.lose()
            return b""
        self._preface -= len(part)
        return piece.data[len(part) :]

    def _give_up(self, piece: Piece) -> None:
        """Nothing more of that direction is understood: what waits for it is as far as it will get.

        Nobody may take what was not understood for what was not said.
        """
        self._voice.conversation.bytes_missed += max(1, len(piece.data))
        for stream, exchange in tuple(self._open.items()):
            if piece.is_upward:
                exchange.is_asked = True
            else:
                exchange.is_answered = True
            self._settle(stream, piece.at)

    def _hear_request(self, stream: int, event: Event, at: int) -> None:
        if isinstance(event, Head):
            if event.method and stream % 2:
                self._begin(stream, Asked(event, at), at)
            return
        exchange = self._open.get(stream)
        if exchange is None or exchange.asked is None:
            return
        if isinstance(event, Part):
            if not exchange.is_asked:
                exchange.asked.add(event)
            return
        exchange.is_asked = True
        # Who takes back a request gets no answer any more.
        exchange.is_answered = exchange.is_answered or not event.is_whole or self._down.is_lost
        self._settle(stream, at)

    def _begin(self, stream: int, asked: Asked, at: int) -> None:
        self._tell(stream, at)
        name_server(self._voice.conversation, asked.host)
        self._open[stream] = _Exchange(asked)
        if len(self._open) > _OPEN:
            self._tell(next(iter(self._open)), at)

    def _hear_answer(self, stream: int, event: Event, at: int) -> None:
        exchange = self._open.get(stream)
        if isinstance(event, Head):
            if exchange is None and self._up.is_lost and stream % 2 and len(self._open) < _OPEN:
                exchange = self._open[stream] = _Exchange(None, is_asked=True)
            if exchange is not None and exchange.answered is None and event.status >= 200:
                exchange.answered = Answered(event, exchange.asked)
        elif exchange is not None and isinstance(event, Part):
            if exchange.answered is not None:
                exchange.answered.add(event)
        elif exchange is not None and isinstance(event, End):
            if exchange.answered is not None and not exchange.is_answered:
                exchange.answered.is_whole = event.is_whole
            exchange.is_answered = True
            exchange.is_asked = exchange.is_asked or not event.is_whole
            self._settle(stream, at)

    def _settle(self, stream: int, at: int) -> None:
        exchange = self._open[stream]
        if exchange.is_asked and exchange.is_answered:
            self._tell(stream, at)

    def _tell(self, stream: int, at: int) -> None:
        exchange = self._open.pop(stream, None)
        if exchange is not None and (exchange.asked or exchange.answered):
            tell_exchange(self._voice, exchange.asked, exchange.answered, at)
