"""An MQTT broker at the door."""

from iotscan.model.answer import Answer
from iotscan.model.facts.fact import Fact


class MqttBroker(Fact, frozen=True, kw_only=True, tag="mqtt-broker"):
    """What a broker answers to CONNECT without credentials (MQTT 3.1.1 §3.2.2.3), or is configured to."""

    tls: bool
    anonymous: Answer[bool]
    return_code: int
    """CONNACK return code: 0 accepted, 4 bad credentials, 5 not authorised; -1 where only a configuration was read."""
