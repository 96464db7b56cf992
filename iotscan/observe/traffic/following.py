"""Captures followed: frames become conversations, each read by whoever understands it.

Most packets belong to conversations of which nobody wants more. They take the short way in :meth:`Following._follow`:
one look into a table, a few sums. Everything else goes through :mod:`.sorting`.
"""

import struct
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import BinaryIO, Final

import msgspec

from iotscan.model.capture import Capture
from iotscan.model.errors import BadInput
from iotscan.observe.traffic.conversation import Chooser, Conversation, Listener
from iotscan.observe.traffic.flow import Flow
from iotscan.observe.traffic.flows import Flows, Limits
from iotscan.observe.traffic.intake import Intake
from iotscan.observe.traffic.sorting import Sorting
from iotscan.wire.capture import Damaged, Frame, NotACapture
from iotscan.wire.capture.files import read_capture
from iotscan.wire.capture.links import ETHERNET, link_name

_PLAIN_IPV4: Final = b"\x08\x00\x45"
_TCP, _UDP = 6, 17
_NUMBER: Final = 38
"""Where such a frame has the number of its segment."""
_OPENS_OR_CLOSES = 7
"""FIN, SYN, RST."""
_TELL_EVERY: Final = 0.2
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_LAST_MICROSECOND: Final = 253_402_300_799_999_999


class Progress(msgspec.Struct, frozen=True, kw_only=True):
    """How far reading has come: frames, bytes of the file or stream, and the times of capture that were seen."""

    frames: int
    bytes: int
    first: int
    last: int


class _Read(msgspec.Struct):
    """What was read of one capture."""

    frames: int = 0
    cut: int = 0
    first: int = 0
    last: int = 0
    now: int = 0
    """When the frame was caught that was read last; ``last`` is the latest of all times."""
    links: Counter[int] = msgspec.field(default_factory=Counter)


class Following:
    """Follows the captures that it reads, one after the other, as one: a conversation may begin in one file."""

    def __init__(self, listener: Listener, choosers: Sequence[Chooser], limits: Limits | None = None) -> None:
        limits = limits or Limits()
        self._listener = listener
        self._lost = 0
        self._flows = Flows(limits, self._gone)
        self._sorting = Sorting(listener, choosers, self._flows, limits)
        self._read = _Read()
        self._ticked = 0
        self._told_at = 0.0

    @property
    def failures(self) -> Counter[str]:
        """Readers that raised, and what; each lost the conversation that it read."""
        return self._sorting.failures

    def read(self, stream: BinaryIO, source: str, told: Callable[[Progress], None]) -> Capture:
        """Follow everything in ``stream``; ``told`` hears now and then how far reading is.

        ``source`` is what a report calls it. Raises BadInput for what is no capture; damage further on is the
        :class:`Capture`'s ``problem``.
        """
        self._read, self._ticked = (read := _Read()), 0
        lost, unread = self._lost, self._sorting.unread
        intake = Intake(stream, lambda: self._pause(intake, told))
        try:
            kind, frames = read_capture(intake.take)
        except NotACapture as not_one:
            why = str(not_one) if intake.size or intake.is_file else "it ended before anything came"
            raise BadInput(f"{source} is no capture ({why}): give a file of tcpdump or Wireshark") from None
        problem = ""
        try:
            self._follow(frames, read)
        except Damaged as damaged:
            problem = str(damaged)
            intake.rest()
        self._sorting.flush()
        told(self._progress(intake))
        return Capture(
            source=source,
            format=kind,
            sha256=intake.sha256,
            size=intake.size,
            frames=read.frames,
            first=_iso(read.first) if read.frames else "",
            last=_iso(read.last) if read.frames else "",
            links=tuple(sorted({link_name(link) for link in read.links})),
            cut_frames=read.cut,
            unread_frames=self._sorting.unread - unread,
            lost_frames=frames.lost,
            lost_conversations=self._lost - lost,
            problem=intake.problem or problem,
        )

    def going_on(self) -> Iterator[Conversation]:
        """The conversations that are not over yet, each as it is now."""
        return (flow.conversation for flow in self._flows)

    def close(self) -> None:
        """End all conversations: nothing more is read."""
        self._flows.close()
        self._sorting.close()

    def _follow(self, frames: Iterable[Frame], read: _Read) -> None:
        sort, tcp, udp = self._sorting.take, self._flows.tcp, self._flows.udp
        number_in = struct.Struct("!I").unpack_from
        links, count, cut, first, last, link_before = read.links, 0, 0, 1 << 63, 0, -1
        try:
            for frame in frames:
                at, link, data, length = frame
                count += 1
                if at < first:
                    first = at
                if at > last:
                    last = at
                if link != link_before:
                    links[link] += 1
                    link_before = link
                caught = len(data)
                if caught < length:
                    cut += 1
                if link == ETHERNET and caught >= 54 and data[12:15] == _PLAIN_IPV4 and not (data[20] & 63 or data[21]):
                    protocol = data[23]
                    if protocol == _TCP:
                        side = tcp.get(data[26:38])
                        if side is not None and not data[47] & _OPENS_OR_CLOSES:
                            payload = (data[16] << 8 | data[17]) - 20 - (data[46] >> 4) * 4
                            is_known = 0 <= payload <= length - 54 and data[6:12] == side.mac
                            if is_known and (side.is_counted or not (payload or side.flow.is_waiting)):
                                if payload:
                                    side.count_segment(at, number_in(data, _NUMBER)[0], payload)
                                else:
                                    side.count(at, 0)
                                tally = side.tally
                                tally.frames += 1
                                tally.length += length
                                tally.at = at
                                continue
                    elif protocol == _UDP:
                        side = udp.get(data[26:38])
                        if side is not None and side.is_counted:
                            payload = (data[16] << 8 | data[17]) - 28
                            if 0 <= payload <= length - 42 and data[6:12] == side.mac:
                                side.count(at, payload)
                                tally = side.tally
                                tally.frames += 1
                                tally.length += length
                                tally.at = at
                                continue
                read.frames, read.last, read.now = count, last, at
                sort(at, link, data, length)
        finally:
            read.frames, read.cut, read.first, read.last = count, cut, min(first, last), last

    def _pause(self, intake: Intake, told: Callable[[Progress], None]) -> None:
        """Between two chunks: tell what was counted together, and end what is over."""
        self._sorting.flush()
        self._flows.tick(self._read.now, self._read.frames - self._ticked)
        self._ticked = self._read.frames
        now = time.monotonic()
        if now - self._told_at >= _TELL_EVERY:
            self._told_at = now
            told(self._progress(intake))

    def _progress(self, intake: Intake) -> Progress:
        read = self._read
        return Progress(frames=read.frames, bytes=intake.size, first=read.first, last=read.last)

    def _gone(self, flow: Flow, for_room: bool) -> None:
        self._lost += for_room
        self._listener.ended(flow.conversation)


def _iso(at: int) -> str:
    """A time of the capture as text: UTC, to the microsecond."""
    return (_EPOCH + timedelta(microseconds=min(at // 1000, _LAST_MICROSECOND))).isoformat().replace("+00:00", "Z")
