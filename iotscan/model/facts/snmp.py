"""An SNMP agent, whether the community ``public`` opens it, and what its engine says to anybody."""

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


class SnmpEngine(Fact, frozen=True, kw_only=True, tag="snmp-engine"):
    """An SNMPv3 engine that answered a discovery, which needs no user (RFC 3414 section 4)."""

    enterprise: int
    """The number of whom made the agent, as IANA gave it; 0 where its id holds none."""
    stated: str = ""
    """The MAC or IP address, or the text, that the engine's id is made of: safe text, empty for octets."""
    boots: int
    """How often it has started since its id was set."""
    seconds: int
    """Since it last started."""
