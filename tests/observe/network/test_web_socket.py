"""A conversation inside WebSocket with a server that wants more of it than is good for both."""

import base64
import re
import socket

import anyio

from iotscan.observe.network.web_socket import WebSocket
from iotscan.wire.websocket import PONG, proof
from tests.observe.network.daemons import HOST, door, serving


def test_a_flood_of_pings_is_not_answered_one_by_one() -> None:
    heard = b""

    def ping(guest: socket.socket) -> None:
        nonlocal heard
        key = re.search(rb"Sec-WebSocket-Key: (\S+)", guest.recv(4096))
        assert key
        head = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        guest.sendall(
            head
            + b"Sec-WebSocket-Protocol: mqtt\r\nSec-WebSocket-Accept: "
            + proof(base64.b64decode(key[1]))
            + b"\r\n\r\n"
        )
        guest.sendall(b"\x89\x00" * 300 + b"\x82\x02hi" + b"\x88\x00")
        while piece := guest.recv(4096):
            heard += piece

    async def main(port: int) -> bytes:
        async with door(port, "mqtt-ws").tcp() as connection:
            inside = WebSocket(connection)
            await inside.open(HOST, "/mqtt", "mqtt")
            return await inside.receive()

    with serving(ping) as port:
        assert anyio.run(main, port) == b"hi"
    assert heard.count(bytes((0x80 | PONG, 0x80))) == 2
