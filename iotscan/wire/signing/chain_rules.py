"""What a verifier asks of the certificates on the way from a signer to an anchor, besides signatures and dates.

Sources: RFC 5280 sections 4.2 and 6.1; OpenSSL ``crypto/x509/v3_purp.c`` and ``x509_vfy.c``, with which RAUC and
SWUpdate verify. A certificate's extensions are read from its bytes: facts keep only what reports show.
"""

import base64
import warnings
from collections.abc import Sequence
from typing import Final, Literal, TypeVar

import msgspec
from cryptography import x509
from cryptography.x509.oid import ExtensionOID

from iotscan.model.facts.signing import SigningCertificate

T = TypeVar("T", bound=x509.ExtensionType)
STATED: Final = frozenset({"codeSigning"})
"""A purpose that RAUC and SWUpdate want stated, where for those of OpenSSL itself none at all will do, too."""
_FOLLOWED: Final = frozenset(
    {
        ExtensionOID.AUTHORITY_KEY_IDENTIFIER,
        ExtensionOID.BASIC_CONSTRAINTS,
        ExtensionOID.CERTIFICATE_POLICIES,
        ExtensionOID.CRL_DISTRIBUTION_POINTS,
        ExtensionOID.EXTENDED_KEY_USAGE,
        ExtensionOID.INHIBIT_ANY_POLICY,
        ExtensionOID.KEY_USAGE,
        ExtensionOID.NAME_CONSTRAINTS,
        ExtensionOID.OCSP_NO_CHECK,
        ExtensionOID.POLICY_CONSTRAINTS,
        ExtensionOID.POLICY_MAPPINGS,
        ExtensionOID.SUBJECT_ALTERNATIVE_NAME,
        ExtensionOID.SUBJECT_KEY_IDENTIFIER,
    }
)
"""Extensions that OpenSSL follows: with any other that is critical it refuses the certificate."""

Refused = Literal["no-authority", "purpose", "extension", "unclear"]
"""``unclear`` breaks no rule that is followed here, and may break one that is not."""


class Refusal(msgspec.Struct, frozen=True, kw_only=True):
    """Which rule a certificate breaks."""

    why: Refused
    detail: str


class _Read(msgspec.Struct, frozen=True, kw_only=True):
    """A certificate, as the fact and as its extensions."""

    fact: SigningCertificate
    version: x509.Version
    extensions: x509.Extensions

    def extension(self, kind: type[T]) -> T | None:
        try:
            return self.extensions.get_extension_for_class(kind).value
        except x509.ExtensionNotFound:
            return None


def refusal(path: Sequence[SigningCertificate], purposes: frozenset[str]) -> Refusal | None:
    """The first rule that a path breaks, which leads from the signer to the anchor; None where it breaks none.

    ``purposes`` are those of which the signer needs one; empty where nobody looks at them.
    """
    try:
        certificates = [_read(one) for one in path]
    except Exception:
        # The bytes of a fact that somebody else made.
        return Refusal(why="unclear", detail=f"a certificate on the way from {path[0].subject} cannot be read")
    for certificate in certificates:
        if name := _not_followed(certificate):
            detail = f"{certificate.fact.subject} has a critical extension that nobody knows ({name})"
            return Refusal(why="extension", detail=detail)
    found = _of_authorities(certificates) or _of_purpose(certificates, purposes)
    if found is not None:
        return found
    for certificate in certificates[1:]:
        if certificate.extension(x509.NameConstraints) is not None:
            detail = f"{certificate.fact.subject} may vouch for some names only, which is not looked at here"
            return Refusal(why="unclear", detail=detail)
    return None


def _read(certificate: SigningCertificate) -> _Read:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        read = x509.load_der_x509_certificate(base64.b64decode(certificate.der))
        return _Read(fact=certificate, version=read.version, extensions=read.extensions)


def _not_followed(certificate: _Read) -> str:
    return next((e.oid.dotted_string for e in certificate.extensions if e.critical and e.oid not in _FOLLOWED), "")


def _of_authorities(path: Sequence[_Read]) -> Refusal | None:
    below = 0
    """Authorities between this one and the signer; those that only renew a key do not count (section 6.1.4)."""
    for at, certificate in enumerate(path[1:], 1):
        subject = certificate.fact.subject
        if not _is_authority(certificate, is_last=at == len(path) - 1):
            return Refusal(why="no-authority", detail=f"{subject} is no authority, and vouches for another")
        constraints = certificate.extension(x509.BasicConstraints)
        if constraints is not None and constraints.path_length is not None and below > constraints.path_length:
            most = constraints.path_length
            detail = f"{subject} takes {most} authorities below it, and there are {below}"
            return Refusal(why="no-authority", detail=detail)
        below += 0 if certificate.fact.is_self_issued else 1
    return None


def _is_authority(certificate: _Read, *, is_last: bool) -> bool:
    """Older anchors do not say that they are one: of version 1, or known by what their key is for alone."""
    usage = certificate.extension(x509.KeyUsage)
    if usage is not None and not usage.key_cert_sign:
        return False
    constraints = certificate.extension(x509.BasicConstraints)
    if constraints is not None:
        return constraints.ca
    is_old_root = certificate.version is x509.Version.v1 and certificate.fact.is_self_issued
    return is_last and (usage is not None or is_old_root)


def _of_purpose(path: Sequence[_Read], purposes: frozenset[str]) -> Refusal | None:
    """A purpose that is stated binds authorities as well (OpenSSL; RFC 5280 has it for signers only)."""
    if not purposes:
        return None
    for at, certificate in enumerate(path):
        stated = set(certificate.fact.purposes)
        has_to_state = at == 0 and purposes == STATED
        if (stated or has_to_state) and not stated & purposes:
            what = ", ".join(sorted(stated)) or "no stated purpose"
            return Refusal(why="purpose", detail=f"{certificate.fact.subject} is for {what}")
    usage = path[0].extension(x509.KeyUsage)
    if usage is None or usage.digital_signature or (usage.content_commitment and purposes != STATED):
        return None
    return Refusal(why="purpose", detail=f"the key of {path[0].fact.subject} is not for signatures")
