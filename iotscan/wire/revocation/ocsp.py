"""An OCSP response: who signed it, whether he may, and what it says of a certificate. Source: RFC 6960, RFC 5019.

A response counts where the issuer of the certificate signed it, or a responder to whom that issuer gave a certificate
for it (section 4.2.2.2). Whether that certificate was itself revoked is not asked: most bear id-pkix-ocsp-nocheck.
"""

import hashlib
from collections.abc import Iterator, Sequence
from datetime import datetime
from functools import cached_property
from itertools import islice
from typing import Literal

import msgspec
from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509 import ocsp
from cryptography.x509.oid import ExtendedKeyUsageOID, SignatureAlgorithmOID

from iotscan.model.facts.certificate import RevocationAnswer
from iotscan.model.text import safe_text
from iotscan.wire.ber import SEQUENCE, take
from iotscan.wire.revocation.path import Held, is_issued, may, unknown_critical

CAP = 64 * 1024
"""Bytes of a response: with a certificate of its signer it takes two or three thousand."""
_BIT_STRING = 3
_ANSWERS = 500
_SIGNERS = 8
_FORGEABLE = ("md5", "sha1")

Source = Literal["staple", "ocsp"]


class Unreadable(ValueError):
    """The bytes are no OCSP response or CRL, or one that is broken; the text says which."""


class Signer(msgspec.Struct, frozen=True, kw_only=True):
    """Who signed a response for an issuer, or why that is nobody who may."""

    name: str = ""
    until: datetime | None = None
    """When the certificate of a delegated responder ends."""
    problem: str = ""


class OcspResponse:
    """A response that was given, stapled or fetched. Raises :class:`Unreadable`; ``where`` is for the report.

    ``is_asked`` where it was given as the answer to this very question: then it is told when it is about another
    certificate, as most in a pile of files are. ``position`` is that of the certificate it was asked for.
    """

    def __init__(self, der: bytes, *, source: Source, where: str, is_asked: bool, position: int = 0) -> None:
        self.position = position
        self.der, self.source, self.where, self.is_asked = der, source, where, is_asked
        if len(der) > CAP:
            raise Unreadable(f"more than {CAP >> 10} KiB: no OCSP response is that large")
        try:
            self._response = ocsp.load_der_ocsp_response(der)
            self._is_answer = self._response.response_status is ocsp.OCSPResponseStatus.SUCCESSFUL
            self._singles = tuple(islice(self._response.responses, _ANSWERS)) if self._is_answer else ()
        except Exception as error:
            raise Unreadable("no readable OCSP response") from error
        self._signers: dict[x509.Certificate, Signer] = {}

    def answer(self, path: Sequence[Held]) -> Iterator[RevocationAnswer]:
        """What it says of the certificates of a path. Never raises."""
        about_meant = False
        for held in path:
            for single in self._singles:
                try:
                    answer = self._about(held, single)
                except UnsupportedAlgorithm:
                    answer = self._none(held.position, "signed by an algorithm that is not read here", is_open=True)
                except Exception:
                    answer = self._none(held.position, "a response that cannot be read to its end")
                if answer is not None:
                    about_meant = about_meant or held.position == self.position
                    yield answer
        meant = next((held for held in path if held.position == self.position), None)
        # What it says of another certificate of the chain is no answer about the one that was meant.
        if not about_meant and self.is_asked and meant is not None:
            yield self._none(meant.position, self._why_not(meant))

    def names(self, serial: int) -> bool:
        """Whether it says anything of a serial number, of whatever issuer. Never raises."""
        try:
            return any(single.serial_number == serial for single in self._singles)
        except Exception:
            return False

    def _about(self, held: Held, single: ocsp.OCSPSingleResponse) -> RevocationAnswer | None:
        if single.serial_number != held.certificate.serial_number:
            return None
        issuer = next((i for i in held.issuers if _is_of(single, held.certificate, i)), None)
        if issuer is None:
            return None
        signer = self._signer(issuer)
        if signer.problem or self._unreadable:
            return self._none(held.position, signer.problem or self._unreadable, signer=signer.name)
        status = single.certificate_status
        return RevocationAnswer(
            position=held.position,
            source=self.source,
            where=self.where,
            status=_STATUS[status],
            signer=signer.name,
            signer_until=signer.until,
            this_update=single.this_update_utc,
            next_update=single.next_update_utc,
            revoked_at=single.revocation_time_utc,
            reason=single.revocation_reason.value if single.revocation_reason else "",
        )

    def _none(self, position: int, problem: str, *, signer: str = "", is_open: bool = False) -> RevocationAnswer:
        return RevocationAnswer(
            position=position, source=self.source, where=self.where, problem=problem, is_open=is_open, signer=signer
        )

    def _why_not(self, held: Held) -> str:
        if not self._is_answer:
            return f"the responder refused to answer ({self._response.response_status.name.lower()})"
        serials = [single.serial_number for single in self._singles]
        if held.certificate.serial_number in serials:
            return "it is about the certificate of another issuer"
        shown = ", ".join(f"{serial:x}" for serial in serials[:2])
        return f"it is about another serial number ({shown})" if shown else "it says nothing of any certificate"

    @cached_property
    def _unreadable(self) -> str:
        """Why nobody may rely on it, whoever signed it."""
        try:
            every = (*self._response.extensions, *(self._response.single_extensions if len(self._singles) == 1 else ()))
        except Exception:
            return "its extensions cannot be read"
        unknown = unknown_critical(every)
        return f"it has a critical extension that is not known ({unknown})" if unknown else ""

    def _signer(self, issuer: x509.Certificate) -> Signer:
        """Found once for an issuer: a response may name the same certificate hundreds of times."""
        if issuer not in self._signers:
            self._signers[issuer] = self._found_signer(issuer)
        return self._signers[issuer]

    def _found_signer(self, issuer: x509.Certificate) -> Signer:
        weak = self._response.signature_hash_algorithm
        if weak is not None and weak.name in _FORGEABLE:
            return Signer(problem=f"its signature is by {weak.name.upper()}, which can be forged")
        if self._names(issuer):
            said = safe_text(issuer.subject.rfc4514_string())
            return Signer(name=said, problem="" if self._is_signed_by(issuer) else "its signature is not the issuer's")
        delegates = [c for c in self._response.certificates[:_SIGNERS] if self._names(c)]
        if not delegates:
            return Signer(problem="the certificate of its signer is not with it, and the signer is not the issuer")
        return self._delegated(delegates[0], issuer)

    def _delegated(self, delegate: x509.Certificate, issuer: x509.Certificate) -> Signer:
        name = safe_text(delegate.subject.rfc4514_string())
        made = self._response.produced_at_utc
        problem = ""
        if not is_issued(delegate, issuer):
            problem = "its signer has no certificate of the issuer"
        elif not _may_answer(delegate):
            problem = "the issuer gave its signer no right to answer (extendedKeyUsage OCSPSigning)"
        elif not may(delegate, "digital_signature"):
            problem = "the certificate of its signer is for no signatures (keyUsage)"
        elif unknown := unknown_critical(delegate.extensions):
            problem = f"the certificate of its signer has a critical extension that is not known ({unknown})"
        elif not delegate.not_valid_before_utc <= made <= delegate.not_valid_after_utc:
            problem = f"the certificate of its signer was not valid when it was made, {made:%Y-%m-%d}"
        elif not self._is_signed_by(delegate):
            problem = "its signature is not that of its signer"
        return Signer(name=name, until=delegate.not_valid_after_utc, problem=problem)

    def _names(self, certificate: x509.Certificate) -> bool:
        by_name, by_key = self._response.responder_name, self._response.responder_key_hash
        if by_name is not None:
            return by_name == certificate.subject
        return by_key is not None and by_key == hashlib.sha1(_key_of(certificate), usedforsecurity=False).digest()

    def _is_signed_by(self, signer: x509.Certificate) -> bool:
        try:
            key, signature, body = signer.public_key(), self._response.signature, self._response.tbs_response_bytes
            if isinstance(key, ed25519.Ed25519PublicKey | ed448.Ed448PublicKey):
                key.verify(signature, body)
                return True
            digest = self._response.signature_hash_algorithm
            if digest is None:
                return False
            if isinstance(key, ec.EllipticCurvePublicKey):
                key.verify(signature, body, ec.ECDSA(digest))
                return True
            if isinstance(key, rsa.RSAPublicKey):
                key.verify(signature, body, self._padding(digest), digest)
                return True
        except Exception:
            return False
        return False

    def _padding(self, digest: hashes.HashAlgorithm) -> padding.AsymmetricPadding:
        if self._response.signature_algorithm_oid == SignatureAlgorithmOID.RSASSA_PSS:
            return padding.PSS(padding.MGF1(digest), padding.PSS.AUTO)
        return padding.PKCS1v15()


