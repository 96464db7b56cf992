"""FTP, Redis, SNMP and RTSP against real servers and ones that play one trick."""

import os
import socket
import subprocess
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

import msgspec
import pytest

from iotscan.data.credential_records import CredentialRecord
from iotscan.model.facts import AnyFact, DefaultLogin, OpenService, SnmpAgent
from iotscan.model.vocabulary import AttemptStatus, Reason
from iotscan.observe.network.probe import Missed
from iotscan.wire import ber
from tests.observe.network.acme import PASSWORD, USER, record, verdict
from tests.observe.network.daemons import HOST, accepts, free_port, hear, running, serving, tool
from tests.observe.network.proof import proves


def known(protocol: str) -> list[AnyFact]:
    return [OpenService(protocol=protocol, how="", banner="Acme device")]


def ask(folder: Path, port: int, protocol: str, *records: CredentialRecord) -> DefaultLogin | Missed:
    return verdict(folder, port, protocol, known(protocol), *records)


@contextmanager
def redis(folder: Path, *lines: str) -> Iterator[int]:
    port = free_port()
    config = folder / "redis.conf"
    config.write_text("\n".join((f"port {port}", f"bind {HOST}", 'save ""', *lines)))
    with running([tool("redis-server", "redis-server"), str(config)], lambda: accepts(port), cwd=folder):
        yield port


ONLY = (("", PASSWORD),)


def test_redis(tmp_path: Path) -> None:
    with redis(tmp_path, f"requirepass {PASSWORD}", f"user {USER} on >{PASSWORD} +ping") as port:
        alone = ask(tmp_path, port, "redis", record(*ONLY))
        assert isinstance(alone, DefaultLogin)
        assert (alone.protocol, alone.outcome, alone.tries) == ("redis", "accepted", 3)
        assert proves(alone, port, PASSWORD)
        assert not proves(alone, port, "wrong")
        (tmp_path / "ledger").unlink()
        named = ask(tmp_path, port, "redis", record())
        assert isinstance(named, DefaultLogin)
        assert (named.outcome, named.account) == ("accepted", USER)
        (tmp_path / "ledger").unlink()
        wrong = ask(tmp_path, port, "redis", record(("", "x")))
        assert isinstance(wrong, DefaultLogin)
        assert wrong.outcome == "rejected"
    with redis(tmp_path, "protected-mode no") as port:
        free = ask(tmp_path, port, "redis", record(*ONLY))
        assert isinstance(free, DefaultLogin)
        assert free.outcome == "open"


@contextmanager
def ftpd(folder: Path, *lines: str) -> Iterator[int]:
    if os.getuid() != 0:
        pytest.skip("vsftpd needs root")
    port = free_port()
    (folder / "users").write_text(f"{USER}\n")
    config = folder / "vsftpd.conf"
    options = (
        "listen=YES",
        f"listen_port={port}",
        f"listen_address={HOST}",
        "background=NO",
        "ftpd_banner=Acme device",
    )
    config.write_text("\n".join((*options, *lines)) + "\n")
    config.chmod(0o600)
    with running([tool("vsftpd", "vsftpd"), str(config)], lambda: accepts(port), cwd=folder):
        yield port


def test_vsftpd_refuses_and_says_when_it_wants_something_else(tmp_path: Path) -> None:
    """Its accounts are the system's: who is let in is shown by a server of ours below."""
    with ftpd(
        tmp_path, "anonymous_enable=NO", "local_enable=YES", "seccomp_sandbox=NO", "pam_service_name=none"
    ) as port:
        refused = ask(tmp_path, port, "ftp")
    assert isinstance(refused, DefaultLogin)
    assert (refused.protocol, refused.outcome, refused.tries) == ("ftp", "rejected", 2)
    (tmp_path / "ledger").unlink()
    with ftpd(tmp_path, "anonymous_enable=YES", "local_enable=NO", "seccomp_sandbox=NO") as port:
        anonymous = ask(tmp_path, port, "ftp")
    assert isinstance(anonymous, Missed)
    assert (anonymous.reason, anonymous.detail) == (Reason.NOT_OBSERVABLE, "it lets in nobody but anonymous")


def ftp(*answers: bytes, password: str = PASSWORD, heard: list[bytes] | None = None) -> Callable[[socket.socket], None]:
    """A server that greets, and answers USER and PASS as it is told; by its password otherwise."""

    def talk(guest: socket.socket) -> None:
        greeting, to_user, to_password = (*answers, b"", b"", b"")[:3]
        guest.sendall(greeting or b"220-Acme device FTP\r\n220 Ready\r\n")
        if not (line := hear(guest)).startswith(b"USER "):
            guest.sendall(b"530 Please log in.\r\n")
            return
        user = line.removeprefix(b"USER ")
        if heard is not None:
            heard.append(user)
        guest.sendall(to_user or b"331 Password please\r\n")
        is_right = hear(guest).removeprefix(b"PASS ").decode() == password and user == USER.encode()
        guest.sendall(to_password or (b"230-Hello\r\n230 you\r\n" if is_right else b"530 No.\r\n"))
        while hear(guest):
            guest.sendall(b"221 Bye\r\n")

    return talk


def test_an_ftp_default_is_found_and_can_be_shown(tmp_path: Path) -> None:
    with serving(ftp()) as port:
        found = ask(tmp_path, port, "ftp")
        assert isinstance(found, DefaultLogin)
        assert (found.outcome, found.account, found.tries) == ("accepted", USER, 3)
        assert proves(found, port, PASSWORD)
        assert not proves(found, port, "wrong")


