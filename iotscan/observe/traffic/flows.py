"""All conversations that go on at once, found by the bytes of their addresses and ports.

Bounded: where there are too many, those go first that are over, then those that never said anything, then those that
are only counted; of each kind the ones that have been still for longest.
Conversations on two VLANs are two, whatever their addresses.
"""

from collections.abc import Callable, Iterator
from typing import Final

import msgspec

from iotscan.observe.traffic.flow import Flow, Side

_SECOND: Final = 1_000_000_000
_LINGER: Final = 5 * _SECOND
"""How long a closed connection is remembered: late copies of its segments are not a new one."""
_SWEPT_EVERY: Final = 10 * _SECOND


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """How much is kept of a capture while it is read, whatever its size."""

    conversations: int = 32_768
    """At once."""
    tcp_idle: int = 7200 * _SECOND
    """Nanoseconds without a packet after which a connection is over."""
    udp_idle: int = 180 * _SECOND
    waiting_bytes: int = 32 << 20
    """Of all connections, that came early and wait for what is missing."""
    sources: int = 65_536
    """MAC or other addresses whose frames are counted together."""


class Flows:
    """The table. ``gone`` is told of each conversation that leaves it, and whether for want of room."""

    def __init__(self, limits: Limits, gone: Callable[[Flow, bool], None]) -> None:
        self._limits, self._gone = limits, gone
        self.tcp: dict[bytes, Side] = {}
        self.udp: dict[bytes, Side] = {}
        self._swept = self._work = 0
        self._before = self._now = 0

    def add(self, flow: Flow) -> None:
        """A new flow; where there are too many at once, others go."""
        if len(self.tcp) + len(self.udp) >= self._limits.conversations * 2:
            self._make_room()
        table = self.tcp if flow.is_stream else self.udp
        key, back = flow.keys
        table[back] = flow.down
        table[key] = flow.up  # the same one where both ends have one address and port

    def remove(self, flow: Flow, *, for_room: bool = False) -> None:
        """A conversation is over."""
        end = flow.conversation
        table = self.tcp if flow.is_stream else self.udp
        for key in flow.keys:
            side = table.get(key)
            if side is not None and side.flow is flow:
                del table[key]
        flow.end(end.last)
        self._gone(flow, for_room)

    def __iter__(self) -> Iterator[Flow]:
        for table in (self.tcp, self.udp):
            for side in table.values():
                if side.is_upward:
                    yield side.flow

    def tick(self, at: int, work: int = 1) -> None:
        """The capture has come to ``at``: end what is over, no oftener than pays after so much ``work``.

        One packet alone with a wrong time does not move the clock.
        """
        self._now, self._before = max(self._now, min(at, self._before)), at
        self._work += work
        if self._now - self._swept >= _SWEPT_EVERY and self._work >= (len(self.tcp) + len(self.udp)) // 4:
            self._swept, self._work = self._now, 0
            for flow in [each for each in self if self._is_over(each)]:
                self.remove(flow)

    def close(self) -> None:
        """The capture is over, and all conversations with it."""
        for flow in sorted(self, key=lambda each: each.conversation.last):
            self.remove(flow)

    def _is_over(self, flow: Flow) -> bool:
        if flow.closes is not None:
            return self._now - flow.closes > _LINGER
        idle = self._limits.tcp_idle if flow.is_stream else self._limits.udp_idle
        return self._now - flow.conversation.last > idle

    def _make_room(self) -> None:
        """An eighth at once, so that room is not looked for with every new conversation."""
        flows = sorted(self, key=_worth)
        for flow in flows[: max(1, len(flows) // 8)]:
            self.remove(flow, for_room=flow.closes is None and flow.is_read)


def _worth(flow: Flow) -> tuple[bool, bool, bool, int]:
    conversation = flow.conversation
    says_something = bool(conversation.bytes_up or conversation.bytes_down)
    return flow.closes is None, says_something, flow.is_read, conversation.last
