"""Real services on loopback for the probes to talk to: daemons as subprocesses, small servers in threads."""

import shutil
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

from iotscan.model.device import Service
from iotscan.model.facts import AnyFact
from iotscan.model.scope import Pace, Scope
from iotscan.observe.network.dial import Dialer
from iotscan.observe.network.probe import Door

HOST = "127.0.0.1"
PACE = Pace(attempts_per_second=2000, accepted_per_second=2000, connections=1000, conversation_timeout=4)
DEADLINE = 15.0
_LAST_WORDS = 1.0
"""Seconds that a talk may go on after the test is done with it."""


def door(
    port: int,
    protocol: str,
    *,
    transport: str = "tcp",
    known: Sequence[AnyFact] = (),
    tools: Mapping[str, Any] | None = None,
    pace: Pace = PACE,
) -> Door:
    """A door to a service on loopback whose device has shown ``known`` on this very service."""
    line = Dialer(Scope(include=("127.0.0.0/8",), pace=pace)).line(HOST)
    service = Service(transport=transport, port=port, protocol=protocol)
    return Door(line=line, service=service, known=tuple((service.name, fact) for fact in known), tools=tools or {})


def tool(name: str, package: str) -> str:
    """The path of a program, or a loud skip that names its Debian package."""
    path = shutil.which(name, path="/usr/sbin:/usr/bin:/sbin:/bin")
    if path is None:
        pytest.skip(f"needs {name}: apt install {package}")
    return path


def free_port(kind: int = socket.SOCK_STREAM) -> int:
    """A port that was free a moment ago."""
    with socket.socket(socket.AF_INET, kind) as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])


def accepts(port: int) -> bool:
    """Whether something listens on a TCP port."""
    try:
        socket.create_connection((HOST, port), timeout=1).close()
    except OSError:
        return False
    return True


@contextmanager
def running(command: Sequence[str], ready: Callable[[], bool], *, cwd: Path) -> Iterator[None]:
    """Run a daemon in the foreground until the block ends; ``ready`` is polled before it begins."""
    with (cwd / "daemon.log").open("wb") as log:
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=cwd)
    try:
        ends = time.monotonic() + DEADLINE
        while not ready():
            if process.poll() is not None or time.monotonic() > ends:
                raise AssertionError(f"{command[0]} did not start: {(cwd / 'daemon.log').read_text()}")
            time.sleep(0.02)
        yield
    finally:
        process.kill()
        process.wait()


@contextmanager
def serving(talk: Callable[[socket.socket], None]) -> Iterator[int]:
    """A TCP server that runs ``talk`` for each guest in a thread of its own; yields its port."""
    listener = socket.create_server((HOST, 0))
    guests: list[socket.socket] = []
    talks: list[threading.Thread] = []

    def welcome() -> None:
        with suppress(OSError):
            while True:
                guest, _ = listener.accept()
                guests.append(guest)
                talks.append(threading.Thread(target=attend, args=(guest,), daemon=True))
                talks[-1].start()

    def attend(guest: socket.socket) -> None:
        with guest, suppress(OSError):
            guest.settimeout(DEADLINE)
            talk(guest)

    thread = threading.Thread(target=welcome, daemon=True)
    thread.start()
    try:
        yield int(listener.getsockname()[1])
    finally:
        # A shutdown wakes the accept; a close alone may not.
        with suppress(OSError):
            listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join(DEADLINE)
        # A talk whose guest has left hears all that it said; one that would go on is ended.
        for talking in talks:
            talking.join(_LAST_WORDS)
        for guest in guests:
            with suppress(OSError):
                guest.close()


def hear(guest: socket.socket) -> bytes:
    """The next line a guest sends, telnet refusals taken out; raises OSError when it has left."""
    got = b""
    while not got.endswith(b"\n"):
        byte = guest.recv(1)
        if not byte:
            raise OSError("the guest has left")
        if byte == b"\xff":
            guest.recv(2)
            continue
        got += byte
    return got.rstrip(b"\r\n")