@pytest.mark.parametrize(
    ("answers", "outcome"),
    [
        ((b"", b"230 Come in\r\n"), "accepts_any"),
        ((b"", b"", b"230 Come in\r\n"), "accepts_any"),
        ((b"", b"530 Who?\r\n"), "rejected"),
        ((b"", b"530 Non-anonymous sessions must use encryption.\r\n"), Reason.NOT_OBSERVABLE),
        ((b"421 Too many connections\r\n",), Reason.LOCKED_OUT),
        ((b"421 Busy\r\n",), Reason.UNREADABLE),
        ((b"", b"", b"421 Too many failed logins\r\n"), Reason.LOCKED_OUT),
        ((b"", b"", b"332 Account?\r\n"), Reason.UNREADABLE),
        ((b"", b"", b"nonsense\r\n"), Reason.UNREADABLE),
    ],
)
def test_ftp_servers_with_a_trick(tmp_path: Path, answers: Sequence[bytes], outcome: str | Reason) -> None:
    with serving(ftp(*answers)) as port:
        found = ask(tmp_path, port, "ftp")
    assert (found.outcome if isinstance(found, DefaultLogin) else found.reason) == outcome


COMMUNITY = record(*ONLY)
SNMP = msgspec.structs.replace(COMMUNITY, protocols=("snmp",))


@contextmanager
def snmpd(folder: Path, community: str) -> Iterator[int]:
    port = free_port(socket.SOCK_DGRAM)
    config = folder / "snmpd.conf"
    config.write_text(f"agentaddress udp:{HOST}:{port}\nrocommunity {community}\nsysDescr Acme device\n")
    ask_it = [
        tool("snmpget", "snmp"),
        "-v2c",
        "-c",
        community,
        "-t",
        "0.2",
        "-r",
        "0",
        f"{HOST}:{port}",
        "1.3.6.1.2.1.1.1.0",
    ]

    def is_ready() -> bool:
        return subprocess.run(ask_it, capture_output=True, check=False).returncode == 0

    daemon = [tool("snmpd", "snmpd"), "-f", "-Lo", "-C", "-c", str(config), "-I", "system_mib,vacm_conf,usmConf", "-r"]
    with running(daemon, is_ready, cwd=folder):
        yield port


def community(folder: Path, port: int) -> DefaultLogin | Missed | None:
    fact = OpenService(protocol="snmp", how="", banner="Acme device")
    return verdict(folder, port, "snmp", [fact], SNMP, transport="udp")


def test_a_documented_community(tmp_path: Path) -> None:
    with snmpd(tmp_path, PASSWORD) as port:
        found = community(tmp_path, port)
        assert isinstance(found, DefaultLogin)
        assert (found.protocol, found.outcome, found.account) == ("snmp", "accepted", "")
        assert proves(found, port, PASSWORD, transport="udp")


def test_another_community_is_silence_and_no_pass(tmp_path: Path) -> None:
    with snmpd(tmp_path, "changed") as port:
        missed = community(tmp_path, port)
    assert isinstance(missed, Missed)
    assert missed.status is AttemptStatus.TIMED_OUT
    assert (tmp_path / "ledger").read_text().count("(snmp)") == 1


def test_a_closed_port_has_no_agent(tmp_path: Path) -> None:
    missed = community(tmp_path, free_port(socket.SOCK_DGRAM))
    assert isinstance(missed, Missed)
    assert missed.status is AttemptStatus.ABSENT
    assert not (tmp_path / "ledger").exists(), "nothing was tried, and nobody has locked us out"


def test_an_agent_that_answers_any_community_is_not_asked(tmp_path: Path) -> None:
    fact = SnmpAgent(version="2c", description="Acme device", answers_any_community=True)
    found = verdict(tmp_path, free_port(socket.SOCK_DGRAM), "snmp", [fact], SNMP, transport="udp")
    assert isinstance(found, DefaultLogin)
    assert found.outcome == "open"


@contextmanager
def agent(community: bytes | None) -> Iterator[int]:
    """An agent that answers whatever it is asked, with the community that it heard or with one of its own."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as place:
        place.bind((HOST, 0))

        def serve() -> None:
            with suppress(OSError):
                while True:
                    asked, guest = place.recvfrom(2048)
                    place.sendto(answer(asked, community), guest)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield int(place.getsockname()[1])


def answer(asked: bytes, community: bytes | None) -> bytes:
    """The response to a GET that repeats its question, under ``community`` where that is given."""
    message, _ = ber.take(asked, ber.SEQUENCE)
    version, rest = ber.take_integer(message)
    heard, rest = ber.take(rest, ber.OCTETS)
    pdu, _ = ber.take(rest, 0xA0)
    said = ber.integer(version) + ber.element(ber.OCTETS, community or heard) + ber.element(0xA2, pdu)
    return ber.element(ber.SEQUENCE, said)


def test_an_agent_that_answers_any_community_takes_no_default(tmp_path: Path) -> None:
    spoken = SnmpAgent(version="2c", description="Acme device")
    with agent(None) as port:
        found = verdict(tmp_path, port, "snmp", [spoken], SNMP, transport="udp")
        assert isinstance(found, DefaultLogin)
        assert (found.outcome, found.tries) == ("accepts_any", 1)
    with agent(None) as port:
        unasked = community(tmp_path, port)
    assert isinstance(unasked, DefaultLogin)
    assert unasked.outcome == "open", "it answers to no community at all"


def test_an_answer_under_another_community_is_none(tmp_path: Path) -> None:
    with agent(b"elsewhere") as port:
        missed = community(tmp_path, port)
    assert isinstance(missed, Missed)
    assert missed.status is AttemptStatus.TIMED_OUT
