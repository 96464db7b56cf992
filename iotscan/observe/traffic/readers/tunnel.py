"""Encrypted conversations other than TLS, so that none is counted as unknown: SSH, WireGuard, IKE.

Sources: RFC 4253 section 4.2; WireGuard's protocol description; RFC 7296 section 3.1, RFC 3948.
"""

import re
from typing import Final

from iotscan.model.facts import OtherTalk
from iotscan.model.text import safe_text
from iotscan.observe.traffic.conversation import Conversation, Piece, Reader, Tell
from iotscan.observe.traffic.voice import Voice

_SSH: Final = re.compile(rb"SSH-(?:2\.0|1\.99)-[!-~ ]{1,200}")
_WIREGUARD: Final = {b"\1\0\0\0": 148, b"\2\0\0\0": 92}
_IKE_PORT, _ESP_PORT = 500, 4500
_IKE_HEAD: Final = 28


class TunnelReader:
    """Says that it is there, and by what name."""

    wants_more = False

    def __init__(self, conversation: Conversation, tell: Tell, protocol: str, words: tuple[str, ...]) -> None:
        self._voice = Voice(conversation, tell, protocol, "encrypted", has_roles=False)
        self._talk = OtherTalk(protocol=protocol, words=words)

    def take(self, piece: Piece) -> None:
        """Its first words are all that can be read."""
        self._voice.say(piece.at, self._talk)

    def end(self, at: int) -> None:
        """Nothing is open."""


def _ike(conversation: Conversation, data: bytes) -> bool:
    """An IKE header whose length is that of the datagram; on port 4500 behind four zero bytes."""
    if conversation.server.port == _ESP_PORT and data.startswith(bytes(4)):
        data = data[4:]
    elif conversation.server.port != _IKE_PORT:
        return False
    is_version = len(data) >= _IKE_HEAD and data[17] in (0x10, 0x20)
    return is_version and int.from_bytes(data[24:28], "big") == len(data)


def choose(conversation: Conversation, piece: Piece, tell: Tell) -> Reader | None:
    """By the first bytes."""
    data = piece.data
    if piece.is_doubtful:
        return None
    if conversation.transport == "tcp":
        banner = _SSH.match(data)
        return TunnelReader(conversation, tell, "ssh", (safe_text(banner[0], 100),)) if banner else None
    if _WIREGUARD.get(data[:4]) == len(data):
        return TunnelReader(conversation, tell, "wireguard", ())
    return TunnelReader(conversation, tell, "ike", ()) if _ike(conversation, data) else None


CHOOSE = choose
