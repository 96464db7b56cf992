"""An OPC UA server and the ways in that it offers to whoever asks."""

import msgspec

from iotscan.model.answer import Answer
from iotscan.model.facts.fact import Fact


class OpcUaEndpoint(msgspec.Struct, frozen=True, kw_only=True):
    """One way to talk to a server (OPC 10000-4, 7.14)."""

    mode: str
    """``None``, ``Sign`` or ``SignAndEncrypt``; the number of any other."""
    policy: str
    """The name of the security policy, without its namespace: ``Basic256Sha256``, ``None``."""
    tokens: tuple[str, ...] = ()
    """Who may log in by it: ``anonymous``, ``username``, ``certificate``, ``issued``."""


class OpcUaServer(Fact, frozen=True, kw_only=True, tag="opc-ua-server"):
    """A server that answers a Hello of OPC UA (OPC 10000-6, 7.1), and what GetEndpoints told."""

    application: str = ""
    product: str = ""
    """The URI of the product, as the server gives it."""
    endpoints: Answer[tuple[OpcUaEndpoint, ...]]
