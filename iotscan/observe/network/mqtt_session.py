"""One MQTT session of a guest: it comes in, may hear, and leaves. It publishes nothing."""

import secrets
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Protocol

import anyio

from iotscan.observe.network.probe import Door
from iotscan.observe.network.questions import MQTT_PATH
from iotscan.observe.network.web_socket import WebSocket
from iotscan.wire import mqtt
from iotscan.wire.http import Origin

WEBSOCKETS = frozenset({"mqtt-ws", "mqtt-wss"})
"""Protocols of a service that takes MQTT in WebSocket."""
_CAP = 64 * 1024
_PATIENCE = 2.0
"""Seconds that a SUBACK may take."""


class Channel(Protocol):
    """Where bytes go both ways."""

    async def send(self, data: bytes) -> None:
        """Send all of it."""

    async def receive(self, limit: int = ...) -> bytes:
        """The next bytes, ``b""`` at the end."""


class MqttSession:
    """What is said over a channel in one version of MQTT. Every method raises DialError."""

    def __init__(self, channel: Channel, version: mqtt.Version) -> None:
        self._channel = channel
        self._version = version
        self._rest = b""
        self._number = 0

    async def connect(self, *, user: str | None = None, password: str | None = None, client_id: str = "") -> int | None:
        """One CONNECT and its return code; None for anything but a CONNACK."""
        client = client_id or f"iotscan{secrets.token_hex(4)}"
        await self._channel.send(mqtt.connect_message(client, user=user, password=password, version=self._version))
        packet = await self._next()
        if packet is None or packet.kind != mqtt.CONNACK:
            return mqtt.read_connack(self._rest)
        return mqtt.read_connack(b"\x20\x02" + packet.body[:2])

    async def subscribe(self, filters: Sequence[str]) -> tuple[int, ...] | None:
        """Ask for topics; what became of each, None where no SUBACK comes in time."""
        self._number += 1
        await self._channel.send(mqtt.subscribe_message(self._number, filters, version=self._version))
        with anyio.move_on_after(_PATIENCE):
            while packet := await self._next():
                if codes := mqtt.read_suback(packet, self._number, version=self._version):
                    return codes
        return None

    async def unsubscribe(self, filters: Sequence[str]) -> None:
        """Ask for them no more; what is under way still comes."""
        self._number += 1
        await self._channel.send(mqtt.unsubscribe_message(self._number, filters, version=self._version))

    async def leave(self) -> None:
        """DISCONNECT."""
        await self._channel.send(mqtt.DISCONNECT)

    async def messages(self, seconds: float) -> AsyncIterator[mqtt.Message]:
        """The messages that come, until ``seconds`` have passed or the broker ends it."""
        ends = anyio.current_time() + seconds
        while True:
            packet: mqtt.Packet | None = None
            with anyio.move_on_at(ends):
                packet = await self._next()
            if packet is None:
                return
            if message := mqtt.read_message(packet, version=self._version):
                yield message

    async def _next(self) -> mqtt.Packet | None:
        """The next packet; None at the end, and for what is none."""
        while (packet := mqtt.read_packet(self._rest)) is None:
            piece = await self._channel.receive() if mqtt.is_packet_to_be(self._rest) else b""
            if not piece:
                return None
            self._rest += piece
        self._rest = self._rest[packet.size :]
        return packet


@asynccontextmanager
async def mqtt_session(door: Door, version: mqtt.Version = 4) -> AsyncIterator[MqttSession]:
    """A conversation in which the next word is CONNECT, behind TLS and in WebSocket as the service was heard to be."""
    async with door.plain_or_tls(cap=_CAP) as connection:
        if door.service.protocol not in WEBSOCKETS:
            yield MqttSession(connection, version)
            return
        inside = WebSocket(connection)
        scheme = "https" if door.service.protocol == "mqtt-wss" else "http"
        origin = Origin(scheme=scheme, host=door.address, port=door.port, name=door.server_name)
        await inside.open(origin.authority, MQTT_PATH, "mqtt")
        yield MqttSession(inside, version)
