"""Whether Modbus/TCP answers, and who made the device: function 43/14, one request in one conversation."""

import secrets
from functools import partial

from iotscan.model.facts import ModbusDevice
from iotscan.observe.network.equipment import ask_once
from iotscan.observe.network.probe import Door, Heard, Probe
from iotscan.wire import modbus


async def ask_modbus(door: Door) -> Heard:
    """Ask one service. Never raises a DialError."""
    transaction = secrets.randbelow(0x10000)
    request = modbus.identification_request(transaction)
    return await ask_once(door, ModbusDevice, request, modbus.wants_more, partial(_read, transaction))


def _read(transaction: int, got: bytes) -> tuple[ModbusDevice, str] | None:
    said = modbus.read_answer(got, transaction)
    if said is None:
        return None
    fact = ModbusDevice(vendor=said.vendor, product=said.product, revision=said.revision, exception=said.exception)
    told = " ".join(filter(None, (said.vendor, said.product, said.revision)))
    return fact, told or f"exception {said.exception}"


PROBE = Probe(
    name="modbus",
    version=1,
    speaks=frozenset({"modbus"}),
    gives=(ModbusDevice,),
    ask=ask_modbus,
    stage=0,
    fragile="industrial",
)
