"""X.509 certificates: one, the chain that a server sends or a file holds, and whether one was taken back."""

from datetime import datetime, timedelta
from itertools import count
from typing import Literal

import msgspec

from iotscan.model.answer import Answer, Unanswered
from iotscan.model.facts.fact import Fact
from iotscan.model.vocabulary import Reason

_AHEAD = timedelta(hours=6)
"""A run is judged at the moment of its start, and its answers were made while it lasted."""
_WITHOUT_END = timedelta(days=7)
UNPROVED = "the server sent this certificate, and did not prove that it has its key: its signature was wrong"
"""Why nobody says whether a chain is trusted that anybody could have sent."""


class Extensions(msgspec.Struct, frozen=True, kw_only=True):
    """What a certificate says of its use (RFC 5280 section 4.2). Lists are None where the extension is not there.

    Names are those of RFC 5280 (``keyCertSign``, ``serverAuth``); what has none stands as its dotted OID.
    """

    version: int
    """1, 2 or 3: as people count, not as it is encoded."""
    signature_algorithm: str
    """``ecdsa-with-SHA256``, ``sha1WithRSAEncryption``, ``Ed25519`` …; its OID where it has no name."""
    curve: str = ""
    """``secp256r1``, ``secp192r1`` …; empty for keys without one."""
    critical: tuple[str, ...] = ()
    """Extensions that are marked so."""
    unknown_critical: tuple[str, ...] = ()
    """OIDs of critical extensions that nobody knows: whoever keeps to RFC 5280 refuses the certificate."""
    has_basic_constraints: bool = False
    path_length: int | None = None
    key_usage: tuple[str, ...] | None = None
    extended_key_usage: tuple[str, ...] | None = None
    subject_key: str = ""
    """subjectKeyIdentifier, lower-case hex."""
    authority_key: str = ""
    """keyIdentifier of authorityKeyIdentifier, lower-case hex."""
    common_names: tuple[str, ...] = ()
    serial_number: str = ""
    """The serialNumber attribute of the subject, or the serial of a HardwareModuleName (RFC 4108, IEEE 802.1AR)."""
    uris: tuple[str, ...] = ()
    """uniformResourceIdentifier entries of subjectAltName; dNSName and iPAddress are in ``Certificate.names``."""
    emails: tuple[str, ...] = ()
    permitted: tuple[str, ...] | None = None
    """nameConstraints, as ``dns:example.com``, ``ip:10.0.0.0/8`` …"""
    excluded: tuple[str, ...] | None = None
    policies: tuple[str, ...] = ()
    issuer_urls: tuple[str, ...] = ()
    """caIssuers of authorityInfoAccess."""
    delta_crl_urls: tuple[str, ...] = ()
    """freshestCRL."""
    embedded_scts: int = 0
    """Signed certificate timestamps in the certificate (RFC 6962 section 3.3)."""


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
    addresses: tuple[str, ...] | None = None
    """Those of ``names`` that are iPAddress entries: a dNSName may look like one. None in a run of an older iotscan."""
    is_self_issued: bool = False
    is_ca: bool = False
    crl_urls: tuple[str, ...] = ()
    ocsp_urls: tuple[str, ...] = ()
    must_staple: bool = False
    extensions: Extensions | None = None
    """None in a run of an older iotscan, and where a damaged certificate does not show them."""
    defects: tuple[str, ...] = ()
    """Rules of the encoding that it breaks, so that strict clients refuse it; what could be read is here all the same.
    """
    spki: str = ""
    """The SubjectPublicKeyInfo (DER) in base64; empty in a run of an older iotscan."""

    @property
    def is_whole(self) -> bool:
        """False where a damaged certificate does not show its extensions: then the fields read off them are empty."""
        return self.extensions is not None or not self.defects

    @property
    def uses(self) -> Extensions:
        """What it says of its use. Raises Unanswered where that is not known."""
        if self.extensions is None:
            self.require_whole()
            raise Unanswered(Reason.NOT_OBSERVABLE, "the run is of an iotscan that read no extensions: scan again")
        return self.extensions

    @property
    def is_root(self) -> bool:
        """Whether it names itself as its issuer and, where it names keys, its own. Its signature is not tried."""
        keys = (self.extensions.subject_key, self.extensions.authority_key) if self.extensions else ("", "")
        return self.is_self_issued and (not all(keys) or keys[0] == keys[1])

    def require_whole(self) -> None:
        """Raise Unanswered where a damaged certificate does not show its extensions."""
        if not self.is_whole:
            raise Unanswered(Reason.UNREADABLE, f"the extensions of {self.subject or 'a certificate'} cannot be read")


class MalformedCertificate(msgspec.Struct, frozen=True, kw_only=True):
    """A certificate of which not even the dates, the names or the key could be read."""

    position: int
    """Where it stood in the chain: 0 is the leaf."""
    why: str
    read: tuple[str, ...] = ()
    """What could be read all the same: ``subject CN=x``, ``rsa 1024``."""
    sha256: str = ""


class Distrust(msgspec.Struct, frozen=True, kw_only=True):
    """A certificate authority of a chain that a browser's maker stopped trusting."""

    subject: str
    by: str
    """``Mozilla``, ``Chrome``."""
    year: str
    after: str = ""
    """The day (ISO 8601) after which nothing that it issued is accepted; empty where nothing of it is."""
    told_by: str
    """``certificate``: it was sent itself; ``key``: the name and key identifier of a signer; ``name``: its name."""


