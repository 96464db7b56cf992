"""The device's side of TLS over a plain conversation.

asyncio's own TLS hangs up on a failed handshake without a word. A real server says why (an alert), and
that is what a scanner must learn to read: so here the alert is sent before the end.
"""

import asyncio
import ssl
from contextlib import suppress

from iotscan.lab.place import Converse, Hearing, Speaking

HANDSHAKE_SECONDS = 10.0
CIPHERTEXT = 16 * 1024


def over_tls(context: ssl.SSLContext, converse: Converse) -> Converse:
    """The same conversation inside TLS. Ends by ssl.SSLError or TimeoutError when there is no handshake."""

    async def protected(reader: Hearing, writer: Speaking) -> None:
        layer = TlsLayer(context, reader, writer)
        async with asyncio.timeout(HANDSHAKE_SECONDS):
            await layer.shake_hands()
        await converse(layer, layer)
        await layer.part()

    return protected


class TlsLayer:
    """Cleartext on this side, records on the other."""

    def __init__(self, context: ssl.SSLContext, reader: Hearing, writer: Speaking) -> None:
        self._reader = reader
        self._writer = writer
        self._incoming, self._outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._session = context.wrap_bio(self._incoming, self._outgoing, server_side=True)

    async def shake_hands(self) -> None:
        """Do the handshake. Raises ssl.SSLError after its alert was sent, EOFError."""
        while not await self._handshake_ends():
            if not await self._fetch():
                raise EOFError

    async def read(self, limit: int, /) -> bytes:
        """The next bytes, ``b""`` at the end."""
        while True:
            try:
                return self._session.read(limit)
            except ssl.SSLWantReadError:
                await self._flush()
                if not await self._fetch():
                    return b""
            except ssl.SSLZeroReturnError:
                return b""
            except ssl.SSLError:
                await self._flush()
                raise

    async def readexactly(self, count: int, /) -> bytes:
        """That many bytes. Raises EOFError at the end."""
        heard = b""
        while len(heard) < count:
            piece = await self.read(count - len(heard))
            if not piece:
                raise EOFError
            heard += piece
        return heard

    def write(self, data: bytes, /) -> None:
        """Encrypt; :meth:`drain` sends."""
        if data:
            self._session.write(data)

    async def drain(self) -> None:
        """Send what was written."""
        await self._flush()

    async def part(self) -> None:
        """Send close_notify, without waiting for the other side's."""
        with suppress(ssl.SSLWantReadError):
            self._session.unwrap()
        await self._flush()

    async def _handshake_ends(self) -> bool:
        try:
            self._session.do_handshake()
        except ssl.SSLWantReadError:
            return False
        finally:
            # Our flight, or the alert of a handshake that failed.
            await self._flush()
        return True

    async def _fetch(self) -> bool:
        """Take in ciphertext; false at the end."""
        data = await self._reader.read(CIPHERTEXT)
        self._incoming.write(data)
        return bool(data)

    async def _flush(self) -> None:
        if self._outgoing.pending:
            self._writer.write(self._outgoing.read())
            await self._writer.drain()