_STATUS: dict[ocsp.OCSPCertStatus, Literal["good", "revoked", "unknown"]] = {
    ocsp.OCSPCertStatus.GOOD: "good",
    ocsp.OCSPCertStatus.REVOKED: "revoked",
    ocsp.OCSPCertStatus.UNKNOWN: "unknown",
}


def request(held: Held) -> bytes:
    """The question whether a certificate was revoked, in DER: with SHA-1, as RFC 5019 has it, and without a nonce."""
    builder = ocsp.OCSPRequestBuilder().add_certificate(held.certificate, held.issuers[0], hashes.SHA1())  # noqa: S303  # names, and protects nothing
    return builder.build().public_bytes(Encoding.DER)


def _is_of(single: ocsp.OCSPSingleResponse, certificate: x509.Certificate, issuer: x509.Certificate) -> bool:
    """Whether the hashes of a CertID are those of an issuer (RFC 6960 section 4.1.1)."""
    digest = single.hash_algorithm.name
    name, key = certificate.issuer.public_bytes(), _key_of(issuer)
    return single.issuer_name_hash == _hash(digest, name) and single.issuer_key_hash == _hash(digest, key)


def _hash(name: str, data: bytes) -> bytes:
    return hashlib.new(name, data, usedforsecurity=False).digest()


def _key_of(certificate: x509.Certificate) -> bytes:
    """The key as OCSP hashes it: the BIT STRING of SubjectPublicKeyInfo without tag, length and unused bits."""
    spki = certificate.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    inside, _ = take(spki, SEQUENCE)
    _, behind = take(inside, SEQUENCE)
    key, _ = take(behind, _BIT_STRING)
    return key[1:]


def _may_answer(certificate: x509.Certificate) -> bool:
    try:
        uses = certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    except Exception:
        return False
    return ExtendedKeyUsageOID.OCSP_SIGNING in uses
