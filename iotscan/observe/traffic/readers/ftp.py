"""FTP in the clear: logins, and files over connections of their own (RFC 959, RFC 2428, RFC 4217)."""

import re
from typing import Final

from iotscan.model.text import safe_text
from iotscan.observe.traffic.content.download import Fetched, contact_of, judge_body
from iotscan.observe.traffic.content.finding import Where, exposure
from iotscan.observe.traffic.content.kept import Kept
from iotscan.observe.traffic.content.update_systems import about_update
from iotscan.observe.traffic.conversation import Conversation, Piece, Reader, Tell
from iotscan.observe.traffic.expected import Expected, Transfer
from iotscan.observe.traffic.lines import Lines
from iotscan.observe.traffic.voice import Voice
from iotscan.observe.traffic.words import Words
from iotscan.wire.secret_forms.opaque import masked

PORT: Final = 21
_COMMAND: Final = re.compile(
    rb"(?i)(USER|PASS|AUTH|SYST|FEAT|RETR|STOR|PASV|EPSV|PORT|EPRT|CWD|TYPE|ACCT)\b ?(.*)", re.DOTALL
)
_PASSIVE: Final = re.compile(rb"227 .*?(\d{1,3}),(\d{1,3}),(\d{1,3}),(\d{1,3}),(\d{1,3}),(\d{1,3})")
_EXTENDED: Final = re.compile(rb"229 .*\(\|\|\|(\d{1,5})\|\)")
_ACTIVE: Final = re.compile(rb"(\d{1,3}),(\d{1,3}),(\d{1,3}),(\d{1,3}),(\d{1,3}),(\d{1,3})")
_ACTIVE_EXTENDED: Final = re.compile(rb"\|[12]\|[^|]{1,45}\|(\d{1,5})\|")
_BEFORE_TLS: Final = frozenset((b"AUTH", b"SYST", b"FEAT"))
"""Who says these may be about to turn to TLS (RFC 4217)."""
_NOBODY: Final = frozenset(("anonymous", "ftp"))
EXPECTED: Final = Expected()


class FtpReader:
    """Reads one control connection."""

    wants_more = True

    def __init__(self, conversation: Conversation, tell: Tell) -> None:
        self._voice = Voice(conversation, tell, "ftp", "unknown")
        self._lines = (Lines(), Lines())
        self._words = Words("ftp")
        self._user = ""
        self._password: tuple[int, str] | None = None
        self._transfer: Transfer | None = None

    def take(self, piece: Piece) -> None:
        """Hear the next piece."""
        hear = self._command if piece.is_upward else self._reply
        for line in self._lines[piece.is_upward].add(piece):
            hear(line, piece.at)

    def end(self, at: int) -> None:
        """Tell what was spoken."""
        self._tell_login(None)
        self._voice.say(at, self._words.talk)

    def _command(self, line: bytes, at: int) -> None:
        match = _COMMAND.fullmatch(line)
        if match is None:
            return
        name, value = match[1].upper(), match[2].strip()
        if name not in _BEFORE_TLS:
            self._voice.conversation.protection = "cleartext"
        if name == b"USER":
            self._user = safe_text(value, 60)
            self._words.add(f"user {self._user}")
        elif name == b"PASS" and value:
            self._tell_login(None)
            self._password = at, value.decode("utf-8", "replace")
        elif name in (b"RETR", b"STOR"):
            path = safe_text(masked(value[:2048].decode("utf-8", "backslashreplace")), 200)
            self._words.add(f"{name.decode()} {path}")
            if self._transfer is not None:
                self._transfer.path, self._transfer.is_fetched = path, name == b"RETR"
        elif name in (b"PORT", b"EPRT"):
            self._wait_at_client(value, at)
        elif name == b"AUTH":
            self._words.add(f"AUTH {safe_text(value, 20)}")

    def _reply(self, line: bytes, at: int) -> None:
        code = line[:3]
        if code == b"220":
            self._words.add(line[4:])
        elif code in (b"230", b"232"):
            self._tell_login(True)
        elif code == b"530":
            self._tell_login(False)
        elif (passive := _PASSIVE.match(line)) is not None:
            self._expect(self._voice.conversation.server.address, int(passive[5]) << 8 | int(passive[6]), at)
        elif (extended := _EXTENDED.match(line)) is not None:
            self._expect(self._voice.conversation.server.address, int(extended[1]), at)

    def _wait_at_client(self, value: bytes, at: int) -> None:
        plain, extended = _ACTIVE.fullmatch(value), _ACTIVE_EXTENDED.fullmatch(value)
        port = int(plain[5]) << 8 | int(plain[6]) if plain else int(extended[1]) if extended else 0
        self._expect(self._voice.conversation.client.address, port, at, is_called_back=True)

    def _expect(self, address: str, port: int, at: int, *, is_called_back: bool = False) -> None:
        if 0 < port < 1 << 16:
            self._transfer = Transfer(protocol="ftp", at=at, is_called_back=is_called_back)
            EXPECTED.announce(address, port, self._transfer)

    def _tell_login(self, accepted: bool | None) -> None:
        if self._password is None:
            return
        (at, password), self._password = self._password, None
        if not self._user or self._user.lower() in _NOBODY:
            return  # whose name was not heard may be nobody
        where = Where(at=at, protocol="ftp", place="PASS", accepted=accepted)
        finding = exposure(where, "password", f"FTP password of {self._user}", password)
        self._voice.say(at, finding.item, *finding.secrets)


class FtpDataReader:
    """Reads what is carried."""

    wants_more = True

    def __init__(self, conversation: Conversation, tell: Tell, transfer: Transfer) -> None:
        self._voice = Voice(conversation, tell, "ftp")
        conversation.is_transfer = True
        self._transfer = transfer
        self._kept = Kept()
        self._sender: bool | None = None

    def take(self, piece: Piece) -> None:
        """Hear the next piece."""
        if self._sender is None:
            self._sender = piece.is_upward
        if piece.is_upward != self._sender:
            return
        missing = piece.gap + (len(piece.data) if piece.is_doubtful else 0)
        if missing:
            self._kept.skip(missing)
        if not piece.is_doubtful:
            self._kept.add(piece.data)

    def end(self, at: int) -> None:
        """Tell what it was."""
        body = judge_body(self._kept, self._kept.size if not self._kept.has_gap else None)
        self._kept.close()
        transfer = self._transfer
        about = about_update(f"/{transfer.path.lstrip('/')}") if transfer.path else None
        # Who sends tells more than the last command: the client opens the connection, or is called back.
        is_brought = not transfer.is_fetched if self._sender is None else self._sender != transfer.is_called_back
        fetched = Fetched(protocol="ftp", is_brought=is_brought, path=transfer.path, size=self._kept.size)
        contact = contact_of(fetched, about, body, is_answered=self._kept.size > 0)
        if contact is not None:
            self._voice.say(at, contact, is_turned=transfer.is_called_back)


def choose(conversation: Conversation, piece: Piece, tell: Tell) -> Reader | None:
    """A connection that was announced; on its port by a greeting or a command."""
    if conversation.transport != "tcp":
        return None
    transfer = EXPECTED.take(conversation)
    if transfer is not None:
        return FtpDataReader(conversation, tell, transfer)
    if conversation.server.port != PORT or piece.is_doubtful:
        return None
    is_ftp = _COMMAND.match(piece.data) if piece.is_upward else piece.data.startswith((b"220 ", b"220-"))
    return FtpReader(conversation, tell) if is_ftp else None


CHOOSE = choose
