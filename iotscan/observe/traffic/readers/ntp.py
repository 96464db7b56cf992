"""NTP: time asked of a server, and whether anything vouches for it (RFC 5905, RFC 8915)."""

from typing import Final

from iotscan.model.facts import TimeQuestion
from iotscan.observe.traffic.conversation import Conversation, Piece, Reader, Tell
from iotscan.observe.traffic.voice import Voice
from iotscan.wire.ntp_talk import Message, read_message

PORT: Final = 123
_OPEN: Final = 8


class NtpReader:
    """Reads the messages between two ports."""

    def __init__(self, conversation: Conversation, tell: Tell) -> None:
        self._voice = Voice(conversation, tell, "ntp", has_roles=False)
        self._asked: dict[bytes, tuple[int, Message]] = {}

    @property
    def wants_more(self) -> bool:
        """Always: few bytes, now and then."""
        return True

    def take(self, piece: Piece) -> None:
        """Hear a datagram."""
        message = read_message(piece.data) if not piece.is_doubtful and not piece.is_cut else None
        if message is None:
            return
        if message.mode == ("client" if piece.is_upward else "server"):
            self._voice.conversation.has_roles = True
        if message.mode == "client" and piece.is_upward:
            self._asked[message.sent] = piece.at, message
            if len(self._asked) > _OPEN:
                self._tell(self._asked.pop(next(iter(self._asked))), None)
        elif message.mode == "server" and not piece.is_upward:
            asked = self._asked.pop(message.origin, None)
            if asked is not None:
                self._tell(asked, message)
        elif message.mode.startswith("symmetric"):
            self._tell((piece.at, message), None)

    def end(self, at: int) -> None:
        """Tell what has no answer."""
        for asked in self._asked.values():
            self._tell(asked, None)
        self._asked.clear()

    def _tell(self, asked: tuple[int, Message], answer: Message | None) -> None:
        at, message = asked
        # It is the answer that has to be vouched for.
        judged = answer if answer is not None else message
        question = TimeQuestion(
            version=message.version,
            mode=message.mode,
            authentication=judged.authentication,
            stratum=answer.stratum if answer else 0,
        )
        self._voice.say(at, question, clock=answer.told if answer else 0)


def choose(conversation: Conversation, piece: Piece, tell: Tell) -> Reader | None:
    """On its port by a message."""
    is_ntp = conversation.transport == "udp" and PORT in (conversation.server.port, conversation.client.port)
    if not is_ntp or piece.is_doubtful or read_message(piece.data) is None:
        return None
    return NtpReader(conversation, tell)


CHOOSE = choose
