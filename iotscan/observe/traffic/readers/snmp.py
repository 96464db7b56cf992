"""SNMP: communities in the clear, users and levels of version 3 (RFC 1157, RFC 3416, RFC 3412, RFC 3414)."""

from typing import Final

from iotscan.model.text import safe_text
from iotscan.observe.traffic.content.finding import Where, exposure
from iotscan.observe.traffic.conversation import Conversation, Piece, Reader, Tell
from iotscan.observe.traffic.voice import Voice
from iotscan.observe.traffic.words import Words
from iotscan.wire.snmp_talk import Message, read_message

_PORTS: Final = (161, 162)
_WELL_KNOWN: Final = frozenset((b"public", b"private"))
_MESSAGES: Final = 512
_COMMUNITIES: Final = 8


class SnmpReader:
    """Reads the messages between two ports."""

    def __init__(self, conversation: Conversation, tell: Tell) -> None:
        self._voice = Voice(conversation, tell, "snmp")
        self._words = Words("snmp")
        self._open: dict[tuple[str, bytes], tuple[int, str]] = {}
        self._told: set[tuple[str, bytes]] = set()
        self._left = _MESSAGES

    @property
    def wants_more(self) -> bool:
        """Until nothing new is to be expected."""
        return self._left > 0

    def take(self, piece: Piece) -> None:
        """Hear a datagram."""
        self._left -= 1
        message = read_message(piece.data) if not piece.is_doubtful and not piece.is_cut else None
        if message is None:
            return
        self._words.add(f"version {message.version}", message.kind, message.level)
        if message.version == "3":
            if message.user:
                self._words.add(f"user {safe_text(message.user, 60)}")
            if message.level == "authPriv":
                self._voice.conversation.protection = "encrypted"
            return
        self._hear_community(message, piece)

    def end(self, at: int) -> None:
        """Tell what was spoken."""
        for (version, community), (asked_at, kind) in self._open.items():
            self._tell(version, community, asked_at, kind, None)
        self._voice.say(at, self._words.talk)

    def _hear_community(self, message: Message, piece: Piece) -> None:
        key = message.version, message.community
        if key in self._told or len(self._told) >= _COMMUNITIES:
            return
        if message.kind == "Response":
            asked = self._open.pop(key, None)
            if asked is not None:
                self._tell(*key, *asked, True)
        elif len(self._open) < _COMMUNITIES:
            self._open.setdefault(key, (piece.at, message.kind))

    def _tell(self, version: str, community: bytes, at: int, kind: str, accepted: bool | None) -> None:
        self._told.add((version, community))
        # Everybody knows these two: to hide them would hide words of every report.
        name = f' "{community.decode()}"' if community in _WELL_KNOWN else ""
        where = Where(at=at, protocol="snmp", place=kind, accepted=accepted)
        secrets = () if community in _WELL_KNOWN else (community.decode("utf-8", "replace"),)
        finding = exposure(where, "community", f"SNMP {version} community{name} in a {kind}", *secrets)
        self._voice.say(at, finding.item, *finding.secrets)


def choose(conversation: Conversation, piece: Piece, tell: Tell) -> Reader | None:
    """On its ports by a message."""
    ports = conversation.server.port, conversation.client.port
    if conversation.transport != "udp" or piece.is_doubtful or not any(port in _PORTS for port in ports):
        return None
    return SnmpReader(conversation, tell) if read_message(piece.data) is not None else None


CHOOSE = choose
