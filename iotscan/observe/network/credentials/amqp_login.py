"""AMQP 0-9-1: Connection.Tune or Connection.Close 403 after a Start-Ok by PLAIN. No channel is opened."""

from typing import Final

from iotscan.data.credential_records import Pair
from iotscan.observe.network.conversation import Connection
from iotscan.observe.network.credentials.reaction import Reaction, Sign
from iotscan.observe.network.failures import PeerClosed
from iotscan.observe.network.probe import Door
from iotscan.wire import amqp, amqp_login


class AmqpLogin:
    """The login of an AMQP broker. ``mechanisms`` are those it has listed before, where it was asked."""

    protocol: Final = "amqp"
    sole_account: Final = ""

    def __init__(self, door: Door, mechanisms: tuple[str, ...] = ()) -> None:
        self._door = door
        self._mechanisms = mechanisms

    async def offer(self, pair: Pair | None) -> Reaction:
        """One connection, up to the answer to Start-Ok. Raises DialError."""
        if pair is None and self._mechanisms:
            return _look(self._mechanisms)
        async with self._door.plain_or_tls(cap=amqp.CAP + amqp_login.CAP) as connection:
            await connection.send(amqp.HEADER)
            start = amqp.read_start(await connection.receive_while(amqp.is_start_to_be, amqp.CAP))
            if start is None:
                return Reaction(sign=Sign.UNSUITED, detail="it does not begin a connection of AMQP 0-9-1")
            if pair is None or amqp_login.PLAIN not in start.mechanisms:
                return _look(start.mechanisms)
            return await _log_in(connection, pair)


async def _log_in(connection: Connection, pair: Pair) -> Reaction:
    try:
        await connection.send(amqp_login.start_ok(pair.user, pair.password.reveal()))
        data = await connection.receive_while(amqp_login.is_method_to_be, amqp_login.CAP)
    except PeerClosed:
        data = b""
    if not data:
        # Section 4.10.1: who is refused may see the connection end and nothing else.
        return Reaction(sign=Sign.CLOSED, detail="it closed the connection at the login")
    answer = amqp_login.read_answer(data)
    if answer == "tune":
        await connection.send(amqp_login.leave(data))
        return Reaction(sign=Sign.ACCEPTED)
    if answer == "refused":
        return Reaction(sign=Sign.REFUSED)
    return Reaction(sign=Sign.UNCLEAR, detail="it answered the login neither with Tune nor with a refusal")


def _look(mechanisms: tuple[str, ...]) -> Reaction:
    if amqp_login.PLAIN in mechanisms:
        return Reaction(sign=Sign.REFUSED)
    return Reaction(sign=Sign.UNSUITED, detail="it does not list PLAIN, the only way of AMQP that is tried")
