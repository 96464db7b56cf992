import subprocess
from pathlib import Path

import anyio
import asyncssh
import pytest

from iotscan.model.answer import Answer
from iotscan.model.facts import DefaultLogin, SshServer
from iotscan.model.vocabulary import AttemptStatus, Reason
from iotscan.observe.network.probe import Heard, Missed
from iotscan.observe.network.probes.login import PROBE
from tests.observe.network.acme import PASSWORD, PATIENT, USER, record, tools, verdict
from tests.observe.network.daemons import HOST, accepts, door, free_port, running, serving, tool

KNOWN = SshServer(protocol="2.0", software="Acme_SSH", host_keys=Answer.missing(Reason.TIMEOUT))


class Gate(asyncssh.SSHServer):  # type: ignore[misc]
    """An SSH server that checks one password and counts what is opened after it."""

    asks = True
    takes_passwords = True
    accepts_any = False
    password = PASSWORD

    def __init__(self) -> None:
        self.tried: list[str] = []

    def begin_auth(self, username: str) -> bool:
        return self.asks

    def password_auth_supported(self) -> bool:
        return self.takes_passwords

    def public_key_auth_supported(self) -> bool:
        return True

    def validate_password(self, username: str, password: str) -> bool:
        return self.accepts_any or (username, password) == (USER, self.password)

    def session_requested(self) -> bool:
        raise AssertionError("a session was opened")


class Changed(Gate):
    password = "changed"


class Anybody(Gate):
    accepts_any = True


class KeysOnly(Gate):
    takes_passwords = False


class NoneAtAll(Gate):
    asks = False


def ask(folder: Path, gate: type[Gate]) -> DefaultLogin | Missed:
    async def talk() -> Heard:
        key = asyncssh.generate_private_key("ssh-ed25519")
        async with await asyncssh.listen(HOST, 0, server_factory=gate, server_host_keys=[key]) as server:
            place = door(server.get_port(), "ssh", known=[KNOWN], tools=tools(folder), pace=PATIENT)
            return await PROBE.ask(place)

    heard = anyio.run(talk)
    assert PASSWORD not in repr(heard)
    outcome = (heard.facts or heard.missed)[0]
    assert isinstance(outcome, DefaultLogin | Missed)
    return outcome


@pytest.mark.parametrize(
    ("gate", "outcome", "account", "tries"),
    [
        (Gate, "accepted", USER, 3),
        (Changed, "rejected", "", 2),
        (Anybody, "accepts_any", "", 1),
        (NoneAtAll, "open", "", 0),
    ],
)
def test_outcomes(tmp_path: Path, gate: type[Gate], outcome: str, account: str, tries: int) -> None:
    found = ask(tmp_path, gate)
    assert isinstance(found, DefaultLogin)
    assert (found.protocol, found.outcome, found.account, found.tries) == ("ssh", outcome, account, tries)


class Expired(Gate):
    def validate_password(self, username: str, password: str) -> bool:
        if super().validate_password(username, password):
            raise asyncssh.PasswordChangeRequired("new password")
        return False


def test_a_password_that_has_to_be_changed_was_not_refused(tmp_path: Path) -> None:
    missed = ask(tmp_path, Expired)
    assert isinstance(missed, Missed)
    assert (missed.status, "changed" in missed.detail) == (AttemptStatus.UNREADABLE, True)


def test_no_password_method_no_try(tmp_path: Path) -> None:
    missed = ask(tmp_path, KeysOnly)
    assert isinstance(missed, Missed)
    assert (missed.status, missed.reason) == (AttemptStatus.NOT_TRIED, Reason.NOT_OBSERVABLE)


def test_dropbear_refuses_who_does_not_exist(tmp_path: Path) -> None:
    dropbear, keygen = tool("dropbear", "dropbear-bin"), tool("dropbearkey", "dropbear-bin")
    subprocess.run([keygen, "-t", "ed25519", "-f", str(tmp_path / "key")], check=True, capture_output=True)
    port = free_port()
    command = [
        dropbear,
        "-F",
        "-E",
        "-p",
        f"127.0.0.1:{port}",
        "-r",
        str(tmp_path / "key"),
        "-P",
        str(tmp_path / "pid"),
    ]
    with running(command, lambda: accepts(port), cwd=tmp_path):
        found = verdict(tmp_path, port, "ssh", [KNOWN], record(("iotscan-nobody", PASSWORD)))
    assert isinstance(found, DefaultLogin)
    assert (found.outcome, found.tries) == ("rejected", 2)


def test_a_tarpit_ends_in_time(tmp_path: Path) -> None:
    with serving(lambda guest: guest.recv(1) and guest.recv(4096) and None) as port:
        missed = verdict(tmp_path, port, "ssh", [KNOWN])
    assert isinstance(missed, Missed)
    assert missed.status in (AttemptStatus.TIMED_OUT, AttemptStatus.UNREADABLE)


@pytest.mark.parametrize("answer", [b"", b"SSH-2.0-x\r\n" + b"\xff" * 3000, b"HTTP/1.1 200 OK\r\n\r\n"])
def test_garbage_is_unreadable(tmp_path: Path, answer: bytes) -> None:
    with serving(lambda guest: guest.sendall(answer)) as port:
        missed = verdict(tmp_path, port, "ssh", [KNOWN])
    assert isinstance(missed, Missed)
    assert missed.status is AttemptStatus.UNREADABLE
