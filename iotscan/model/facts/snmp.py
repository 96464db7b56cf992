"""An SNMP agent and whether the community ``public`` opens it."""

from typing import Literal

from iotscan.model.facts.fact import Fact


class SnmpAgent(Fact, frozen=True, kw_only=True, tag="snmp-agent"):
    """An answer to GET sysDescr.0 with community ``public`` (RFC 1157, RFC 3416), or a community that is configured."""

    version: str
    """``1`` or ``2c``."""
    description: str
    object_id: str = ""
    """sysObjectID.0 with dots: below the enterprise number of whom made the agent; empty where it was not told."""
    answers_any_community: bool = False
    """True when a random community is answered too: then ``public`` means nothing."""
    community: Literal["public", "other"] = "public"
    """``other`` only of a configuration: one that is set there and not named here."""
    writable: bool = False
    """It may change values; known of a configuration only."""
    limited_to: str = ""
    """The addresses that a configuration keeps it to; empty for everybody."""
