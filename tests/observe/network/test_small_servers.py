"""The time, names and files over UDP, from real servers and from such as only look like them."""

import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import anyio
import pytest

from iotscan.assess.check import Target, Verdict
from iotscan.assess.registry import read_file
from iotscan.model.facts import DnsServer, NtpServer, TftpServer
from iotscan.model.subject import Subject
from iotscan.model.vocabulary import AttemptStatus
from iotscan.observe.network.probe import Heard, Probe
from iotscan.observe.network.probes import dns, ntp, tftp
from iotscan.shipped import shipped
from iotscan.wire import dns as dns_wire
from tests.observe.network.daemons import HOST, door, free_port, running, tool
from tests.observe.network.datagrams import answering, bound

PROBES = (dns.PROBE, ntp.PROBE, tftp.PROBE)


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("dns", "ntp", "tftp"):
        monkeypatch.setattr(f"iotscan.observe.network.probes.{name}._SECONDS", 0.3)


def ask(probe: Probe, port: int) -> Heard:
    return anyio.run(probe.ask, door(port, probe.name, transport="udp"))


def run(line: str) -> str:
    tool("curl", "curl")
    return subprocess.run(["bash", "-c", line], capture_output=True, text=True, timeout=20, check=False).stdout


@contextmanager
def chronyd(folder: Path) -> Iterator[int]:
    port = free_port(socket.SOCK_DGRAM)
    lines = (
        f"port {port}",
        f"bindaddress {HOST}",
        "cmdport 0",
        "local stratum 9",
        f"allow {HOST}",
        f"pidfile {folder}/pid",
    )
    (folder / "chrony.conf").write_text("\n".join((*lines, f"pidfile {folder}/pid")) + "\n")
    command = [tool("chronyd", "chrony"), "-d", "-x", "-u", "root", "-U", "-f", str(folder / "chrony.conf")]
    with running(command, bound(port), cwd=folder):
        yield port


@contextmanager
def dnsmasq(folder: Path) -> Iterator[int]:
    port = free_port(socket.SOCK_DGRAM)
    options = ("--keep-in-foreground", "--conf-file=/dev/null", f"--port={port}", f"--listen-address={HOST}")
    rest = ("--bind-interfaces", "--no-resolv", "--no-hosts", "--user=root", f"--pid-file={folder}/pid")
    with running([tool("dnsmasq", "dnsmasq-base"), *options, *rest], bound(port), cwd=folder):
        yield port


@contextmanager
def tftpd(folder: Path) -> Iterator[int]:
    port = free_port(socket.SOCK_DGRAM)
    (folder / "files").mkdir()
    command = [
        tool("in.tftpd", "tftpd-hpa"),
        "-L",
        "--user",
        "root",
        "-a",
        f"{HOST}:{port}",
        "-s",
        str(folder / "files"),
    ]
    with running(command, bound(port), cwd=folder):
        yield port


def test_chrony_tells_the_time(tmp_path: Path) -> None:
    with chronyd(tmp_path) as port:
        assert ask(ntp.PROBE, port).facts == (NtpServer(version=4, stratum=9),)


def test_dnsmasq_says_its_version_and_that_it_recurses(tmp_path: Path) -> None:
    with dnsmasq(tmp_path) as port:
        (fact,) = ask(dns.PROBE, port).facts
        (same,) = anyio.run(dns.PROBE.ask, door(port, "dns")).facts
    assert same == fact
    assert isinstance(fact, DnsServer)
    assert fact.recurses
    assert fact.version.startswith("dnsmasq-")


def test_tftpd_has_no_such_file_and_the_command_shows_it(tmp_path: Path) -> None:
    with tftpd(tmp_path) as port:
        (fact,) = ask(tftp.PROBE, port).facts
        target = Target(subject=Subject(device="d", address=HOST, service=f"udp/{port}"))
        assert isinstance(fact, TftpServer)
        question = read_file(shipped("checks") / "updates" / "recovery_server.py", "iotscan").question
        verdict = question(fact, target)
        assert isinstance(verdict, Verdict)
        shown = run(verdict.reproduce)
    assert fact.said == "error 1 File not found"
    assert verdict.shows in shown
    assert run(verdict.reproduce) == ""


def test_of_a_file_that_nobody_has_no_second_piece_is_wanted() -> None:
    said: list[bytes] = []

    def serve(data: bytes) -> list[bytes]:
        said.append(data)
        return [b"\0\3\0\1" + bytes(512)]

    with answering(serve) as port:
        (fact,) = ask(tftp.PROBE, port).facts
    assert fact == TftpServer(said="it would send a file that nobody has")
    assert len(said) == 1


def test_an_answer_from_another_address_is_none() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
        other.bind(("127.0.0.2", 0))

        def serve(data: bytes) -> list[bytes]:
            return []

        with answering(serve) as port:

            async def main() -> Heard:
                line = door(port, "tftp", transport="udp").line
                async with line.udp(port, any_port=True) as peer:
                    await peer.send(b"question")
                    here = peer._peer.getsockname()
                    other.sendto(b"\0\5\0\1no\0", (HOST, here[1]))
                    with pytest.raises(Exception, match="no answer"):
                        await peer.receive(0.2)
                return Heard()

            anyio.run(main)


@pytest.mark.parametrize("probe", PROBES, ids=lambda p: p.name)
def test_a_closed_port_is_absent(probe: Probe) -> None:
    (gap,) = ask(probe, free_port(socket.SOCK_DGRAM)).missed
    assert gap.status is AttemptStatus.ABSENT


@pytest.mark.parametrize("probe", PROBES, ids=lambda p: p.name)
def test_silence_costs_two_datagrams_and_says_nothing(probe: Probe) -> None:
    said: list[bytes] = []

    def note(data: bytes) -> list[bytes]:
        said.append(data)
        return []

    with answering(note) as port:
        (gap,) = ask(probe, port).missed
    assert gap.status is AttemptStatus.TIMED_OUT
    assert len(said) == 2


@pytest.mark.parametrize("probe", PROBES, ids=lambda p: p.name)
@pytest.mark.parametrize("junk", [None, b"", b"HTTP/1.1 400 Bad Request\r\n\r\n", bytes(48), b"\xff" * 48])
def test_an_echo_and_junk_are_no_answer(probe: Probe, junk: bytes | None) -> None:
    with answering(lambda data: [data if junk is None else junk]) as port:
        (gap,) = ask(probe, port).missed
    assert gap.status is AttemptStatus.UNREADABLE


def test_a_server_that_refuses_to_say_its_version_is_one() -> None:
    def refuse(data: bytes) -> list[bytes]:
        return [data[:2] + b"\x80\x05" + data[4:]]

    with answering(refuse) as port:
        assert ask(dns.PROBE, port).facts == (DnsServer(recurses=False),)


def test_no_question_asks_for_recursion() -> None:
    assert not dns_wire.version_datagram(7)[2] & 1
