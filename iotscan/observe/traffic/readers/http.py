"""HTTP/1 in the clear: which answer belongs to which request, and what both say (RFC 9112 section 9.3, RFC 6455)."""

import re
from collections import deque
from typing import Final

from iotscan.observe.traffic.content.http_exchange import Answered, Asked
from iotscan.observe.traffic.conversation import Conversation, Piece, Reader, Tell
from iotscan.observe.traffic.readers.http2 import Http2Reader
from iotscan.observe.traffic.readers.inside import open_upgraded
from iotscan.observe.traffic.readers.telling import name_server, tell_exchange
from iotscan.observe.traffic.voice import Voice
from iotscan.wire.http2_stream import PREFACE
from iotscan.wire.http_stream import End, Event, Framing, Head, Messages, Part, framing_of, read_head

_OPEN: Final = 32
"""Requests without an answer that are kept."""
_LONG: Final = re.compile(rb"(?:GET|POST|PUT|HEAD|DELETE|PATCH|OPTIONS) (?:/|http://)[!-~]{4}|CONNECT [!-~]{10}")
"""A start line that goes on in the next piece. Of a shorter beginning whoever asks waits for more."""


class HttpReader:
    """Reads one connection."""

    def __init__(self, conversation: Conversation, tell: Tell) -> None:
        self._voice = Voice(conversation, tell, "http")
        self._tell = tell
        self._up, self._down = Messages(), Messages(self._framing)
        self._open: deque[Asked] = deque()
        self._asking: Asked | None = None
        self._answer: Answered | None = None
        self._early: tuple[Answered, int] | None = None
        """An answer that was over before its request was, and when."""
        self._is_paired = True
        self._inner: Reader | None = None
        self._is_over = False

    @property
    def wants_more(self) -> bool:
        """Until what it was upgraded to needs no more."""
        return not self._is_over and (self._inner is None or self._inner.wants_more)

    def take(self, piece: Piece) -> None:
        """Hear the next piece."""
        if self._inner is not None:
            self._inner.take(piece)
            return
        missing = piece.gap + (len(piece.data) if piece.is_doubtful else 0)
        if missing:
            self._miss(missing, piece)
        if piece.is_doubtful:
            return
        messages = self._up if piece.is_upward else self._down
        hear = self._hear_request if piece.is_upward else self._hear_answer
        for event in messages.read(piece.data):
            hear(event, piece.at)
        if self._inner is not None and (rest := self._down.rest()):
            self._inner.take(Piece(piece.at, piece.is_upward, rest, is_cut=piece.is_cut))

    def end(self, at: int) -> None:
        """Tell what has no answer yet."""
        if self._inner is not None:
            self._inner.end(at)
        for event in self._down.close():
            self._hear_answer(event, at)
        self._give_up_pairing(at)

    def _framing(self, head: Head) -> Framing:
        """Asked behind the head: what it answers is known by then."""
        asked = self._answer.asked if self._answer is not None else None
        return framing_of(head, method=asked.head.method if asked else "")

    def _miss(self, count: int, piece: Piece) -> None:
        messages = self._up if piece.is_upward else self._down
        hear = self._hear_request if piece.is_upward else self._hear_answer
        for event in messages.skip(count):
            hear(event, piece.at)
        if messages.is_lost:
            self._give_up_pairing(piece.at)

    def _give_up_pairing(self, at: int) -> None:
        """Which answer belongs to which request cannot be known from here on."""
        self._is_paired = False
        self._end_early()
        asking, self._asking = self._asking, None
        for asked in (*self._open, asking):
            if asked is not None and not asked.is_answered:
                tell_exchange(self._voice, asked, None, at)
        self._open.clear()

    def _hear_request(self, event: Event, at: int) -> None:
        if isinstance(event, Head):
            self._end_early()
            # The preface of HTTP/2 follows an upgrade that is heard too late: it asks for nothing.
            self._asking = None if event.status or event.method == "PRI" else Asked(event, at)
            if self._asking is not None:
                name_server(self._voice.conversation, self._asking.host)
        elif self._asking is None:
            return
        elif isinstance(event, Part):
            self._asking.add(event)
        else:
            asked, self._asking = self._asking, None
            asked.is_whole = isinstance(event, End) and event.is_whole
            self._end_early()
            if not asked.is_answered:
                self._await_answer(asked, at)

    def _end_early(self) -> None:
        """The request of an answer that was there before is over, or nothing more of it comes."""
        early, self._early = self._early, None
        if early is not None:
            answer, at = early
            tell_exchange(self._voice, answer.asked, answer, at)

    def _await_answer(self, asked: Asked, at: int) -> None:
        if not self._is_paired:
            tell_exchange(self._voice, asked, None, at)
            return
        self._open.append(asked)
        if len(self._open) > _OPEN:
            self._give_up_pairing(at)

    def _hear_answer(self, event: Event, at: int) -> None:
        if isinstance(event, Head):
            if event.status == 101 or event.status >= 200:
                self._answer = Answered(event, self._next_asked())
        elif self._answer is None:
            return
        elif isinstance(event, Part):
            self._answer.add(event)
        else:
            answer, self._answer = self._answer, None
            answer.is_whole = isinstance(event, End) and event.is_whole
            if answer.asked is not None and answer.asked is self._asking and answer.head.status != 101:
                self._early = answer, at
                return
            if answer.head.status != 101 or not self._follow_upgrade(answer):
                tell_exchange(self._voice, answer.asked, answer, at)

    def _next_asked(self) -> Asked | None:
        asked = None
        if self._is_paired:
            asked = self._open.popleft() if self._open else self._asking
        if asked is not None:
            asked.is_answered = True
        return asked

    def _follow_upgrade(self, answer: Answered) -> bool:
        """Go on with what was agreed on; True where what was asked is answered in that (RFC 7540 section 3.2)."""
        if is_http2(answer.head):
            self._inner = Http2Reader(self._voice.conversation, self._tell, answer.asked, is_upgrade=True)
        else:
            self._inner = open_upgraded(self._voice.conversation, self._tell, answer.head)
        self._is_over = self._inner is None
        self._down.switch()
        return is_http2(answer.head)


def choose(conversation: Conversation, piece: Piece, tell: Tell) -> Reader | None:
    """By a whole start line at the beginning, whatever the port."""
    if conversation.transport != "tcp" or piece.is_doubtful:
        return None
    data = piece.data
    if piece.is_upward and data.startswith(PREFACE):
        return Http2Reader(conversation, tell)
    line, end, _ = data[:16384].partition(b"\n")
    if not end and piece.is_upward:
        return HttpReader(conversation, tell) if _LONG.match(line) else None
    if b"HTTP/1." not in line:
        return None
    head = read_head(line)
    if head is None or not head.version.startswith("HTTP/1") or bool(head.status) == piece.is_upward:
        return None
    return HttpReader(conversation, tell)


def is_http2(answer: Head) -> bool:
    """Whether a connection goes on as HTTP/2."""
    return answer.first("upgrade").lower() == "h2c"


CHOOSE = choose
