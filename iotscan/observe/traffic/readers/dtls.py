"""DTLS over UDP: hellos, certificates and PSK identities up to 1.2, the two hellos of 1.3, and whether data follows.

Source: RFC 6347, RFC 9147, RFC 9146 (connection ids).
"""

from typing import Final

from iotscan.observe.traffic.conversation import Chooser, Conversation, Piece, Reader, Tell, Told
from iotscan.observe.traffic.given import Given
from iotscan.observe.traffic.handshake import Handshake
from iotscan.observe.traffic.proving import Prove, prover
from iotscan.wire.tls import framing
from iotscan.wire.tls.dtls import MESSAGES_LIMIT, Fragment, Record, read_fragments, read_records
from iotscan.wire.tls.framing import Malformed
from iotscan.wire.tls.listening import APPLICATION_DATA, CHANGE_CIPHER_SPEC

MOST_DATAGRAMS: Final = 400
"""Datagrams of both sides: a client that says nothing of its own by then is not waited for."""
_LONGEST_MESSAGE: Final = 2**15
"""Bytes of one message: a chain for devices has two or three kilobytes."""
_UNIFIED: Final = range(0x20, 0x40)
_WITH_ID: Final = 25
"""tls12_cid: a record with a connection id, all of it encrypted, its kind too."""
_APPLICATION_EPOCH: Final = 3
_RECORD: Final = 13
_MOST_PIECES: Final = 64
"""Fragments of one message."""
_HELLOS: Final = (framing.CLIENT_HELLO, framing.SERVER_HELLO)


class DtlsReader:
    """The datagrams between two ports, one handshake of them."""

    def __init__(self, conversation: Conversation, tell: Tell, prove: Prove) -> None:
        self._conversation, self._tell, self._prove = conversation, tell, prove
        self._handshake: Handshake | None = None
        self._sides = {True: _Side(), False: _Side()}
        self._left = MOST_DATAGRAMS
        self._is_told = False
        conversation.protocol, conversation.protection = "dtls", "encrypted"
        conversation.has_roles = True

    @property
    def wants_more(self) -> bool:
        """False once the client sends data, or somebody broke off."""
        return not self._is_told

    def take(self, piece: Piece) -> None:
        """Hear the next datagram. One that is damaged is passed over: its sender sends it again."""
        if self._is_told:
            return
        self._left -= 1
        if not piece.is_doubtful:
            self._handshake = self._handshake or Handshake("dtls", piece.at)
            self._read(self._handshake, piece)
        done = self._handshake is not None and (self._handshake.has_client_data or self._handshake.is_refused)
        if done or not self._left:
            self.end(piece.at)

    def end(self, at: int) -> None:
        """Tell what was understood, once; nothing where no hello was."""
        del at
        handshake, conversation = self._handshake, self._conversation
        if self._is_told:
            return
        self._is_told = True
        if handshake is None or not handshake.has_begun:
            return
        if not handshake.encrypts:
            conversation.protection = "cleartext"
        handshake.name(conversation)
        self._tell(Told(conversation, handshake.at, handshake.session(self._prove)))

    def _read(self, handshake: Handshake, piece: Piece) -> None:
        if piece.data[:1] and piece.data[0] in _UNIFIED:
            self._unified(handshake, piece)
            return
        try:
            for record in read_records(piece.data):
                self._record(handshake, record, is_upward=piece.is_upward)
        except Malformed:
            return

    def _unified(self, handshake: Handshake, piece: Piece) -> None:
        """A datagram of DTLS 1.3 under keys: of its epoch the two last bits are known (RFC 9147 section 4)."""
        if not handshake.is_modern:
            return
        handshake.changes(of_client=piece.is_upward)
        if piece.is_upward and piece.data[0] & 3 == _APPLICATION_EPOCH and handshake.is_changed(of_client=False):
            handshake.has_client_data = True

    def _record(self, handshake: Handshake, record: Record, *, is_upward: bool) -> None:
        side = self._sides[is_upward]
        if record.epoch:
            if record.kind == APPLICATION_DATA and is_upward and handshake.is_changed(of_client=True):
                handshake.has_client_data = bool(record.body)
        elif record.kind == CHANGE_CIPHER_SPEC:
            handshake.changes(of_client=is_upward)
        elif record.kind == framing.ALERT:
            handshake.alert(record.body, of_client=is_upward)
        elif record.kind == framing.HANDSHAKE:
            say = handshake.client_message if is_upward else handshake.server_message
            for piece in read_fragments(record.body):
                for kind, body in side.take(piece):
                    say(kind, body)


