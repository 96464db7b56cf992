"""A WebSocket that a web server opens to anybody."""

from typing import Literal

from iotscan.model.answer import Answer
from iotscan.model.facts.fact import Fact
from iotscan.model.vocabulary import Reason


class WebSocketServer(Fact, frozen=True, kw_only=True, tag="websocket-server"):
    """A path at which a web server proved that it speaks WebSocket (RFC 6455), without any credentials."""

    tls: bool
    path: str
    foreign_origin: Answer[bool] = Answer[bool].missing(Reason.NOT_ASKED, "the probe of this run did not ask")
    """Whether it was opened to a page of another site, as a browser names it (Origin, RFC 6455 section 10.2)."""
    own_origin: bool = False
    """It was opened to a page of its own host, as a browser names it, after a foreign one was refused."""
    says: Literal["", "data", "asks", "closes"] = ""
    """What it did in the second after it was opened, unasked: gave records, asked for a login, closed; empty where it
    kept silent or said what is none of these. Nothing of it is kept."""
