"""MQTT: the return code of CONNECT with, and without, credentials."""

from typing import Final

from iotscan.data.credential_records import Pair
from iotscan.model.facts import MqttBroker
from iotscan.observe.network.credentials.reaction import Reaction, Sign
from iotscan.observe.network.probe import Door
from iotscan.observe.network.probes.mqtt import DENIALS, connect
from iotscan.wire import mqtt


class MqttLogin:
    """The login of an MQTT broker."""

    protocol: Final = "mqtt"
    sole_account: Final = ""

    def __init__(self, door: Door, known: MqttBroker | None = None) -> None:
        self._door = door
        self._version: mqtt.Version = 5 if known is not None and known.version == mqtt.NAMES[5] else 4
        self._keeps_out = known is not None and known.anonymous.is_answered and not known.anonymous.value

    async def offer(self, pair: Pair | None) -> Reaction:
        """One CONNECT, in the version in which it has answered; none where it is known to let nobody in without a pair.

        Raises DialError.
        """
        if pair is None and self._keeps_out:
            return Reaction(sign=Sign.REFUSED)
        if pair is None:
            code = await connect(self._door, self._version)
        else:
            code = await connect(self._door, self._version, user=pair.user, password=pair.password.reveal())
        if code == mqtt.ACCEPTED:
            return Reaction(sign=Sign.ACCEPTED)
        if code in DENIALS:
            return Reaction(sign=Sign.REFUSED)
        said = "no CONNACK" if code is None else f"CONNACK {code}"
        return Reaction(sign=Sign.UNCLEAR, detail=f"it answered with {said}")
