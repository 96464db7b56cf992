"""What became of trying a product's documented default login."""

from typing import Literal

from iotscan.model.facts.fact import Fact


class DefaultLogin(Fact, frozen=True, kw_only=True, tag="default-login"):
    """The outcome of the credential engine on one service. Never holds a password.

    ``accepted``: a documented pair of the identified product was accepted after the negative control
    (no credentials, then a random user) had failed. ``rejected``: every pair of the product was
    refused. ``accepts_any``: the control succeeded too, so nothing is proved about the pair.
    ``open``: the service asks for no credentials at all.
    """

    protocol: Literal["http", "telnet", "ssh", "mqtt", "ftp", "snmp", "rtsp", "amqp", "onvif", "redis"]
    outcome: Literal["accepted", "rejected", "accepts_any", "open"]
    product: str = ""
    record: str = ""
    """Id of the credential record that was used."""
    account: str = ""
    """The user name of the accepted pair."""
    source: str = ""
    """The document that publishes the pair."""
    tries: int = 0
    tls: bool = False
    path: str = "/"
    """The web page, or the stream, that asks (http and rtsp)."""
    action: str = ""
    """Where its form is sent; empty where the page asks in another way."""
    fields: tuple[str, ...] = ()
    """The names of the form's fields for user (empty where it asks for none) and password."""
    chosen: tuple[str, ...] = ()
    """What the form sends besides, as ``NAME=VALUE``: its button, and what is chosen beforehand."""
