"""The control connection of FTP: commands and replies (RFC 959). No data connection is ever opened."""

from iotscan.observe.network.conversation import Connection
from iotscan.observe.network.failures import DialError, PeerClosed
from iotscan.wire.starttls.lines import Numbered, numbered
from iotscan.wire.starttls.opening import Garbled


class FtpControl:
    """What is said on one control connection."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._rest = b""

    async def ask(self, words: str) -> Numbered:
        """One command and its reply. Raises as :meth:`next`."""
        await self._connection.send(words.encode() + b"\r\n")
        return await self.next()

    async def next(self) -> Numbered:
        """The next final reply. Raises PeerClosed, and DialError for what is no reply."""
        while True:
            try:
                found = numbered(self._rest)
            except Garbled as error:
                raise DialError("its answer is no reply of FTP") from error
            if found is not None:
                reply, size = found
                self._rest = self._rest[size:]
                if reply.number >= 200:  # 1xx: another follows
                    return reply
                continue
            piece = await self._connection.receive()
            if not piece:
                raise PeerClosed("it closed the connection")
            self._rest += piece

    async def quit(self) -> None:
        """Say goodbye, and wait for nothing."""
        try:
            await self._connection.send(b"QUIT\r\n")
        except PeerClosed:
            return
