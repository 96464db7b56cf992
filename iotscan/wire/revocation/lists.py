"""A CRL, whole or a delta: who signed it, what it covers, and whether a certificate stands on it.

Source: RFC 5280 sections 5 and 6.3.3. A list that somebody else than the issuer signed (an indirect one, named by
cRLIssuer in the certificate) is named and not judged; one of the issuer with entries of other issuers is.
"""

import warnings
from collections.abc import Iterator
from datetime import datetime
from functools import cached_property

import msgspec
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509.oid import ExtensionOID

from iotscan.model.facts.certificate import RevocationAnswer
from iotscan.model.text import safe_text
from iotscan.wire.revocation.ocsp import Unreadable
from iotscan.wire.revocation.path import Held, may, unknown_critical

CAP = 64 * 1024 * 1024
"""Bytes of a list: the largest that public CAs publish take some 10 MB."""
_FORGEABLE = ("md5", "sha1")
_CRITICAL = b"\x01\x01\xff\x04"
"""TRUE before an OCTET STRING in DER: without it no entry has a critical extension, and none need be looked at."""
_POINTS = 32


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """A certificate on a list."""

    revoked_at: datetime
    reason: str = ""


class RevocationList:
    """A CRL in DER. Raises :class:`~.ocsp.Unreadable`; ``where`` is for the report.

    ``is_asked`` where it was fetched for the certificate at ``position``: then it is told where it is another issuer's.
    """

    def __init__(self, der: bytes, *, where: str, is_asked: bool = False, position: int = 0) -> None:
        self.position = position
        self.der, self.where, self.is_asked = der, where, is_asked
        if len(der) > CAP:
            raise Unreadable(f"more than {CAP >> 20} MiB: larger than any CRL that is read here")
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                self._crl = x509.load_der_x509_crl(der)
                self._may_be_critical = _CRITICAL in der
                self.issuer = self._crl.issuer
                self.this_update = self._crl.last_update_utc
                self.next_update = self._crl.next_update_utc
        except Exception as error:
            raise Unreadable("no readable CRL") from error
        self._signed_by: dict[bytes, bool] = {}

    @cached_property
    def unusable(self) -> str:
        """Why nobody may rely on it, whoever signed it; empty where one may."""
        try:
            extensions = tuple(self._crl.extensions)
            weak = self._crl.signature_hash_algorithm
        except Exception:
            return "its extensions or its signature's algorithm cannot be read"
        if unknown := unknown_critical(extensions):
            return f"it has a critical extension that is not known ({unknown})"
        if weak is not None and weak.name in _FORGEABLE:
            return f"its signature is by {weak.name.upper()}, which can be forged"
        return ""

    @cached_property
    def _entries_problem(self) -> str:
        if not self._may_be_critical:
            return ""
        try:
            for entry in self._crl:
                if unknown := unknown_critical(entry.extensions):
                    return f"one of its entries has a critical extension that is not known ({unknown})"
        except Exception:
            return "one of its entries cannot be read"
        return ""

    @cached_property
    def delta_of(self) -> int | None:
        """The number of the list that a delta builds on; None for a whole list."""
        return self._number(ExtensionOID.DELTA_CRL_INDICATOR)

    @cached_property
    def number(self) -> int | None:
        """Its own number."""
        return self._number(ExtensionOID.CRL_NUMBER)

    @cached_property
    def bounds(self) -> x509.IssuingDistributionPoint | None:
        """What it covers, where that is not all that its issuer issued."""
        found = self._value(ExtensionOID.ISSUING_DISTRIBUTION_POINT)
        return found if isinstance(found, x509.IssuingDistributionPoint) else None

    def refusal(self, held: Held) -> str:
        """Why it says nothing of a certificate of its issuer; empty where it does."""
        if self.unusable:
            return self.unusable
        signers = [i for i in held.issuers if self._is_signed_by(i)]
        if not signers:
            return "its signature is not by the key of the issuer"
        if not any(may(signer, "crl_sign") for signer in signers):
            return "the issuer's certificate does not let it sign CRLs (keyUsage cRLSign)"
        beyond = _beyond(self.bounds, held.certificate) if self.bounds is not None else ""
        # Last, for it may take seconds: only the issuer's own lists are worth them.
        return beyond or self._entries_problem

    def entry(self, certificate: x509.Certificate) -> Entry | None:
        """Its entry for a certificate; None where it does not stand there. Raises what the library does."""
        found = self._crl.get_revoked_certificate_by_serial_number(certificate.serial_number)
        if found is not None and self.bounds is not None and self.bounds.indirect_crl:
            # Entry by entry, which takes a second for 75,000: only where the number stands there at all.
            return next(self._entries_of(certificate), None)
        return None if found is None else _entry(found)

    def _entries_of(self, certificate: x509.Certificate) -> Iterator[Entry]:
        """The same in a list with entries of several issuers: who is meant stands at the first of each."""
        issuer: x509.Name | None = self.issuer
        for one in self._crl:
            try:
                named = one.extensions.get_extension_for_class(x509.CertificateIssuer).value
                issuer = next((n.value for n in named if isinstance(n, x509.DirectoryName)), None)
            except x509.ExtensionNotFound:
                pass
            if issuer == certificate.issuer and one.serial_number == certificate.serial_number:
                yield _entry(one)

    def _is_signed_by(self, issuer: x509.Certificate) -> bool:
        try:
            key = issuer.public_key()
            spki = key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
            if spki not in self._signed_by:
                self._signed_by[spki] = self._crl.is_signature_valid(key)  # type: ignore[arg-type]  # others raise
            return self._signed_by[spki]
        except Exception:
            return False

    def _number(self, oid: x509.ObjectIdentifier) -> int | None:
        found = self._value(oid)
        if isinstance(found, x509.DeltaCRLIndicator | x509.CRLNumber):
            return found.crl_number
        return None

    def _value(self, oid: x509.ObjectIdentifier) -> x509.ExtensionType | None:
        try:
            return self._crl.extensions.get_extension_for_oid(oid).value
        except Exception:
            return None


