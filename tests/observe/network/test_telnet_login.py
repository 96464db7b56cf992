import socket
from collections.abc import Callable
from pathlib import Path

import pytest

from iotscan.model.facts import DefaultLogin, TelnetServer
from iotscan.model.vocabulary import AttemptStatus, Reason
from iotscan.observe.network.probe import Missed
from tests.observe.network.acme import PASSWORD, USER, record, verdict
from tests.observe.network.daemons import accepts, free_port, hear, running, serving, tool

BANNER = TelnetServer(banner="Acme cam login:", asks="login")
Talk = Callable[[socket.socket], None]


def gate(after: Callable[[str, str], bytes], typed: list[str] | None = None) -> Talk:
    """A telnet login that answers a user name and password with ``after(user, password)``, then only listens."""

    def talk(guest: socket.socket) -> None:
        guest.sendall(b"\xff\xfb\x01Acme cam\r\nlogin: ")
        user = hear(guest).decode()
        guest.sendall(b"Password: ")
        password = hear(guest).decode()
        guest.sendall(after(user, password))
        while line := hear(guest).decode():
            if typed is not None:
                typed.append(line)

    return talk


def is_right(user: str, password: str) -> bool:
    return (user, password) == (USER, PASSWORD)


def outcome(folder: Path, talk: Talk, **kwargs: TelnetServer) -> DefaultLogin | Missed:
    with serving(talk) as port:
        return verdict(folder, port, "telnet", [kwargs.get("banner", BANNER)])


WRONG = b"\r\nLogin incorrect\r\nlogin: "
SHELL = b"\r\n\r\nBusyBox v1.36.1 built-in shell (ash)\r\n\r\n/ # \x1b[6n"


def test_a_true_default_is_found_and_nothing_is_typed_into_the_shell(tmp_path: Path) -> None:
    typed: list[str] = []
    found = outcome(tmp_path, gate(lambda u, p: SHELL if is_right(u, p) else WRONG, typed))
    assert isinstance(found, DefaultLogin)
    assert (found.protocol, found.outcome, found.account, found.tries) == ("telnet", "accepted", USER, 3)
    assert typed == []


@pytest.mark.parametrize(
    "refusal",
    [
        WRONG,
        b"\r\nPassword: ",
        b"\r\n####################\r\nlogin: ",
        b"\r\nLogin incorrect\r\n####################\r\n",
    ],
)
def test_a_changed_password_is_not_claimed(tmp_path: Path, refusal: bytes) -> None:
    found = outcome(tmp_path, gate(lambda u, p: refusal))
    assert isinstance(found, DefaultLogin)
    assert (found.outcome, found.account) == ("rejected", "")


def test_whoever_is_let_in_proves_nothing(tmp_path: Path) -> None:
    found = outcome(tmp_path, gate(lambda u, p: SHELL))
    assert isinstance(found, DefaultLogin)
    assert found.outcome == "accepts_any"


@pytest.mark.parametrize(
    "answer",
    [
        b"\r\n####################\r\n#  Welcome  #\r\n####################",
        b"\r\nWelcome. Choose an item: ",
        b"\r\nLogin incorrect\r\n> ",
        b"",
    ],
)
def test_what_is_no_prompt_is_no_success(tmp_path: Path, answer: bytes) -> None:
    found = outcome(tmp_path, gate(lambda u, p: answer if is_right(u, p) else WRONG))
    assert not (isinstance(found, DefaultLogin) and found.outcome in ("accepted", "accepts_any", "open"))


def test_an_echoed_password_is_no_prompt(tmp_path: Path) -> None:
    def talk(guest: socket.socket) -> None:
        guest.sendall(b"Acme login: ")
        guest.sendall(hear(guest) + b"\r\nPassword: ")
        guest.sendall(hear(guest))
        hear(guest)

    with serving(talk) as port:
        found = verdict(tmp_path, port, "telnet", [BANNER], record((USER, "secret#")))
    assert isinstance(found, Missed)
    assert found.status is AttemptStatus.UNREADABLE


def test_hanging_up_on_everybody_alike_is_a_refusal(tmp_path: Path) -> None:
    def talk(guest: socket.socket) -> None:
        guest.sendall(b"Acme login: ")
        hear(guest)
        guest.sendall(b"Password: ")
        hear(guest)

    found = outcome(tmp_path, talk)
    assert isinstance(found, DefaultLogin)
    assert found.outcome == "rejected"


