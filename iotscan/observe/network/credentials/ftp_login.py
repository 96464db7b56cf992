"""FTP: the reply to PASS (RFC 959, section 5.4). ``anonymous`` is another question, and asked elsewhere."""

from typing import Final

from iotscan.data.credential_records import Pair
from iotscan.observe.network.credentials.reaction import Reaction, Sign, speaks_of_lockout
from iotscan.observe.network.failures import PeerClosed
from iotscan.observe.network.ftp_control import FtpControl
from iotscan.observe.network.probe import Door
from iotscan.wire.starttls.lines import Numbered

_CAP: Final = 64 * 1024
_WANTS_TLS: Final = ("tls", "ssl", "encrypt", "secure")
_LIMITS: Final = ("anonymous only", "anonymous login", "anonymous access")


class FtpLogin:
    """The login of an FTP server. No data connection is opened."""

    protocol: Final = "ftp"
    sole_account: Final = ""

    def __init__(self, door: Door) -> None:
        self._door = door

    async def offer(self, pair: Pair | None) -> Reaction:
        """USER and PASS on a connection of their own. FTP asks everybody: without a pair nothing is sent."""
        if pair is None:
            return Reaction(sign=Sign.REFUSED)
        if any(c in pair.user + pair.password.reveal() for c in "\r\n\0"):
            return Reaction(sign=Sign.UNSUITED, detail="the documented pair cannot be said in FTP")
        async with self._door.plain_or_tls(cap=_CAP) as connection:
            replies = FtpControl(connection)
            greeting = await replies.next()
            if greeting.number != 220:
                return _other(greeting, "greets")
            try:
                reaction = await _log_in(replies, pair)
            except PeerClosed:
                return Reaction(sign=Sign.CLOSED, detail="it closed the connection at the login")
            await replies.quit()
            return reaction


async def _log_in(replies: FtpControl, pair: Pair) -> Reaction:
    asked = await replies.ask(f"USER {pair.user}")
    if asked.number == 230:
        return Reaction(sign=Sign.UNGUARDED)
    if asked.number != 331:
        return _of_user(asked)
    return _of_password(await replies.ask(f"PASS {pair.password.reveal()}"))


def _of_user(reply: Numbered) -> Reaction:
    """A refusal of the user name: of who he is, or of how he comes."""
    if reply.number not in (421, 530):
        return _other(reply, "answers USER")
    words = _text(reply)
    if speaks_of_lockout(words):
        return Reaction(sign=Sign.LOCKED, detail="it speaks of a lock-out")
    if any(w in words for w in _LIMITS):
        return Reaction(sign=Sign.UNSUITED, detail="it lets in nobody but anonymous")
    if any(w in words for w in _WANTS_TLS):
        return Reaction(sign=Sign.UNSUITED, detail="it takes no login without TLS")
    return Reaction(sign=Sign.REFUSED) if reply.number == 530 else _other(reply, "answers USER")


def _of_password(reply: Numbered) -> Reaction:
    if reply.number == 230:
        return Reaction(sign=Sign.ACCEPTED)
    if speaks_of_lockout(_text(reply)):
        return Reaction(sign=Sign.LOCKED, detail="it speaks of a lock-out")
    return Reaction(sign=Sign.REFUSED) if reply.number in (530, 430) else _other(reply, "answers PASS")


def _other(reply: Numbered, how: str) -> Reaction:
    if reply.number == 421:  # RFC 959: it closes the connection, for a reason of its own
        is_lock = speaks_of_lockout(_text(reply))
        return Reaction(sign=Sign.LOCKED if is_lock else Sign.UNCLEAR, detail=f"it {how} with 421")
    return Reaction(sign=Sign.UNCLEAR, detail=f"it {how} with {reply.number}")


def _text(reply: Numbered) -> str:
    return b" ".join(reply.lines).decode("utf-8", "replace").lower()
