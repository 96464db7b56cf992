"""One handshake with a pre-shared key in a conversation of its own, over a stream or over datagrams."""

from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Final

import anyio

from iotscan.model.secret import Secret
from iotscan.observe.network.conversation import Connection, Datagram
from iotscan.observe.network.datagram_hellos import say_hello
from iotscan.observe.network.failures import DialError, PeerClosed, TimedOut
from iotscan.observe.network.hellos import CAP, PATIENCE
from iotscan.observe.network.probe import Door
from iotscan.wire.tls.datagram_layer import DatagramLayer
from iotscan.wire.tls.psk_handshake import PskEnd, PskHandshake, psk_offer
from iotscan.wire.tls.record_layer import StreamLayer

WAITS: Final = (1.0, 1.0, 2.0)
"""Seconds of quiet after which a flight is sent again, and at last given up: longer than RFC 6347 section 4.2.4.1 has
it, since silence may be taken for a no."""
_LONGEST: Final = 7.5
"""Seconds of one exchange."""

Shake = Callable[[str, Secret], Awaitable[PskEnd]]
"""Tries an identity and its key. Raises a DialError where there is no conversation."""


def over_stream(door: Door) -> Shake:
    """Handshakes of TLS 1.2, each on its own connection."""
    offer = psk_offer("TLSv1.2", server_name=door.server_name)

    async def shake(identity: str, key: Secret) -> PskEnd:
        handshake = PskHandshake(StreamLayer(), offer, identity=identity, key=key)
        async with door.before_tls(cap=CAP) as peer:
            with anyio.move_on_after(PATIENCE):
                try:
                    await _converse(peer, handshake)
                except PeerClosed:
                    handshake.closed()
            end = handshake.silent()
            with suppress(DialError):
                await peer.send(handshake.farewell())
        return end

    return shake


async def _converse(peer: Connection, handshake: PskHandshake) -> None:
    await peer.send(handshake.begin())
    while handshake.end is None:
        heard = await peer.receive(16 * 1024)
        if not heard:
            handshake.closed()
        elif reply := handshake.feed(heard):
            await peer.send(reply)


def over_datagrams(door: Door) -> Shake:
    """Handshakes of DTLS 1.2, each in its own exchange."""
    offer = psk_offer("DTLSv1.2", server_name=door.server_name)

    async def shake(identity: str, key: Secret) -> PskEnd:
        layer = DatagramLayer()
        handshake = PskHandshake(layer, offer, identity=identity, key=key)
        async with door.udp(cap=CAP) as peer:
            with anyio.move_on_after(_LONGEST):
                await _exchange(peer, handshake, layer)
            end = handshake.silent()
            with suppress(DialError):
                await peer.send(handshake.farewell())
        return end

    return shake


async def _exchange(peer: Datagram, handshake: PskHandshake, layer: DatagramLayer) -> None:
    """Flight after flight; each is sent again where nothing comes."""
    await peer.send(handshake.begin())
    waits = list(WAITS)
    while handshake.end is None and waits:
        try:
            reply = handshake.feed(await peer.receive(waits[0]))
        except TimedOut:
            waits.pop(0)
            if waits:
                await peer.send(layer.again())
            continue
        if reply:
            waits = list(WAITS)
            await peer.send(reply)


async def still_answers(door: Door) -> bool:
    """Whether the server takes up a hello over datagrams now: else its silence says nothing of a key."""
    exchange = await say_hello(door, psk_offer("DTLSv1.2", server_name=door.server_name))
    answer = exchange.said.flight.answer
    return answer is not None and answer.is_hello
