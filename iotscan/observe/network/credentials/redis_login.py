"""Redis: the reply to AUTH (Redis commands, AUTH). Nothing is read of what is stored."""

from typing import Final

from iotscan.data.credential_records import Pair
from iotscan.observe.network.conversation import Connection
from iotscan.observe.network.credentials.reaction import Reaction, Sign
from iotscan.observe.network.failures import PeerClosed
from iotscan.observe.network.probe import Door
from iotscan.wire import redis

_CAP: Final = 16 * 1024
_DEFAULT: Final = "default"
"""The account of a password that is said alone (Redis commands, AUTH)."""
_NO_PASSWORD: Final = ("no password is set", "without any password configured")
"""What AUTH is answered where the default user needs none: Redis before and since version 6."""


class RedisLogin:
    """The login of a Redis server: a password alone, or with the name of an ACL user (since Redis 6)."""

    protocol: Final = "redis"

    def __init__(self, door: Door, *, with_user: bool) -> None:
        self._door = door
        self._with_user = with_user

    @property
    def sole_account(self) -> str:
        """A password alone is the default user's."""
        return "" if self._with_user else _DEFAULT

    async def offer(self, pair: Pair | None) -> Reaction:
        """PING without a pair, AUTH with one, on a connection of its own. Raises DialError."""
        async with self._door.plain_or_tls(cap=_CAP) as connection:
            if pair is None:
                return _look(await _ask(connection, redis.PING))
            words = (
                ("AUTH", pair.user or _DEFAULT, pair.password.reveal())
                if self._with_user
                else ("AUTH", pair.password.reveal())
            )
            return _judge(await _ask(connection, redis.command(*words)))


async def _ask(connection: Connection, words: bytes) -> redis.Reply | None:
    await connection.send(words)
    data = await connection.receive_while(lambda got: b"\r\n" not in got, 2048)
    if not data:
        raise PeerClosed("it closed the connection without an answer")
    return redis.read_reply(data)


def _look(reply: redis.Reply | None) -> Reaction:
    if reply is not None and reply.kind == "status":
        return Reaction(sign=Sign.ACCEPTED)
    if reply is not None and reply.code == "NOAUTH":
        return Reaction(sign=Sign.REFUSED)
    return Reaction(sign=Sign.UNSUITED, detail="its answer to PING asks for no login")


def _judge(reply: redis.Reply | None) -> Reaction:
    """What the reply to AUTH says of the credentials."""
    text = reply.data.decode("utf-8", "replace").lower() if reply is not None else ""
    if reply is not None and reply.kind == "status" and reply.data == b"OK":
        return Reaction(sign=Sign.ACCEPTED)
    if reply is None or reply.kind != "error":
        return Reaction(sign=Sign.UNCLEAR, detail="its answer to AUTH is neither OK nor an error")
    if any(words in text for words in _NO_PASSWORD):
        return Reaction(sign=Sign.UNGUARDED)
    if reply.code == "WRONGPASS" or "invalid password" in text or "invalid username-password" in text:
        return Reaction(sign=Sign.REFUSED)
    return Reaction(sign=Sign.UNSUITED, detail="it knows no AUTH of this kind")
