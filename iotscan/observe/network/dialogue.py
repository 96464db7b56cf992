"""A conversation in telnet: listen until somebody waits for an answer, and answer."""

from typing import Final

import anyio
import msgspec

from iotscan.observe.network.conversation import Connection
from iotscan.observe.network.failures import PeerClosed
from iotscan.wire import telnet

TEXT_CAP: Final = 16 * 1024
"""Bytes of one utterance; whoever says more is not waiting for an answer."""

_QUIET: Final[dict[telnet.Asks, float]] = {"login": 0.4, "password": 0.4, "shell": 2.0, "unknown": 3.0}
"""Seconds of silence after which the last line counts as the last: a border that drips in is no prompt."""


class Utterance(msgspec.Struct, frozen=True, kw_only=True):
    """What the service said until it fell silent, closed, or our patience ended.

    ``spoke`` is true when anything came, negotiation included.
    """

    text: bytes
    asks: telnet.Asks
    spoke: bool
    closed: bool


class Dialogue:
    """One telnet conversation. Every option is refused, so that plain lines go both ways."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def say(self, text: str) -> None:
        """Send one line. Raises PeerClosed."""
        await self._connection.send(telnet.line(text))

    async def hear(self, patience: float, *, quiet: float | None = None) -> Utterance:
        """Listen for at most ``patience`` seconds. Raises TooMuch, and PeerClosed when it was reset before a word.

        ``quiet`` are seconds of silence after which the last line counts as the last; else it depends on what it is.
        """
        text = rest = b""
        received = 0
        closed = False
        ends = anyio.current_time() + patience
        while received < TEXT_CAP:
            piece: bytes | None = None
            asks = telnet.classify(text)
            try:
                with anyio.move_on_at(min(ends, anyio.current_time() + (quiet or _QUIET[asks])) if text else ends):
                    piece = await self._connection.receive()
                if not piece:
                    closed = piece is not None
                    break
                received += len(piece)
                stream = telnet.split(rest + piece)
                text, rest = text + stream.text, stream.rest
                if refusal := telnet.refuse(stream.demands):
                    await self._connection.send(refusal)
            except PeerClosed:
                if not received:
                    raise
                closed = True  # It hung up on our answer, with a reset: what it had said was heard.
                break
        asks = telnet.classify(text)
        if received >= TEXT_CAP or (closed and asks == "shell") or (asks == "shell" and anyio.current_time() >= ends):
            asks = "unknown"
        return Utterance(text=text, asks=asks, spoke=received > 0, closed=closed)