def test_hanging_up_on_the_documented_pair_alone_is_unclear(tmp_path: Path) -> None:
    def talk(guest: socket.socket) -> None:
        guest.sendall(b"Acme login: ")
        user = hear(guest).decode()
        guest.sendall(b"Password: ")
        if not is_right(user, hear(guest).decode()):
            guest.sendall(WRONG)
            hear(guest)

    missed = outcome(tmp_path, talk)
    assert isinstance(missed, Missed)
    assert missed.status is AttemptStatus.UNREADABLE


def test_an_account_without_a_password_is_let_in_and_a_stranger_is_not(tmp_path: Path) -> None:
    def talk(guest: socket.socket) -> None:
        guest.sendall(b"Acme login: ")
        user = hear(guest).decode()
        guest.sendall(SHELL if user == USER else b"Password: ")
        hear(guest)
        guest.sendall(WRONG)
        hear(guest)

    found = outcome(tmp_path, talk)
    assert isinstance(found, DefaultLogin)
    assert (found.outcome, found.account) == ("accepted", USER)


def test_a_documented_empty_password_is_a_default(tmp_path: Path) -> None:
    def talk(guest: socket.socket) -> None:
        guest.sendall(b"Acme login: ")
        user = hear(guest).decode()
        guest.sendall(SHELL if user == "root" else b"Password: ")
        hear(guest)
        guest.sendall(WRONG)
        hear(guest)

    with serving(talk) as port:
        found = verdict(tmp_path, port, "telnet", [BANNER], record(("root", "")))
    assert isinstance(found, DefaultLogin)
    assert (found.outcome, found.account) == ("accepted", "root")


def test_words_of_a_lockout_end_it(tmp_path: Path) -> None:
    users: list[str] = []

    def after(user: str, password: str) -> bytes:
        users.append(user)
        return b"\r\nToo many failed attempts. Try again in 5 minutes.\r\nlogin: "

    missed = outcome(tmp_path, gate(after))
    assert isinstance(missed, Missed)
    assert missed.reason is Reason.LOCKED_OUT
    assert USER not in users


def test_a_forced_change_of_password_is_unclear(tmp_path: Path) -> None:
    missed = outcome(tmp_path, gate(lambda u, p: b"\r\nNew password: " if is_right(u, p) else WRONG))
    assert isinstance(missed, Missed)
    assert "changed" in missed.detail


def test_an_open_shell_is_known_without_a_connection(tmp_path: Path) -> None:
    found = verdict(tmp_path, free_port(), "telnet", [TelnetServer(banner="/ #", asks="shell", confirmed=True)])
    assert found == DefaultLogin(protocol="telnet", outcome="open")


def test_a_banner_that_ends_like_a_prompt_is_no_open_shell(tmp_path: Path) -> None:
    """The question of telnet has seen that no prompt came again: it is not overruled."""
    with serving(lambda guest: guest.sendall(b"Acme gate\r\n#") or (hear(guest) and None)) as port:
        missed = verdict(tmp_path, port, "telnet", [TelnetServer(banner="Acme gate #", asks="unknown")])
    assert isinstance(missed, Missed)
    assert (missed.status, missed.reason) == (AttemptStatus.NOT_TRIED, Reason.NOT_OBSERVABLE)


def test_a_service_that_asks_nothing_we_know(tmp_path: Path) -> None:
    with serving(lambda guest: guest.sendall(b"Acme 100 READY\r\n") or (hear(guest) and None)) as port:
        missed = verdict(tmp_path, port, "telnet", [TelnetServer(banner="Acme 100 READY", asks="unknown")])
    assert isinstance(missed, Missed)
    assert (missed.status, missed.reason) == (AttemptStatus.NOT_TRIED, Reason.NOT_OBSERVABLE)


SCRIPT = """#!/bin/sh
echo "Acme cam"
printf "login: "; read user
stty -echo; printf "Password: "; read password; stty echo; echo
if [ "$user:$password" = "{login}" ]; then exec /bin/sh; fi
echo "Login incorrect"; printf "login: "; read user
"""


def test_busybox_telnetd_on_a_pty(tmp_path: Path) -> None:
    busybox = tool("busybox", "busybox-static")
    for number, (login, expected) in enumerate(((f"{USER}:{PASSWORD}", "accepted"), ("admin:changed", "rejected"))):
        script, port = tmp_path / f"login{number}", free_port()
        script.write_text(SCRIPT.format(login=login))
        script.chmod(0o755)
        command = [busybox, "telnetd", "-F", "-l", str(script), "-p", str(port), "-b", "127.0.0.1"]
        with running(command, lambda port=port: accepts(port), cwd=tmp_path):  # type: ignore[misc]
            found = verdict(tmp_path, port, "telnet", [BANNER])
        assert isinstance(found, DefaultLogin)
        assert found.outcome == expected
