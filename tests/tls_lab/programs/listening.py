"""How the lab's own servers take guests: a thread each, so that one who says nothing keeps nobody out."""

import socket
import struct
import threading
from collections.abc import Callable
from contextlib import suppress

HOST = "127.0.0.1"
PATIENCE = 10
"""Seconds a guest may say nothing."""


def serve(port: int, talk: Callable[[socket.socket], None]) -> None:
    """Run ``talk`` for each guest, for ever. What it raises ends that conversation only."""
    with socket.create_server((HOST, port), backlog=64) as listener:
        while True:
            guest, _ = listener.accept()
            _attend(guest, talk)


def serve_datagrams(port: int, talk: Callable[[socket.socket], None]) -> None:
    """The same over UDP: the socket that heard a new guest becomes his own, and another one waits for the next."""
    waiting = _bound(port)
    while True:
        _, peer = waiting.recvfrom(1, socket.MSG_PEEK)
        guest, waiting = waiting, _bound(port)
        guest.connect(peer)
        _attend(guest, talk)


def _bound(port: int) -> socket.socket:
    made = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    made.bind((HOST, port))
    return made


def _attend(guest: socket.socket, talk: Callable[[socket.socket], None]) -> None:
    def attend() -> None:
        with guest, suppress(Exception):
            # A blocking descriptor, since foreign libraries read from it: Python's own timeout would unblock it.
            guest.setblocking(True)
            guest.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, struct.pack("@ll", PATIENCE, 0))
            talk(guest)

    threading.Thread(target=attend, daemon=True).start()
