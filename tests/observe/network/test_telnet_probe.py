import socket
import struct
from pathlib import Path

import anyio
import pytest

from iotscan.model.facts import TelnetServer
from iotscan.model.vocabulary import AttemptStatus, Reason
from iotscan.observe.network.probe import Heard
from iotscan.observe.network.probes.telnet import PROBE
from tests.observe.network.daemons import accepts, door, free_port, hear, running, serving, tool


def ask(port: int) -> Heard:
    return anyio.run(PROBE.ask, door(port, "telnet"))


def seen(port: int) -> TelnetServer:
    heard = ask(port)
    assert heard.missed == ()
    (fact,) = heard.facts
    assert isinstance(fact, TelnetServer)
    return fact


def stay(guest: socket.socket) -> None:
    while guest.recv(4096):
        pass


def test_busybox_with_an_open_shell(tmp_path: Path) -> None:
    busybox, port = tool("busybox", "busybox-static"), free_port()
    command = [busybox, "telnetd", "-F", "-l", "/bin/sh", "-p", str(port), "-b", "127.0.0.1"]
    with running(command, lambda: accepts(port), cwd=tmp_path):
        fact = seen(port)
    assert (fact.asks, fact.confirmed) == ("shell", True)


def test_busybox_with_a_login(tmp_path: Path) -> None:
    busybox, port = tool("busybox", "busybox-static"), free_port()
    command = [busybox, "telnetd", "-F", "-l", "/bin/login", "-p", str(port), "-b", "127.0.0.1"]
    with running(command, lambda: accepts(port), cwd=tmp_path):
        fact = seen(port)
    assert fact.asks == "login"
    assert fact.banner.endswith("login:")


@pytest.mark.parametrize(
    ("banner", "asks"),
    [
        (b"\xff\xfb\x01\xff\xfb\x03Acme cam\r\nlogin: ", "login"),
        (b"Password: ", "password"),
        (b"\r\nBusyBox v1.36.1\r\n\r\n/ # ", "unknown"),
        (b"#\r\n# Authorized users only\r\n#", "unknown"),
        (b"\r\nHit any key to stop autoboot\r\nhisilicon # ", "shell"),
        (b"################\r\n#   Welcome    #\r\n################", "unknown"),
        (b"################\r\n# Authorized users only #", "unknown"),
        (b"\xff\xfd\x18", "unknown"),
    ],
)
def test_banners(banner: bytes, asks: str) -> None:
    def talk(guest: socket.socket) -> None:
        guest.sendall(banner)
        stay(guest)

    with serving(talk) as port:
        assert seen(port).asks == asks


def test_a_border_that_drips_in_is_no_prompt() -> None:
    def talk(guest: socket.socket) -> None:
        guest.settimeout(1.0)
        for _ in range(30):
            guest.sendall(b"#")
            try:
                if not guest.recv(1):
                    return
            except TimeoutError:
                continue

    with serving(talk) as port:
        assert seen(port).asks == "unknown"


def test_a_prompt_on_a_closed_connection_is_no_open_shell() -> None:
    with serving(lambda guest: guest.sendall(b"too many sessions # ")) as port:
        assert seen(port).asks == "unknown"


def test_every_option_is_refused_and_nothing_is_typed() -> None:
    said = b""

    def talk(guest: socket.socket) -> None:
        nonlocal said
        guest.sendall(b"\xff\xfd\x18\xff\xfb\x01\xff\xfd\x1flogin: ")
        while piece := guest.recv(4096):
            said += piece

    with serving(talk) as port:
        assert seen(port).asks == "login"
    assert said == b"\xff\xfc\x18\xff\xfe\x01\xff\xfc\x1f"


def test_silence_and_a_closed_door_are_told_apart() -> None:
    with serving(stay) as port:
        silent = ask(port).missed[0]
    with serving(lambda guest: None) as port:
        closed = ask(port).missed[0]
    assert (silent.status, silent.reason) == (AttemptStatus.TIMED_OUT, Reason.TIMEOUT)
    assert (closed.status, closed.reason) == (AttemptStatus.UNREADABLE, Reason.UNREADABLE)


def test_what_was_said_before_a_reset_was_heard() -> None:
    def talk(guest: socket.socket) -> None:
        guest.sendall(b"\xff\xfd\x18too many sessions\r\n")
        guest.recv(4096)
        guest.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

    with serving(talk) as port:
        fact = seen(port)
    assert (fact.asks, fact.banner) == ("unknown", "too many sessions")


def test_a_reset_without_a_word_is_no_service_that_was_seen() -> None:
    def talk(guest: socket.socket) -> None:
        guest.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

    with serving(talk) as port:
        (missed,) = ask(port).missed
    assert missed.status is not AttemptStatus.TIMED_OUT


def test_a_flood_ends_and_shows_no_prompt() -> None:
    def talk(guest: socket.socket) -> None:
        while True:
            guest.sendall(b"\x1b[2J\x1b]0;x\x07/ # " * 1000)

    with serving(talk) as port:
        fact = seen(port)
    assert fact.asks == "unknown"
    assert fact.banner.isprintable()
    assert len(fact.banner) <= 400


def typed(prompt: bytes, *answers: bytes) -> tuple[TelnetServer, bytes]:
    """What a service is taken for that answers each line, and what was typed."""
    said = b""

    def talk(guest: socket.socket) -> None:
        nonlocal said
        guest.sendall(prompt)
        for answer in answers:
            said += hear(guest) + b"\n"
            guest.sendall(answer)
        while piece := guest.recv(4096):
            said += piece

    with serving(talk) as port:
        return seen(port), said


@pytest.mark.parametrize("prompt", [b"/ # ", b"[admin@MikroTik] > "])
def test_a_shell_shows_its_prompt_again_at_an_empty_line(prompt: bytes) -> None:
    fact, said = typed(b"Welcome\r\n" + prompt, b"\r\n" + prompt)
    assert (fact.asks, fact.confirmed, said) == ("shell", True, b"\n")


@pytest.mark.parametrize(
    ("answer", "asks"),
    [
        (b"\r\ncam login: ", "login"),
        (b"\r\n$ ", "unknown"),
        (b"\r\n\r\n", "unknown"),
    ],
)
def test_what_only_looked_like_a_prompt(answer: bytes, asks: str) -> None:
    fact, said = typed(b"# Authorized users only\r\n# ", answer)
    assert (fact.asks, fact.confirmed, said) == (asks, False, b"\n")


@pytest.mark.parametrize("prompt", [b"=> ", b"U-Boot> "])
def test_nothing_is_typed_at_a_boot_loader(prompt: bytes) -> None:
    fact, said = typed(prompt)
    assert (fact.asks, fact.confirmed, said) == ("shell", False, b"")


def test_one_that_leaves_at_the_empty_line_was_no_shell() -> None:
    def talk(guest: socket.socket) -> None:
        guest.sendall(b"$ ")
        hear(guest)

    with serving(talk) as port:
        assert seen(port).asks == "unknown"
