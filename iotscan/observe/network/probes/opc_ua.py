"""How an OPC UA server can be talked to: its endpoints, in one conversation that makes no session."""

from datetime import UTC, datetime
from typing import Final

import anyio

from iotscan.model.answer import Answer
from iotscan.model.facts import OpcUaEndpoint, OpcUaServer
from iotscan.model.vocabulary import Reason
from iotscan.observe.network.conversation import Connection
from iotscan.observe.network.failures import DialError, PeerClosed
from iotscan.observe.network.probe import Door, Heard, Probe, missed
from iotscan.wire import opc_ua

_SECONDS: Final = 3.0
_UNREADABLE: Final = Reason.UNREADABLE


async def ask_opc_ua(door: Door) -> Heard:
    """Ask one service. Never raises a DialError."""
    host = f"[{door.address}]" if ":" in door.address else door.address
    url = f"opc.tcp://{door.server_name or host}:{door.port}"
    try:
        async with door.tcp(cap=opc_ua.CAP) as connection:
            return await _converse(connection, url)
    except DialError as error:
        return Heard(missed=(missed(OpcUaServer, error),))


async def _converse(connection: Connection, url: str) -> Heard:
    said = await _exchange(connection, opc_ua.hello(url))
    if not opc_ua.is_answer(said):
        raise PeerClosed("it did not answer a Hello of OPC UA")
    if not opc_ua.is_acknowledged(said):
        return _without(_error(said) or "it answered a Hello with what cannot be read")
    try:
        return await _endpoints(connection, url)
    except DialError as error:
        return _without(str(error), error.reason or _UNREADABLE)


async def _endpoints(connection: Connection, url: str) -> Heard:
    said = await _exchange(connection, opc_ua.open_channel(datetime.now(UTC)))
    channel = opc_ua.read_channel(said)
    if channel is None:
        return _without(_error(said) or "it opens no channel without security, and so tells no endpoints")
    said = await _exchange(connection, opc_ua.get_endpoints(channel, url, datetime.now(UTC)))
    await connection.send(opc_ua.close_channel(channel, datetime.now(UTC)))
    server = opc_ua.read_endpoints(said)
    if server is None:
        return _without(_error(said) or "what it answered to GetEndpoints cannot be read")
    fact = OpcUaServer(application=server.application, product=server.product, endpoints=Answer.of(server.endpoints))
    return Heard(facts=(fact,), excerpt=server.application)


def _error(said: bytes) -> str:
    error = opc_ua.read_error(said)
    return f"it answers with an error: {error}" if error else ""


async def _exchange(connection: Connection, message: bytes) -> bytes:
    """The answer to a message, whatever came of it in time."""
    await connection.send(message)
    got = b""
    with anyio.move_on_after(_SECONDS):
        while opc_ua.wants_more(got):
            piece = await connection.receive(opc_ua.CAP)
            if not piece:
                break
            got += piece
    return got


def _without(detail: str, reason: Reason = _UNREADABLE) -> Heard:
    """OPC UA, of which no endpoints were to be had."""
    missing = Answer[tuple[OpcUaEndpoint, ...]].missing(reason, detail)
    return Heard(facts=(OpcUaServer(endpoints=missing),))


PROBE = Probe(name="opc-ua", version=1, speaks=frozenset({"opc-ua"}), gives=(OpcUaServer,), ask=ask_opc_ua)
