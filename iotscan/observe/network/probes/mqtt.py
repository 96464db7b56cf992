"""Whether an MQTT broker lets anybody in (MQTT 3.1.1 §3.2.2.3)."""

import secrets
from typing import Final

from iotscan.model.answer import Answer
from iotscan.model.facts import MqttBroker, kind_of
from iotscan.model.vocabulary import AttemptStatus, Reason
from iotscan.observe.network.failures import DialError
from iotscan.observe.network.probe import Door, Heard, Missed, Probe, missed, speaks_tls
from iotscan.wire import mqtt

_CAP = 4096
_CONNACK_SIZE = 4
DENIALS: Final = frozenset({mqtt.BAD_CREDENTIALS, mqtt.NOT_AUTHORISED, 0x86, 0x87})
"""Return codes that say: not without (other) credentials. The last two are MQTT 5's."""


async def connect(door: Door, *, user: str | None = None, password: str | None = None) -> int | None:
    """One CONNECT and its return code, None for anything but a CONNACK; DISCONNECT at once. Raises DialError."""
    async with door.plain_or_tls(cap=_CAP) as connection:
        client = f"iotscan{secrets.token_hex(4)}"
        await connection.send(mqtt.connect_message(client, user=user, password=password))
        code = mqtt.read_connack(await connection.receive_while(lambda got: len(got) < _CONNACK_SIZE))
        if code == mqtt.ACCEPTED:
            await connection.send(mqtt.DISCONNECT)
        return code


async def ask_mqtt(door: Door) -> Heard:
    """Ask for a session without credentials."""
    try:
        code = await connect(door)
    except DialError as error:
        return Heard(missed=(missed(MqttBroker, error),))
    if code is None:
        unreadable = Missed(
            need=kind_of(MqttBroker),
            status=AttemptStatus.UNREADABLE,
            reason=Reason.UNREADABLE,
            detail="the answer to CONNECT is no CONNACK",
        )
        return Heard(missed=(unreadable,))
    fact = MqttBroker(tls=speaks_tls(door.service), anonymous=_anonymous(code), return_code=code)
    return Heard(facts=(fact,), excerpt=f"CONNACK {code}")


def _anonymous(code: int) -> Answer[bool]:
    if code == mqtt.ACCEPTED:
        return Answer.of(True)
    if code in DENIALS:
        return Answer.of(False)
    return Answer.missing(Reason.NOT_OBSERVABLE, f"refused for another cause than credentials (CONNACK {code})")


PROBE = Probe(
    name="mqtt", version=1, speaks=frozenset({"mqtt", "mqtts"}), gives=(MqttBroker,), ask=ask_mqtt, shows=True
)
