import shutil
import socket
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import anyio
import pytest

from iotscan.model.facts import SnmpAgent, SnmpEngine
from iotscan.model.vocabulary import AttemptStatus
from iotscan.observe.network.probe import Heard
from iotscan.observe.network.probes.snmp import PROBE
from iotscan.wire import snmp, snmp_engine
from iotscan.wire.ber import OCTETS, SEQUENCE, element, integer, take, take_integer
from tests.observe.network.daemons import DEADLINE, HOST, door, free_port, running, tool


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("iotscan.observe.network.probes.snmp._SECONDS", 0.3)


def ask(port: int) -> Heard:
    return anyio.run(PROBE.ask, door(port, "snmp", transport="udp"))


@contextmanager
def snmpd(folder: Path, *lines: str) -> Iterator[int]:
    program, port = tool("snmpd", "snmpd"), free_port(socket.SOCK_DGRAM)
    config = folder / "snmpd.conf"
    config.write_text("\n".join((f"agentaddress udp:{HOST}:{port}", "sysDescr Acme Cam 100", *lines)) + "\n")
    command = [program, "-f", "-Lo", "-C", "-c", str(config), "-p", str(folder / "pid"), "-I", "-smux"]

    def ready() -> bool:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as peer:
            peer.settimeout(0.3)
            peer.connect((HOST, port))
            try:
                peer.send(snmp_engine.discovery(1))
                return bool(peer.recv(4096))
            except OSError:
                return False

    with running(command, ready, cwd=folder):
        yield port


def test_snmpd_with_public(tmp_path: Path) -> None:
    with snmpd(tmp_path, "rocommunity ready", "rocommunity public") as port:
        fact, engine = ask(port).facts
    assert isinstance(engine, SnmpEngine)
    assert (engine.enterprise, engine.boots) == (8072, 1)
    assert fact == SnmpAgent(version="2c", description="Acme Cam 100", object_id="1.3.6.1.4.1.8072.3.2.10")


def test_snmpd_with_another_community_discards_public(tmp_path: Path) -> None:
    """Its engine answers before and after: it was there, and that is how SNMP says no."""
    with snmpd(tmp_path, "rocommunity ready") as port:
        heard = ask(port)
    assert [type(fact) for fact in heard.facts] == [SnmpEngine]
    (gap,) = heard.missed
    assert (gap.need, gap.status) == ("snmp-agent", AttemptStatus.ABSENT)
    assert "answers SNMPv3" in gap.detail


def test_snmpd_of_version_3_alone(tmp_path: Path) -> None:
    with snmpd(tmp_path, "createUser monitor SHA twelve-letters AES twelve-letters", "rouser monitor priv") as port:
        heard = ask(port)
    (engine,) = heard.facts
    assert isinstance(engine, SnmpEngine)
    assert heard.missed[0].status is AttemptStatus.ABSENT


def test_who_answers_one_discovery_alone_has_not_refused_public() -> None:
    """What came between may have been lost with the other."""
    first: list[bytes] = []

    def once(request: bytes) -> bytes:
        if request[4] != 3:
            return b""
        first.append(request)
        return report(request) if request == first[0] else b""

    with agent(once) as port:
        heard = ask(port)
    statuses = {gap.need: gap.status for gap in heard.missed}
    assert statuses["snmp-agent"] is AttemptStatus.TIMED_OUT


@contextmanager
def agent(answer: Callable[[bytes], bytes]) -> Iterator[int]:
    """A UDP server that sends ``answer(request)`` unless that is empty."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as peer:
        peer.bind((HOST, 0))
        peer.settimeout(DEADLINE)
        ended = threading.Event()

        def serve() -> None:
            while not ended.is_set():
                try:
                    data, guest = peer.recvfrom(4096)
                except OSError:
                    return
                if data and (reply := answer(data)):
                    peer.sendto(reply, guest)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        port = int(peer.getsockname()[1])
        yield port
        ended.set()
        peer.sendto(b"", (HOST, port))
        thread.join(DEADLINE)


def answered(request: bytes) -> bytes:
    """The request turned into its own response: the PDU's tag says GetResponse."""
    return request.replace(b"\xa0", b"\xa2", 1)


