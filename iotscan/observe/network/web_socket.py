"""A conversation inside WebSocket: whole frames of bytes, one subprotocol (RFC 6455)."""

import secrets
from typing import Final

from iotscan.observe.network.conversation import Connection
from iotscan.observe.network.failures import OpeningFailed
from iotscan.wire import websocket

_READ: Final = 4096
_PONGS: Final = 2
"""Pings that are answered: servers send one in tens of seconds, and each answer is a packet."""


class WebSocket:
    """What travels in WebSocket over a connection. :meth:`open` comes first."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._rest = b""
        self._pongs = 0

    async def open(self, authority: str, path: str, protocol: str) -> None:
        """Go over from HTTP. Raises OpeningFailed where the server does not, and any DialError."""
        key = secrets.token_bytes(16)
        await self._connection.send(websocket.request(authority, key, path=path, protocol=protocol))
        data = await self._connection.receive_while(
            lambda got: websocket.read_upgrade(got, key) is None, websocket.HEAD_CAP
        )
        upgrade = websocket.read_upgrade(data, key)
        if upgrade is None or not upgrade.is_open or upgrade.protocol != protocol:
            said = f"answers {upgrade.status}" if upgrade else "answers in no HTTP"
            raise OpeningFailed(f"did not go over to {protocol} in WebSocket: {said}")
        self._rest = data[upgrade.size :]

    async def send(self, data: bytes) -> None:
        """Send one frame. Raises PeerClosed."""
        await self._connection.send(websocket.frame(data, secrets.token_bytes(4)))

    async def receive(self, limit: int = _READ) -> bytes:
        """The bytes of the next frame that carries any; ``b""`` at the end. Raises PeerClosed, TooMuch."""
        while True:
            frame = websocket.read_frame(self._rest)
            if frame is None:
                piece = await self._connection.receive(limit)
                if not piece:
                    return b""
                self._rest += piece
                continue
            self._rest = self._rest[frame.size :]
            if frame.opcode == websocket.CLOSE:
                return b""
            if frame.opcode == websocket.PING and self._pongs < _PONGS:
                self._pongs += 1
                await self._connection.send(
                    websocket.frame(frame.payload[:125], secrets.token_bytes(4), opcode=websocket.PONG)
                )
            elif frame.opcode in (websocket.BINARY, websocket.CONTINUATION) and frame.payload:
                return frame.payload
