"""Mail in the clear: logins of SMTP, POP3 and IMAP (RFC 5321, RFC 4954, RFC 1939, RFC 9051, RFC 4616)."""

import base64
import binascii
import re
from typing import Final

from iotscan.model.text import safe_text
from iotscan.observe.traffic.content.finding import Where, exposure
from iotscan.observe.traffic.conversation import Conversation, Piece, Reader, Tell
from iotscan.observe.traffic.lines import Lines
from iotscan.observe.traffic.voice import Voice
from iotscan.observe.traffic.words import Words

_PROTOCOLS: Final = {25: "smtp", 587: "smtp", 2525: "smtp", 110: "pop3", 143: "imap"}
_GREETINGS: Final = {"smtp": (b"220",), "pop3": (b"+OK",), "imap": (b"* OK", b"* PREAUTH")}
_PLAIN: Final = re.compile(
    rb"(?i)(?:[\w.-]{1,32} )?(?:AUTH|AUTHENTICATE) (PLAIN|LOGIN|CRAM-MD5|XOAUTH2)(?: ([A-Za-z0-9+/=]+))?"
)
_IMAP_LOGIN: Final = re.compile(rb'(?i)[\w.-]{1,32} LOGIN ("(?:[^"\\]|\\.)*"|[^" ]+) ("(?:[^"\\]|\\.)*"|[^" ]+)')
_MAIL: Final = re.compile(rb"(?i)(?:MAIL FROM|RCPT TO): ?<([^<>@ ]{1,64}@[^<>@ ]{1,253})>")
_TAKEN: Final = re.compile(rb"(?i)235 |\+OK|[\w.-]{1,32} OK")
_REFUSED: Final = re.compile(rb"(?i)5[0-9]{2} |-ERR|[\w.-]{1,32} (?:NO|BAD)")
_IN_CLEAR: Final = re.compile(
    rb"(?i)(?:AUTH|MAIL|RCPT|DATA|VRFY|EXPN|USER|PASS|APOP|STAT|LIST|UIDL|RETR|TOP|DELE)\b"
    rb"|[\w.-]{1,32} (?:LOGIN|AUTHENTICATE|SELECT|EXAMINE|LIST|LSUB|STATUS|APPEND|FETCH|SEARCH|STORE|UID)\b"
)
"""What no client says that is going to turn to TLS: before it the connection may still be meant to be encrypted."""
_LINES: Final = 400


