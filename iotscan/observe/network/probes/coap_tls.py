"""What a CoAP server behind TLS shows to somebody without a certificate or key: its list, one of it (RFC 8323)."""

import secrets
from typing import Final

from iotscan.model.facts import CoapResources, kind_of
from iotscan.model.vocabulary import AttemptStatus, Reason
from iotscan.observe.network.conversation import Connection
from iotscan.observe.network.failures import DialError
from iotscan.observe.network.probe import Door, Heard, Missed, Probe, missed
from iotscan.observe.network.probes.coap_reading import CAP, Got, enrolment_in, read_resources
from iotscan.wire import coap_tcp

_TOKEN: Final = 4
_READ: Final = 8
"""Messages read for one question."""


async def ask_coap_tls(door: Door) -> Heard:
    """Ask one service. Never raises a DialError."""
    try:
        async with door.tls(cap=CAP) as connection:
            await connection.send(coap_tcp.CSM)
            found = await read_resources(_Stream(connection).get, is_secured=True)
    except DialError as error:
        return Heard(missed=(missed(CoapResources, error),))
    if found is not None:
        enrolment = enrolment_in(found)
        return Heard(facts=(found, enrolment) if enrolment else (found,), excerpt=found.code)
    detail = "it opens CoAP, and does not answer a GET of its list"
    gap = Missed(need=kind_of(CoapResources), status=AttemptStatus.UNREADABLE, reason=Reason.UNREADABLE, detail=detail)
    return Heard(missed=(gap,))


class _Stream:
    """Questions and answers in turn."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._left = b""

    async def get(self, path: tuple[str, ...], block: int | None) -> Got | None:
        """One answer; None where the server closes, or says something else."""
        token = secrets.token_bytes(_TOKEN)
        await self._connection.send(coap_tcp.get(path, token, block=block))
        for _ in range(_READ):
            frame = await self._frame()
            if frame is None:
                return None
            if frame.token == token:
                return Got(code=frame.code, options=frame.options, payload=frame.payload)
        return None

    async def _frame(self) -> coap_tcp.Frame | None:
        while isinstance(read := coap_tcp.read_frame(self._left), int):
            piece = await self._connection.receive()
            if not piece or read > CAP:
                return None
            self._left += piece
        if read is not None:
            self._left = self._left[read.size :]
        return read


PROBE = Probe(
    name="coap-tls",
    version=1,
    speaks=frozenset({"coaps+tcp"}),
    gives=(CoapResources,),
    ask=ask_coap_tls,
)
