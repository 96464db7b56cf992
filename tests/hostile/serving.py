"""Hostile devices: whatever speaks on real sockets of loopback addresses, ended with the block."""

import itertools
import os
import socket
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress

from iotscan.wire.tls.framing import HANDSHAKE

ANY, SSH, TELNET, WEB, SECURE, MQTT = 15001, 15022, 15023, 15080, 15443, 15883
EXPECTED = {SSH: "ssh", TELNET: "telnet", WEB: "http", SECURE: "https", MQTT: "mqtt"}
ALL = (ANY, *EXPECTED)
_count = itertools.count(1)

Talk = Callable[[socket.socket], None]
"""One accepted connection, from accept to close; an OSError ends it like a return."""


def new_address() -> str:
    """A loopback address that no other test uses."""
    number = next(_count)
    return f"127.{67 + number // 250}.{1 + os.getpid() % 250}.{1 + number % 250}"


class Device:
    """One address, and what answers on its ports."""

    def __init__(self) -> None:
        self.address = new_address()
        self.accepted = 0
        self._sockets: list[socket.socket] = []
        self._lock = threading.Lock()
        self._is_over = threading.Event()

    def tcp(self, ports: Sequence[int], talk: Talk) -> None:
        """Serve ``talk`` on each port, a thread for each connection."""
        for port in ports:
            listener = self._keep(socket.create_server((self.address, port), backlog=64))
            threading.Thread(target=self._accept, args=(listener, talk), daemon=True).start()

    def udp(self, port: int, answer: Callable[[bytes], bytes]) -> None:
        """Answer each datagram; ``b""`` is silence."""
        self.datagrams(port, lambda data: filter(None, [answer(data)]))

    def datagrams(self, port: int, answer: Callable[[bytes], Iterable[bytes]]) -> None:
        """Answer each datagram with any number of them."""
        peer = self._keep(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
        peer.bind((self.address, port))
        threading.Thread(target=self._answer, args=(peer, answer), daemon=True).start()

    def pause(self, seconds: float) -> bool:
        """Wait as a slow device does; True when the device is over."""
        return self._is_over.wait(seconds)

    def stop(self) -> None:
        """Close everything: from now on each port is closed."""
        self._is_over.set()
        with self._lock:
            for one in self._sockets:
                with suppress(OSError):
                    one.shutdown(socket.SHUT_RDWR)
                one.close()
            self._sockets.clear()

    def _keep(self, one: socket.socket) -> socket.socket:
        with self._lock:
            self._sockets.append(one)
        return one

    def _accept(self, listener: socket.socket, talk: Talk) -> None:
        with suppress(OSError):
            while True:
                guest, _ = listener.accept()
                self.accepted += 1
                self._keep(guest)
                threading.Thread(target=self._talk, args=(guest, talk), daemon=True).start()

    def _talk(self, guest: socket.socket, talk: Talk) -> None:
        with suppress(OSError):
            talk(guest)
        with suppress(OSError):
            guest.shutdown(socket.SHUT_RDWR)
        guest.close()
        with self._lock, suppress(ValueError):
            self._sockets.remove(guest)

    def _answer(self, peer: socket.socket, answer: Callable[[bytes], Iterable[bytes]]) -> None:
        with suppress(OSError):
            while not self._is_over.is_set():
                data, guest = peer.recvfrom(4096)
                for reply in answer(data) if data else ():
                    peer.sendto(reply, guest)


@contextmanager
def device() -> Iterator[Device]:
    """A device that ends with the block."""
    made = Device()
    try:
        yield made
    finally:
        made.stop()


def silence(guest: socket.socket) -> None:
    """Accept, read, say nothing."""
    while guest.recv(4096):
        pass


def reset(guest: socket.socket) -> None:
    """RST in place of an orderly close."""
    guest.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
    guest.close()


def reset_after(data: bytes) -> Talk:
    """Say ``data``, then RST."""

    def talk(guest: socket.socket) -> None:
        guest.sendall(data)
        guest.recv(1)
        reset(guest)

    return talk


def drip(made: Device, data: bytes, seconds: float = 0.2) -> Talk:
    """One byte after the other, over and over from the last of ``data``."""

    def talk(guest: socket.socket) -> None:
        for byte in itertools.chain(data, itertools.repeat(data[-1])):
            guest.sendall(bytes([byte]))
            if made.pause(seconds):
                return

    return talk


def endless(opening: bytes, then: bytes, *, listen_first: bool = True) -> Talk:
    """``opening`` once, then ``then`` for as long as it is taken."""

    def talk(guest: socket.socket) -> None:
        if listen_first:
            guest.recv(4096)
        guest.sendall(opening)
        while True:
            guest.sendall(then * (1 + 4096 // len(then)))

    return talk


def web(reply: Callable[[str, bytes], bytes]) -> Talk:
    """A web server: ``reply`` makes the whole answer from path and head, and each closes the connection."""

    def talk(guest: socket.socket) -> None:
        head = b""
        while b"\r\n\r\n" not in head:
            piece = guest.recv(4096)
            if not piece:
                return
            head += piece
            if head[:1] == bytes([HANDSHAKE]):
                return
        guest.sendall(reply(head.split(b" ")[1].decode("latin-1"), head))

    return talk


def http(body: bytes, *headers: str, status: str = "200 OK", kind: str = "text/html") -> bytes:
    """One whole HTTP response."""
    fields = (f"HTTP/1.1 {status}", f"Content-Type: {kind}", f"Content-Length: {len(body)}", "Connection: close")
    return "\r\n".join((*fields, *headers)).encode("utf-8", "surrogateescape") + b"\r\n\r\n" + body
