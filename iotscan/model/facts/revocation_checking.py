"""Whether programs of an image ask if a certificate that they are shown was taken back: by their configuration."""

from typing import ClassVar, Literal

import msgspec

from iotscan.model.facts.fact import Fact, Ownership

Peers = Literal["clients", "servers", "peers", "signers"]
"""Whose certificates it verifies: those who come to it, those it goes to, both ends of a tunnel, who signs updates."""
Asks = Literal["always", "where it can", "staples", "never", "unsaid"]
"""``where it can``: a certificate of which nothing can be learned is taken. ``staples``: its own status is sent along,
and nobody else's is asked. ``unsaid``: another program or file decides."""


class PeerCheck(msgspec.Struct, frozen=True, kw_only=True, order=True):
    """One program, or one part of its configuration, that verifies the certificates of others."""

    path: str
    line: int
    program: str
    """``nginx``, ``mosquitto``, ``openvpn`` …"""
    peers: Peers
    asks: Asks
    setting: str = ""
    """The words that say so, or those that are missing."""


class RevocationChecking(Fact, frozen=True, kw_only=True, tag="revocation-checking"):
    """Every started program of one root file system that is known to verify certificates; none is an answer too."""

    per: ClassVar[Ownership] = "image"

    checks: tuple[PeerCheck, ...]
