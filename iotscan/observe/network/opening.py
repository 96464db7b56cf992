"""The words in the clear before a ClientHello, spoken on a connection."""

import anyio

from iotscan.observe.network.conversation import Connection
from iotscan.observe.network.failures import NoTls, OpeningFailed, PeerClosed, TimedOut
from iotscan.wire.starttls import opening

PATIENCE = 6.0
"""Seconds that a server may take from the first word to its agreement: some greet late on purpose."""


async def bring_to_tls(connection: Connection, protocol: str, name: str) -> None:
    """Go through the opening of ``protocol``: then the next word is a ClientHello.

    ``name`` is the host or domain we come to see. Raises NoTls where the service plainly offers none, TimedOut for
    silence, and OpeningFailed for everything else.
    """
    words = opening(protocol, name)
    step = words.begin()
    with anyio.move_on_after(PATIENCE):
        try:
            while step.ending is None:
                if step.say:
                    await connection.send(step.say)
                piece = await connection.receive()
                step = words.feed(piece) if piece else words.closed()
            if step.say:
                await connection.send(step.say)
        except PeerClosed as error:
            if step.ending is None:
                raise OpeningFailed(f"{protocol}: {error} before TLS could begin") from error
    if step.ending is None:
        raise TimedOut(f"{protocol}: fell silent before TLS could begin")
    if step.ending == "declined":
        raise NoTls(f"{protocol}: {step.detail}")
    if step.ending == "unreadable":
        raise OpeningFailed(f"{protocol}: {step.detail}")
