"""A real vsftpd with and without TLS and anonymous, the words of BusyBox's ftpd, and who says yes to everything."""

import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import anyio
import msgspec
import pytest

from iotscan.model.facts import FtpServer
from iotscan.model.rehearsal import PlannedLogin
from iotscan.model.scope import Grants
from iotscan.model.vocabulary import AttemptStatus, Reason
from iotscan.observe.network.probe import Heard
from iotscan.observe.network.probes.ftp import PROBE
from iotscan.store.ledger import Ledger, RehearsedLedger
from tests.observe.network.daemons import HOST, accepts, door, free_port, hear, running, serving, tool
from tests.observe.network.shown import is_shown, verdicts
from tests.observe.network.starttls.services import require_root
from tests.observe.network.webserver import make_certificate


def ask(port: int, folder: Path, *, granted: bool, protocol: str = "ftp", most: int = 2) -> Heard:
    tools = {"ledger": Ledger(folder / "ledger"), "login_gap": 0.0}
    way = msgspec.structs.replace(door(port, protocol, tools=tools), grants=Grants(default_creds=granted))
    heard = anyio.run(PROBE.ask, way)
    assert way.line.connections <= most
    return heard


def seen(port: int, folder: Path, *, granted: bool = False, protocol: str = "ftp", most: int = 2) -> FtpServer:
    (fact,) = ask(port, folder, granted=granted, protocol=protocol, most=most).facts
    assert isinstance(fact, FtpServer)
    return fact


def variants(fact: FtpServer, port: int) -> list[str]:
    """How the check finds it bad; each command shows it."""
    said = verdicts("communication/ftp_access", fact, port)
    assert all(is_shown(v) for v in said)
    return [v.variant for v in said]


@contextmanager
def vsftpd(folder: Path, *lines: str) -> Iterator[int]:
    require_root("vsftpd")
    port = free_port()
    Path("/var/run/vsftpd/empty").mkdir(parents=True, exist_ok=True)
    usual = ("listen=YES", f"listen_address={HOST}", f"listen_port={port}", "background=NO", "seccomp_sandbox=NO")
    (folder / "public").mkdir()
    config = (*usual, f"anon_root={folder / 'public'}", "local_enable=YES", "delay_failed_login=0", *lines)
    (folder / "vsftpd.conf").write_text("\n".join(config) + "\n")
    with running([tool("vsftpd", "vsftpd"), str(folder / "vsftpd.conf")], lambda: accepts(port), cwd=folder):
        yield port


def tls(folder: Path, demanded: str) -> tuple[str, ...]:
    key, cert = make_certificate(folder)
    keys = (f"rsa_cert_file={cert}", f"rsa_private_key_file={key}", "ssl_ciphers=HIGH")
    return ("ssl_enable=YES", *keys, f"force_local_logins_ssl={demanded}")


def test_anonymous_in_the_clear(tmp_path: Path) -> None:
    with vsftpd(tmp_path, "anonymous_enable=YES", "ssl_enable=NO") as port:
        plain = seen(port, tmp_path, most=1)
        assert (plain.offers_tls.value, plain.anonymous.reason) == (False, Reason.CONSENT)
        said = verdicts("communication/ftp_access", plain, port)
        assert [v.kind for v in said] == ["bad", "unknown"], "that anonymous gets in would look mended"
        assert not (tmp_path / "ledger").exists()
        granted = seen(port, tmp_path, granted=True, most=1)
        assert variants(granted, port) == ["anonymous", "cleartext"]
    assert granted.anonymous.value
    assert (tmp_path / "ledger").read_text().count('"anonymous"') == 2  # the try, and that it was let in


def test_tls_that_is_offered(tmp_path: Path) -> None:
    with vsftpd(tmp_path, "anonymous_enable=NO", *tls(tmp_path, "NO")) as port:
        plain = seen(port, tmp_path, most=1)
        fact = seen(port, tmp_path, granted=True)
        assert variants(fact, port) == ["tls-offered"]
    assert (plain.offers_tls.value, plain.clear_logins.reason) == (True, Reason.CONSENT)
    assert (fact.offers_tls.value, fact.clear_logins.value, fact.anonymous.value) == (True, True, False)


def test_tls_that_is_demanded(tmp_path: Path) -> None:
    with vsftpd(tmp_path, "anonymous_enable=NO", *tls(tmp_path, "YES")) as port:
        fact = seen(port, tmp_path, granted=True, most=3)
    assert (fact.offers_tls.value, fact.clear_logins.value) == (True, False)
    assert not fact.anonymous.value
    assert [v.kind for v in verdicts("communication/ftp_access", fact, port)] == ["good"]


