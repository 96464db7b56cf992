"""Frames sorted: sightings, fragments, segments and datagrams each go where they belong.

What is damaged belongs nowhere: a packet whose header or checksum is wrong begins no conversation, and nobody is seen
by it, since the addresses in it may be what is damaged.
"""

from collections import Counter
from collections.abc import Sequence
from typing import Final

from iotscan.observe.traffic.conversation import Chooser, Listener
from iotscan.observe.traffic.datagrams import Datagrams
from iotscan.observe.traffic.ends import address_text, mac_text
from iotscan.observe.traffic.flows import Flows, Limits
from iotscan.observe.traffic.opening import Opening
from iotscan.observe.traffic.segments import Segments
from iotscan.observe.traffic.tallies import Tallies, Tally
from iotscan.wire.capture.carried import Carried
from iotscan.wire.capture.fragments import Fragments
from iotscan.wire.capture.links import IPV4, IPV6, carried_by, is_silent
from iotscan.wire.capture.packets import ICMP6, TCP, UDP, Packet, check_sum, read_packet
from iotscan.wire.frames import read_frame

_TO_ALL: Final = b"\xff\xff\xff\xff\xff\xff"


class Sorting:
    """Where each frame goes that does not take the short way."""

    def __init__(self, listener: Listener, choosers: Sequence[Chooser], flows: Flows, limits: Limits) -> None:
        self._listener = listener
        self._opening = Opening(flows, choosers, listener.told, limits.waiting_bytes)
        self._segments = Segments(flows, self._opening)
        self._datagrams = Datagrams(flows, self._opening, listener)
        self._fragments = Fragments()
        self._tallies = Tallies(listener, limits.sources)
        self._unread = 0

    @property
    def unread(self) -> int:
        """Frames that nothing could be read from, fragments that found no packet among them."""
        return self._unread + self._fragments.lost

    @property
    def failures(self) -> Counter[str]:
        """Readers that raised, and what."""
        return self._opening.failures

    def take(self, at: int, link: int, frame: bytes, length: int) -> None:
        """One frame, ``length`` bytes long on the wire."""
        packets = carried_by(link, frame)
        if not packets:
            self._unread += not is_silent(link, frame)
            return
        for carried in packets:
            # What a frame has around its packet is as long on the wire as it is here.
            on_wire = max(length - len(frame), 0) + len(carried.body)
            self._unread += not self._take(at, carried, on_wire, length)
            length = len(frame)

    def flush(self) -> None:
        """Tell the listener of the frames that were counted together."""
        self._tallies.flush()

    def close(self) -> None:
        """Nothing more comes."""
        self._fragments.forget_all()
        self.flush()

    def _take(self, at: int, carried: Carried, on_wire: int, length: int) -> bool:
        """Whether anything could be read."""
        if carried.kind not in (IPV4, IPV6):
            self._tallies.count(mac_text(carried.source), at, length)
            self._sight(at, carried)
            return True
        packet = read_packet(carried.kind, carried.body, on_wire)
        if packet is None:
            return False
        tally = self._tallies.count(mac_text(carried.source) or address_text(packet.source), at, length)
        if packet.is_fragment:
            whole = self._fragments.take(at, carried.vlan, packet)
            return whole is None or self._deliver(at, carried, whole, tally)
        return self._deliver(at, carried, packet, tally)

    def _deliver(self, at: int, carried: Carried, packet: Packet, tally: Tally) -> bool:
        if packet.protocol == TCP:
            return self._segments.take(at, carried, packet, tally)
        if packet.protocol == UDP:
            return self._datagrams.take(at, carried, packet, tally)
        if packet.protocol == ICMP6:
            if check_sum(packet) == "wrong":
                return False
            self._sight(at, carried)
        return True

    def _sight(self, at: int, carried: Carried) -> None:
        """ARP, neighbour discovery, LLDP and CDP, read as the frame that they came in, without tags."""
        if len(carried.source) != 6:
            return
        head = (carried.destination or _TO_ALL) + carried.source
        seen = read_frame(head + carried.kind.to_bytes(2, "big") + carried.body)
        if seen is not None:
            self._listener.sighted(at, seen)
