"""What is learnt of a UPnP gateway by reading, whoever answers in its name. The real miniupnpd: tests/questions."""

import socket
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import anyio
import pytest

from iotscan.model.answer import Answer
from iotscan.model.facts import Announcement, AnyFact, Claim, UpnpGateway
from iotscan.model.vocabulary import AttemptStatus, Reason
from iotscan.observe.network.probe import Door, Heard
from iotscan.observe.network.probes.upnp import PROBE
from iotscan.wire import ssdp
from tests.observe.network.daemons import DEADLINE, HOST, door, free_port, serving
from tests.wire.test_upnp import STANDARD, actions, description

GATEWAY = description((f"{STANDARD}WANCommonInterfaceConfig:1", "/c.xml"), (f"{STANDARD}WANIPConnection:1", "/i.xml"))
OPEN = {"/d.xml": GATEWAY, "/i.xml": actions("GetExternalIPAddress", "AddPortMapping", "DeletePortMapping")}


@contextmanager
def web(pages: Mapping[str, bytes], said: list[str]) -> Iterator[int]:
    """A web server that closes after each answer, as those of UPnP do."""

    def talk(guest: socket.socket) -> None:
        head = b""
        while b"\r\n\r\n" not in head and (piece := guest.recv(4096)):
            head += piece
        if not head:
            return
        said.append(head.split(b"\r\n")[0].decode())
        page = pages.get(head.split(b" ")[1].decode())
        status = b"404 No" if page is None else b"200 OK"
        guest.sendall(b"HTTP/1.1 %s\r\nConnection: close\r\nContent-Length: %d\r\n\r\n" % (status, len(page or b"")))
        guest.sendall(page or b"")

    with serving(talk) as port:
        yield port


