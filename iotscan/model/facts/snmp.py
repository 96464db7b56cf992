"""An SNMP agent and whether the community ``public`` opens it."""

from iotscan.model.facts.fact import Fact


class SnmpAgent(Fact, frozen=True, kw_only=True, tag="snmp-agent"):
    """An answer to GET sysDescr.0 with community ``public`` (RFC 1157, RFC 3416)."""

    version: str
    """``1`` or ``2c``."""
    description: str
    answers_any_community: bool = False
    """True when a random community is answered too: then ``public`` means nothing."""
