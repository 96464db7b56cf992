"""Servers for the commands that results carry, and the shell that runs them."""

import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

from iotscan.assess.check import Target
from iotscan.model.subject import Subject

HERE = "127.83.0.1"
START_SECONDS = 60
Talk = Callable[[socket.socket], None]


def target(port: int, transport: str = "tcp") -> Target:
    return Target(subject=Subject(device=HERE, address=HERE, service=f"{transport}/{port}"))


def shell(line: str) -> str:
    run = subprocess.run(
        ["bash", "-c", line], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=60, stdin=subprocess.DEVNULL
    )
    return run.stdout.decode("utf-8", "replace")


@contextmanager
def serve(talk: Talk) -> Iterator[Target]:
    """A TCP server that has ``talk`` with everybody, one after another."""
    listener = socket.create_server((HERE, 0))

    def loop() -> None:
        with suppress(OSError):
            while True:
                connection, _ = listener.accept()
                with connection, suppress(OSError):
                    connection.settimeout(10)
                    talk(connection)

    thread = threading.Thread(target=loop, daemon=True)
    thread.start()
    try:
        yield target(listener.getsockname()[1])
    finally:
        with suppress(OSError):
            listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join(15)


@contextmanager
def answer_datagrams(answer: bytes) -> Iterator[Target]:
    """A UDP server that says the same to every datagram."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as listener:
        listener.bind((HERE, 0))

        def loop() -> None:
            while True:
                said, peer = listener.recvfrom(4096)
                if said == b"end":
                    return
                listener.sendto(answer, peer)

        thread = threading.Thread(target=loop, daemon=True)
        thread.start()
        try:
            yield target(listener.getsockname()[1], "udp")
        finally:
            listener.sendto(b"end", listener.getsockname())
            thread.join(15)


def server_hello(
    version: int, suite: int, *, compression: int = 0, session: bytes = b"", extensions: bytes = b""
) -> bytes:
    """A record with a ServerHello."""
    return record(version, server_hello_message(version, suite, compression, session, extensions))


def server_hello_message(version: int, suite: int, compression: int, session: bytes, extensions: bytes) -> bytes:
    body = version.to_bytes(2, "big") + bytes(32) + bytes([len(session)]) + session
    body += suite.to_bytes(2, "big") + bytes([compression])
    body += len(extensions).to_bytes(2, "big") + extensions if extensions else b""
    return b"\x02" + len(body).to_bytes(3, "big") + body


def record(version: int, message: bytes) -> bytes:
    return b"\x16" + version.to_bytes(2, "big") + len(message).to_bytes(2, "big") + message


@contextmanager
def s_server(*options: str) -> Iterator[Target]:
    """openssl s_server; over UDP with one of ``-dtls``, ``-dtls1`` and ``-dtls1_2``."""
    is_udp = any(word.startswith("-dtls") for word in options)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM if is_udp else socket.SOCK_STREAM) as probe:
        probe.bind((HERE, 0))
        port = probe.getsockname()[1]
    process = subprocess.Popen(
        ["openssl", "s_server", "-accept", f"{HERE}:{port}", *([] if is_udp else ["-quiet"]), *options],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE if is_udp else subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        if is_udp:
            assert process.stdout is not None
            assert any(line.startswith(b"ACCEPT") for line in process.stdout), "openssl s_server ended"
        else:
            _await(port, process)
        yield target(port, "udp" if is_udp else "tcp")
    finally:
        process.kill()
        process.wait()
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                pipe.close()


def _await(port: int, process: "subprocess.Popen[bytes]") -> None:
    deadline = time.monotonic() + START_SECONDS
    while True:
        try:
            socket.create_connection((HERE, port), 1).close()
        except OSError:
            assert time.monotonic() < deadline, "openssl s_server did not come up"
            assert process.poll() is None, "openssl s_server ended"
            time.sleep(0.02)
        else:
            return
