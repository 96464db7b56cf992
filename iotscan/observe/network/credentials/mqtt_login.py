"""MQTT: the return code of CONNECT with, and without, credentials."""

from typing import Final

from iotscan.data.credential_records import Pair
from iotscan.observe.network.credentials.reaction import Reaction, Sign
from iotscan.observe.network.probe import Door
from iotscan.observe.network.probes.mqtt import DENIALS, connect
from iotscan.wire import mqtt


class MqttLogin:
    """The login of an MQTT broker."""

    protocol: Final = "mqtt"
    sole_account: Final = ""

    def __init__(self, door: Door) -> None:
        self._door = door

    async def offer(self, pair: Pair | None) -> Reaction:
        """One CONNECT. Raises DialError."""
        if pair is None:
            code = await connect(self._door)
        else:
            code = await connect(self._door, user=pair.user, password=pair.password.reveal())
        if code == mqtt.ACCEPTED:
            return Reaction(sign=Sign.ACCEPTED)
        if code in DENIALS:
            return Reaction(sign=Sign.REFUSED)
        said = "no CONNACK" if code is None else f"CONNACK {code}"
        return Reaction(sign=Sign.UNCLEAR, detail=f"it answered with {said}")
