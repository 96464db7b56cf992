"""An MQTT broker at the door."""

from iotscan.model.answer import Answer
from iotscan.model.facts.fact import Fact
from iotscan.model.vocabulary import Reason


class MqttBroker(Fact, frozen=True, kw_only=True, tag="mqtt-broker"):
    """What a broker answers to CONNECT without credentials (MQTT 3.1.1 §3.2.2.3), or is configured to."""

    tls: bool
    anonymous: Answer[bool]
    return_code: int
    """CONNACK return code: 0 accepted, 4 bad credentials, 5 not authorised; -1 where only a configuration was read."""
    version: str = ""
    """The version of MQTT in which it answered: ``3.1.1``, ``5.0``; empty where that was not told."""
    websocket: bool = False
    """MQTT in WebSocket (MQTT 3.1.1 section 6)."""
    broker: str = ""
    """What it says it is in ``$SYS``: ``mosquitto version 2.0.11``; empty where it says nothing to us."""
    wildcard: Answer[bool] = Answer.missing(Reason.CONSENT, "needs --intrusive")
    """Granted every topic (``wildcard_filter``) to somebody without credentials."""
    wildcard_filter: str = "#"
    """``#``; ``+/+/#`` where that was granted and ``#`` refused."""
    messages: int = 0
    """Messages that came in the two seconds after it was granted. They are counted; nothing of them is kept."""
    live_messages: Answer[int] = Answer[int].missing(Reason.NOT_ASKED, "the probe of this run did not tell them apart")
    """Those among them that somebody said then; the rest stood there, retained."""
    live_branches: int = 0
    """Different first levels of the topics of those."""
