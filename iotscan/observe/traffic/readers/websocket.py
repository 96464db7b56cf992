"""WebSocket in the clear: MQTT in it, or words in JSON (RFC 6455 section 5)."""

from typing import Final

import msgspec

from iotscan.model.facts import OtherTalk
from iotscan.model.text import safe_text
from iotscan.observe.traffic.content.fields import of_json
from iotscan.observe.traffic.content.finding import Where
from iotscan.observe.traffic.content.personal import find_personal
from iotscan.observe.traffic.content.secrets import find_secrets
from iotscan.observe.traffic.conversation import Conversation, Piece, Tell
from iotscan.observe.traffic.half import Half
from iotscan.observe.traffic.readers.mqtt import MqttReader
from iotscan.observe.traffic.voice import Voice
from iotscan.wire.websocket import BINARY, CONTINUATION, TEXT, read_frame

_LONGEST: Final = 32 << 10
"""Bytes of a frame that is read; a longer one is passed over."""
_FRAMES: Final = 64
"""Frames of words that are looked at."""


class WebSocketReader:
    """Reads one connection from behind the upgrade on."""

    def __init__(self, conversation: Conversation, tell: Tell, protocol: str) -> None:
        self._is_mqtt = protocol.startswith("mqtt")
        self._mqtt = MqttReader(conversation, tell, is_websocket=True) if self._is_mqtt else None
        self._voice = Voice(conversation, tell, "mqtt" if self._is_mqtt else "websocket")
        self._halves = (Half(), Half())
        self._frames = 0
        self._word = safe_text(protocol, 60)
        self._begun = conversation.last

    @property
    def wants_more(self) -> bool:
        """While words may come, or MQTT goes on."""
        if self._mqtt is not None:
            return self._mqtt.wants_more
        return self._frames < _FRAMES and not all(half.is_lost for half in self._halves)

    def take(self, piece: Piece) -> None:
        """Hear the next piece."""
        half = self._halves[piece.is_upward]
        if half.is_lost and self._mqtt is not None and not piece.is_doubtful:
            return
        data = half.add(piece)
        while data:
            frame = read_frame(data)
            if frame is None:
                missing = _too_long(data)
                half.skip(missing) if missing else half.hold(data)
                break
            data = data[frame.size :]
            if frame.opcode in (TEXT, BINARY, CONTINUATION):
                self._hear(frame.payload, piece)
        if half.is_lost and self._mqtt is not None:
            self._mqtt.take(Piece(piece.at, piece.is_upward, b"", gap=1))

    def end(self, at: int) -> None:
        """Tell what was spoken."""
        if self._mqtt is not None:
            self._mqtt.end(at)
        else:
            self._voice.say(at, OtherTalk(protocol="websocket", words=(self._word,) if self._word else ()))

    def _hear(self, payload: bytes, piece: Piece) -> None:
        if self._mqtt is not None:
            self._mqtt.take(msgspec.structs.replace(piece, data=payload, gap=0))
            return
        self._frames += 1
        where = Where(at=piece.at, protocol="websocket", place="message", is_answer=not piece.is_upward)
        fields = of_json(payload)
        for finding in (*find_secrets(fields, where), *(find_personal(fields, where) if piece.is_upward else ())):
            self._voice.say(piece.at, finding.item, *finding.secrets)


def _too_long(data: bytes) -> int:
    """How many bytes are still to come of a frame that is too long to be read; 0 for others."""
    if len(data) < 10:
        return 0
    wide = {126: 2, 127: 8}.get(data[1] & 0x7F, 0)
    length = int.from_bytes(data[2 : 2 + wide], "big") if wide else 0
    size = 2 + wide + (4 if data[1] & 0x80 else 0) + length
    return size - len(data) if length > _LONGEST else 0
