"""What is learnt of an ONVIF device before a login, and what of those that only look like one."""

import socket
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import anyio
import msgspec
import pytest

from iotscan.assess.check import Target, Verdict
from iotscan.assess.registry import load_checks
from iotscan.model.facts import Announcement, Claim, OnvifService, OpenService
from iotscan.model.subject import Subject
from iotscan.model.vocabulary import AttemptStatus, Reason
from iotscan.observe.network.discovery.ws_discovery import service_claims
from iotscan.observe.network.probe import Door, Heard
from iotscan.observe.network.probes.onvif import PROBE
from iotscan.wire import onvif
from iotscan.wire.ws_discovery import SERVICE, Match
from tests.observe.network.daemons import DEADLINE, HOST, door, free_port, serving, tool
from tests.observe.network.onvif_camera import service
from tests.observe.network.test_snmp_probe import agent

PATH = "/onvif/device_service"


@contextmanager
def camera(kind: str, said: list[str]) -> Iterator[int]:
    server = service(kind, HOST, 0, said)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        server.server_close()
        thread.join(DEADLINE)


def ask(place: str) -> tuple[Heard, Door]:
    claims = (Claim(what=SERVICE, value=place, how="ws-discovery XAddrs"),) if place else ()
    at = door(3702, "ws-discovery", transport="udp", known=(Announcement(claims=claims),))
    return anyio.run(PROBE.ask, at), at


def met(kind: str) -> tuple[OnvifService, list[str]]:
    said: list[str] = []
    with camera(kind, said) as port:
        heard, at = ask(f"http://{HOST}:{port}{PATH}")
    assert at.line.connections == 1, "one conversation"
    (fact,) = heard.facts
    assert isinstance(fact, OnvifService)
    return fact, said


@pytest.mark.parametrize(
    ("kind", "information", "users"),
    [
        ("open", True, True),
        ("chatty", True, False),
        ("guarded", False, False),
        ("digest", False, False),
        ("same", None, True),
        ("hollow", None, None),
        ("echo", None, None),
    ],
)
def test_what_each_tells_before_a_login(kind: str, information: bool | None, users: bool | None) -> None:
    fact, said = met(kind)
    assert (fact.information.known, fact.users.known) == (information, users)
    assert said == [f"{PATH} {question}" for question in onvif.QUESTIONS]


def test_of_the_users_only_the_number_is_kept() -> None:
    fact, _ = met("open")
    assert (fact.accounts, fact.manufacturer, fact.model, fact.firmware) == (2, "Acme", "IPC-2000", "2.1.7")
    assert "admin" not in repr(fact)
    assert "AC20261126" not in repr(fact)


def test_a_page_that_says_yes_to_everything_is_asked_once() -> None:
    said: list[str] = []
    with camera("page", said) as port:
        heard, _ = ask(f"http://{HOST}:{port}{PATH}")
    assert [(gap.status, gap.reason) for gap in heard.missed] == [(AttemptStatus.UNREADABLE, Reason.UNREADABLE)]
    assert len(said) == 1


def test_the_line_shows_what_is_found() -> None:
    tool("curl", "curl")
    (judge,) = (check for check in load_checks().checks if check.info.id == "onvif-authentication")
    for kind, variant in (("open", "users"), ("chatty", "information")):
        with camera(kind, []) as port, camera("guarded", []) as other:
            (fact,) = ask(f"http://{HOST}:{port}{PATH}")[0].facts
            verdict = judge.question(fact, Target(subject=Subject(address=HOST)))
            assert isinstance(verdict, Verdict)
            assert verdict.variant == variant
            for place, shows in ((port, True), (other, False)):
                line = verdict.reproduce.replace(f":{port}/", f":{place}/")
                printed = subprocess.run(["bash", "-c", line], capture_output=True, text=True, check=False).stdout
                assert (verdict.shows in printed) == shows