class MailReader:
    """Reads one connection up to what is sent or fetched over it."""

    def __init__(self, conversation: Conversation, tell: Tell, protocol: str) -> None:
        self._voice = Voice(conversation, tell, protocol, "unknown")
        self._protocol = protocol
        self._words = Words(protocol)
        self._lines = (Lines(), Lines())
        self._left = _LINES
        self._method = ""
        self._user = ""
        self._is_named = False
        self._secret: tuple[int, str, str] | None = None
        self._has_greeted = not conversation.is_accepted
        """Or it cannot be known which line is the greeting: the beginning was not captured."""
        self._has_address = False

    @property
    def wants_more(self) -> bool:
        """As long as logins may come."""
        return self._left > 0

    def take(self, piece: Piece) -> None:
        """Hear the next piece."""
        hear = self._command if piece.is_upward else self._reply
        if not piece.is_upward and (piece.gap or piece.is_doubtful):
            self._has_greeted = True
        for line in self._lines[piece.is_upward].add(piece):
            self._left -= 1
            hear(line, piece.at)

    def end(self, at: int) -> None:
        """Tell what was spoken."""
        self._tell_login(None)
        self._voice.say(at, self._words.talk)

    def _command(self, line: bytes, at: int) -> None:
        if _IN_CLEAR.match(line):
            self._voice.conversation.protection = "cleartext"
        if self._method:
            self._continue(line, at)
        elif (auth := _PLAIN.fullmatch(line)) is not None:
            self._method, self._is_named, self._user = auth[1].decode().upper(), False, ""
            self._words.add(f"AUTH {self._method}")
            if auth[2]:
                self._continue(auth[2], at)
        elif self._protocol == "imap" and (login := _IMAP_LOGIN.fullmatch(line)) is not None:
            user, password = (_unquoted(word) for word in login.groups())
            self._user = safe_text(user, 60)
            self._secret = at, password.decode("utf-8", "replace"), "password"
        elif self._protocol == "pop3":
            self._pop(line, at)
        elif self._protocol == "smtp":
            self._smtp(line, at)

    def _pop(self, line: bytes, at: int) -> None:
        word, _, rest = line.partition(b" ")
        if word.upper() == b"USER":
            self._user = safe_text(rest, 60)
        elif word.upper() == b"PASS" and rest:
            self._secret = at, rest.decode("utf-8", "replace"), "password"
        elif word.upper() == b"APOP" and b" " in rest:
            user, _, digest = rest.partition(b" ")
            self._user, self._secret = safe_text(user, 60), (at, digest.decode("latin-1"), "digest")

    def _smtp(self, line: bytes, at: int) -> None:
        if line[:4].upper() in (b"EHLO", b"HELO"):
            self._words.add(line)
        elif line.upper() == b"DATA":
            self._left = 0
        elif (mail := _MAIL.match(line)) is not None and not self._has_address:
            self._has_address = True
            where = Where(at=at, protocol="smtp", place="envelope")
            finding = exposure(where, "personal", "addresses of mail in the envelope", mail[1].decode("latin-1"))
            self._voice.say(at, finding.item, *finding.secrets)

    def _continue(self, line: bytes, at: int) -> None:
        """What a mechanism of SASL says."""
        said = _decoded(line)
        if self._method == "LOGIN" and not self._is_named:
            # Even an empty one: what follows is the password.
            self._user, self._is_named = safe_text(said, 60), True
            return
        method, self._method = self._method, ""
        if method == "PLAIN" and said.count(b"\0") == 2:
            _, user, password = said.split(b"\0")
            self._user, self._secret = safe_text(user, 60), (at, password.decode("utf-8", "replace"), "password")
        elif method == "LOGIN" and said:
            self._secret = at, said.decode("utf-8", "replace"), "password"
        elif method == "CRAM-MD5" and b" " in said:
            user, _, digest = said.rpartition(b" ")
            self._user, self._secret = safe_text(user, 60), (at, digest.decode("latin-1"), "digest")

    def _reply(self, line: bytes, at: int) -> None:
        if not self._has_greeted:
            self._has_greeted = True
            self._words.add(line[:80])
        if self._secret is not None:
            if _TAKEN.match(line):
                self._tell_login(True)
            elif _REFUSED.match(line):
                self._tell_login(False)
        elif self._method and _REFUSED.match(line):
            self._method = ""

    def _tell_login(self, accepted: bool | None) -> None:
        if self._secret is None:
            return
        (at, secret, kind), self._secret = self._secret, None
        where = Where(at=at, protocol=self._protocol, place="login", accepted=accepted)
        what = (
            f"{self._protocol.upper()} {'password' if kind == 'password' else 'digest'} of {self._user or 'somebody'}"
        )
        finding = exposure(where, "password" if kind == "password" else "digest", what, secret)
        self._voice.say(at, finding.item, *finding.secrets)
        self._user = ""


def _unquoted(word: bytes) -> bytes:
    return re.sub(rb"\\(.)", rb"\1", word[1:-1]) if word.startswith(b'"') else word


def _decoded(line: bytes) -> bytes:
    try:
        return base64.b64decode(line, validate=True)
    except binascii.Error:
        return b""


def choose(conversation: Conversation, piece: Piece, tell: Tell) -> Reader | None:
    """On its ports by the server's greeting."""
    protocol = _PROTOCOLS.get(conversation.server.port, "") if conversation.transport == "tcp" else ""
    if not protocol or piece.is_upward or piece.is_doubtful or not piece.data.startswith(_GREETINGS[protocol]):
        return None
    return MailReader(conversation, tell, protocol)


CHOOSE = choose
