"""Probes of industrial equipment against real servers, and against none."""

import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import anyio
import msgspec
import pytest

from iotscan.assess.check import Target
from iotscan.model.device import Service
from iotscan.model.facts import (
    Announcement,
    BacnetDevice,
    Claim,
    ControllerService,
    ModbusDevice,
    OpcUaEndpoint,
    OpcUaServer,
)
from iotscan.model.run import Cost
from iotscan.model.subject import Subject
from iotscan.model.vocabulary import AttemptStatus, Reason
from iotscan.observe.network import equipment
from iotscan.observe.network.identify import identify
from iotscan.observe.network.probe import Heard, Probe
from iotscan.observe.network.probes import bacnet, controller, modbus, opc_ua
from iotscan.sdk import ask_bacnet, ask_controller, ask_modbus
from iotscan.wire import dnp3, knx
from tests.observe.network.daemons import HOST, PACE, door, free_port, hear, running, serving, tool
from tests.observe.network.plant import command, plant

PROBES = {"modbus": modbus.PROBE, "bacnet": bacnet.PROBE, "opc-ua": opc_ua.PROBE}
OVER_TCP = ("modbus", "ethernet-ip", "iso-tsap", "dnp3")
LINK_STATUS = bytes.fromhex("0564050b03000100")


def ask(protocol: str, port: int, transport: str = "tcp", known: tuple[Announcement, ...] = ()) -> tuple[Heard, Cost]:
    probe: Probe = PROBES.get(protocol, controller.PROBE)
    way = door(port, protocol, transport=transport, known=known)
    return anyio.run(probe.ask, way), way.line.cost()


def at(port: int, transport: str = "tcp") -> Target:
    return Target(subject=Subject(device="d", address=HOST, service=f"{transport}/{port}"))


def shown(line: str) -> str:
    """What a line of a finding prints; nc waits for more no longer than it takes here."""
    tool("nc", "netcat-openbsd")
    line = line.replace("-w 3", "-w 1")
    return subprocess.run(["sh", "-c", line], capture_output=True, text=True, timeout=20, check=False).stdout.strip()


@contextmanager
def answering_datagrams(answer: Callable[[bytes], bytes]) -> Iterator[int]:
    own = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    own.bind((HOST, 0))

    def answer_all() -> None:
        while said := own.recvfrom(2048):
            if said[0] == b"end":
                return
            own.sendto(answer(said[0]), said[1])

    thread = threading.Thread(target=answer_all, daemon=True)
    thread.start()
    yield own.getsockname()[1]
    own.sendto(b"end", own.getsockname())
    thread.join()
    own.close()


def test_pymodbus_tells_who_made_it(tmp_path: Path) -> None:
    with plant("modbus", tmp_path) as port:
        heard, cost = ask("modbus", port)
        assert shown(ask_modbus(at(port))) == "Modbus answers"
    assert heard.facts == (ModbusDevice(vendor="Acme", product="PLC-7", revision="1.2"),)
    assert (cost.connections, cost.attempts) == (1, 0)


def test_cpppo_lists_its_identity(tmp_path: Path) -> None:
    with plant("ethernet-ip", tmp_path) as port:
        heard, cost = ask("ethernet-ip", port)
        assert shown(ask_controller(at(port), "ethernet-ip")) == "the controller answers"
    (fact,) = heard.facts
    assert isinstance(fact, ControllerService)
    assert (fact.vendor, fact.product, fact.revision) == ("1", "1756-L61/B LOGIX5561", "20.11")
    assert cost.connections == 1


def test_snap7_takes_a_connection(tmp_path: Path) -> None:
    with plant("iso-tsap", tmp_path) as port:
        heard, _ = ask("iso-tsap", port)
        assert shown(ask_controller(at(port), "iso-tsap")) == "the controller answers"
    assert heard.facts == (ControllerService(protocol="iso-tsap", how="connection accepted"),)