def test_anonymous_behind_tls(tmp_path: Path) -> None:
    lines = (*tls(tmp_path, "NO"), "implicit_ssl=YES", "allow_anon_ssl=YES", "anonymous_enable=YES")
    with vsftpd(tmp_path, *lines, "force_anon_logins_ssl=YES", "require_ssl_reuse=NO") as port:
        fact = seen(port, tmp_path, granted=True, protocol="ftps", most=1)
        assert variants(fact, port) == ["anonymous"]
    assert (fact.tls, fact.anonymous.value) == (True, True)


def test_anonymous_that_may_come_in_the_clear_alone(tmp_path: Path) -> None:
    with vsftpd(tmp_path, "anonymous_enable=NO", "implicit_ssl=YES", *tls(tmp_path, "YES")) as port:
        fact = seen(port, tmp_path, granted=True, protocol="ftps")
    assert (fact.clear_logins.value, fact.anonymous.value) == (False, False)


def words(answers: dict[str, str], rest: str) -> Callable[[socket.socket], None]:
    def talk(guest: socket.socket) -> None:
        guest.sendall(b"220 Operation successful\r\n")
        while asked := hear(guest).decode():
            guest.sendall(f"{next((a for begin, a in answers.items() if asked.startswith(begin)), rest)}\r\n".encode())

    return talk


def test_busybox_that_asks_anonymous_for_no_password(tmp_path: Path) -> None:
    """networking/ftpd.c: whoever has not logged in is told to; ``-a`` lets in anonymous by name."""
    said = {"USER anonymous": "230 Operation successful", "USER": "331 Please specify password", "PWD": '257 "/"'}
    with serving(words(said, "530 Login with USER+PASS")) as port:
        fact = seen(port, tmp_path, granted=True, most=1)
    assert (fact.offers_tls.value, fact.clear_logins.value, fact.anonymous.value) == (False, True, True)


@pytest.mark.parametrize("yes", ["230 Welcome", "200 OK"])
def test_a_yes_to_everything_is_no_login(yes: str, tmp_path: Path) -> None:
    with serving(words({}, yes)) as port:
        fact = seen(port, tmp_path, granted=True)
    assert not fact.offers_tls.is_answered
    assert not fact.anonymous.is_answered


def test_two_failures_are_enough_for_a_day(tmp_path: Path) -> None:
    said = {"USER": "331 Password required", "PASS": "530 Login incorrect", "AUTH": "502 No"}
    with serving(words(said, "502 No")) as port:
        found = [seen(port, tmp_path, granted=True).anonymous for _ in range(3)]
    assert [answer.known for answer in found] == [False, False, None]
    assert found[2].reason is Reason.BUDGET


@pytest.mark.parametrize("greeting", [b"421 Too many users\r\n", b"HTTP/1.1 400 Bad Request\r\n\r\n", b""])
def test_whoever_is_not_ready_is_unreadable(greeting: bytes, tmp_path: Path) -> None:
    with serving(lambda guest: guest.sendall(greeting)) as port:
        heard = ask(port, tmp_path, granted=True, most=1)
    assert heard.facts == ()
    assert heard.missed[0].status is AttemptStatus.UNREADABLE


def noted(asked: list[bytes]) -> Callable[[socket.socket], None]:
    def talk(guest: socket.socket) -> None:
        guest.sendall(b"220-Hello\r\n220 ready\r\n")
        while True:
            asked.append(hear(guest))
            guest.sendall(b"502 No\r\n")

    return talk


def test_without_the_grant_nobody_is_named(tmp_path: Path) -> None:
    asked: list[bytes] = []
    with serving(noted(asked)) as port:
        seen(port, tmp_path, most=1)
    assert asked == [b"AUTH TLS", b"QUIT"]


def test_in_a_dry_run_nobody_is_named_and_anonymous_is_told(tmp_path: Path) -> None:
    """Its tries of a day end in a rehearsal as they would in a scan."""
    asked: list[bytes] = []
    told: list[PlannedLogin] = []
    tools = {"ledger": RehearsedLedger(tmp_path / "ledger"), "login_gap": 0.0, "rehearse": told.append}
    reasons = []
    with serving(noted(asked)) as port:
        for _ in range(4):
            way = msgspec.structs.replace(door(port, "ftp", tools=tools), grants=Grants(default_creds=True))
            (fact,) = anyio.run(PROBE.ask, way).facts
            assert isinstance(fact, FtpServer)
            reasons.append(fact.anonymous.reason)
    assert asked == [b"AUTH TLS", b"QUIT"] * 4
    assert [(t.service, t.accounts) for t in told] == [(f"tcp/{port}", ("anonymous",))] * 3
    assert reasons == [Reason.CONSENT] * 3 + [Reason.BUDGET]
    assert not (tmp_path / "ledger").exists()