def _entry(found: x509.RevokedCertificate) -> Entry:
    try:
        reason = found.extensions.get_extension_for_class(x509.CRLReason).value.reason.value
    except x509.ExtensionNotFound:
        reason = ""
    return Entry(revoked_at=found.revocation_date_utc, reason=reason)


def _beyond(bounds: x509.IssuingDistributionPoint, certificate: x509.Certificate) -> str:
    """Why a list with bounds does not cover a certificate (RFC 5280 section 6.3.3 (b)(2)); empty where it does."""
    is_ca = _is_ca(certificate)
    if bounds.only_contains_attribute_certs:
        return "it covers attribute certificates alone"
    if bounds.only_contains_user_certs and is_ca:
        return "it covers no certificates of CAs"
    if bounds.only_contains_ca_certs and not is_ca:
        return "it covers certificates of CAs alone"
    if bounds.relative_name is not None:
        return "it is one part of several, named in a way that is not read (nameRelativeToCRLIssuer)"
    if bounds.full_name and not set(bounds.full_name) & set(_points(certificate)):
        return "it is one part of several, and not the one that the certificate names"
    return ""


def _points(certificate: x509.Certificate) -> list[x509.GeneralName]:
    try:
        points = certificate.extensions.get_extension_for_class(x509.CRLDistributionPoints).value
    except x509.ExtensionNotFound:
        return []
    return [name for point in list(points)[:_POINTS] for name in point.full_name or ()]


def _is_ca(certificate: x509.Certificate) -> bool:
    try:
        return certificate.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    except x509.ExtensionNotFound:
        return False


class Lists:
    """Lists that were given or fetched, as one: a delta counts together with the list that it builds on."""

    def __init__(self, lists: tuple[RevocationList, ...]) -> None:
        self._lists = lists

    def answer(self, held: Held) -> Iterator[RevocationAnswer]:
        """What they say of one certificate. Never raises."""
        for one in self._lists:
            try:
                found = self._of(one, held)
            except Exception:
                found = _nothing(one, held, "a list that cannot be read to its end")
            if found is not None:
                yield found

    def _of(self, one: RevocationList, held: Held) -> RevocationAnswer | None:
        if one.issuer != held.certificate.issuer:
            if _is_named_signer(one.issuer, held.certificate):
                return _nothing(one, held, "an indirect CRL, signed by another than the issuer: such are not judged")
            is_meant = one.is_asked and one.position == held.position
            return _nothing(one, held, "it is the CRL of another issuer") if is_meant else None
        if refusal := one.refusal(held):
            return _nothing(one, held, refusal)
        entry = one.entry(held.certificate)
        if entry is not None and entry.reason != "removeFromCRL":
            return _answer(one, held, entry)
        if one.delta_of is not None:
            return self._with_base(one, held, is_removed=entry is not None)
        return _unless_partial(one, held)

    def _with_base(self, delta: RevocationList, held: Held, *, is_removed: bool) -> RevocationAnswer:
        base = next((b for b in self._lists if _is_base(b, delta) and not b.refusal(held)), None)
        if base is None:
            return _nothing(delta, held, "a delta CRL, and not the list that it builds on")
        entry = base.entry(held.certificate)
        if entry is not None and not is_removed:
            return _answer(delta, held, entry)
        return _unless_partial(delta, held)


def _is_base(base: RevocationList, delta: RevocationList) -> bool:
    """Whether a delta may be applied to a whole list (RFC 5280 section 5.2.4)."""
    if base.delta_of is not None or base.issuer != delta.issuer or base.bounds != delta.bounds:
        return False
    if base.number is None or delta.number is None or delta.delta_of is None:
        return False
    return delta.delta_of <= base.number <= delta.number


def _unless_partial(one: RevocationList, held: Held) -> RevocationAnswer:
    """That a certificate does not stand on a list means that it is good, where the list would hold it."""
    if one.bounds is not None and one.bounds.only_some_reasons:
        return _nothing(one, held, "it does not stand there, but the list covers only some reasons")
    if held.certificate.not_valid_after_utc < one.this_update:
        return _nothing(one, held, "the certificate had ended when it was made, and lists drop those")
    return _answer(one, held, None)


def _answer(one: RevocationList, held: Held, entry: Entry | None) -> RevocationAnswer:
    return RevocationAnswer(
        position=held.position,
        source="crl" if one.delta_of is None else "delta-crl",
        where=one.where,
        status="good" if entry is None else "revoked",
        signer=safe_text(one.issuer.rfc4514_string()),
        this_update=one.this_update,
        next_update=one.next_update,
        revoked_at=entry.revoked_at if entry else None,
        reason=entry.reason if entry else "",
    )


def _nothing(one: RevocationList, held: Held, problem: str) -> RevocationAnswer:
    return RevocationAnswer(
        position=held.position,
        source="crl" if one.delta_of is None else "delta-crl",
        where=one.where,
        problem=problem,
        signer=safe_text(one.issuer.rfc4514_string()),
    )


def _is_named_signer(signer: x509.Name, certificate: x509.Certificate) -> bool:
    """Whether a certificate names somebody as the signer of its lists (cRLIssuer)."""
    try:
        points = certificate.extensions.get_extension_for_class(x509.CRLDistributionPoints).value
    except Exception:
        return False
    names = (n for point in list(points)[:_POINTS] for n in point.crl_issuer or ())
    return any(isinstance(n, x509.DirectoryName) and n.value == signer for n in names)
