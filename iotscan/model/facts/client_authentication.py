"""Whether a TLS or DTLS server wants to know who its clients are."""

from typing import Literal

from iotscan.model.answer import Answer
from iotscan.model.facts.fact import Fact
from iotscan.model.facts.tls import ClientCertificateRequest
from iotscan.model.vocabulary import Reason

Guest = Literal["served", "login", "certificate", ""]
"""What became of somebody without a certificate in the protocol inside: let in, asked for a login, turned away for
want of a certificate; empty where that was not seen."""


class ClientAuthentication(Fact, frozen=True, kw_only=True, tag="client-authentication"):
    """What a server asks of clients in the handshake, and what became of one that had nothing to show.

    Seen in handshakes that were finished anyway, without a certificate. A server that asks only later (by
    renegotiation, or after the handshake in TLS 1.3) asks for none here.
    """

    protocol: str
    """What is spoken inside, as it was heard: ``mqtts``, ``https``, ``coaps`` …; ``est`` for a web server that enrols
    devices; ``tls`` where nothing was heard."""
    requested: Answer[bool]
    """It asks for a client certificate."""
    required: Answer[bool] = Answer[bool].missing(Reason.NOT_OBSERVABLE, "no handshake was finished")
    """Without one TLS goes no further: in the handshake, or right after it. What the protocol inside does is
    ``guest``: nginx finishes every handshake, and then turns the client away on a page."""
    how: str = ""
    """What told whether it is required: ``alert certificate_required``, ``a session ticket came`` …"""
    guest: Guest = ""
    by_key: bool = False
    """Every suite that it selected wants a pre-shared key: that is how clients prove themselves."""
    request: ClientCertificateRequest | None = None
    """What it asks of the certificate; None where it asks for none, or that was not read."""
    public_authorities: Answer[tuple[str, ...]] = Answer[tuple[str, ...]].missing(
        Reason.NOT_ASKED, "they were not compared with Mozilla's roots"
    )
    """Those of the authorities that are roots of the web (Mozilla's list)."""
    opening: str = ""
    """The protocol in which the service began in the clear, as in :attr:`TlsEndpoint.opening`."""
