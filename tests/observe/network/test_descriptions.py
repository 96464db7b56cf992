"""Where the description of a UPnP device is fetched, whatever the device says."""

import socket
from collections.abc import Callable
from contextlib import suppress
from urllib.parse import urlsplit

import anyio
import msgspec
import pytest
from anyio.streams.memory import MemoryObjectSendStream

from iotscan.model.scope import Pace
from iotscan.observe.network.attached import Attached
from iotscan.observe.network.dial import Dialer
from iotscan.observe.network.discovery.found import Found
from iotscan.observe.network.discovery.method import Round, Tally
from iotscan.observe.network.discovery.ssdp import DESCRIPTIONS, _describe, _description, may_act, own_url
from iotscan.observe.network.line import Line
from iotscan.observe.network.ports import FRAGILE
from tests.observe.network.test_dial import FAST, HERE, closed_port, dialer, server


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


def endless(peer: socket.socket) -> None:
    if peer.recv(4096):
        with suppress(OSError):
            peer.sendall(b"HTTP/1.0 200 OK\r\n\r\n<root>")
            while True:
                peer.sendall(b"<device/>" * 8192)


def dripping(peer: socket.socket) -> None:
    if peer.recv(4096):
        with suppress(OSError):
            for _ in range(500):
                peer.sendall(b"<")
                peer.settimeout(0.01)
                with suppress(TimeoutError):
                    peer.recv(1)


def keeps_open(peer: socket.socket) -> None:
    if peer.recv(4096):
        peer.sendall(b"HTTP/1.1 200 OK\r\n\r\n<root><device><modelName>A1</modelName></device></root>\r\n")
        peer.recv(1)


def sends_elsewhere(peer: socket.socket) -> None:
    if peer.recv(4096):
        peer.sendall(b"HTTP/1.0 302 Found\r\nLocation: http://127.0.0.2/reset\r\n\r\n")


def round_of(dialed: Dialer, send: MemoryObjectSendStream[Found]) -> Round:
    link = Attached(interface="lo", address="127.0.0.1", network="127.0.0.0/8")
    return Round(dialer=dialed, link=link, found=send, tally=Tally())


def fetched(
    handle: Callable[[socket.socket], None], path: str = "x", pace: Pace = FAST
) -> tuple[bool, list[Found], Line]:
    """Whether one description came to its end, what was found, and what that cost."""
    dialed = dialer(pace)
    send, receive = anyio.create_memory_object_stream[Found](9)
    with send, receive, server(handle) as port:
        came = anyio.run(_describe, round_of(dialed, send), HERE, f"http://{HERE}:{port}/x")
        found = [receive.receive_nowait() for _ in range(receive.statistics().current_buffer_used)]
    return came, found, dialed.line(HERE)


def test_a_description_without_end_is_read_to_a_limit() -> None:
    came, found, line = fetched(endless)
    assert (came, found) == (True, [])
    assert line.bytes_received <= 512 * 1024


def test_one_that_drips_is_left_at_the_clock_and_not_asked_for_another() -> None:
    came, found, line = fetched(dripping, pace=msgspec.structs.replace(FAST, conversation_timeout=0.2))
    assert (came, found, line.connections) == (False, [], 1)


def test_where_the_connection_stays_open_the_end_is_the_end() -> None:
    came, found, _ = fetched(keeps_open)
    assert came
    assert [c.value for f in found for c in f.claims] == ["A1"]


def test_no_redirect_is_followed() -> None:
    came, found, line = fetched(sends_elsewhere)
    assert (came, found, line.connections) == (True, [], 1)


@pytest.mark.parametrize(
    ("location", "host"),
    [
        ("http://127.0.0.1@127.0.0.2/x", "127.0.0.2"),
        ("http://evil:pw@127.0.0.1:9/x", "127.0.0.1"),
        ("http://127.0.0.2#@127.0.0.1/", "127.0.0.2"),
        ("http://127.0.0.2\\@127.0.0.1/", "127.0.0.1"),
        ("http://[::ffff:127.0.0.2]/x", "::ffff:127.0.0.2"),
        ("http://[fe80::1%25lo]/x", "fe80::1%25lo"),
        ("http://0x7f.1/x", "0x7f.1"),
        ("http://2130706433/x", "2130706433"),
        ("http://127.1/x", "127.1"),
        ("gopher://127.0.0.1/x", "127.0.0.1"),
        ("file:///etc/passwd", ""),
        ("//127.0.0.1/x", "127.0.0.1"),
        ("http://127.0.0.1:0/x", "127.0.0.1"),
        ("http://127.0.0.1:99999/x", "127.0.0.1"),
        ("http://[/x", ""),
        ("", ""),
    ],
)
def test_whatever_a_location_is_only_the_sender_by_http_is_fetched_from(location: str, host: str) -> None:
    url = own_url(location, "127.0.0.1")
    assert url is None or (url.hostname, url.scheme) == ("127.0.0.1", "http")
    assert url is None or host == "127.0.0.1"
    assert own_url(location, "127.0.0.9") is None


def test_nobody_else_is_asked_for_one() -> None:
    dialed = dialer()
    send, receive = anyio.create_memory_object_stream[Found](9)
    at_work = round_of(dialed, send)
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


USUAL = (
    *(
        "/rootDesc.xml",
        "/description.xml",
        "/setup.xml",
        "/xml/device_description.xml",
        "/ssdp/device-desc.xml",
        "/",
        "",
    ),
    *("/upnphost/udhisapi.dll", "/dmr/SamsungMRDesc.xml", "/2b6c7d8e-restarted/desc.xml", "/upnp/BasicDevice.xml"),
)
ACTING = (
    *("/reboot", "/goform/SysReset", "/cgi-bin/hi3510/sysreboot.xml", "/%72eboot", "/x/../restart.htm", "/HNAP1/"),
    *("/apply.cgi", "/system_reset.xml", "/factory-reset", "/cm/cmd", "/upgrade;description.xml"),
)


@pytest.mark.parametrize(("path", "acts"), [*((p, False) for p in USUAL), *((p, True) for p in ACTING)])
def test_a_path_that_reads_like_a_command_is_no_description(path: str, acts: bool) -> None:
    assert may_act(path) is acts


def test_nobody_has_us_reboot_another_in_whose_name_he_answers() -> None:
    dialed = dialer()
    work = Round(
        dialer=dialed,
        link=Attached(interface="lo", address=HERE, network="127.0.0.0/8"),
        found=None,  # type: ignore[arg-type]  # nothing is found
        tally=Tally(),
    )
    with server(describe) as port:
        assert anyio.run(_describe, work, HERE, f"http://{HERE}:{port}/goform/reboot")
    assert (dialed.line(HERE).connections, dialed.line(HERE).attempts) == (0, 0)
    assert "LOCATION may do more than describe" in work.tally.remarks[0]