@contextmanager
def searched(location: str) -> Iterator[int]:
    """Answers any datagram as a search; yields its port."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as peer:
        peer.bind((HOST, 0))
        peer.settimeout(DEADLINE)

        def serve() -> None:
            packet, guest = peer.recvfrom(4096)
            if packet == ssdp.search(ssdp.ROOT):
                peer.sendto(f"HTTP/1.1 200 OK\r\nLOCATION: {location}\r\n\r\n".encode(), guest)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield int(peer.getsockname()[1])
        if thread.is_alive():
            peer.sendto(b"", peer.getsockname())
        thread.join(DEADLINE)


def announced(*places: str) -> Announcement:
    return Announcement(claims=tuple(Claim(what=ssdp.DESCRIPTION, value=place, how="ssdp") for place in places))


def ask(known: AnyFact | None = None, port: int = 0) -> tuple[Heard, Door]:
    at = door(port or 1900, "ssdp", transport="udp", known=(known,) if known else ())
    return anyio.run(PROBE.ask, at), at


def test_a_gateway_that_was_announced_is_read_and_nothing_is_called() -> None:
    said: list[str] = []
    with web(OPEN, said) as port:
        heard, at = ask(announced(f"http://{HOST}:{port}/d.xml?reset=1"))
    gateway = UpnpGateway(
        port=port,
        path="/d.xml",
        services=("WANIPConnection:1",),
        opens_ports=Answer.of(True),
        actions=("AddPortMapping",),
        actions_path="/i.xml",
    )
    assert heard.facts == (gateway,)
    assert said == ["GET /d.xml HTTP/1.1", "GET /i.xml HTTP/1.1"]
    assert (at.line.connections, at.line.datagrams) == (2, 0)


def test_one_that_was_not_announced_is_searched() -> None:
    with web(OPEN, []) as port, searched(f"http://{HOST}:{port}/d.xml") as place:
        heard, at = ask(port=place)
    (fact,) = heard.facts
    assert isinstance(fact, UpnpGateway)
    assert fact.actions == ("AddPortMapping",)
    assert at.line.datagrams == 1


def gateway(pages: Mapping[str, bytes]) -> UpnpGateway:
    with web(pages, []) as port:
        (fact,) = ask(announced(f"http://{HOST}:{port}/d.xml"))[0].facts
    assert isinstance(fact, UpnpGateway)
    return fact


def test_a_gateway_that_lists_no_such_action() -> None:
    fact = gateway({"/d.xml": GATEWAY, "/i.xml": actions("GetExternalIPAddress")})
    assert (fact.opens_ports.known, fact.actions, fact.actions_path) == (False, (), "")


def test_lists_that_were_not_read_leave_it_open() -> None:
    services = [(f"{STANDARD}WANIPConnection:1", f"/{number}.xml") for number in range(4)]
    pages = {f"/{number}.xml": actions("GetExternalIPAddress") for number in range(3)}
    pages |= {"/3.xml": actions("AddPortMapping"), "/d.xml": description(*services)}
    with web(pages, []) as port:
        (gateway,) = ask(announced(f"http://{HOST}:{port}/d.xml"))[0].facts
    assert isinstance(gateway, UpnpGateway)
    assert not gateway.opens_ports.is_answered


@pytest.mark.parametrize("page", [b"<html>404</html>", b"", b"<scpd>"])
def test_a_list_that_cannot_be_read_leaves_it_open(page: bytes) -> None:
    fact = gateway({"/d.xml": GATEWAY, "/i.xml": page})
    assert (fact.opens_ports.known, fact.opens_ports.reason) == (None, Reason.UNREADABLE)


@pytest.mark.parametrize("place", ["http://127.0.0.2/i.xml", "//127.0.0.9/i.xml", "/cgi-bin/reboot", "https://[::1"])
def test_a_list_elsewhere_or_one_that_may_act_is_not_fetched(place: str) -> None:
    said: list[str] = []
    with web({"/d.xml": description((f"{STANDARD}WANIPConnection:1", place))}, said) as port:
        (fact,) = ask(announced(f"http://{HOST}:{port}/d.xml"))[0].facts
    assert isinstance(fact, UpnpGateway)
    assert fact.opens_ports.known is None
    assert said == ["GET /d.xml HTTP/1.1"]


def test_a_media_server_is_no_gateway() -> None:
    with web({"/d.xml": description((f"{STANDARD}ContentDirectory:1", "/c.xml"))}, []) as port:
        heard, _ = ask(announced(f"http://{HOST}:{port}/d.xml"))
    assert (heard.facts, heard.missed) == ((), ())


def test_beside_a_media_server_the_gateway_is_found() -> None:
    pages = {**OPEN, "/m.xml": description((f"{STANDARD}ContentDirectory:1", "/c.xml"))}
    with web(pages, []) as port:
        heard, _ = ask(announced(f"http://{HOST}:{port}/m.xml", f"http://{HOST}:{port}/d.xml"))
    assert len(heard.facts) == 1


@pytest.mark.parametrize(
    "place",
    [
        "http://127.0.0.2:80/d.xml",
        f"http://{HOST}:9100/d.xml",
        f"http://{HOST}:4840/d.xml",
        f"http://{HOST}/goform/reset",
        "ftp://x",
        "http://[",
    ],
)
def test_places_that_are_not_its_own_or_not_harmless_are_not_asked(place: str) -> None:
    heard, at = ask(announced(place))
    assert [(gap.status, gap.reason) for gap in heard.missed] == [(AttemptStatus.UNREADABLE, Reason.UNREADABLE)]
    assert (at.line.connections, at.line.attempts) == (0, 0)


def test_a_closed_port_that_somebody_named_does_not_speak_against_the_device() -> None:
    heard, at = ask(announced(f"http://{HOST}:{free_port()}/d.xml"))
    assert heard.missed[0].status is AttemptStatus.UNREADABLE
    assert (at.line.connections, at.line.attempts) == (0, 1)


def test_nobody_who_answers_a_search_is_a_gap() -> None:
    with searched("") as place:
        heard, _ = ask(port=place)
    assert heard.missed[0].status is AttemptStatus.UNREADABLE
