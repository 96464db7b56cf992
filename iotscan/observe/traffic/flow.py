"""One conversation while it is followed: who reads it is chosen by how it begins, then its pieces go there.

Once nobody wants more, its packets are only counted: most bytes of a capture are of that kind.
"""

from collections.abc import Callable, Sequence
from typing import Final

import msgspec

from iotscan.observe.traffic.conversation import Chooser, Conversation, Piece, Reader, Tell
from iotscan.observe.traffic.stream import Stream
from iotscan.observe.traffic.tallies import Tally

_ENOUGH: Final = 16
"""Bytes of a direction by which every protocol can be told that can be at all."""
_PIECES: Final = 12
"""Pieces that are kept until somebody reads the conversation."""
_HALF, _RING = 1 << 31, 1 << 32
_FAR: Final = 1 << 26
"""Nobody sends again what lies so many bytes back: the number is wrong, or of another connection."""


class Side:
    """One direction of a flow as the table of flows finds it. ``mac`` is who puts its frames on the link."""

    __slots__ = ("_expected", "_holes", "flow", "is_counted", "is_upward", "mac", "stream", "tally")

    def __init__(self, flow: "Flow", mac: bytes, tally: Tally, *, is_upward: bool) -> None:
        self.flow, self.mac, self.tally, self.is_upward = flow, mac, tally, is_upward
        self.is_counted = False
        """Its packets are only counted."""
        self.stream: Stream | None = None
        """What puts its payload in order, as long as somebody wants it."""
        self._expected = -1
        """Number behind the last byte that was counted; negative while none was."""
        self._holes = 0
        """Bytes before that which were not counted: they may come late."""

    def begin(self, number: int) -> None:
        """The first byte of it has this number."""
        if self._expected < 0:
            self._expected = number % _RING

    def count_segment(self, at: int, number: int, payload: int) -> None:
        """One more segment, whose payload begins at ``number``: what comes again is not counted again."""
        if number == self._expected:
            self._expected = (number + payload) % _RING
        elif payload:
            payload = self._news_of(number, payload)
        # As in count(): a call for each segment is what the short way has no time for.
        conversation = self.flow.conversation
        conversation.packets += 1
        conversation.last = at
        if self.is_upward:
            conversation.bytes_up += payload
        else:
            conversation.bytes_down += payload

    def _news_of(self, number: int, payload: int) -> int:
        """How much of a segment that is not the next one was not counted yet.

        Which holes are filled is not kept, only how much is missing: no more is counted than lies between the numbers.
        """
        early = (number - self._expected + _HALF) % _RING - _HALF
        if self._expected < 0 or early < -_FAR:
            self._holes, fresh, filled = 0, payload, 0
        else:
            fresh = min(payload, max(0, early + payload))
            filled = min(self._holes, payload - fresh)
            self._holes += max(0, early) - filled
        if fresh:
            self._expected = (number + payload) % _RING
        return fresh + filled

    def count(self, at: int, payload: int) -> None:
        """One more packet of it, with so many bytes of payload."""
        conversation = self.flow.conversation
        conversation.packets += 1
        conversation.last = at
        if self.is_upward:
            conversation.bytes_up += payload
        else:
            conversation.bytes_down += payload