ENGINE = bytes.fromhex("80001f880300005e005301")


def report(request: bytes) -> bytes:
    """The answer of an engine to a discovery (RFC 3414 section 4)."""
    message, _ = take(request, SEQUENCE)
    _, rest = take_integer(message)
    header, _ = take(rest, SEQUENCE)
    security = element(OCTETS, ENGINE) + integer(4) + integer(99) + element(OCTETS, b"") * 3
    pdu = element(0xA8, integer(1) + integer(0) + integer(0) + element(SEQUENCE, b""))
    scoped = element(SEQUENCE, element(OCTETS, ENGINE) + element(OCTETS, b"") + pdu)
    parts = (integer(3), element(SEQUENCE, header), element(OCTETS, element(SEQUENCE, security)), scoped)
    return element(SEQUENCE, b"".join(parts))


def test_an_agent_that_answers_any_community() -> None:
    with agent(answered) as port:
        (fact,) = ask(port).facts
    assert isinstance(fact, SnmpAgent)
    assert fact.answers_any_community


def test_an_agent_that_answers_any_community_and_version_3() -> None:
    with agent(lambda request: report(request) if request[4] == 3 else answered(request)) as port:
        fact, engine = ask(port).facts
    assert isinstance(fact, SnmpAgent)
    assert fact.answers_any_community
    assert isinstance(engine, SnmpEngine)
    assert (engine.enterprise, engine.stated, engine.boots, engine.seconds) == (8072, "00:00:5e:00:53:01", 4, 99)


def test_an_agent_of_version_1() -> None:
    with agent(lambda request: answered(request) if request[4] == 0 and b"public" in request else b"") as port:
        (fact,) = ask(port).facts
    assert fact == SnmpAgent(version="1", description="")


def test_echo_and_junk_are_no_answer() -> None:
    for answer in (lambda request: request, lambda request: b"\x30\x82\xff", lambda request: answered(request)[:-9]):
        with agent(answer) as port:
            heard = ask(port)
        assert heard.facts == ()
        assert heard.missed[0].status is AttemptStatus.TIMED_OUT


def test_an_answer_to_another_request_is_none() -> None:
    def wrong(request: bytes) -> bytes:
        at = request.index(b"\xa0") + 4
        return answered(request[:at] + bytes((request[at] ^ 0x55,)) + request[at + 1 :])

    with agent(wrong) as port:
        assert ask(port).facts == ()


def test_a_closed_port_is_absent() -> None:
    gaps = ask(free_port(socket.SOCK_DGRAM)).missed
    assert {(gap.status, gap.reason) for gap in gaps} == {(AttemptStatus.ABSENT, None)}


def test_only_reads_are_sent() -> None:
    tags: set[int] = set()

    def watch(request: bytes) -> bytes:
        community = request[6]
        if request[4] != 3:
            tags.add(request[7 + community])
        return answered(request)

    with agent(watch) as port:
        ask(port)
    assert tags == {0xA0}


def test_snmpget_sends_what_we_send(tmp_path: Path) -> None:
    snmpget = shutil.which("snmpget") or tool("snmpget", "snmp")
    requests: list[bytes] = []

    def note(request: bytes) -> bytes:
        requests.append(request)
        return answered(request)

    with agent(note) as port:
        command = [snmpget, "-v2c", "-c", "public", "-t1", "-r0", f"{HOST}:{port}", "1.3.6.1.2.1.1.1.0"]
        subprocess.run(command, cwd=tmp_path, capture_output=True, check=False)
    sent = snmp.read_response(answered(requests[0]))
    assert sent is not None
    assert snmp.get_request("public", sent.request_id) == requests[0]
