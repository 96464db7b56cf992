"""A CoAP server, and what it shows to somebody without credentials."""

import msgspec

from iotscan.model.facts.fact import Fact


class CoapServer(Fact, frozen=True, kw_only=True, tag="coap-server"):
    """A UDP port that speaks CoAP without security: it answered a ping (RFC 7252 section 4.3), or a GET.

    ``how`` says what came back: ``reset`` for the answer to a ping, else the code in answer to a GET (``2.05``).
    """

    how: str = ""


class CoapResource(msgspec.Struct, frozen=True, kw_only=True):
    """One resource of a list of links (RFC 6690). All text is safe text."""

    path: str
    types: tuple[str, ...] = ()
    """What it is (``rt``)."""
    interfaces: tuple[str, ...] = ()
    """How it is used (``if``)."""
    is_protected: bool = False
    """It says that it wants OSCORE (``osc``, RFC 8613 section 9)."""


class CoapResources(Fact, frozen=True, kw_only=True, tag="coap-resources"):
    """What a CoAP server answered to GET requests of somebody without credentials: for its list, and for one of it.

    ``code`` is the answer to ``/.well-known/core`` (RFC 7252 section 7.2). ``read`` is the answer for ``asked``, one
    of the resources that look as if reading them did no more than that; both are empty where there is none.
    """

    is_secured: bool = False
    """It was asked inside TLS."""
    code: str
    resources: tuple[CoapResource, ...] = ()
    is_cut: bool = False
    """There are more than were read."""
    asked: str = ""
    read: str = ""
    hint: str = ""
    """What it said of a refusal: safe text."""