def test_bacpypes3_answers(tmp_path: Path) -> None:
    port = free_port(socket.SOCK_DGRAM)
    claim = Announcement(claims=(Claim(what="bacnet-device", value="260001", how="bacnet I-Am"),))
    with running(command("bacnet", HOST, port), lambda: bool(bound(port)), cwd=tmp_path):
        unknown, cost = ask("bacnet", port, "udp")
        known, _ = ask("bacnet", port, "udp", (claim,))
        assert shown(ask_bacnet(at(port, "udp"))) == "BACnet answers"
    # It does not know the number that stands for any device, and says so.
    assert unknown.facts == (BacnetDevice(refusal="error"),)
    assert known.facts == (BacnetDevice(name="Air handler", instance=260001),)
    assert (cost.exchanges, cost.datagrams) == (1, 1)


def bound(port: int) -> list[str]:
    """The lines of the kernel's table of UDP sockets that hold a port."""
    return [line for line in Path("/proc/net/udp").read_text().splitlines() if f":{port:04X} " in line]


def test_an_outstation_says_how_its_link_is() -> None:
    def talk(guest: socket.socket) -> None:
        assert guest.recv(64) == dnp3.link_status_request()
        guest.sendall(LINK_STATUS + dnp3.crc(LINK_STATUS).to_bytes(2, "little"))
        guest.recv(1)

    with serving(talk) as port:
        heard, _ = ask("dnp3", port)
    assert heard.facts == (ControllerService(protocol="dnp3", how="link status"),)


@pytest.mark.parametrize(("families", "is_secured"), [(b"\x02\x01\x04\x01", False), (b"\x02\x02\x09\x01", True)])
def test_a_knx_router_says_whether_it_has_secure(families: bytes, is_secured: bool) -> None:
    device = bytes([54, 1, 0x20, 0, 0x11, 0x01, 0, 0]) + bytes(16) + b"IP router".ljust(30, b"\0")
    block = bytes([2 + len(families), 2]) + families
    packet = b"\x06\x10\x02\x04" + (6 + len(device) + len(block)).to_bytes(2, "big") + device + block
    with answering_datagrams(lambda said: packet if said == knx.description_request() else b"") as port:
        heard, cost = ask("knx", port, "udp")
        assert shown(ask_controller(at(port, "udp"), "knx")) == "the controller answers"
    (fact,) = heard.facts
    assert isinstance(fact, ControllerService)
    assert (fact.product, fact.is_secured) == ("IP router", is_secured)
    assert cost.datagrams == 1


@pytest.mark.parametrize("protocol", OVER_TCP)
def test_a_closed_port_is_an_absence_and_counts_as_a_knock(protocol: str) -> None:
    heard, cost = ask(protocol, free_port())
    assert [gap.status for gap in heard.missed] == [AttemptStatus.ABSENT]
    assert (cost.connections, cost.attempts) == (0, 1)


@pytest.mark.parametrize("protocol", ["bacnet", "knx"])
def test_a_closed_udp_port_is_an_absence(protocol: str) -> None:
    heard, _ = ask(protocol, free_port(socket.SOCK_DGRAM), "udp")
    assert [gap.status for gap in heard.missed] == [AttemptStatus.ABSENT]


