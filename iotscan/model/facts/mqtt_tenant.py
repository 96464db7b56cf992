"""What one device of a broker may hear of the others."""

from typing import ClassVar

from iotscan.model.answer import Answer
from iotscan.model.facts.fact import Fact


class MqttTenant(Fact, frozen=True, kw_only=True, tag="mqtt-tenant"):
    """What a broker granted to the credential of one device that the user gave, and what came of it.

    Messages are counted; neither topics nor what they say is kept, nor who logged in.
    """

    of_back_ends: ClassVar[bool] = True

    accepted: Answer[bool]
    """The credential was let in."""
    return_code: int
    """CONNACK return code, of MQTT 3.1.1 or 5."""
    version: str
    """The version of MQTT: ``3.1.1`` or ``5.0``."""
    filters: tuple[str, ...]
    """The topics that are not the device's, as the user gave them; ``#`` and ``+/+/#``, all, if none were."""
    granted: Answer[bool]
    """SUBSCRIBE to any of them was granted. Some brokers grant all and deliver what is allowed."""
    own_messages: int = 0
    """Messages that the device may hear."""
    others_messages: int = 0
    """Messages that it may not."""
    seconds: float = 0.0
    """How long was listened for."""
