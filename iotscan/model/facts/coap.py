"""A CoAP server in the clear."""

from iotscan.model.facts.fact import Fact


class CoapServer(Fact, frozen=True, kw_only=True, tag="coap-server"):
    """A UDP port that answered a CoAP ping (RFC 7252 section 4.3): it speaks CoAP without security.

    ``how`` says what came back: ``reset`` for the answer to a ping.
    """

    how: str = ""
