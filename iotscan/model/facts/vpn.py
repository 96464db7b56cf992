"""Tunnels that an image is configured with."""

from typing import ClassVar, Literal

import msgspec

from iotscan.model.answer import Answer
from iotscan.model.facts.fact import Fact, Ownership


class WeakProposal(msgspec.Struct, frozen=True, kw_only=True):
    """An algorithm or version that a tunnel accepts and should not, with its line."""

    name: str
    line: int
    is_broken: bool = False
    """No encryption, or below 112 bits."""


class VpnTunnel(msgspec.Struct, frozen=True, kw_only=True):
    """One tunnel in one file."""

    path: str
    line: int
    system: Literal["openvpn", "strongswan", "wireguard"]
    name: str = ""
    role: Literal["client", "server", "peer"]
    authentication: Literal["certificate", "psk", "static-key", "password", "public-key", "none", "unsaid"]
    """How the two ends know each other; ``static-key`` is one key for all traffic, without forward secrecy."""
    checks_peer: Answer[bool]
    """Makes sure that the other end is the one that is meant, not just anybody with a certificate of the same CA."""
    is_aggressive: bool = False
    """IKEv1 in aggressive mode: with a pre-shared key its hash is sent to whoever asks."""
    weak: tuple[WeakProposal, ...] = ()


class VpnTunnels(Fact, frozen=True, kw_only=True, tag="vpn-tunnels"):
    """The tunnels of one root file system that its services bring up."""

    per: ClassVar[Ownership] = "image"

    tunnels: tuple[VpnTunnel, ...] = ()
