"""MQTT in the clear: who connects with what, and about which topics (OASIS MQTT 3.1.1 and 5.0, section 3)."""

from typing import Final

from iotscan.model.facts import MqttSession
from iotscan.model.text import safe_text
from iotscan.observe.traffic.content.download import Fetched, contact_of, judge_body
from iotscan.observe.traffic.content.fields import of_json
from iotscan.observe.traffic.content.finding import Finding, Where, exposure, token
from iotscan.observe.traffic.content.kept import Kept
from iotscan.observe.traffic.content.personal import find_personal
from iotscan.observe.traffic.content.secrets import find_blocks, find_secrets
from iotscan.observe.traffic.conversation import Conversation, Piece, Reader, Tell
from iotscan.observe.traffic.half import Half
from iotscan.observe.traffic.voice import Voice
from iotscan.wire import mqtt_session as wire
from iotscan.wire.jwt import read_jwt
from iotscan.wire.secret_forms.opaque import masked

PORT: Final = 1883
_LONGEST: Final = 16 << 10
"""Bytes of a packet that are read."""
_TOPICS: Final = 64
_LOOKED_AT: Final = 256
"""Messages whose content is looked at."""
_FIRMWARE: Final = 1024
_TEXT: Final = 200


class MqttReader:
    """Reads one connection."""

    def __init__(
        self, conversation: Conversation, tell: Tell, *, is_websocket: bool = False, is_joined: bool = False
    ) -> None:
        self._voice = Voice(conversation, tell, "mqtt", has_roles=not is_joined)
        self._is_websocket = is_websocket
        self._halves = (Half(), Half())
        self._connect: wire.Connect | None = None
        self._version = 0
        self._code = -1
        self._published: dict[str, None] = {}
        self._subscribed: dict[str, None] = {}
        self._seen: set[tuple[str, str]] = set()
        self._messages = 0
        self._at = 0

    @property
    def wants_more(self) -> bool:
        """While new topics may come from the client."""
        return not all(half.is_lost for half in self._halves)

    def take(self, piece: Piece) -> None:
        """Hear the next piece."""
        half = self._halves[piece.is_upward]
        self._at = self._at or piece.at
        if half.is_lost and not piece.is_doubtful and fits_packets(piece.data):
            half.find()
            piece = Piece(piece.at, piece.is_upward, piece.data)
        data = half.add(piece)
        try:
            self._read(half, data, piece)
        except wire.Malformed:
            half.lose()

    def end(self, at: int) -> None:
        """Tell the connection."""
        self._tell_login(at)
        connect = self._connect
        if connect is None and not self._published and not self._subscribed and self._code < 0:
            return
        session = MqttSession(
            version=wire.VERSIONS.get(self._version, ""),
            client_id=safe_text(connect.client_id, _TEXT) if connect else "",
            has_user=connect is not None and connect.user is not None,
            has_password=connect is not None and connect.password is not None,
            return_code=self._code,
            published=tuple(self._published),
            subscribed=tuple(self._subscribed),
            is_websocket=self._is_websocket,
        )
        self._voice.say(self._at or at, session)

    def _read(self, half: Half, data: bytes, piece: Piece) -> None:
        while data:
            head = wire.read_head(data)
            if head is None or len(data) < min(head.size, _LONGEST):
                half.hold(data)
                return
            body = data[head.start : min(head.size, max(len(data), _LONGEST))]
            self._hear(head, body, piece)
            half.skip(max(0, head.size - len(data)))
            data = data[head.size :]

    def _hear(self, head: wire.PacketHead, body: bytes, piece: Piece) -> None:
        if head.kind == wire.CONNECT and piece.is_upward:
            self._connect = wire.read_connect(body)
            self._version = self._connect.version
        elif head.kind == wire.CONNACK and not piece.is_upward and len(body) >= 2:
            self._code = body[1]
            self._tell_login(piece.at)
        elif head.kind == wire.SUBSCRIBE and piece.is_upward:
            for topic in wire.read_filters(body, self._version):
                _note(self._subscribed, topic)
        elif head.kind == wire.PUBLISH:
            topic, message = wire.read_publish(body, head.flags, self._version)
            if piece.is_upward and topic:
                _note(self._published, topic)
            self._look_into(topic, message, piece, missing=head.length - len(body))

    def _tell_login(self, at: int) -> None:
        connect = self._connect
        if connect is None or connect.password is None or ("", "login") in self._seen:
            return
        self._seen.add(("", "login"))
        accepted = None if self._code < 0 else self._code == 0
        where = Where(at=at, protocol="mqtt", place="CONNECT", accepted=accepted)
        password = connect.password.decode("utf-8", "replace")
        user = safe_text(connect.user or b"", 60)
        if read_jwt(password) is not None:
            self._say(at, token(Where(at=at, protocol="mqtt", place="mqtt password"), password, ""))
        self._say(at, exposure(where, "password", f"MQTT password of user {user}", password))

    def _look_into(self, topic: bytes, message: bytes, piece: Piece, missing: int) -> None:
        self._messages += 1
        if self._messages > _LOOKED_AT or not message:
            return
        shown = safe_text(_shown(topic), 80)
        where = Where(at=piece.at, protocol="mqtt", place="message", of=shown)
        fields = of_json(message)
        found = [*find_secrets(fields, where), *find_personal(fields, where), *find_blocks(message, where)]
        for finding in found:
            self._say(piece.at, finding)
        if len(message) >= _FIRMWARE and not fields:
            self._look_for_firmware(shown, message, piece, missing)

    def _look_for_firmware(self, topic: str, message: bytes, piece: Piece, missing: int) -> None:
        kept, size = Kept(), len(message) + missing
        kept.add(message)
        body = judge_body(kept, size)
        kept.close()
        contact = contact_of(Fetched(protocol="mqtt", path=topic, size=size), None, body, is_answered=True)
        if contact is not None and not piece.is_upward:
            self._voice.say(piece.at, contact)

    def _say(self, at: int, finding: Finding) -> None:
        """The same in one message after the other is said once."""
        key = (type(finding.item).__name__, getattr(finding.item, "what", "") or repr(finding.item))
        if key not in self._seen and len(self._seen) < _LOOKED_AT:
            self._seen.add(key)
            self._voice.say(at, finding.item, *finding.secrets)


