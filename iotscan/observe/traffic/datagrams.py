"""Datagrams of UDP (RFC 768): each is one piece of its conversation; those to everybody say who is there."""

from typing import Final

from iotscan.observe.traffic.conversation import Listener, Piece
from iotscan.observe.traffic.ends import address_text, mac_text
from iotscan.observe.traffic.flows import Flows
from iotscan.observe.traffic.opening import Opening, Passing, meet
from iotscan.observe.traffic.tallies import Tally
from iotscan.wire.capture.carried import Carried
from iotscan.wire.capture.packets import Packet, check_sum
from iotscan.wire.frames import Sighting

_HEAD: Final = 8
_CONFIGURES: Final = frozenset({67, 68, 546, 547})
"""Ports of DHCP and DHCPv6."""
_EVERYBODY: Final = b"\xff\xff\xff\xff"


class Datagrams:
    """Takes every datagram that is not only counted."""

    def __init__(self, flows: Flows, opening: Opening, listener: Listener) -> None:
        self._flows, self._opening, self._listener = flows, opening, listener

    def take(self, at: int, carried: Carried, packet: Packet, tally: Tally) -> bool:
        """Whether anything could be read from it."""
        if len(packet.payload) < _HEAD:
            return packet.is_cut
        port, to_port, length = (int.from_bytes(packet.payload[n : n + 2], "big") for n in (0, 2, 4))
        length = length or packet.length  # split only by the network card, or a jumbogram
        if not _HEAD <= length <= packet.length:
            return False
        passing = Passing(at, carried, packet, port, to_port, tally)
        side = self._flows.udp.get(passing.key)
        is_wrong = (side is None or not side.is_counted) and check_sum(packet) == "wrong"
        if side is None:
            if is_wrong:
                return False
            side = self._opening.begin(passing, is_answer=None)
        if not side.mac:
            meet(side, passing)
        side.count(at, length - _HEAD)
        data = packet.payload[_HEAD:length]
        is_cut = len(data) < length - _HEAD
        if data and not side.is_counted:
            side.flow.hear(Piece(at, side.is_upward, data, 0, is_cut, is_wrong))
        if not is_wrong and not is_cut and _is_for_everybody(passing):
            self._listener.sighted(at, _sighting(passing, data))
        return True


def _is_for_everybody(passing: Passing) -> bool:
    to = passing.packet.destination
    is_group = to[0] == 0xFF if len(to) == 16 else to[0] >> 4 == 14 or to == _EVERYBODY
    has_group_mac = bool(passing.carried.destination[:1]) and bool(passing.carried.destination[0] & 1)
    return is_group or has_group_mac or passing.port in _CONFIGURES or passing.to_port in _CONFIGURES


def _sighting(passing: Passing, payload: bytes) -> Sighting:
    source = passing.packet.source
    return Sighting(
        kind="udp",
        mac=mac_text(passing.carried.source),
        source=address_text(source) if any(source) else "",
        port=passing.to_port,
        from_port=passing.port,
        payload=payload,
    )