@pytest.mark.parametrize("protocol", [*OVER_TCP, "opc-ua"])
def test_who_says_nothing_or_something_else_is_none(protocol: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(equipment, "SECONDS", 0.1)
    monkeypatch.setattr(opc_ua, "_SECONDS", 0.1)
    with serving(lambda guest: guest.recv(4096) and hear(guest)) as port:  # type: ignore[arg-type,return-value]  # what a talk gives back nobody reads
        heard, _ = ask(protocol, port)
    expected = AttemptStatus.UNREADABLE if protocol == "opc-ua" else AttemptStatus.TIMED_OUT
    assert [gap.status for gap in heard.missed] == [expected]
    with serving(lambda guest: guest.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")) as port:
        heard, _ = ask(protocol, port)
    assert [gap.status for gap in heard.missed] == [AttemptStatus.UNREADABLE]


def test_closed_ports_do_not_make_a_device_lost() -> None:
    """Nobody has knocked there: what is not open says nothing of whether the device is there."""
    ports = [free_port() for _ in range(3)]
    way = door(ports[0], "modbus", pace=msgspec.structs.replace(PACE, connect_timeout=0.2))

    async def ask_all() -> list[AttemptStatus]:
        found = []
        for port in ports:
            service = Service(transport="tcp", port=port, protocol="modbus")
            heard = await modbus.PROBE.ask(msgspec.structs.replace(way, service=service))
            found += [gap.status for gap in heard.missed]
        return found

    assert anyio.run(ask_all) == [AttemptStatus.ABSENT] * 3


def test_asyncua_tells_that_it_takes_anybody(tmp_path: Path) -> None:
    with plant("opc-ua", tmp_path) as port:
        heard, cost = ask("opc-ua", port)
        found = anyio.run(lambda: identify(door(port, "").line, port, expected="opc-ua"))
        told = subprocess.run(
            [str(Path(sys.executable).with_name("uadiscover")), "--url", f"opc.tcp://{HOST}:{port}"],
            capture_output=True,
            text=True,
            timeout=30,
            check=False,
        )
    (fact,) = heard.facts
    assert isinstance(fact, OpcUaServer)
    assert fact.application == "Acme UA"
    assert "anonymous" in next(e for e in fact.endpoints.value if e.mode == "None").tokens
    assert cost.connections == 1
    assert (found.service.protocol, found.missed) == ("opc-ua", ())
    assert "None" in told.stdout


def test_asyncua_with_security_alone_tells_so_or_keeps_silent(tmp_path: Path) -> None:
    with plant("opc-ua-secure", tmp_path) as port:
        heard, _ = ask("opc-ua", port)
    (fact,) = heard.facts
    assert isinstance(fact, OpcUaServer)
    (endpoint,) = fact.endpoints.value
    assert endpoint == OpcUaEndpoint(mode="SignAndEncrypt", policy="Basic256Sha256", tokens=("username",))


@pytest.mark.parametrize(("reason", "told"), [(b"no channel without security",) * 2, (b"", b"0x80550000")])
def test_a_server_that_refuses_the_channel_is_opc_ua_all_the_same(reason: bytes, told: bytes) -> None:
    def talk(guest: socket.socket) -> None:
        guest.recv(4096)
        guest.sendall(b"ACKF\x1c\0\0\0" + bytes(20))
        guest.recv(4096)
        body = (0x80550000).to_bytes(4, "little") + len(reason).to_bytes(4, "little") + reason
        guest.sendall(b"ERRF" + (8 + len(body)).to_bytes(4, "little") + body)

    with serving(talk) as port:
        heard, _ = ask("opc-ua", port)
    (fact,) = heard.facts
    assert isinstance(fact, OpcUaServer)
    assert fact.endpoints.reason is Reason.UNREADABLE
    assert fact.endpoints.detail == f"it answers with an error: {told.decode()}"


def test_a_port_of_opc_ua_hears_opc_ua_alone() -> None:
    said: list[bytes] = []

    def talk(guest: socket.socket) -> None:
        while piece := guest.recv(4096):
            said.append(piece)
            guest.sendall(b"E 17: I do not understand a word\n")

    with serving(talk) as port:
        way = door(port, "").line
        found = anyio.run(lambda: identify(way, port, expected="opc-ua"))
    assert found.service.protocol == "unknown"
    assert [piece[:4] for piece in said] == [b"HELF"]
    ends = {gap.need: (gap.status, gap.reason) for gap in found.missed}
    assert ends.pop("opc-ua-server") == (AttemptStatus.ABSENT, None)
    assert set(ends.values()) == {(AttemptStatus.NOT_TRIED, Reason.NOT_OBSERVABLE)}