class CertificateChain(Fact, frozen=True, kw_only=True, tag="certificate-chain"):
    """The chain a server sends, leaf first, and what validation says of it."""

    certificates: tuple[Certificate, ...]
    """Those that could be read, in their order; none where the leaf could not be."""
    trusted: Answer[bool]
    """Chains to a root of the system, of Mozilla, or of a trust store that the user gave."""
    trust_detail: str = ""
    trusted_by: tuple[str, ...] = ()
    """The stores whose roots vouch for it: ``system`` (with a root of Mozilla's list), ``this machine`` (with one that
    was added to it), ``Mozilla``, or the name of a file that the user gave."""
    privately_trusted: Answer[bool] = Answer[bool].missing(Reason.NOT_ASKED, "no trust store was given")
    """Chains to a root of a trust store that the user gave."""
    anchored: Answer[bool] = Answer[bool].missing(Reason.NOT_ASKED, "the probe of this run did not ask")
    """Signatures lead from it to a root of a known store, whatever else stands against them: nothing is missing."""
    signers: Answer[tuple[int, ...]] = Answer[tuple[int, ...]].missing(
        Reason.NOT_ASKED, "the run did not try signatures"
    )
    """Places, as in :attr:`placed`, of the leaf and of those that signed it, directly or by others, by their keys."""
    distrusts: tuple[Distrust, ...] = ()
    distrust_dated: str = ""
    """The day of the list in which the authorities were looked up; empty where nobody did."""
    ocsp_stapled: Answer[bool]
    engine: str
    """What read it: ``hello`` (our own, TLS up to 1.2) or ``sslyze``."""
    opening: str = ""
    """The protocol in which the service began in the clear, as in :attr:`TlsEndpoint.opening`."""
    server_name: str = ""
    """The host name that the user gave for the address, which the hello asked for; empty when scanned by address."""
    malformed: tuple[MalformedCertificate, ...] = ()
    """Certificates that could not be read."""
    handshake_scts: Answer[int] = Answer[int].missing(Reason.NOT_ASKED, "the probe of this run did not ask")
    """Signed certificate timestamps in the TLS extension (RFC 6962 section 3.3.1)."""

    @property
    def is_unproved(self) -> bool:
        """True where a handshake showed that the server lacks the key: then the certificate says nothing of it."""
        return self.trusted.detail == UNPROVED

    @property
    def leaf(self) -> Certificate:
        """The server's own certificate with all that it says. Raises Unanswered where it could not be read."""
        if not self.certificates:
            raise Unanswered(Reason.UNREADABLE, "the server's certificate is malformed and cannot be read")
        self.certificates[0].require_whole()
        return self.certificates[0]

    @property
    def placed(self) -> tuple[tuple[int, Certificate], ...]:
        """Each certificate that could be read with its place in what was sent; 0 is the leaf.

        Whoever judges them all asks :meth:`require_all` before a pass.
        """
        unread = {malformed.position for malformed in self.malformed}
        places = (place for place in count() if place not in unread)
        return tuple(zip(places, self.certificates, strict=False))

    def require_all(self) -> None:
        """Raise Unanswered where certificates could not be read: what is said of the others holds not of all."""
        if self.malformed:
            places = ", ".join(str(malformed.position) for malformed in self.malformed[:5])
            raise Unanswered(Reason.UNREADABLE, f"certificates that were sent cannot be read (at {places}, from 0)")


class RevocationAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """What one CRL or OCSP response says of one certificate; whether it is fresh is judged at the date of the run."""

    position: int
    """Which certificate of the chain: 0 is the leaf."""
    source: Literal["staple", "ocsp", "crl", "delta-crl"]
    where: str
    """``handshake``, the name of the file that the user gave, or the URL it was fetched from."""
    status: Literal["good", "revoked", "unknown", ""] = ""
    """Empty where it is no answer to this question: ``problem`` says why."""
    problem: str = ""
    """Bad signature, signer not authorised, another serial, another issuer, not readable … No answer then."""
    is_open: bool = False
    """The problem is ours: that it is no answer could not be shown either, as where nobody knows the issuer."""
    signer: str = ""
    signer_until: datetime | None = None
    """When the certificate ends by which an OCSP responder answers for the issuer: from then on it is no answer."""
    this_update: datetime | None = None
    next_update: datetime | None = None
    """None where it names none: then it never counts as fresh for an OCSP answer older than a week."""
    revoked_at: datetime | None = None
    reason: str = ""
    """Of RFC 5280 section 5.3.1: ``keyCompromise`` …"""

    def is_ahead_of(self, moment: datetime) -> bool:
        """True for one that holds only from a later date on, which no run can have heard."""
        return self.this_update is not None and self.this_update > moment + _AHEAD

    def refusal_at(self, moment: datetime) -> str:
        """Why it is no answer at a moment; empty where it is one (RFC 5280 section 6.3.3, RFC 6960 section 3.2)."""
        if self.problem or not self.status or self.this_update is None:
            return self.problem or "it says nothing of the certificate"
        if self.is_ahead_of(moment):
            return f"it holds only from {self.this_update:%Y-%m-%d} on"
        if self.next_update is None and moment > self.this_update + _WITHOUT_END:
            return f"it is of {self.this_update:%Y-%m-%d}, and names no date of the next one"
        if self.next_update is not None and moment > self.next_update:
            return f"it held until {self.next_update:%Y-%m-%d %H:%M} UTC"
        if self.signer_until is not None and moment > self.signer_until:
            return f"the certificate of its signer ended on {self.signer_until:%Y-%m-%d}"
        return ""


class RevocationStatus(Fact, frozen=True, kw_only=True, tag="revocation-status"):
    """What the stapled, supplied and fetched answers say of the certificates of a chain."""

    answers: tuple[RevocationAnswer, ...] = ()
    unfetched: tuple[str, ...] = ()
    """URLs of CRLs and OCSP responders that nobody asked: no grant, or out of scope."""
    unfetched_because: str = ""
    opening: str = ""