def test_who_announces_nothing_of_it_is_searched_and_asked_no_more() -> None:
    answer = (
        b'<e xmlns="x"><Body><ProbeMatches><ProbeMatch><Types>d:Computer</Types></ProbeMatch></ProbeMatches></Body></e>'
    )
    with agent(lambda _: answer) as port:
        at = door(port, "ws-discovery", transport="udp")
        heard = anyio.run(PROBE.ask, at)
    assert (heard.facts, heard.missed) == ((), ())
    assert (at.line.connections, at.line.datagrams) == (0, 2)


def test_who_answers_a_search_is_asked_where_it_says() -> None:
    answer = (
        "<e><Body><ProbeMatches><ProbeMatch><Types>dn:NetworkVideoTransmitter</Types>"
        "<XAddrs>http://127.0.0.9/onvif/x http://{}:{}/onvif/device_service</XAddrs></ProbeMatch></ProbeMatches></Body></e>"
    )
    with camera("guarded", []) as service_port, agent(lambda _: answer.format(HOST, service_port).encode()) as port:
        heard = anyio.run(PROBE.ask, door(port, "ws-discovery", transport="udp"))
    (fact,) = heard.facts
    assert isinstance(fact, OnvifService)
    assert (fact.port, fact.users.known) == (service_port, False)


def test_a_closed_port_that_somebody_named_does_not_speak_against_the_device() -> None:
    heard, at = ask(f"http://{HOST}:{free_port()}{PATH}")
    assert heard.missed[0].status is AttemptStatus.UNREADABLE
    assert (at.line.connections, at.line.attempts) == (0, 1)


@pytest.mark.parametrize("port", [9100, 502, 4840])
def test_a_port_of_equipment_is_never_posted_to(port: int) -> None:
    heard, at = ask(f"http://{HOST}:{port}{PATH}")
    assert (heard.facts, heard.missed, at.line.attempts) == ((), (), 0)


def test_a_shell_is_never_posted_to() -> None:
    """Whoever answers in a device's name would have us type into it."""
    said: list[str] = []
    with camera("open", said) as port:
        _, at = ask(f"http://{HOST}:{port}{PATH}")
        shell = (f"tcp/{port}", OpenService(protocol="telnet"))
        heard = anyio.run(PROBE.ask, msgspec.structs.replace(at, known=(*at.known, shell)))
    assert (heard.facts, len(said)) == ((), 3)


def begins(guest: socket.socket) -> None:
    if guest.recv(4096):
        guest.sendall(b"HTTP/1.1 200 OK\r\nContent-L")


def test_an_end_in_the_middle_is_a_gap() -> None:
    with serving(begins) as port:
        heard, _ = ask(f"http://{HOST}:{port}{PATH}")
    assert heard.missed[0].status is AttemptStatus.UNREADABLE


def floods(guest: socket.socket) -> None:
    guest.recv(4096)
    with suppress(OSError):
        guest.sendall(b"HTTP/1.1 200 OK\r\n\r\n<e>")
        while True:
            guest.sendall(b"<a/>" * 9999)


def test_a_flood_is_read_to_a_cap_and_asked_once() -> None:
    with serving(floods) as port:
        heard, at = ask(f"http://{HOST}:{port}{PATH}")
    assert heard.missed[0].status is AttemptStatus.UNREADABLE
    assert at.line.connections == 1
    assert at.line.bytes_received <= 512 * 1024, "what the kernel had ready counts, too"


@pytest.mark.parametrize(
    ("address", "is_own"),
    [
        (f"http://{HOST}/onvif/device_service", True),
        (f"https://{HOST}:8443/ONVIF/Device", True),
        ("http://127.0.0.2/onvif/device_service", False),
        (f"http://{HOST}/goform/onvif/reboot", False),
        (f"http://{HOST}/wsd", False),
        (f"ftp://{HOST}/onvif/device_service", False),
        ("http://[", False),
    ],
)
def test_which_places_of_an_answer_are_believed(address: str, is_own: bool) -> None:
    match = Match(types=("NetworkVideoTransmitter",), addresses=(address,))
    assert [claim.value for claim in service_claims(match, HOST)] == [address] * is_own
    assert not [*service_claims(Match(types=("Computer",), addresses=(address,)), HOST)]
