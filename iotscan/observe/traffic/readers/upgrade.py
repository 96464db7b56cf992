"""A connection that begins in the clear and turns to TLS: STARTTLS, CONNECT of a proxy, databases.

Whoever reads the words in the clear need not know: what begins a whole ClientHello is one, in whatever protocol.
"""

from typing import Final

from iotscan.observe.traffic.conversation import Chooser, Conversation, Piece, Reader, Tell
from iotscan.observe.traffic.given import Given
from iotscan.observe.traffic.proving import Prove, prover
from iotscan.observe.traffic.readers.tls import TlsReader
from iotscan.wire.tls.listening import begins_tls

MOST_WORDS: Final = 64 * 1024
"""Bytes in the clear after which nobody begins TLS any more, where no reader wants them for themselves."""
_OPENINGS: Final = {
    21: "ftp",
    25: "smtp",
    110: "pop3",
    143: "imap",
    389: "ldap",
    587: "smtp",
    1433: "mssql",
    3306: "mysql",
    3389: "rdp",
    5222: "xmpp",
    5269: "xmpp",
    5432: "postgres",
}
"""By the port of the server: its protocol, whose own reader there may not be."""


class Upgradable:
    """Hands on to ``inner`` what is said in the clear, and reads the TLS that follows."""

    def __init__(self, conversation: Conversation, tell: Tell, prove: Prove, inner: Reader) -> None:
        self._conversation, self._tell, self._prove = conversation, tell, prove
        self._reader = inner
        self._is_upgraded = False

    @property
    def wants_more(self) -> bool:
        """As whoever reads it now."""
        return self._reader.wants_more

    def take(self, piece: Piece) -> None:
        """Hear the next piece."""
        if not self._is_upgraded and _begins(piece):
            self._upgrade(piece.at)
        self._reader.take(piece)

    def end(self, at: int) -> None:
        """The conversation is over."""
        self._reader.end(at)

    def _upgrade(self, at: int) -> None:
        self._reader.end(at)
        conversation = self._conversation
        known = "" if conversation.protocol == "unknown" else conversation.protocol
        opening = known or _OPENINGS.get(conversation.server.port, "")
        self._reader = TlsReader(conversation, self._tell, self._prove, opening=opening)
        self._is_upgraded = True


class _Words:
    """Words in the clear that no reader wants: only counted, until TLS begins or may not any more."""

    def __init__(self) -> None:
        self._left = MOST_WORDS

    @property
    def wants_more(self) -> bool:
        return self._left > 0

    def take(self, piece: Piece) -> None:
        """Nothing is read of it."""
        self._left -= len(piece.data)

    def end(self, at: int) -> None:
        """Nothing is told of it."""


def _begins(piece: Piece) -> bool:
    return piece.is_upward and not piece.gap and not piece.is_doubtful and begins_tls(piece.data)


def upgradable(choose: Chooser, given: Given) -> Chooser:
    """The same chooser, whose conversations over TCP may turn to TLS."""
    prove = prover(given)

    def upgrading(conversation: Conversation, piece: Piece, tell: Tell) -> Reader | None:
        inner = choose(conversation, piece, tell)
        if inner is None or conversation.transport != "tcp":
            return inner
        return Upgradable(conversation, tell, prove, inner)

    return upgrading


def _choose_words(conversation: Conversation, piece: Piece, tell: Tell) -> Reader | None:
    del piece, tell
    known = conversation.transport == "tcp" and conversation.server.port in _OPENINGS
    return _Words() if known else None


def chooser(given: Given) -> Chooser:
    """Words on a port whose protocol turns to TLS, where nobody else reads them: asked last."""
    return upgradable(_choose_words, given)
