"""QUIC: the client's hello and the server's, both in packets that only seem encrypted; the rest is.

Source: RFC 9000, RFC 9001, RFC 9369.
"""

from typing import Final

from iotscan.model.facts import ServerProof
from iotscan.observe.traffic.content.known_names import tell_session
from iotscan.observe.traffic.conversation import Conversation, Piece, Reader, Tell
from iotscan.observe.traffic.handshake import Handshake
from iotscan.wire.quic_initial import (
    Crypto,
    Keys,
    Packet,
    initial_keys,
    is_long,
    is_short,
    opened,
    read_crypto,
    read_packets,
)
from iotscan.wire.tls.framing import Malformed
from iotscan.wire.tls.listening import MessageStream

MOST_DATAGRAMS: Final = 64
"""Datagrams of both sides: a handshake takes ten."""
_MOST_CRYPTO: Final = 2**15
"""Bytes of one side's hello: RFC 9000 section 7.5 asks for 4096, and post-quantum shares take two thousand."""
_MOST_PIECES: Final = 64


class QuicReader:
    """One connection. Its certificates are encrypted: there is nothing to judge."""

    def __init__(self, conversation: Conversation, tell: Tell, at: int) -> None:
        self._conversation, self._tell = conversation, tell
        self._handshake = Handshake("quic", at)
        self._sides = {True: _Hello(), False: _Hello()}
        self._known: dict[bool, Keys] = {}
        self._destination = b""
        self._left = MOST_DATAGRAMS
        self._is_told = False
        conversation.protocol, conversation.protection = "quic", "encrypted"
        conversation.has_roles = True

    @property
    def wants_more(self) -> bool:
        """False once data of the client follows both hellos."""
        return not self._is_told

    def take(self, piece: Piece) -> None:
        """Hear the next datagram."""
        if self._is_told:
            return
        self._left -= 1
        if is_long(piece.data):
            self._long(piece)
        elif piece.is_upward and self._handshake.version and is_short(piece.data):
            # Acknowledgements look the same: that keys changed is all that is known.
            for of_client in (True, False):
                self._handshake.changes(of_client=of_client)
            self._left = 0
        if self._left <= 0:
            self.end(piece.at)

    def end(self, at: int) -> None:
        """Tell what was understood, once."""
        del at
        handshake, conversation = self._handshake, self._conversation
        if self._is_told:
            return
        self._is_told = True
        if not handshake.has_begun:
            return
        handshake.name(conversation)
        tell_session(self._tell, conversation, handshake.at, handshake.session(_no_proof))

    def _long(self, piece: Piece) -> None:
        try:
            for packet in read_packets(piece.data):
                if packet.is_initial:
                    self._initial(packet, is_upward=piece.is_upward)
        except Malformed:
            return

    def _initial(self, packet: Packet, *, is_upward: bool) -> None:
        """A packet whose number is authenticated with it: what was changed on the way does not open."""
        if is_upward and not self._destination:
            self._destination = packet.destination
        frames = opened(packet, initial_keys(packet.version, self._destination, of_client=is_upward))
        if frames is None and is_upward and packet.destination != self._destination:
            # After a Retry the client takes the server's new id, and new keys of it.
            frames = opened(packet, initial_keys(packet.version, packet.destination, of_client=True))
            self._destination = packet.destination if frames is not None else self._destination
        if frames is None:
            return
        side = self._sides[is_upward]
        say = self._handshake.client_message if is_upward else self._handshake.server_message
        for crypto in read_crypto(frames):
            for kind, body in side.take(crypto):
                say(kind, body)


class _Hello:
    """The handshake bytes of one side, put in order: a client may cut its hello into pieces and shuffle them."""

    def __init__(self) -> None:
        self._pieces: dict[int, bytes] = {}
        self._messages = MessageStream()
        self._next = 0

    def take(self, crypto: Crypto) -> list[tuple[int, bytes]]:
        """The messages (type, body) that a piece completes. Raises Malformed."""
        if crypto.offset + len(crypto.body) > _MOST_CRYPTO or len(self._pieces) >= _MOST_PIECES:
            return []
        if len(crypto.body) > len(self._pieces.get(crypto.offset, b"")):
            self._pieces[crypto.offset] = crypto.body
        found: list[tuple[int, bytes]] = []
        for offset in sorted(self._pieces):
            if offset > self._next:
                break
            fresh = self._pieces.pop(offset)[self._next - offset :]
            self._next += len(fresh)
            found += self._messages.add(fresh)
        return found


def _no_proof(chain: object, staple: bytes, server_name: str, at: int) -> ServerProof | None:
    del chain, staple, server_name, at
    return None


def CHOOSE(conversation: Conversation, piece: Piece, tell: Tell) -> Reader | None:  # noqa: N802  # as every reader's is called
    """By content: a first packet that opens with the keys of its own id is QUIC, whatever the port."""
    if conversation.transport != "udp" or not piece.is_upward or not is_long(piece.data):
        return None
    try:
        packet = next(read_packets(piece.data), None)
    except Malformed:
        return None
    if packet is None or not packet.is_initial:
        return None
    if opened(packet, initial_keys(packet.version, packet.destination, of_client=True)) is None:
        return None
    return QuicReader(conversation, tell, piece.at)
