"""Whether a server takes a pre-shared key that everybody knows."""

from iotscan.model.facts.fact import Fact


class KnownPsk(Fact, frozen=True, kw_only=True, tag="known-psk"):
    """What became of the tries with documented example keys; asked only with --intrusive.

    ``accepted`` names the record (never the key) whose identity and key finished a handshake; empty when all were
    refused. ``takes_any`` is True when an identity and key that nobody configured finished one, too: then the key
    proves nothing.
    """

    tried: int
    accepted: str = ""
    identity: str = ""
    """The identity of the record that was accepted: documented, so no secret."""
    takes_any: bool = False
