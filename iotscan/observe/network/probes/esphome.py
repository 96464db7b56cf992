"""Whether ESPHome's own interface talks to somebody who does not encrypt: one ping, before any session."""

from typing import Final

from iotscan.model.facts import DeviceApi, kind_of
from iotscan.model.vocabulary import AttemptStatus, Reason
from iotscan.observe.network.failures import DialError
from iotscan.observe.network.probe import Door, Heard, Missed, Probe, missed
from iotscan.wire import esphome

_CAP: Final = 1024


async def ask_esphome(door: Door) -> Heard:
    """Ask one service. Never raises a DialError."""
    try:
        async with door.tcp(cap=_CAP) as connection:
            await connection.send(esphome.PING)
            said = await connection.receive_while(lambda got: esphome.read_answer(got) is None)
    except DialError as error:
        return Heard(missed=(missed(DeviceApi, error),))
    kind = esphome.read_answer(said)
    if kind is None:
        detail = "what came was no answer to a ping of ESPHome"
        need = kind_of(DeviceApi)
        gap = Missed(need=need, status=AttemptStatus.UNREADABLE, reason=Reason.UNREADABLE, detail=detail)
        return Heard(missed=(gap,))
    return Heard(facts=(DeviceApi(system="esphome", takes_cleartext=kind == "clear"),), excerpt=f"answers as {kind}")


PROBE = Probe(name="esphome", version=1, speaks=frozenset({"esphome"}), gives=(DeviceApi,), ask=ask_esphome, shows=True)
