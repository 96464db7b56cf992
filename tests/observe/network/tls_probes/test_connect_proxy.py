"""The CONNECT proxy lets one library through to one service, and nobody else anywhere."""

import base64
import socket
from contextlib import suppress

import anyio
import pytest

from iotscan.observe.network.connect_proxy import USER, connect_proxy
from iotscan.observe.network.conversation import Connection
from iotscan.observe.network.failures import BudgetSpent

from .servers import HOST, door, scripted


def echo(peer: socket.socket) -> None:
    while data := peer.recv(4096):
        peer.sendall(data)


def head(target: str, password: str) -> bytes:
    token = base64.b64encode(f"{USER}:{password}".encode()).decode()
    return f"CONNECT {target} HTTP/1.1\r\nProxy-Authorization: Basic {token}\r\n\r\n".encode()


async def talk(at: int, request: bytes, say: bytes = b"") -> bytes:
    """All that comes back on one connection."""
    heard = b""
    async with await anyio.connect_tcp(HOST, at) as client:
        await client.send(request)
        with anyio.fail_after(10):
            heard += await client.receive()
            if say and heard.startswith(b"HTTP/1.1 200"):
                await client.send(say)
                while len(heard.partition(b"\r\n\r\n")[2]) < len(say):
                    heard += await client.receive()
    return heard


def through(target: str = "", password: str = "", say: bytes = b"ping", connections: int = 9) -> tuple[bytes, int, str]:
    """What the library hears, how many connections the device saw, and the error that the proxy noted."""

    async def go(port: int) -> tuple[bytes, int, str]:
        way = door(port, connections=connections)
        async with connect_proxy(way) as proxy:
            request = head(target or f"{HOST}:{port}", password or proxy.password)
            heard = await talk(proxy.at, request, say)
        return heard, way.line.connections, str(proxy.error or "")

    with scripted(echo) as port:
        return anyio.run(go, port)


def test_who_knows_the_password_gets_to_the_service() -> None:
    heard, connections, error = through(say=b"x" * 100_000)
    assert heard == b"HTTP/1.1 200 OK\r\n\r\n" + b"x" * 100_000
    assert (connections, error) == (1, "")


def test_who_does_not_gets_nowhere() -> None:
    heard, connections, _ = through(password="guess")
    assert heard.startswith(b"HTTP/1.1 407")
    assert connections == 0


@pytest.mark.parametrize("target", ["127.0.0.1:1", "127.0.0.2:80", "192.0.2.1:443", "localhost:80"])
def test_no_other_target_is_served(target: str) -> None:
    heard, connections, _ = through(target=target)
    assert heard.startswith(b"HTTP/1.1 403")
    assert connections == 0


def test_the_budget_of_the_device_holds() -> None:
    heard, connections, error = through(connections=0)
    assert heard.startswith(b"HTTP/1.1 502")
    assert connections == 0
    assert "used up" in error


@pytest.mark.parametrize("request_bytes", [b"GET / HTTP/1.1\r\n\r\n", b"\x16\x03\x01\r\n\r\n", b"\xff" * 5000])
def test_nonsense_is_refused(request_bytes: bytes) -> None:
    async def go() -> bytes:
        way = door(1)
        async with connect_proxy(way) as proxy:
            return await talk(proxy.at, request_bytes)

    assert anyio.run(go).startswith(b"HTTP/1.1 407")


def test_the_byte_cap_of_a_conversation_holds() -> None:
    async def go(port: int) -> bytes:
        async with connect_proxy(door(port), cap=1000) as proxy:
            heard = b""
            async with await anyio.connect_tcp(HOST, proxy.at) as client:
                await client.send(head(f"{HOST}:{port}", proxy.password))
                with anyio.fail_after(10):
                    try:
                        while True:
                            heard += await client.receive()
                    except (anyio.EndOfStream, anyio.BrokenResourceError):
                        return heard

    def flood(peer: socket.socket) -> None:
        peer.sendall(b"y" * 50_000)

    with scripted(flood) as port:
        assert anyio.run(go, port).count(b"y") == 1000


def test_a_conversation_that_the_packets_end_is_no_word_of_the_device(monkeypatch: pytest.MonkeyPatch) -> None:
    async def spent(*_: object) -> bytes:
        raise BudgetSpent("the packets for this device are used up")

    monkeypatch.setattr(Connection, "receive", spent)

    async def go(port: int) -> str:
        async with (
            connect_proxy(door(port)) as proxy,
            await anyio.connect_tcp(HOST, proxy.at) as client,
        ):
            await client.send(head(f"{HOST}:{port}", proxy.password))
            with anyio.fail_after(10), suppress(anyio.EndOfStream):
                while True:
                    await client.receive()
        return str(proxy.error or "")

    with scripted(echo) as port:
        assert "used up" in anyio.run(go, port)
