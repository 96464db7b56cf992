"""RTSP and SIP: what is asked for, and logins by Basic and Digest (RFC 2326, RFC 7826, RFC 3261)."""

import re
from typing import Final

from iotscan.observe.traffic.content.authorization import find_logins
from iotscan.observe.traffic.content.finding import Where
from iotscan.observe.traffic.conversation import Conversation, Piece, Reader, Tell
from iotscan.observe.traffic.voice import Voice
from iotscan.observe.traffic.words import Words
from iotscan.wire.authenticate import read_challenges
from iotscan.wire.http_stream import Head, Messages, read_head
from iotscan.wire.http_target import shown_path

_START: Final = re.compile(rb"(?:[A-Z_]{3,20} \S{1,1024} )?(RTSP/[12]\.0|SIP/2\.0)")
_ENDS: Final = frozenset(("PLAY", "RECORD", "BYE"))
"""What follows is sound and pictures, in the same connection perhaps."""
_AFTERWARDS: Final = frozenset(("TEARDOWN", "PAUSE", "GET_PARAMETER", "SET_PARAMETER"))
"""Nothing follows from these who may look, and whether they are heard depends on what was lost before."""
_OPEN: Final = 16
_MESSAGES: Final = 256


class RtspReader:
    """Reads one conversation: over TCP a stream of messages, over UDP one a datagram."""

    def __init__(self, conversation: Conversation, tell: Tell, protocol: str, *, has_roles: bool) -> None:
        self._voice = Voice(conversation, tell, protocol, has_roles=has_roles)
        self._protocol = protocol
        self._words = Words(protocol)
        self._messages = (Messages(), Messages())
        self._open: dict[tuple[bool, str], tuple[Head, int]] = {}
        self._is_stream = conversation.transport == "tcp"
        self._left = _MESSAGES

    @property
    def wants_more(self) -> bool:
        """Until media flow."""
        return self._left > 0 and not all(messages.is_lost for messages in self._messages)

    def take(self, piece: Piece) -> None:
        """Hear the next piece."""
        if not self._is_stream:
            head = read_head(piece.data.partition(b"\r\n\r\n")[0]) if not piece.is_doubtful else None
            if head is not None:
                self._hear(head, piece)
            return
        messages = self._messages[piece.is_upward]
        missing = piece.gap + (len(piece.data) if piece.is_doubtful else 0)
        for _ in messages.skip(missing) if missing else ():
            pass  # only heads are of interest
        for event in messages.read(piece.data) if not piece.is_doubtful else ():
            if isinstance(event, Head):
                self._hear(event, piece)

    def end(self, at: int) -> None:
        """Tell what has no answer, and what was spoken."""
        for head, asked_at in self._open.values():
            self._tell(head, asked_at, None)
        self._voice.say(at, self._words.talk)

    def _hear(self, head: Head, piece: Piece) -> None:
        self._left -= 1
        key = piece.is_upward, head.first("cseq")
        if not head.status:
            for name in ("user-agent", "server"):
                self._words.add(head.first(name))
            self._open[key] = head, piece.at
            if len(self._open) > _OPEN:
                self._tell(*self._open.pop(next(iter(self._open))), None)
        elif head.status >= 200:
            asked = self._open.pop((not piece.is_upward, key[1]), None)
            if asked is not None:
                self._tell(*asked, head)
                if asked[0].method in _ENDS:
                    self._left = 0

    def _tell(self, asked: Head, at: int, answer: Head | None) -> None:
        status = answer.status if answer else 0
        schemes = (
            [c.scheme for field in answer.all("www-authenticate") for c in read_challenges(field)] if answer else []
        )
        words = [asked.method, *([str(status)] if status else []), *(scheme.capitalize() for scheme in schemes[:2])]
        if asked.method not in _AFTERWARDS:
            self._words.add(" ".join(words))
        accepted = False if status in (401, 403, 407) else True if 200 <= status < 300 else None
        of = shown_path(_without_user(asked.target)) or "a server"
        where = Where(at=at, protocol=self._protocol, place="header", of=of, accepted=accepted)
        for finding in find_logins(asked, where):
            self._voice.say(at, finding.item, *finding.secrets)


def _without_user(target: str) -> str:
    """A URI as far as its path, without who logs in by it; nothing where a password may reach beyond that."""
    path, _, query = target.partition("?")
    is_unclear = "://" in path and "@" in query and "@" not in path
    return "" if is_unclear else path.rpartition("@")[2]


def choose(conversation: Conversation, piece: Piece, tell: Tell) -> Reader | None:
    """By a start line, whatever the port."""
    start = _START.match(piece.data[:2048]) if not piece.is_doubtful else None
    if start is None:
        return None
    protocol = "rtsp" if start[1].startswith(b"RTSP") else "sip"
    is_possible = protocol == "sip" or conversation.transport == "tcp"
    has_roles = start[0].startswith(start[1]) != piece.is_upward
    return RtspReader(conversation, tell, protocol, has_roles=has_roles) if is_possible else None


CHOOSE = choose
