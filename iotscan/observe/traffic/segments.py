"""Segments of TCP: connections begin, their payload is put in order as long as somebody wants it, and they end."""

import struct
from typing import Final

from iotscan.observe.traffic.flow import Side
from iotscan.observe.traffic.flows import Flows
from iotscan.observe.traffic.opening import Opening, Passing, meet
from iotscan.observe.traffic.tallies import Tally
from iotscan.wire.capture.carried import Carried
from iotscan.wire.capture.packets import Packet, Sum, check_sum

_SEGMENT: Final = struct.Struct("!HHIIBB")
_HEAD: Final = 20
_FIN, _SYN, _RST, _ACK = 1, 2, 4, 16
_RING: Final = 1 << 32


class Segments:
    """Takes every segment that is not only counted."""

    def __init__(self, flows: Flows, opening: Opening) -> None:
        self._flows, self._opening = flows, opening

    def take(self, at: int, carried: Carried, packet: Packet, tally: Tally) -> bool:
        """Whether anything could be read from it."""
        if len(packet.payload) < _HEAD:
            return packet.is_cut
        port, to_port, number, acknowledged, size, flags = _SEGMENT.unpack_from(packet.payload)
        size = (size >> 4) * 4
        if not _HEAD <= size <= packet.length:
            return False
        passing = Passing(at, carried, packet, port, to_port, tally)
        length = packet.length - size
        side = self._flows.tcp.get(passing.key)
        found: Sum = "unknown"
        if side is None or flags & (_SYN | _FIN | _RST) or (length and not side.is_counted):
            found = check_sum(packet)
        if found == "wrong":
            flags &= _ACK
        side = self._side(side, passing, flags, number, length, is_wrong=found == "wrong")
        if side is None:
            return found != "wrong"
        if not side.mac:
            meet(side, passing)
        if flags & (_SYN | _ACK) == _SYN | _ACK:
            side.flow.conversation.is_accepted = True
        first = number + bool(flags & _SYN)
        if flags & _SYN:
            side.begin(first)
        side.count_segment(at, first, length)
        if not side.is_counted:
            self._order(side, passing, size, length, (number, acknowledged, flags), is_doubtful=found == "wrong")
        self._closes(side, at, flags)
        return True

    def _side(
        self, side: Side | None, passing: Passing, flags: int, number: int, length: int, *, is_wrong: bool
    ) -> Side | None:
        """The side that a segment belongs to; None for one that begins nothing."""
        opens = flags & (_SYN | _RST) == _SYN
        if side is not None and opens and not flags & _ACK and side.flow.initial != number:
            self._flows.remove(side.flow)  # the ports are used anew
            side = None
        if side is not None or is_wrong or flags & _RST or not (opens or length):
            return side
        side = self._opening.begin(passing, is_answer=bool(flags & _ACK) if opens else None)
        if opens and not flags & _ACK:
            side.flow.initial = number
        return side

    def _order(
        self, side: Side, passing: Passing, size: int, length: int, said: tuple[int, int, int], *, is_doubtful: bool
    ) -> None:
        """Put a segment's payload where it belongs, and see whether the other side's waits for something lost."""
        number, acknowledged, flags = said
        flow = side.flow
        if flags & _SYN:
            number = (number + 1) % _RING
            if side.stream is not None:
                side.stream.begin(number)
        other = flow.down if side.is_upward else flow.up
        if flags & _ACK and not is_doubtful and other.stream is not None:
            if flags & _SYN:
                other.stream.begin(acknowledged)
            if other.stream.is_waiting:
                other.stream.waits(acknowledged)
        stream = side.stream
        if stream is None or not length:
            return
        data = passing.packet.payload[size:]
        stream.take(passing.at, number, data, missing=length - len(data), is_doubtful=is_doubtful)
        if stream.is_waiting:
            stream.waits(-1)

    def _closes(self, side: Side, at: int, flags: int) -> None:
        flow = side.flow
        if flags & _FIN:
            flow.finished |= 1 if side.is_upward else 2
        if flow.closes is None and (flags & _RST or flow.finished == 3):
            flow.closes = at
