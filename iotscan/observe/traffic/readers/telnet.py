"""Telnet: logins in the clear (RFC 854). What is typed in a session that is open is not read."""

import re
from collections import deque
from collections.abc import Iterable
from typing import Final

from iotscan.model.text import safe_text
from iotscan.observe.traffic.content.finding import Where, exposure
from iotscan.observe.traffic.conversation import Conversation, Piece, Reader, Tell
from iotscan.observe.traffic.voice import Voice
from iotscan.observe.traffic.words import Words
from iotscan.wire import telnet
from iotscan.wire.secret_forms.opaque import masked

_PORTS: Final = (23, 2323)
_ENOUGH: Final = 64 << 10
_SHOWN: Final = 2048
_REFUSED: Final = re.compile(rb"(?i)incorrect|invalid|fail|denied|refused|wrong|bad |% ?login|authentication error")
_TYPED: Final = 256
_LINES: Final = 8
_SHOWN_LINES: Final = 32


class TelnetReader:
    """Reads one session up to its login."""

    def __init__(self, conversation: Conversation, tell: Tell) -> None:
        self._voice = Voice(conversation, tell, "telnet", has_roles=False)
        self._words = Words("telnet")
        self._rests = [b"", b""]
        self._shown = b""
        self._typed = b""
        self._asks: telnet.Asks = "unknown"
        self._is_ahead = False
        self._unasked = 0
        self._user = ""
        self._hidden: list[str] = []
        self._name = b""
        """What was typed where a name was asked for: it is one once the server has shown it behind its question."""
        self._line = b""
        self._lines: deque[bytes] = deque(maxlen=_SHOWN_LINES)
        """What the server has shown: the line that it is at, and those before that are not empty."""
        self._password: tuple[int, str] | None = None
        self._heard = 0
        self._has_hole = False

    @property
    def wants_more(self) -> bool:
        """Until somebody is in, or nobody came for long."""
        return self._heard < _ENOUGH and not self._has_hole

    def take(self, piece: Piece) -> None:
        """Hear the next piece."""
        if piece.gap or piece.is_doubtful:
            self._has_hole = True
            return
        self._heard += len(piece.data)
        stream = telnet.split(self._rests[piece.is_upward] + piece.data)
        self._rests[piece.is_upward] = stream.rest[-1024:]
        if piece.is_upward:
            self._type(stream.text, piece.at)
        elif stream.text:
            self._show(stream.text)

    def end(self, at: int) -> None:
        """Tell what was spoken."""
        self._tell_login(None)
        self._voice.say(at, self._words.talk, *self._hidden)

    def _show(self, text: bytes) -> None:
        self._shown = (self._shown + text)[-_SHOWN:]
        *whole, line = re.split(rb"[\r\n]", self._line + text)
        self._line = line[-_SHOWN:]
        whole = [each[-_SHOWN:] for each in whole if each][-_SHOWN_LINES:]
        self._lines.extend(whole)
        self._recognise_user(whole)
        asks = telnet.classify(self._shown)
        if self._password is not None:
            if _REFUSED.search(self._shown) or asks == "login":
                self._tell_login(False)
            elif asks == "shell":
                self._tell_login(True)
                self._heard = _ENOUGH
        self._ask(asks)

    def _ask(self, asks: telnet.Asks) -> None:
        """What is typed next answers this, unless it was typed, or begun, before that was asked for."""
        if asks in ("login", "password") and asks != self._asks:
            self._is_ahead = bool(self._typed) or self._unasked > 0
            self._unasked = max(0, self._unasked - 1)
        if not self._typed or asks != "unknown":  # else it is the echo of what is being typed
            self._asks = asks

    def _type(self, text: bytes, at: int) -> None:
        for byte in text:
            if byte in b"\r\n":
                if self._typed or byte == 13:
                    self._enter(self._typed, at)
                self._typed = b""
            elif byte in b"\x08\x7f":
                self._typed = self._typed[:-1]
            elif byte and len(self._typed) < _TYPED:
                self._typed += bytes((byte,))

    def _enter(self, line: bytes, at: int) -> None:
        asks, self._asks = self._asks, "unknown"
        is_ahead, self._is_ahead = self._is_ahead, False
        if asks == "login" and is_ahead:
            # It may be the password for the prompt before.
            self._user = ""
            if len(self._hidden) < _LINES:
                self._hidden.append(line.decode("utf-8", "replace"))
        elif asks == "login":
            self._user, self._name = "", line
            self._recognise_user(self._lines)
        elif asks == "password" and line:
            self._password = at, line.decode("utf-8", "replace")
        elif line:
            self._unasked += 1
        self._shown = b""

    def _recognise_user(self, shown: Iterable[bytes]) -> None:
        if self._name and _is_shown_as_name(self._name, shown):
            self._user, self._name = masked(safe_text(self._name, 60)), b""
            self._words.add(f"user {self._user}")

    def _tell_login(self, accepted: bool | None) -> None:
        if self._password is None:
            return
        (at, password), self._password = self._password, None
        if not self._user and _is_shown_as_name(password.encode(), self._lines):
            return
        where = Where(at=at, protocol="telnet", place="login", accepted=accepted)
        what = f"telnet password of {self._user or 'somebody'}"
        finding = exposure(where, "password", what, password, account=self._user)
        self._voice.say(at, finding.item, *finding.secrets)


def _is_shown_as_name(typed: bytes, lines: Iterable[bytes]) -> bool:
    """Whether the server has shown it behind its question for a name, as it never does with a password: frames may be
    caught in another order than they were said in.
    """
    return any(line.endswith(typed) and telnet.classify(line.removesuffix(typed)) == "login" for line in lines)


def choose(conversation: Conversation, piece: Piece, tell: Tell) -> Reader | None:
    """By negotiation of options, on any port; on its own by words of the server."""
    if conversation.transport != "tcp" or piece.is_doubtful:
        return None
    stream = telnet.split(piece.data[:512])
    is_negotiated = len(piece.data) >= 3 and piece.data[0] == telnet.IAC and len(stream.demands) > 0
    is_known = conversation.server.port in _PORTS
    is_spoken = is_known and not piece.is_upward and telnet.is_text(piece.data)
    return TelnetReader(conversation, tell) if is_spoken or (is_negotiated and is_known) else None


CHOOSE = choose
