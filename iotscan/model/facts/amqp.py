"""An AMQP broker at the door."""

from iotscan.model.facts.fact import Fact


class AmqpBroker(Fact, frozen=True, kw_only=True, tag="amqp-broker"):
    """What a broker says before anybody logs in (AMQP 0-9-1 section 1.4.2.1, AMQP 1.0 section 5.3.3)."""

    tls: bool
    mechanisms: tuple[str, ...] = ()
    """The ways to log in that it lists in version 0-9-1; empty where it does not speak that."""
    sasl: tuple[str, ...] = ()
    """Those that it lists in version 1.0; empty where it does not speak that."""
    product: str = ""
    version: str = ""
    """Product and version in its own words, where it speaks 0-9-1."""
