"""TLS, DTLS and QUIC in traffic: what a client offers, what a server chooses, what the client then does.

Source: RFC 8446, RFC 5246, RFC 6347, RFC 9147, RFC 9000/9001; JA3 (Salesforce, 2017), JA4 (FoxIO, TLS client, BSD).
"""

from typing import ClassVar, Literal

import msgspec

from iotscan.model.answer import Answer
from iotscan.model.facts.certificate import Certificate
from iotscan.model.facts.fact import Fact, Ownership
from iotscan.model.facts.traffic import Use
from iotscan.model.vocabulary import Reason

Ending = Literal["application-data", "finished", "refused-by-client", "refused-by-server", "unfinished"]
"""``application-data``: the client went on to send data of its own under the new keys. ``refused-by-client``: it broke
off with an alert about the certificate. ``finished``: keys changed, and no data was seen after."""
Fault = Literal["expired", "not-yet-valid", "wrong-name", "bad-signature", "revoked"]
"""What is wrong with a chain at the time of the capture, for whoever checks it, however private its CA."""
_HIDDEN = Answer[bool].missing(Reason.NOT_OBSERVABLE, "the handshake does not show it")


class ServerProof(msgspec.Struct, frozen=True, kw_only=True):
    """How a server showed who it is, up to (D)TLS 1.2: later versions encrypt it."""

    certificates: tuple[Certificate, ...] = ()
    """Leaf first."""
    publicly_trusted: Answer[bool] = _HIDDEN
    """Chains to a root of Mozilla's list, at the time of the capture; one that was added to this machine is none."""
    privately_trusted: Answer[bool] = _HIDDEN
    """Chains to a root that the user gave (``--trust-store``), or that was added to this machine."""
    is_self_signed: bool = False
    faults: tuple[Fault, ...] = ()
    detail: str = ""
    """The faults in words: which name, which date."""
    open_dates: str = ""
    """Why nothing is said of its dates: the clock of whoever captured is contradicted, or nothing bears it out."""


class TlsSession(Use, frozen=True, kw_only=True):
    """Handshakes of one kind between two hosts. Text is safe text; names of suites and groups are IANA's."""

    kind: Literal["tls", "dtls", "quic"] = "tls"
    opening: str = ""
    """The protocol in which it began in the clear (STARTTLS): ``smtp``, ``mqtt`` …; empty for TLS at once."""
    server_name: str = ""
    """SNI; empty where the client sent none, or hid it (``has_encrypted_hello``)."""
    has_encrypted_hello: bool = False
    alpn: tuple[str, ...] = ()
    ja3: str = ""
    ja4: str = ""
    offered_versions: tuple[str, ...] = ()
    """Of EVERY_VERSION, newest first; empty where the ClientHello was not seen."""
    offered_suites: tuple[str, ...] = ()
    offered_groups: tuple[str, ...] = ()
    offered_signatures: tuple[str, ...] = ()
    has_psk_modes: tuple[str, ...] = ()
    """``psk_ke``, ``psk_dhe_ke`` of psk_key_exchange_modes."""
    psk_identity: str = ""
    """Up to 1.2 that of ClientKeyExchange, in 1.3 an external one of pre_shared_key (tickets are none); safe text."""
    psk_hint: str = ""
    version: str = ""
    """What the server chose; empty where its ServerHello was not seen."""
    suite: str = ""
    group: str = ""
    """That of the key exchange, where it was seen."""
    chosen_alpn: str = ""
    is_resumed: bool = False
    """No full handshake: the server's certificate was not sent again."""
    sends_early_data: bool = False
    proof: ServerProof | None = None
    """None where no certificate was seen: TLS 1.3, a resumption, a PSK, a beginning that was missed."""
    client_certificate: Certificate | None = None
    """The device's own in mutual TLS, up to 1.2."""
    asks_client_certificate: bool = False
    ending: Ending = "unfinished"
    alert: str = ""
    """The fatal alert in the clear that ended it."""


class TlsUse(Fact, frozen=True, kw_only=True, tag="tls-use"):
    """The TLS, DTLS and QUIC handshakes that a device took part in."""

    per: ClassVar[Ownership] = "traffic"

    sessions: tuple[TlsSession, ...] = ()
    is_cut_off: bool = False
