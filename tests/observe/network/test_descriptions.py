"""Where the description of a UPnP device is fetched, whatever the device says."""

import socket
from urllib.parse import urlsplit

import anyio
import pytest

from iotscan.observe.network.attached import Attached
from iotscan.observe.network.discovery.found import Found
from iotscan.observe.network.discovery.method import Round, Tally
from iotscan.observe.network.discovery.ssdp import DESCRIPTIONS, _describe, _description
from iotscan.observe.network.ports import FRAGILE
from tests.observe.network.test_dial import HERE, closed_port, dialer, server


@pytest.mark.parametrize("port", sorted(FRAGILE))
def test_printers_and_controllers_are_not_asked_for_one(port: int) -> None:
    dialed = dialer()
    assert anyio.run(_description, dialed, urlsplit(f"http://{HERE}:{port}/description.xml"), HERE) == ()
    assert dialed.line(HERE).connections == 0


def describe(peer: socket.socket) -> None:
    if peer.recv(4096):
        peer.sendall(b"HTTP/1.0 200 OK\r\n\r\n<root><device><modelName>A1</modelName></device></root>")


def test_ports_where_nobody_listens_do_not_speak_against_a_device() -> None:
    """Whoever answers in its name could else have it left alone: two failed conversations are enough for that."""
    dialed = dialer()

    async def main() -> None:
        for _ in range(DESCRIPTIONS):
            assert await _description(dialed, urlsplit(f"http://{HERE}:{closed_port()}/x"), HERE) == ()
        with server(describe) as port:
            (claim,) = await _description(dialed, urlsplit(f"http://{HERE}:{port}/x"), HERE)
            assert claim.value == "A1"

    anyio.run(main)
    assert dialed.line(HERE).connections == 1


def test_nobody_else_is_asked_for_one() -> None:
    dialed = dialer()
    send, receive = anyio.create_memory_object_stream[Found](9)
    link = Attached(interface="lo", address="127.0.0.1", network="127.0.0.0/8")
    at_work = Round(dialer=dialed, link=link, found=send, tally=Tally())
    elsewhere = (
        "http://127.0.0.2/x",
        "http://localhost/x",
        "https://127.0.0.9/x",
        "http://[::1]/x",
        "http://:99999/",
    )
    for location in elsewhere:
        anyio.run(_describe, at_work, HERE, location)
    assert dialed.line(HERE).connections == dialed.line("127.0.0.2").connections == 0
    assert [r for r in at_work.tally.remarks if "LOCATION points elsewhere" in r] == list(at_work.tally.remarks)
    assert len(at_work.tally.remarks) == len(elsewhere)
    send.close()
    receive.close()
