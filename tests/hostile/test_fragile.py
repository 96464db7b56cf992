"""The real command line beside devices that a scan can harm: all of them live, and no paper is printed on."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from iotscan.model.run import Run
from iotscan.model.vocabulary import AttemptStatus, Outcome, Reason
from tests.authorised import write_scope
from tests.hostile.fragile_lan import TOOLS, Bench, bench
from tests.lan.conftest import give_up
from tests.lan.network import poll, why_not
from tests.lan.scanning import command_line

pytestmark = [pytest.mark.lan, pytest.mark.slow, pytest.mark.timeout(300)]
FEW = ("--ports", "23,80,4840")
ONLY = ("--check", "controller-access", "--check", "modbus-access")
EQUIPMENT = ("102", "502", "9100", "20000", "44818")


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    if reason := why_not(TOOLS):
        give_up(reason, is_required=False)
    with bench(tmp_path_factory.mktemp("fragile")) as made:
        yield made


def statuses(run: Run, need: str) -> dict[str, AttemptStatus]:
    return {a.subject.service: a.status for a in run.attempts if a.need == need}


def test_controllers_survive_the_default_profile(place: Bench) -> None:
    devices = [place.add("controller", number) for number in (10, 11, 12)]
    run = place.scan("default", devices)
    for device in devices:
        told = device.told
        assert told.dead == ""
        assert told.guests["80"] > 1
        assert not [port for port in EQUIPMENT if port in told.guests]
        assert device.resets == 0
    assert len(run.devices) == 3
    spared = [r for r in run.results if r.check in ("modbus-access", "bacnet-access", "controller-access")]
    assert {(r.outcome, r.reason) for r in spared} == {(Outcome.NOT_ASSESSED, Reason.NOT_ALLOWED)}
    assert len(spared) == 3 * len(devices)
    assert all("fragile: [industrial]" in r.summary and "--profile controllers" in r.remedy for r in spared)


def test_controllers_survive_a_profile_that_asks_them(place: Bench) -> None:
    devices = [place.add("controller", number) for number in (20, 21, 22)]
    run = place.scan("controllers", devices, "--profile", "controllers", *FEW)
    for device in devices:
        told = device.told
        assert told.dead == ""
        assert {port: told.guests.get(port, 0) for port in EQUIPMENT} == dict.fromkeys(EQUIPMENT, 1) | {"9100": 0}
        assert told.heard["502"].endswith("ff2b0e0100")
        assert device.resets == 0
    found = {(r.check, r.subject.service) for r in run.results if r.is_finding}
    assert {("modbus-access", "tcp/502"), ("controller-access", "tcp/102")} <= found


def test_who_falls_silent_at_a_question_is_asked_no_more(place: Bench) -> None:
    device = place.add("glass", 30)
    run = place.scan("glass", [device], "--profile", "controllers", *FEW, *ONLY)
    assert device.told.dead == "a DNP3 request"
    assert {"102", "502", "44818"} & device.told.guests.keys() == set()
    assert statuses(run, "controller-service")["tcp/102"] is AttemptStatus.NOT_TRIED
    assert statuses(run, "modbus-device") == {"tcp/502": AttemptStatus.NOT_TRIED}


HARM = """
import socket, time

def connect(port):
    return socket.create_connection(("{address}", port), 3)

def leave(guest):
    guest.shutdown(socket.SHUT_WR)
    guest.settimeout(1)
    try:
        guest.recv(1)
    except OSError:
        pass
    guest.close()

{harm}
time.sleep(0.3)  # its sockets stay open for a while; whether the device died of it is polled
"""
DEATHS = {
    "a byte that 502 does not know": "s=connect(502); s.send(b'GET / HTTP/1.1')",
    "where nobody is to speak": "s=connect(9100); s.send(b'@PJL INFO ID')",
    "a second guest": "a=connect(80); b=connect(80)",
    "more than 5 guests in a second": "[leave(connect(80)) for _ in range(8)]",
    "a reset on 23": "s=connect(23); s.setsockopt(1, 13, bytes([1,0,0,0,0,0,0,0])); s.close()",
}


def test_the_controllers_would_have_died(place: Bench) -> None:
    for number, (cause, harm) in enumerate(DEATHS.items(), start=50):
        device = place.add("controller", number)
        program = HARM.format(address=device.address, harm=harm)
        place.scanner.run(sys.executable, "-I", "-c", program)
        poll(cause, lambda told=device: bool(told.told.dead), 5)  # type: ignore[misc]  # bound here, in this round
        assert cause in device.told.dead


PRINTERS = {
    "default": (),
    "thorough": ("--profile", "thorough", "--default-creds", "--intrusive", "--nmap"),
}


def test_a_printer_prints_nothing(place: Bench) -> None:
    printer = place.add("printer", 40)
    listed = written(place, printer.address, 80, 515, 631, 9100)
    scope = ("--scope", str(write_scope(place.folder / "scope.yaml", "10.79.0.0/24")))
    for name, words in PRINTERS.items():
        place.scan(f"printer-{name}", [printer], *words, *scope, "--from-nmap", str(listed))
        told = printer.told
        assert told.printed == 0, name
        assert {"515", "631", "9100"} & told.guests.keys() == set(), name
    assert printer.resets == 0


def test_a_list_brings_no_foreign_word_to_a_port_of_equipment(place: Bench) -> None:
    """The twelve ports of this profile do not hold 4840; what the list adds is asked its own protocol all the same."""
    device = place.add("controller", 60)
    place.scan("listed", [device], "--profile", "quick", "--from-nmap", str(written(place, device.address, 502, 4840)))
    told = device.told
    assert (told.dead, told.guests.get("502")) == ("", None)
    assert bytes.fromhex(told.heard["4840"]).startswith(b"HEL")


def written(place: Bench, address: str, *ports: int) -> Path:
    """What nmap would have written of open ports at an address."""
    path = place.folder / f"nmap-{address}.xml"
    opened = "".join(PORT.format(port=port) for port in ports)
    path.write_text(NMAP.format(address=address, ports=opened))
    return path


def test_a_port_of_printers_is_refused(place: Bench) -> None:
    folder = place.folder / "refused"
    folder.mkdir()
    done = command_line(place.scanner, folder, "scan", "10.79.0.40", "--yes", "--ports", "9100")
    assert (done.returncode, "9100" in done.stderr) == (2, True)


PORT = '<port protocol="tcp" portid="{port}"><state state="open" reason="syn-ack"/></port>'
NMAP = """<?xml version="1.0"?>
<nmaprun scanner="nmap" args="nmap -p-" start="1" version="7.93" xmloutputversion="1.05">
<host><status state="up" reason="arp-response"/><address addr="{address}" addrtype="ipv4"/><ports>
{ports}
</ports></host>
<runstats><finished time="2" elapsed="1"/><hosts up="1" down="0" total="1"/></runstats>
</nmaprun>
"""
