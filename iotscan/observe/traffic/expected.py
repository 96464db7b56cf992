"""Conversations that another one announced: the data of FTP and TFTP go between ports of their own."""

from collections import OrderedDict
from typing import Final

import msgspec

from iotscan.observe.traffic.conversation import Conversation

_MOST: Final = 256
_LONG: Final = 120 * 1_000_000_000
"""Nanoseconds after which nobody comes any more."""


class Transfer(msgspec.Struct, kw_only=True):
    """What is to be carried; its path may be named after the connection is there."""

    protocol: str
    at: int
    host: str = ""
    path: str = ""
    is_fetched: bool = True
    """By the one who asked; otherwise it is brought."""
    is_called_back: bool = False
    """Who asked waits for the connection, and is not the one who opens it."""


class Expected:
    """Transfers by where they are expected: address and port of the side that waits for the other."""

    def __init__(self) -> None:
        self._open: OrderedDict[tuple[str, int], Transfer] = OrderedDict()

    def announce(self, address: str, port: int, transfer: Transfer) -> None:
        """Somebody will come there."""
        self._open[address, port] = transfer
        if len(self._open) > _MOST:
            self._open.popitem(last=False)

    def take(self, conversation: Conversation) -> Transfer | None:
        """The transfer that a conversation is for."""
        key = conversation.server.address, conversation.server.port
        found = self._open.get(key) if self._open else None
        if found is None or not 0 <= conversation.first - found.at <= _LONG:
            return None
        del self._open[key]
        return found
