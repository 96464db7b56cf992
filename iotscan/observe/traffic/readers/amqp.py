"""AMQP in the clear: which broker, and who logs in to it (AMQP 0-9-1, AMQP 1.0)."""

from typing import Final

from iotscan.model.text import safe_text
from iotscan.observe.traffic.content.finding import Where, exposure
from iotscan.observe.traffic.conversation import Conversation, Piece, Reader, Tell
from iotscan.observe.traffic.half import Half
from iotscan.observe.traffic.voice import Voice
from iotscan.observe.traffic.words import Words
from iotscan.wire import amqp, amqp_talk

_OLD: Final = b"AMQP\x00\x00\x09\x01"
_NEW: Final = (b"AMQP\x03\x01\x00\x00", b"AMQP\x00\x01\x00\x00")
_METHOD: Final = 1
_HEADER: Final = 8


class AmqpReader:
    """Reads one connection until its login is through."""

    def __init__(self, conversation: Conversation, tell: Tell, *, is_old: bool) -> None:
        self._voice = Voice(conversation, tell, "amqp")
        self._words = Words("amqp")
        self._words.add("0-9-1" if is_old else "1.0")
        self._is_old = is_old
        self._halves = (Half(), Half())
        self._login: tuple[int, amqp_talk.Login] | None = None
        self._is_over = False

    @property
    def wants_more(self) -> bool:
        """Until the login is through."""
        return not self._is_over and not any(half.is_lost for half in self._halves)

    def take(self, piece: Piece) -> None:
        """Hear the next piece."""
        half = self._halves[piece.is_upward]
        data = half.add(piece)
        while data and not self._is_over:
            size = self._size(data)
            if size < 0:
                half.lose()
                return
            if size == 0:
                half.hold(data)
                return
            self._hear(data[:size], piece)
            data = data[size:]

    def end(self, at: int) -> None:
        """Tell what was spoken."""
        self._tell_login(None)
        self._voice.say(at, self._words.talk)

    def _size(self, data: bytes) -> int:
        """Bytes of what comes first: 0 while it is not whole, -1 for what is none."""
        if data.startswith(b"AMQP"):
            return _HEADER if len(data) >= _HEADER else 0
        if self._is_old:
            frame = amqp_talk.read_frame(data)
            return 0 if frame is None else frame[2] or -1
        size = int.from_bytes(data[:4], "big")
        if len(data) >= 8 and not 8 <= size <= amqp_talk.CAP:
            return -1
        return size if len(data) >= max(size, 8) else 0

    def _hear(self, data: bytes, piece: Piece) -> None:
        if data.startswith(b"AMQP"):
            return
        if self._is_old:
            payload = data[7:-1] if data[0] == _METHOD else b""
            login, outcome = amqp_talk.read_login(payload), amqp_talk.read_outcome(payload)
            start = amqp.read_start(data) if not piece.is_upward else None
            if start is not None:
                self._words.add(f"{start.product} {start.version}".strip())
        else:
            login, outcome = amqp_talk.read_sasl_login(data), amqp_talk.read_sasl_outcome(data)
        if login is not None and piece.is_upward:
            self._login = piece.at, login
            self._words.add(login.mechanism, f"user {safe_text(login.user, 60)}" if login.user else "")
        if outcome is not None and not piece.is_upward:
            self._tell_login(outcome)
            self._is_over = True

    def _tell_login(self, accepted: bool | None) -> None:
        if self._login is None:
            return
        (at, login), self._login = self._login, None
        if login.password:
            where = Where(at=at, protocol="amqp", place="login", accepted=accepted)
            what = f"AMQP password of {safe_text(login.user, 60)}"
            finding = exposure(where, "password", what, login.password.decode("utf-8", "replace"))
            self._voice.say(at, finding.item, *finding.secrets)


def choose(conversation: Conversation, piece: Piece, tell: Tell) -> Reader | None:
    """By its header, whatever the port."""
    if conversation.transport != "tcp" or piece.is_doubtful or not piece.is_upward:
        return None
    if piece.data.startswith(_OLD):
        return AmqpReader(conversation, tell, is_old=True)
    return AmqpReader(conversation, tell, is_old=False) if piece.data.startswith(_NEW) else None


CHOOSE = choose