class _Side:
    """The messages of one side, put together and told in the order of their numbers from its hello on."""

    def __init__(self) -> None:
        self._open: dict[int, _Message] = {}
        self._next: int | None = None

    def take(self, piece: Fragment) -> list[tuple[int, bytes]]:
        """The messages that a fragment completes, (type, body)."""
        if piece.kind == framing.HELLO_VERIFY_REQUEST or not self._is_near(piece):
            return []
        message = self._open.setdefault(piece.sequence, _Message(piece.kind, piece.length))
        message.add(piece)
        if self._next is None and piece.kind in _HELLOS and message.whole is not None:
            # Its number is 1 after a request for a cookie, of which some servers keep no count.
            self._next = piece.sequence
        return self._whole()

    def _is_near(self, piece: Fragment) -> bool:
        if piece.length > _LONGEST_MESSAGE:
            return False
        if self._next is None:
            return piece.sequence in self._open or len(self._open) < MESSAGES_LIMIT
        return self._next <= piece.sequence < self._next + MESSAGES_LIMIT

    def _whole(self) -> list[tuple[int, bytes]]:
        found = []
        while self._next in self._open and (body := self._open[self._next].whole) is not None:
            found.append((self._open.pop(self._next).kind, body))
            self._next += 1
        return found


class _Message:
    """One message in its fragments; takes no more memory than came of it."""

    def __init__(self, kind: int, length: int) -> None:
        self.kind, self._length = kind, length
        self._pieces: dict[int, bytes] = {}

    def add(self, piece: Fragment) -> None:
        """Take a fragment; one that contradicts what is known of the message is passed over."""
        fits = (piece.kind, piece.length) == (self.kind, self._length) and len(self._pieces) < _MOST_PIECES
        if fits and len(piece.body) >= len(self._pieces.get(piece.offset, b"")):
            self._pieces[piece.offset] = piece.body

    @property
    def whole(self) -> bytes | None:
        """The body, once all of it is here."""
        body = b""
        for offset in sorted(self._pieces):
            if offset > len(body):
                return None
            body += self._pieces[offset][len(body) - offset :]
        return body if len(body) == self._length and self._pieces else None


class _Passing:
    """Datagrams under keys whose handshake was missed."""

    wants_more = False

    def __init__(self, conversation: Conversation) -> None:
        conversation.protocol, conversation.protection = "dtls", "encrypted"

    def take(self, piece: Piece) -> None:
        """Nothing is read of it."""

    def end(self, at: int) -> None:
        """Nothing is told of it."""


def _begins(data: bytes) -> bool:
    """A datagram whose first record begins a ClientHello."""
    try:
        record = next(read_records(data), None)
        piece = next(read_fragments(record.body), None) if record is not None else None
    except Malformed:
        return False
    is_hello = record is not None and record.kind == framing.HANDSHAKE and not record.epoch
    return is_hello and piece is not None and piece.kind == framing.CLIENT_HELLO and not piece.offset


def _goes_on(data: bytes) -> bool:
    """A datagram that holds nothing but records under keys."""
    if data[:5] == bytes((_WITH_ID, 0xFE, 0xFD, 0, 1)) and len(data) > _RECORD:
        return True
    try:
        records = list(read_records(data))
    except Malformed:
        return False
    whole = sum(_RECORD + len(record.body) for record in records)
    return bool(records) and whole == len(data) and all(record.epoch and record.body for record in records)


def chooser(given: Given) -> Chooser:
    """By content alone."""
    prove = prover(given)

    def choose(conversation: Conversation, piece: Piece, tell: Tell) -> Reader | None:
        if conversation.transport != "udp" or piece.is_doubtful:
            return None
        if piece.is_upward and _begins(piece.data):
            return DtlsReader(conversation, tell, prove)
        return _Passing(conversation) if not piece.is_cut and _goes_on(piece.data) else None

    return choose