def fits_packets(data: bytes) -> bool:
    """Whether bytes are whole packets and nothing else: of a connection joined late, the beginning of one."""
    at = 0
    try:
        while at < len(data):
            head = wire.read_head(data[at : at + 5])
            if head is None or at + head.size > len(data) or not _is_plausible(head, data[at : at + head.size]):
                return False
            at += head.size
    except wire.Malformed:
        return False
    return at > 0


def _is_plausible(head: wire.PacketHead, packet: bytes) -> bool:
    body = packet[head.start :]
    if head.kind == wire.PUBLISH:
        topic = body[2 : 2 + int.from_bytes(body[:2], "big")]
        is_whole = 0 < int.from_bytes(body[:2], "big") == len(topic)
        return is_whole and topic.isascii() and all(0x20 < b < 0x7F and b not in b"+#" for b in topic)
    if head.kind in (12, 13):
        return head.length == 0
    return head.kind in (4, 5, 6, 7) and head.length in (2, 3, 4)


def _note(topics: dict[str, None], topic: bytes) -> None:
    if len(topics) < _TOPICS:
        topics.setdefault(safe_text(_shown(topic), _TEXT))


def _shown(topic: bytes) -> str:
    """Before it is cut: the beginning of a token has no form."""
    return masked(topic[:2048].decode("utf-8", "backslashreplace"))


def choose(conversation: Conversation, piece: Piece, tell: Tell) -> Reader | None:
    """By the protocol's name in a CONNECT; on its port, and joined late, by packets that fit."""
    if conversation.transport != "tcp" or piece.is_doubtful:
        return None
    if piece.is_upward and wire.begins_session(piece.data):
        return MqttReader(conversation, tell)
    is_joined = conversation.server.port == PORT and not conversation.has_beginning
    return MqttReader(conversation, tell, is_joined=True) if is_joined and fits_packets(piece.data) else None


CHOOSE = choose
