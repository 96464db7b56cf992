"""Modbus over TCP: which functions a client calls, writing among them (Modbus Application Protocol 1.1b3 section 6)."""

from typing import Final

from iotscan.observe.traffic.conversation import Conversation, Piece, Reader, Tell
from iotscan.observe.traffic.half import Half
from iotscan.observe.traffic.voice import Voice
from iotscan.observe.traffic.words import Words

PORT: Final = 502
_HEAD: Final = 7
_FUNCTIONS: Final = {
    1: "Read Coils",
    2: "Read Discrete Inputs",
    3: "Read Holding Registers",
    4: "Read Input Registers",
    5: "Write Single Coil",
    6: "Write Single Register",
    15: "Write Multiple Coils",
    16: "Write Multiple Registers",
    22: "Mask Write Register",
    23: "Read/Write Multiple Registers",
    43: "Encapsulated Interface Transport",
}
_MESSAGES: Final = 256


class ModbusReader:
    """Reads the first requests of one connection."""

    def __init__(self, conversation: Conversation, tell: Tell) -> None:
        self._voice = Voice(conversation, tell, "modbus", has_roles=False)
        self._words = Words("modbus")
        self._half = Half()
        self._left = _MESSAGES

    @property
    def wants_more(self) -> bool:
        """The first requests say what is called."""
        return self._left > 0 and not self._half.is_lost

    def take(self, piece: Piece) -> None:
        """Hear the next piece."""
        if not piece.is_upward:
            return
        data = self._half.add(piece)
        while len(data) > _HEAD:
            size = 6 + int.from_bytes(data[4:6], "big")
            if not _is_head(data):
                self._half.lose()
                return
            if len(data) < size:
                break
            self._left -= 1
            self._words.add(_FUNCTIONS.get(data[_HEAD], f"function {data[_HEAD]}"))
            data = data[size:]
        self._half.hold(data)

    def end(self, at: int) -> None:
        """Tell what was called."""
        self._voice.say(at, self._words.talk)


def _is_head(data: bytes) -> bool:
    return len(data) > _HEAD and data[2:4] == b"\0\0" and 2 <= int.from_bytes(data[4:6], "big") <= 254


def choose(conversation: Conversation, piece: Piece, tell: Tell) -> Reader | None:
    """On its port by the head of a request."""
    is_port = conversation.transport == "tcp" and conversation.server.port == PORT and not piece.is_doubtful
    return ModbusReader(conversation, tell) if is_port and _is_head(piece.data) else None


CHOOSE = choose
