"""A TLS server as its own hellos show it, and the certificate it sends."""

from datetime import datetime

import msgspec

from iotscan.model.answer import Answer, Unanswered
from iotscan.model.facts.fact import Fact
from iotscan.model.vocabulary import Reason

VERSIONS = ("SSLv3", "TLSv1.0", "TLSv1.1", "TLSv1.2", "TLSv1.3")
"""Protocol versions in the order of their age, as keys of :attr:`TlsEndpoint.versions`."""


class Suite(msgspec.Struct, frozen=True, kw_only=True, order=True):
    """A cipher suite a server selected: protocol version, IANA code point and IANA name."""

    version: str
    code: int
    name: str


class TlsEndpoint(Fact, frozen=True, kw_only=True, tag="tls-endpoint"):
    """What a TLS server accepts, asked by hellos of our own (no handshake is finished).

    Each answer settles one question to a *group* of suites, so a yes is proved by the suite in
    ``selected`` and a no is a refusal (alert or close) of the whole group; anything else is unanswered.
    """

    versions: dict[str, Answer[bool]]
    selected: tuple[Suite, ...] = ()
    forward_secrecy: Answer[bool]
    """Accepts a suite with ephemeral (EC)DH (any TLS 1.3 with certificate or psk_dhe_ke counts)."""
    without_forward_secrecy: Answer[bool]
    """Accepts a suite without: static RSA, static (EC)DH, plain PSK, RSA_PSK."""
    prefers_forward_secrecy: Answer[bool]
    """Offered both, the ephemeral one first, it selects that; False when it insists on the other."""
    plain_psk: Answer[bool]
    """Accepts a pre-shared-key suite without forward secrecy (PSK, RSA_PSK)."""
    psk_forward_secrecy: Answer[bool]
    """Accepts DHE_PSK or ECDHE_PSK."""
    broken_ciphers: Answer[bool]
    """Accepts NULL, anonymous, export, RC4 or single-DES suites (below 112 bit or no authentication)."""
    weak_ciphers: Answer[bool]
    """Accepts 3DES or IDEA (below 128 bit)."""
    aead: Answer[bool]
    """Accepts an AEAD suite (GCM, CCM, ChaCha20-Poly1305)."""
    secure_renegotiation: Answer[bool]
    """Answers renegotiation_info (RFC 5746) up to TLS 1.2; unanswered for a TLS-1.3-only server."""
    extended_master_secret: Answer[bool]
    """Answers extended_master_secret (RFC 7627) up to TLS 1.2."""
    compression: Answer[bool]
    """Selects DEFLATE when offered."""
    hellos: int = 0
    """How many ClientHellos this took: one connection each."""

    @property
    def accepted_versions(self) -> tuple[str, ...]:
        """The versions that are accepted for certain, oldest first.

        Raises :class:`Unanswered` when there is none: a server that refuses every hello may only miss
        something in them (a server name), and then no refusal of it proves anything.
        """
        accepted = tuple(v for v in VERSIONS if v in self.versions and self.versions[v].known)
        if not accepted:
            for answer in self.versions.values():
                answer.value  # noqa: B018  # an unanswered question says better why
            raise Unanswered(Reason.NOT_OBSERVABLE, "the server refused every hello that was tried")
        return accepted


class Certificate(msgspec.Struct, frozen=True, kw_only=True):
    """The facts of one X.509 certificate. Times are UTC. Fingerprints are lower-case hex SHA-256."""

    subject: str
    issuer: str
    serial: str
    not_before: datetime
    not_after: datetime
    key_type: str
    """``rsa``, ``ec``, ``ed25519``, ``ed448``, ``dsa`` or ``other``."""
    key_bits: int
    signature_hash: str
    """``sha256`` …; empty for schemes without a separate hash (Ed25519)."""
    sha256: str
    spki_sha256: str
    names: tuple[str, ...] = ()
    """dNSName and iPAddress entries of subjectAltName."""
    is_self_issued: bool = False
    is_ca: bool = False
    crl_urls: tuple[str, ...] = ()
    ocsp_urls: tuple[str, ...] = ()
    must_staple: bool = False


class CertificateChain(Fact, frozen=True, kw_only=True, tag="certificate-chain"):
    """The chain a server sends, leaf first, and what validation says of it."""

    certificates: tuple[Certificate, ...]
    trusted: Answer[bool]
    """Chains to a root of the system or Mozilla store."""
    trust_detail: str = ""
    ocsp_stapled: Answer[bool]
    engine: str
    """What read it: ``hello`` (our own, TLS up to 1.2) or ``sslyze``."""

    @property
    def leaf(self) -> Certificate:
        """The server's own certificate."""
        return self.certificates[0]
