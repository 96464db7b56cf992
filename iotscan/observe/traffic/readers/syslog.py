"""Syslog in the clear: that there is some, and of which programs (RFC 3164, RFC 5424, RFC 6587)."""

import re
from typing import Final

from iotscan.observe.traffic.conversation import Conversation, Piece, Reader, Tell
from iotscan.observe.traffic.voice import Voice
from iotscan.observe.traffic.words import Words

_PORTS: Final = (514, 601, 1514)
_NEW: Final = re.compile(rb"(?:[0-9]{1,5} )?<[0-9]{1,3}>1 \S{1,40} \S{1,255} (\S{1,48}) ")
_OLD: Final = re.compile(
    rb"(?:[0-9]{1,5} )?<[0-9]{1,3}>(?P<at>[A-Z][a-z]{2} [ 0-9][0-9] [0-9:]{8} )?(?:[\w.:-]{1,64} )?"
    rb"(?P<of>[\w./-]{1,48})(?:\[[0-9]+\])?:"
)
_ANY: Final = re.compile(rb"(?:[0-9]{1,5} )?<(?:[0-9]|[1-9][0-9]|1[0-8][0-9]|19[01])>")
_MESSAGES: Final = 64


class SyslogReader:
    """Reads the first messages."""

    def __init__(self, conversation: Conversation, tell: Tell) -> None:
        self._voice = Voice(conversation, tell, "syslog")
        self._words = Words("syslog")
        self._left = _MESSAGES

    @property
    def wants_more(self) -> bool:
        """The first messages say which programs there are."""
        return self._left > 0

    def take(self, piece: Piece) -> None:
        """Hear a message."""
        self._left -= 1
        if piece.is_doubtful or piece.is_cut or not piece.is_upward:
            return
        new, old = _NEW.match(piece.data), _OLD.match(piece.data)
        if new is not None:
            self._words.add("RFC 5424", b"of " + new[1])
        elif old is not None:
            # Without a time before it, it may be the first word of a message.
            self._words.add("BSD", b"of " + old["of"] if old["at"] else "")

    def end(self, at: int) -> None:
        """Tell what was spoken."""
        self._voice.say(at, self._words.talk)


def choose(conversation: Conversation, piece: Piece, tell: Tell) -> Reader | None:
    """On its ports by a priority."""
    is_port = conversation.server.port in _PORTS and piece.is_upward and not piece.is_doubtful
    return SyslogReader(conversation, tell) if is_port and _ANY.match(piece.data) else None


CHOOSE = choose
