"""TLS over TCP: who begins with a hello, how the handshake goes, whether the client then sends data of its own.

What is said of a handshake holds only for bytes that were all heard: from the first gap, or the first piece whose
checksum is wrong, nothing more of that side is read. Source: RFC 8446, RFC 5246; SSL 2.0 (Hickman, 1995).
"""

from typing import Final

from iotscan.observe.traffic.content.known_names import tell_session
from iotscan.observe.traffic.conversation import Chooser, Conversation, Piece, Reader, Tell
from iotscan.observe.traffic.given import Given
from iotscan.observe.traffic.handshake import Handshake
from iotscan.observe.traffic.proving import Prove, prover
from iotscan.wire.tls import framing
from iotscan.wire.tls.client_hello import read_client_hello, read_ssl2_hello
from iotscan.wire.tls.framing import Malformed
from iotscan.wire.tls.listening import (
    APPLICATION_DATA,
    CHANGE_CIPHER_SPEC,
    Chunk,
    MessageStream,
    RecordStream,
    begins_tls,
    goes_on_in_tls,
)
from iotscan.wire.tls.sslv2 import VERSION as SSL2
from iotscan.wire.tls.sslv2 import Sslv2Reader

MOST_HEARD: Final = 512 * 1024
"""Bytes of both sides after the server's hello: a client that says nothing of its own by then is not waited for."""
_ENCRYPTED_ALERT: Final = 19
"""Bytes of a record of TLS 1.3 that holds an alert: two, a type, a tag of sixteen."""
_FINISHED: Final = frozenset((53, 69))
"""The same with nothing but a Finished of SHA-256, SHA-384."""
_ALERT_BODY: Final = 2


class TlsReader:
    """One connection. ``opening`` is the protocol in which it began, where that was not TLS."""

    def __init__(self, conversation: Conversation, tell: Tell, prove: Prove, *, opening: str = "") -> None:
        self._conversation, self._tell, self._prove, self._opening = conversation, tell, prove, opening
        self._handshake: Handshake | None = None
        self._sides = {True: _Side(), False: _Side()}
        self._ssl2: Sslv2Reader | None = None
        self._heard = 0
        self._is_told = False
        conversation.protocol, conversation.protection = "tls", "encrypted"
        conversation.has_roles = True

    @property
    def wants_more(self) -> bool:
        """False once the client sends data, somebody broke off, or neither side can be followed any more."""
        return not self._is_told

    def take(self, piece: Piece) -> None:
        """Hear the next piece."""
        if self._is_told:
            return
        side = self._sides[piece.is_upward]
        if piece.gap or piece.is_doubtful:
            side.is_lost = True
        if not side.is_lost:
            self._read(side, piece)
        self._heard += len(piece.data) if self._handshake is not None and self._handshake.version else 0
        if self._is_over():
            self.end(piece.at)

    def end(self, at: int) -> None:
        """Tell what was understood, once; nothing where no hello was."""
        del at
        handshake = self._handshake
        if self._is_told:
            return
        self._is_told = True
        if handshake is None or not handshake.has_begun:
            return
        conversation = self._conversation
        if not handshake.encrypts:
            conversation.protection = "cleartext"
        handshake.name(conversation)
        tell_session(self._tell, conversation, handshake.at, handshake.session(self._prove))

    def _is_over(self) -> bool:
        handshake = self._handshake
        if handshake is not None and (handshake.has_client_data or handshake.is_refused):
            return True
        if self._sides[True].is_lost:
            # Nothing more is to be learned of the client; of the server there is, until its flight is over.
            return self._sides[False].is_lost or handshake is None or handshake.flight.is_over
        return self._heard > MOST_HEARD

    def _read(self, side: "_Side", piece: Piece) -> None:
        if self._handshake is None:
            self._handshake = Handshake("tls", piece.at, opening=self._opening)
            if piece.is_upward and (hello := read_ssl2_hello(piece.data)):
                self._handshake.ssl2_hello(hello)
                self._ssl2 = Sslv2Reader() if hello.offered_versions == (SSL2,) else None
                return
        if self._ssl2 is not None:
            self._read_ssl2(piece)
            return
        try:
            for chunk in side.records.feed(piece.data):
                self._chunk(side, chunk, is_upward=piece.is_upward)
        except Malformed:
            side.is_lost = True

    def _read_ssl2(self, piece: Piece) -> None:
        """SSL 2.0 itself: its server says all in one message; what the client says after is in no record of TLS."""
        assert self._handshake is not None
        assert self._ssl2 is not None
        if not piece.is_upward and not self._ssl2.flight.is_over and self._ssl2.feed(piece.data):
            self._handshake.server_flight(self._ssl2.flight)

    def _chunk(self, side: "_Side", chunk: Chunk, *, is_upward: bool) -> None:
        handshake = self._handshake
        assert handshake is not None
        if chunk.kind == APPLICATION_DATA:
            if is_upward and chunk.ends:
                self._client_data(side, chunk.length)
        elif side.is_changed:
            # Encrypted: a Finished, an alert, a renegotiation.
            return
        elif chunk.kind == CHANGE_CIPHER_SPEC:
            # A client of TLS 1.3 may send one for show, before the server says what version it is to be.
            if handshake.version and not handshake.is_modern:
                side.is_changed = True
                handshake.changes(of_client=is_upward)
        elif chunk.kind == framing.ALERT:
            side.alert += chunk.body[: _ALERT_BODY - len(side.alert)]
            if chunk.ends:
                handshake.alert(side.alert if chunk.length == _ALERT_BODY else b"", of_client=is_upward)
                side.alert = b""
        elif chunk.kind == framing.HANDSHAKE:
            say = handshake.client_message if is_upward else handshake.server_message
            for kind, body in side.messages.add(chunk.body):
                say(kind, body)

    def _client_data(self, side: "_Side", length: int) -> None:
        """Data of the client's own: after its change of keys, and in TLS 1.3 after its Finished, which looks alike."""
        handshake = self._handshake
        assert handshake is not None
        if not handshake.version:
            return
        if not handshake.is_modern:
            handshake.has_client_data = side.is_changed and bool(length)
            return
        if side.is_finished and length != _ENCRYPTED_ALERT:
            handshake.has_client_data = True
        elif length in _FINISHED:
            side.is_finished = True
            handshake.changes(of_client=True)
            handshake.changes(of_client=False)


