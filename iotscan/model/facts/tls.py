"""A TLS or DTLS server as its own hellos and one finished handshake show it."""

from typing import Literal

import msgspec

from iotscan.model.answer import Answer, Unanswered
from iotscan.model.facts.fact import Fact
from iotscan.model.vocabulary import Reason

VERSIONS = ("SSLv3", "TLSv1.0", "TLSv1.1", "TLSv1.2", "TLSv1.3")
"""Protocol versions over a stream that share one framing, in the order of their age."""
DTLS_VERSIONS = ("DTLSv1.0", "DTLSv1.2", "DTLSv1.3")
"""Protocol versions over datagrams, in the order of their age."""
EVERY_VERSION = ("SSLv2", *VERSIONS, *DTLS_VERSIONS)
"""What the keys of :attr:`TlsEndpoint.versions` may be, oldest first."""

AlpnTreatment = Literal["refused", "ignored", "accepted"]
"""What a server does with an application protocol that does not exist: RFC 7301 section 3.2."""

_NOT_ASKED = "the probe of this run did not ask"
UNASKED = Answer[bool].missing(Reason.NOT_ASKED, _NOT_ASKED)
"""A question that an older probe did not know."""
_UNASKED_NUMBER = Answer[int].missing(Reason.NOT_ASKED, _NOT_ASKED)


class Suite(msgspec.Struct, frozen=True, kw_only=True, order=True):
    """A cipher suite a server selected: protocol version, IANA code point and IANA name."""

    version: str
    code: int
    name: str


class SuiteList(msgspec.Struct, frozen=True, kw_only=True):
    """Every suite a server accepts in one version, found by offering ever fewer until it refused.

    ``suites`` stand in the order in which the server chose them. ``is_complete`` is False where the
    elimination was cut off; ``detail`` then says by what.
    """

    version: str
    suites: tuple[Suite, ...]
    is_complete: bool
    detail: str = ""


class KeyExchange(msgspec.Struct, frozen=True, kw_only=True, order=True):
    """A key exchange that a server was seen to do: in which version, over which group.

    ``group`` is the name of the named group (``x25519``, ``secp256r1``, ``ffdhe2048``, ``X25519MLKEM768``),
    or ``dh`` for a prime of the server's own; ``bits`` its size: of the prime, or of the curve's field.
    """

    version: str
    group: str
    bits: int


class ClientCertificateRequest(msgspec.Struct, frozen=True, kw_only=True):
    """What a server wants of a client's certificate. All text is safe text.

    Kinds of keys and signature schemes are known only from a first flight in the clear, up to TLS 1.2.
    """

    certificate_types: tuple[str, ...] = ()
    """``rsa_sign``, ``ecdsa_sign`` …"""
    signature_schemes: tuple[str, ...] = ()
    """By IANA name, in the server's order."""
    authorities: tuple[str, ...] = ()
    """Names of the CAs whose certificates it says it takes, the first 64: ``CN=Acme CA,O=Acme``."""
    authorities_sent: int = 0
    """How many there were. None is no word at all: such a server does not say whom it trusts."""


