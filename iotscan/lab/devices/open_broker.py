"""An MQTT broker that lets everybody in and speaks in the clear."""

from iotscan.lab import broker
from iotscan.lab.place import Place

PATIENCE = 600.0
RETAINED = {
    "$SYS/broker/version": b"acme-broker 1.0",
    "home/kitchen/temperature": b"21.5",
    "home/door/state": b"locked",
}


async def settle(place: Place) -> None:
    """Listen on mqtt."""
    await place.listen(1883, broker.serve(admits=True, retained=RETAINED), patience=PATIENCE)
