"""A WebSocket that a web server opens to anybody."""

from iotscan.model.facts.fact import Fact


class WebSocketServer(Fact, frozen=True, kw_only=True, tag="websocket-server"):
    """A path at which a web server proved that it speaks WebSocket (RFC 6455), without any credentials."""

    tls: bool
    path: str