class _Side:
    """What one side said, as far as it could be followed."""

    def __init__(self) -> None:
        self.records = RecordStream()
        self.messages = MessageStream()
        self.alert = b""
        self.is_changed = False
        self.is_finished = False
        self.is_lost = False


class _Passing:
    """A connection whose beginning was missed: it is TLS, and that is all that is known of it."""

    wants_more = False

    def __init__(self, conversation: Conversation) -> None:
        conversation.protocol, conversation.protection = "tls", "encrypted"

    def take(self, piece: Piece) -> None:
        """Nothing is read of it."""

    def end(self, at: int) -> None:
        """Nothing is told of it."""


def is_hello(data: bytes) -> bool:
    """Whether bytes begin a connection of TLS: a ClientHello, as far as they reach, readable where it is whole."""
    if not begins_tls(data):
        return read_ssl2_hello(data) is not None
    length = int.from_bytes(data[6:9], "big")
    body = data[9 : 9 + length]
    if len(body) < length or length + 4 > int.from_bytes(data[3:5], "big"):
        return True
    try:
        read_client_hello(body)
    except Malformed:
        return False
    return True


def chooser(given: Given) -> Chooser:
    """By content alone: TLS stands on any port."""
    prove = prover(given)

    def choose(conversation: Conversation, piece: Piece, tell: Tell) -> Reader | None:
        if conversation.transport != "tcp" or piece.is_doubtful:
            return None
        if piece.is_upward and not piece.gap and is_hello(piece.data):
            return TlsReader(conversation, tell, prove)
        if (piece.gap or not conversation.has_beginning) and goes_on_in_tls(piece.data):
            return _Passing(conversation)
        return None

    return choose
