"""DNS in the clear over UDP and TCP, and that there is some over TLS (RFC 1035, RFC 7766, RFC 7858, RFC 9250)."""

from collections import OrderedDict
from typing import Final

from iotscan.model.facts import NameQuestion
from iotscan.observe.traffic.conversation import Conversation, Piece, Reader, Tell
from iotscan.observe.traffic.half import Half
from iotscan.observe.traffic.voice import Voice
from iotscan.wire.dns_talk import Message, read_message

PORT, TLS_PORT = 53, 853
_OPEN: Final = 32
_ANSWERS: Final = 16
_HANDSHAKE: Final = b"\x16\x03"


class DnsReader:
    """Reads the questions between two ports."""

    def __init__(self, conversation: Conversation, tell: Tell) -> None:
        self._voice = Voice(conversation, tell, "dns", has_roles=False)
        self._open: OrderedDict[int, tuple[int, Message]] = OrderedDict()
        self._halves = (Half(), Half())
        self._is_stream = conversation.transport == "tcp"

    @property
    def wants_more(self) -> bool:
        """As long as it can be read."""
        return not (self._is_stream and all(half.is_lost for half in self._halves))

    def take(self, piece: Piece) -> None:
        """Hear a datagram, or some of a stream."""
        if not self._is_stream:
            self._hear(piece.data if not piece.is_doubtful else b"", piece)
            return
        half = self._halves[piece.is_upward]
        data = half.add(piece)
        while len(data) >= 2:
            size = 2 + int.from_bytes(data[:2], "big")
            if len(data) < size:
                break
            self._hear(data[2:size], piece)
            data = data[size:]
        half.hold(data)

    def end(self, at: int) -> None:
        """Tell what has no answer."""
        while self._open:
            _, (asked_at, message) = self._open.popitem(last=False)
            self._tell(asked_at, message, None)

    def _hear(self, data: bytes, piece: Piece) -> None:
        message = read_message(data)
        if message is None or message.is_answer == piece.is_upward:
            return
        self._voice.conversation.has_roles = True
        if not message.is_answer:
            if message.number not in self._open:  # else it asks once more
                self._open[message.number] = piece.at, message
            if len(self._open) > _OPEN:
                _, (at, oldest) = self._open.popitem(last=False)
                self._tell(at, oldest, None)
            return
        asked = self._open.get(message.number)
        if asked is not None and asked[1].name == message.name and asked[1].kind == message.kind:
            del self._open[message.number]
            self._tell(asked[0], asked[1], message)

    def _tell(self, at: int, asked: Message, answer: Message | None) -> None:
        question = NameQuestion(
            name=asked.name,
            kind=asked.kind,
            answers=tuple(sorted(set(answer.answers)))[:_ANSWERS] if answer else (),
            asks_dnssec=asked.wants_dnssec,
            is_validated=answer is not None and answer.is_validated,
        )
        self._voice.say(at, question)


def choose(conversation: Conversation, piece: Piece, tell: Tell) -> Reader | None:
    """On its port by a message. Of what is encrypted, only that it is; another reader takes that conversation."""
    if piece.is_doubtful:
        return None
    if conversation.server.port == TLS_PORT:
        if piece.is_upward and (conversation.transport == "udp" or piece.data.startswith(_HANDSHAKE)):
            voice = Voice(conversation, tell, conversation.protocol, conversation.protection, has_roles=False)
            voice.say(piece.at, NameQuestion(is_encrypted=True))
        return None
    if conversation.server.port != PORT:
        return None
    data = piece.data[2:] if conversation.transport == "tcp" else piece.data
    is_message = read_message(data) is not None
    return DnsReader(conversation, tell) if is_message else None


CHOOSE = choose