class Flow:
    """A conversation, who reads it, and both its sides. ``failed`` is told of a reader that raised."""

    def __init__(
        self, conversation: Conversation, choosers: Sequence[Chooser], tell: Tell, failed: Callable[[str], None]
    ) -> None:
        self.conversation = conversation
        self.is_stream = conversation.transport == "tcp"
        self.up: Side
        self.down: Side
        self.keys: tuple[bytes, bytes]
        """Where the table of flows has the client's side, and the server's."""
        self.closes: int | None = None
        """When both sides have closed it, or one has reset it."""
        self.initial = -1
        """Number of the client's SYN."""
        self.finished = 0
        """Sides that have closed: 1 for the client, 2 for the server."""
        self._choosers, self._tell, self._failed = choosers, tell, failed
        self._reader: Reader | None = None
        self._kept: list[Piece] = []
        self._is_over = False

    @property
    def is_read(self) -> bool:
        """Somebody reads it, or may yet."""
        return not self._is_over

    @property
    def is_waiting(self) -> bool:
        """Something came early: each segment counts, since it may show that what is missing was lost."""
        return any(side.stream is not None and side.stream.is_waiting for side in (self.up, self.down))

    def hear(self, piece: Piece) -> None:
        """The next piece of either side."""
        if self._is_over:
            return
        if piece.gap or piece.is_cut or piece.is_doubtful:
            lost = len(piece.data) if piece.is_doubtful else int(piece.is_cut)
            self.conversation.bytes_missed += piece.gap + lost
        if self._reader is None:
            self._choose(piece)
        else:
            self._read(self._reader, piece)

    def end(self, at: int) -> None:
        """Nothing more comes, or is wanted."""
        if self._is_over:
            return
        if self.is_stream:
            for side in (self.up, self.down):
                if side.stream is not None:
                    side.stream.end()
        if not self._is_over and self._reader is None and self._kept:
            self._settle(self._kept[-1], is_last=True)
        self._finish(at)

    def _read(self, reader: Reader, piece: Piece) -> None:
        try:
            reader.take(piece)
            wants_more = reader.wants_more
        except Exception as error:  # one reader's fault must not end the reading of all others
            self._fail(reader, error)
            return
        if not wants_more:
            self._finish(piece.at)

    def _choose(self, piece: Piece) -> None:
        self._kept.append(piece)
        self._settle(piece, is_last=False)

    def _settle(self, piece: Piece, *, is_last: bool) -> None:
        """Ask who reads it, by what a side has said so far; once for each side where that says enough."""
        same = [each for each in self._kept if each.is_upward == piece.is_upward]
        head = _joined(same)
        if is_last or not self.is_stream or len(same) == 1 or len(same[-2].data) < _ENOUGH:
            self._reader = self._ask(head)
        if self._reader is not None:
            self._begin_reading(self._reader)
        elif len(self._kept) >= _PIECES or self._both_have_said_enough():
            self._finish(piece.at)

    def _ask(self, head: Piece) -> Reader | None:
        for choose in self._choosers:
            try:
                reader = choose(self.conversation, head, self._tell)
            except Exception as error:
                self._failed(f"{getattr(choose, '__module__', choose)}: {type(error).__name__}")
                continue
            if reader is not None:
                return reader
        return None

    def _begin_reading(self, reader: Reader) -> None:
        kept, self._kept = self._kept, []
        for piece in kept:
            if not self._is_over:
                self._read(reader, piece)

    def _both_have_said_enough(self) -> bool:
        said = [0, 0]
        for piece in self._kept:
            said[piece.is_upward] += len(piece.data) if self.is_stream else _ENOUGH
        return min(said) >= _ENOUGH or sum(said) > 4096

    def _fail(self, reader: Reader, error: Exception) -> None:
        self._failed(f"{type(reader).__module__}: {type(error).__name__}")
        self._reader = None
        self._close()

    def _finish(self, at: int) -> None:
        """Nobody wants more."""
        if self._is_over:
            return
        reader, self._reader = self._reader, None
        self._close()
        if reader is not None:
            try:
                reader.end(at)
            except Exception as error:
                self._failed(f"{type(reader).__module__}: {type(error).__name__}")

    def _close(self) -> None:
        self._is_over = True
        self._kept = []
        for side in (self.up, self.down):
            side.is_counted = True
            if side.stream is not None:
                self.conversation.bytes_missed += side.stream.missing
                side.stream.forget()
                side.stream = None


def _joined(pieces: list[Piece]) -> Piece:
    """What one side has said so far, as one piece: a first piece may hold too little to tell anything by."""
    if len(pieces) == 1:
        return pieces[0]
    data = pieces[0].data
    for piece in pieces[1:]:
        if piece.gap:
            break
        data += piece.data
    return msgspec.structs.replace(pieces[0], data=data, is_doubtful=any(p.is_doubtful for p in pieces))