class TlsEndpoint(Fact, frozen=True, kw_only=True, tag="tls-endpoint"):
    """What a TLS or DTLS server accepts, asked by hellos of our own (no handshake is finished).

    Each answer settles one question to a *group* of suites, so a yes is proved by the suite in
    ``selected`` and a no is a refusal (alert or close) of the whole group; anything else is unanswered.
    Versions are named as in :data:`EVERY_VERSION`: a DTLS server's carry a D.
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
    """How many ClientHellos this took: one connection (or one UDP exchange) each."""

    opening: str = ""
    """The protocol whose STARTTLS (or upgrade) came before each hello: ``smtp``, ``ftp`` …; empty for TLS at once."""
    prefers_newest: Answer[bool] = UNASKED
    """Offered TLS 1.3 beside older versions, it selects 1.3 (False: it has 1.3 and selects an older one)."""
    suite_lists: tuple[SuiteList, ...] = ()
    """Complete lists by version, where the profile asked for them; empty otherwise."""
    server_preference: Answer[bool] = UNASKED
    """Selects by its own order of suites; False when it follows the client's."""
    cbc: Answer[bool] = UNASKED
    """Accepts a CBC suite."""
    encrypt_then_mac: Answer[bool] = UNASKED
    """Answers encrypt_then_mac (RFC 7366) where it selected a CBC suite; unanswered where it selects none."""
    short_tag: Answer[bool] = UNASKED
    """Accepts a CCM_8 suite: an authentication tag of 64 bits."""
    longer_tag: Answer[bool] = UNASKED
    """Accepts an AEAD suite with a tag of 128 bits (GCM, CCM, ChaCha20-Poly1305)."""
    exchanges: tuple[KeyExchange, ...] = ()
    """Every key exchange seen, once."""
    weak_groups: Answer[bool] = UNASKED
    """Accepts an elliptic curve below 224 bits."""
    dh_bits: Answer[int] = _UNASKED_NUMBER
    """Bits of the smallest Diffie-Hellman prime it was seen to use; 0 when it refuses every DHE suite."""
    hybrid_groups: Answer[bool] = UNASKED
    """Accepts a hybrid post-quantum group in TLS 1.3 (X25519MLKEM768 and its like)."""
    reuses_shares: Answer[bool] = UNASKED
    """The same public (EC)DH value came in two handshakes. A no needs three that all differ."""
    shares_seen: int = 0
    """How many public values were compared."""
    signatures: tuple[str, ...] = ()
    """Signature schemes with which it signed its key exchange in TLS 1.2, by IANA name: ``rsa_pkcs1_sha256``."""
    weak_signature: Answer[bool] = UNASKED
    """Signs a TLS 1.2 key exchange with SHA-1 or MD5: of its own choice, or when nothing else is offered."""
    chooses_weak_signature: Answer[bool] = UNASKED
    """Signs with SHA-1 or MD5 although better was offered."""
    truncated_hmac: Answer[bool] = UNASKED
    """Answers truncated_hmac (RFC 6066 section 7)."""
    heartbeat: Answer[bool] = UNASKED
    """Answers heartbeat (RFC 6520): the extension itself, no attack."""
    session_tickets: Answer[bool] = UNASKED
    """Answers session_ticket (RFC 5077) up to TLS 1.2: it will send tickets."""
    fallback_scsv: Answer[bool] = UNASKED
    """Refuses a hello below its best version that carries TLS_FALLBACK_SCSV (RFC 7507)."""
    unknown_alpn: Answer[AlpnTreatment] = Answer[AlpnTreatment].missing(Reason.NOT_ASKED, _NOT_ASKED)
    """What it does with an application protocol that does not exist."""
    client_certificate: Answer[bool] = UNASKED
    """Asks for a client certificate: CertificateRequest in its first flight up to TLS 1.2."""
    certificate_request: ClientCertificateRequest | None = None
    """What it asks of that certificate; None where it asks for none, and where TLS 1.3 hides it."""
    raw_public_key: Answer[bool] = UNASKED
    """Sends a raw public key (RFC 7250) where one is offered to be taken."""
    psk_hint: str = ""
    """The PSK identity hint it sends before anybody has proved anything (RFC 4279 section 5.2), made safe."""
    stapled: Answer[bool] = UNASKED
    """Sends a stapled OCSP response in its first flight up to TLS 1.2."""
    intolerances: tuple[str, ...] = ()
    """What made it refuse or fall silent though it would have accepted the question: words of its probe."""
    contradictions: tuple[str, ...] = ()
    """Questions to which it gave two different answers, with both."""
    cut: tuple[str, ...] = ()
    """Questions that the ceiling of connections left unasked."""

    @property
    def is_dtls(self) -> bool:
        """True for a server over datagrams."""
        return any(version in DTLS_VERSIONS for version in self.versions)

    @property
    def suites(self) -> tuple[Suite, ...]:
        """Every suite it was seen to select, once, in whichever question; oldest version first."""
        listed = (suite for found in self.suite_lists for suite in found.suites)
        return tuple(sorted({*self.selected, *listed}))

    @property
    def accepted_versions(self) -> tuple[str, ...]:
        """The versions that are accepted for certain, oldest first.

        Raises :class:`Unanswered` when there is none: a server that refuses every hello may only miss
        something in them (a server name), and then no refusal of it proves anything.
        """
        accepted = tuple(v for v in EVERY_VERSION if v in self.versions and self.versions[v].known)
        if not accepted:
            for answer in self.versions.values():
                answer.value  # noqa: B018  # an unanswered question says better why
            raise Unanswered(Reason.NOT_OBSERVABLE, "the server refused every hello that was tried")
        return accepted


class DtlsServer(Fact, frozen=True, kw_only=True, tag="dtls-server"):
    """A UDP port that answered a DTLS ClientHello, and what its first answer costs whom (RFC 6347 section 4.2.1)."""

    asks_cookie: Answer[bool]
    """Sends HelloVerifyRequest (or a HelloRetryRequest with cookie, RFC 9147) before it does anything else."""
    amplification: float = 0.0
    """Bytes of the first answer over bytes of the hello, before any cookie came back."""
    how: str = ""
    """What it answered: ``HelloVerifyRequest``, ``ServerHello``, ``alert handshake_failure`` …"""


class TlsHandshake(Fact, frozen=True, kw_only=True, tag="tls-handshake"):
    """What only a finished handshake shows, by sslyze in its worker; nothing here is asked of DTLS."""

    version: str
    """The version in which the handshake was finished."""
    suite: str
    """IANA name of its cipher suite."""
    opening: str = ""
    """The protocol in which the service began in the clear, as in :attr:`TlsEndpoint.opening`."""
    client_certificate: Answer[bool] = UNASKED
    """A client certificate was asked for."""
    tickets: Answer[bool] = UNASKED
    """A session ticket came. A no holds up to TLS 1.2 only: in 1.3 one may come at any time."""
    ticket_lifetime: Answer[int] = _UNASKED_NUMBER
    """Seconds that the server says a ticket lives (lifetime hint, RFC 5077; ticket_lifetime, RFC 8446): the longest."""
    resumes: Answer[bool] = UNASKED
    """A session was resumed."""
    early_data: Answer[int] = _UNASKED_NUMBER
    """max_early_data_size of a TLS 1.3 ticket; 0 where none may be sent."""
    client_renegotiation: Answer[bool] = UNASKED
    """Accepts a renegotiation that the client begins."""
    disagreements: tuple[str, ...] = ()
    """Questions that both engines answered, differently: with both answers. One of ours is wrong."""
    compared: tuple[str, ...] = ()
    """Questions that both engines answered: ``version``, ``suite``, ``leaf certificate`` …"""


class TlsAttacks(Fact, frozen=True, kw_only=True, tag="tls-attacks"):
    """Whether a TLS server falls for three known attacks; asked only with --intrusive, by our own bytes."""

    heartbleed: Answer[bool]
    """Leaks memory to a heartbeat that is shorter than it says (CVE-2014-0160)."""
    ccs_injection: Answer[bool]
    """Takes a ChangeCipherSpec before there are keys (CVE-2014-0224)."""
    robot: Answer[bool]
    """Answers differently to right and wrong RSA padding: an RSA decryption oracle (ROBOT, 2017)."""
    robot_answers: tuple[str, ...] = ()
    """What it answered to each kind of padding, where the answers differ."""
