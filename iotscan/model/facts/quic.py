"""A QUIC server."""

from iotscan.model.facts.fact import Fact


class QuicServer(Fact, frozen=True, kw_only=True, tag="quic-server"):
    """A UDP port that answered a version that does not exist with Version Negotiation (RFC 9000 section 6)."""

    versions: tuple[str, ...]
    """The versions it offers, as hex words: ``0x00000001`` is QUIC version 1."""
