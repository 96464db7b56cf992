"""TFTP: which file is asked for, and what it is (RFC 1350, RFC 2347, RFC 2348)."""

from typing import Final

from iotscan.model.facts import OtherTalk
from iotscan.model.text import safe_text
from iotscan.observe.traffic.content.download import Body, Fetched, contact_of, judge_body
from iotscan.observe.traffic.content.kept import Kept
from iotscan.observe.traffic.content.update_systems import about_update
from iotscan.observe.traffic.conversation import Conversation, Piece, Reader, Tell
from iotscan.observe.traffic.expected import Expected, Transfer
from iotscan.observe.traffic.voice import Voice
from iotscan.wire.secret_forms.opaque import masked

PORT: Final = 69
_READ, _WRITE, _DATA, _ERROR, _OPTIONS = 1, 2, 3, 5, 6
_BLOCK: Final = 512
EXPECTED: Final = Expected()


class TftpReader:
    """Reads requests; what answers them comes from another port."""

    wants_more = True

    def __init__(self, conversation: Conversation, tell: Tell) -> None:
        self._voice = Voice(conversation, tell, "tftp")
        self._asked: set[str] = set()

    def take(self, piece: Piece) -> None:
        """Hear a datagram."""
        request = _request(piece.data) if piece.is_upward and not piece.is_doubtful else None
        if request is None:
            return
        kind, path = request
        word = f"{'read' if kind == _READ else 'write'} {path}"
        client = self._voice.conversation.client
        transfer = Transfer(protocol="tftp", at=piece.at, path=path, is_fetched=kind == _READ, is_called_back=True)
        EXPECTED.announce(client.address, client.port, transfer)
        if word not in self._asked and len(self._asked) < 64:
            self._asked.add(word)
            self._voice.say(piece.at, OtherTalk(protocol="tftp", words=(word,)))

    def end(self, at: int) -> None:
        """All is told."""


class TftpDataReader:
    """Reads the blocks of one file. The server answers first, from a new port: here it is the one who began."""

    def __init__(self, conversation: Conversation, tell: Tell, transfer: Transfer) -> None:
        self._voice = Voice(conversation, tell, "tftp")
        conversation.is_transfer = True
        self._transfer = transfer
        self._kept = Kept()
        self._next = 1
        self._block = _BLOCK
        self._is_whole = False
        self._failed = False

    @property
    def wants_more(self) -> bool:
        """Until the last block."""
        return not self._is_whole and not self._failed

    def take(self, piece: Piece) -> None:
        """Hear a datagram."""
        kind = int.from_bytes(piece.data[:2], "big")
        if piece.is_doubtful or piece.is_cut:
            return
        if kind == _ERROR:
            self._failed = True
        elif kind == _OPTIONS and piece.is_upward:
            words = piece.data[2:].lower().split(b"\0")
            options = dict(zip(words[::2], words[1::2], strict=False))
            size = options.get(b"blksize", b"")
            self._block = int(size) if size.isdigit() and len(size) < 6 else _BLOCK
        elif (
            kind == _DATA
            and piece.is_upward == self._transfer.is_fetched
            and int.from_bytes(piece.data[2:4], "big") == self._next & 0xFFFF
        ):
            self._next += 1
            self._kept.add(piece.data[4:])
            self._is_whole = len(piece.data) - 4 < self._block

    def end(self, at: int) -> None:
        """Tell what it was."""
        size = self._kept.size
        body = judge_body(self._kept, size if self._is_whole else None) if size else Body()
        self._kept.close()
        path = self._transfer.path
        fetched = Fetched(protocol="tftp", is_brought=not self._transfer.is_fetched, path=path, size=size)
        contact = contact_of(fetched, about_update(f"/{path.lstrip('/')}"), body, is_answered=size > 0)
        if contact is not None and not self._failed:
            self._voice.say(at, contact, is_turned=True)


def _request(data: bytes) -> tuple[int, str] | None:
    """Read or write, and the file's name; None for anything else."""
    kind = int.from_bytes(data[:2], "big")
    name, end, rest = data[2:].partition(b"\0")
    is_known = kind in (_READ, _WRITE) and rest.lower().partition(b"\0")[0] in (b"octet", b"netascii", b"mail")
    shown = safe_text(masked(name[:600].decode("utf-8", "backslashreplace")), 200)
    return (kind, shown) if is_known and end and name else None


def choose(conversation: Conversation, piece: Piece, tell: Tell) -> Reader | None:
    """A request to its port; blocks that answer one."""
    if conversation.transport != "udp":
        return None
    if conversation.server.port == PORT:
        return TftpReader(conversation, tell) if piece.is_upward and _request(piece.data) is not None else None
    transfer = EXPECTED.take(conversation)
    return TftpDataReader(conversation, tell, transfer) if transfer is not None else None


CHOOSE = choose
