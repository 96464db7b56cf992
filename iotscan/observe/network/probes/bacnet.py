"""Whether a BACnet/IP device answers a stranger: it is asked for its name, one datagram."""

import secrets
from functools import partial

from iotscan.model.facts import Announcement, BacnetDevice
from iotscan.observe.network.equipment import ask_datagram
from iotscan.observe.network.probe import Door, Heard, Probe
from iotscan.wire import bacnet


async def ask_bacnet(door: Door) -> Heard:
    """Ask one service. Never raises a DialError."""
    invocation = secrets.randbelow(0x100)
    request = bacnet.read_name(invocation, _instance(door))
    return await ask_datagram(door, BacnetDevice, request, partial(_read, invocation))


def _instance(door: Door) -> int:
    """The number that the device gave in answer to Who-Is: some do not know the one that stands for any."""
    claims = (c for _, fact in door.known if isinstance(fact, Announcement) for c in fact.claims)
    said = next((c.value for c in claims if c.what == "bacnet-device" and c.value.isdecimal()), "")
    return min(int(said[:8]), bacnet.EVERYWHERE) if said else bacnet.EVERYWHERE


def _read(invocation: int, got: bytes) -> tuple[BacnetDevice, str] | None:
    said = bacnet.read_property(got, invocation)
    if said is None:
        return None
    return BacnetDevice(name=said.name, instance=said.device, refusal=said.refusal), said.name or said.refusal


PROBE = Probe(
    name="bacnet",
    version=1,
    speaks=frozenset({"bacnet"}),
    gives=(BacnetDevice,),
    ask=ask_bacnet,
    stage=0,
    fragile="industrial",
)
