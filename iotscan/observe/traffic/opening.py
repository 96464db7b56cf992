"""Conversations begun: from the first packet that was seen of one, who its client is and where it is found again."""

from collections import Counter
from collections.abc import Sequence

import msgspec

from iotscan.observe.traffic.conversation import Chooser, Conversation, Endpoint, Tell
from iotscan.observe.traffic.ends import address_text, is_backwards, mac_text
from iotscan.observe.traffic.flow import Flow, Side
from iotscan.observe.traffic.flows import Flows
from iotscan.observe.traffic.stream import Budget, Stream
from iotscan.observe.traffic.tallies import Tally
from iotscan.wire.capture.carried import Carried
from iotscan.wire.capture.packets import TCP, Packet


class Passing(msgspec.Struct, frozen=True, gc=False):
    """A packet that goes by: when, in what frame, between which ports, and whose frames it is counted with."""

    at: int
    carried: Carried
    packet: Packet
    port: int
    to_port: int
    tally: Tally

    @property
    def key(self) -> bytes:
        """Where the flow of it is found: addresses and ports as they are in a packet, and the VLAN where it has one."""
        vlan = self.carried.vlan
        ends = self.packet.source + self.packet.destination + self.packet.payload[:4]
        return ends + vlan.to_bytes(2, "big") if vlan else ends

    @property
    def back(self) -> bytes:
        """Where the flow of the answers is found."""
        vlan, ports = self.carried.vlan, self.packet.payload
        ends = self.packet.destination + self.packet.source + ports[2:4] + ports[:2]
        return ends + vlan.to_bytes(2, "big") if vlan else ends


class Opening:
    """Begins conversations. ``failures`` counts readers that raised."""

    def __init__(self, flows: Flows, choosers: Sequence[Chooser], tell: Tell, waiting_bytes: int) -> None:
        self._flows, self._choosers, self._tell = flows, choosers, tell
        self._budget = Budget(waiting_bytes)
        self.failures: Counter[str] = Counter()

    def begin(self, passing: Passing, *, is_answer: bool | None) -> Side:
        """The side of a new conversation that ``passing`` belongs to.

        ``is_answer`` is None where only the ports can tell; a conversation of which that makes an answer the first
        packet has no beginning.
        """
        self._flows.tick(passing.at)
        has_beginning = is_answer is not None
        backwards = is_backwards(passing.port, passing.to_port) if is_answer is None else is_answer
        here, there = self._ends(passing)
        is_tcp = passing.packet.protocol == TCP
        conversation = Conversation(
            transport="tcp" if is_tcp else "udp",
            client=there if backwards else here,
            server=here if backwards else there,
            vlan=passing.carried.vlan,
            first=passing.at,
            last=passing.at,
            has_beginning=has_beginning or not (is_tcp or backwards),
            is_accepted=not is_tcp,
        )
        flow = Flow(conversation, self._choosers, self._tell, self._failed)
        mine = self._side(flow, passing.carried.source, passing.tally, is_upward=not backwards)
        other = self._side(flow, b"", passing.tally, is_upward=backwards)
        flow.up, flow.down = (other, mine) if backwards else (mine, other)
        flow.keys = (passing.back, passing.key) if backwards else (passing.key, passing.back)
        self._flows.add(flow)
        return mine

    def _side(self, flow: Flow, mac: bytes, tally: Tally, *, is_upward: bool) -> Side:
        side = Side(flow, mac, tally, is_upward=is_upward)
        if flow.is_stream:
            side.stream = Stream(flow.hear, self._budget, is_upward=is_upward)
        return side

    def _ends(self, passing: Passing) -> tuple[Endpoint, Endpoint]:
        packet, carried = passing.packet, passing.carried
        return (
            Endpoint(mac_text(carried.source), address_text(packet.source), passing.port),
            Endpoint(mac_text(carried.destination), address_text(packet.destination), passing.to_port),
        )

    def _failed(self, what: str) -> None:
        self.failures[what] += 1


def meet(side: Side, passing: Passing) -> None:
    """The first packet of the second side: from now on it is known who puts its frames on the link."""
    side.mac, side.tally = passing.carried.source, passing.tally
    conversation, name = side.flow.conversation, mac_text(passing.carried.source)
    end = conversation.client if side.is_upward else conversation.server
    if name and not end.mac:
        known = Endpoint(name, end.address, end.port)
        if side.is_upward:
            conversation.client = known
        else:
            conversation.server = known
