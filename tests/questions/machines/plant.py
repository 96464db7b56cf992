"""Controllers, gateways of plants and buildings, and what a scan can harm: fragile fakes that say what they died of."""

import json
import sys
from functools import partial
from pathlib import Path

from tests.observe.network.plant import command
from tests.questions.host import Host, Place

FRAGILE = Path(__file__).parents[2] / "hostile" / "fragile.py"


def server(kind: str, port: int, place: Place) -> None:
    """One of the real servers of :mod:`tests.observe.network.plant`."""
    place.machine.start(*command(kind, place.address, port))


def is_bound(port: int, place: Place) -> bool:
    """Whether something on the machine holds a port, which nobody has to knock on for that."""
    return f":{port} " in place.machine.run("ss", "-lntu").stdout


def fragile(kind: str, place: Place) -> None:
    """A device of :mod:`tests.hostile.fragile`."""
    place.machine.start(sys.executable, str(FRAGILE), kind, place.address, str(_record(place)))


def is_recording(place: Place) -> bool:
    """Whether a fragile device is up."""
    return _record(place).exists()


def harm(place: Place) -> str:
    """What a fragile device died of, or has printed."""
    told = json.loads(_record(place).read_text())
    printed = f"{told['printed']} bytes are on paper" if told["printed"] else ""
    return str(told["dead"]) or printed


def _record(place: Place) -> Path:
    return place.folder / "record.json"


def _real(name: str, kind: str, port: int) -> Host:
    return Host(name=name, start=partial(server, kind, port), is_ready=partial(is_bound, port))


def _fake(name: str, kind: str) -> Host:
    return Host(name=name, start=partial(fragile, kind), is_ready=is_recording, harm=harm)


MACHINES = (
    _real("modbus-server", "modbus", 502),
    _real("air-handler", "bacnet", 47808),
    _real("opc-ua-open", "opc-ua", 4840),
    _real("opc-ua-secure", "opc-ua-secure", 4840),
    _real("logix", "ethernet-ip", 44818),
    _real("s7", "iso-tsap", 102),
    _fake("fragile-controller", "controller"),
    _fake("printer", "printer"),
)
