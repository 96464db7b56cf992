"""OCSP responses, true ones and those that are no answer. Source: RFC 6960."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Literal

import msgspec
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp

from tests.pki_lab.issuing import Issued

_STATUS = {
    "good": ocsp.OCSPCertStatus.GOOD,
    "revoked": ocsp.OCSPCertStatus.REVOKED,
    "unknown": ocsp.OCSPCertStatus.UNKNOWN,
}


class Response(msgspec.Struct, frozen=True, kw_only=True):
    """One response, as it differs from a fresh good one signed by the issuer of the certificate."""

    status: Literal["good", "revoked", "unknown"] = "good"
    by: str = ""
    """Who signs; empty: the issuer of the certificate."""
    sends: bool = True
    """Whether the certificate of a delegate comes along."""
    about: str = ""
    """The certificate whose serial it has, where that is another."""
    issuer: str = ""
    """Whose hashes stand in the CertID, where that is another's."""
    begins: float = -1
    ends: float | None = 6
    is_broken: bool = False
    """One bit of the signature is wrong."""
    by_key: bool = False
    """The responder is named by the hash of its key."""
    hash: Literal["sha1", "sha256"] = "sha1"
    """Of the CertID."""
    refuses: bool = False
    """tryLater, which nobody signs."""


RESPONSES: dict[str, Response] = {
    "good": Response(),
    "revoked": Response(status="revoked"),
    "unknown": Response(status="unknown"),
    "good-sha256": Response(hash="sha256"),
    "by-key": Response(by_key=True),
    "expired": Response(begins=-30, ends=-23),
    "future": Response(begins=1, ends=8),
    "without-end": Response(ends=None),
    "without-end-old": Response(begins=-30, ends=None),
    "other-serial": Response(about="expires-soon"),
    "other-issuer": Response(issuer="twin"),
    "stranger": Response(by="stranger"),
    "twin": Response(by="twin"),
    "broken": Response(is_broken=True),
    "delegated": Response(by="responder"),
    "delegated-revoked": Response(by="responder", status="revoked"),
    "delegate-missing": Response(by="responder", sends=False),
    "delegate-expired": Response(by="responder-expired"),
    "delegate-of-stranger": Response(by="responder-of-nobody"),
    "delegate-without-purpose": Response(by="responder-without-purpose"),
    "try-later": Response(refuses=True),
}
"""About a certificate of ``issuing`` where somebody else signs; ``twin`` has the same name as ``issuing``."""


def make_ocsp(name: str, about: str, issued: Callable[[str], Issued], now: datetime) -> bytes:
    """The response of that name to whether the certificate ``about`` is revoked, DER."""
    recipe = RESPONSES[name]
    if recipe.refuses:
        unsuccessful = ocsp.OCSPResponseBuilder.build_unsuccessful(ocsp.OCSPResponseStatus.TRY_LATER)
        return unsuccessful.public_bytes(Encoding.DER)
    leaf = issued(recipe.about or about)
    issuer = issued(recipe.issuer or leaf.recipe.by)
    signer = issued(recipe.by or leaf.recipe.by)
    is_revoked = recipe.status == "revoked"
    builder = ocsp.OCSPResponseBuilder().add_response(
        leaf.certificate,
        issuer.certificate,
        hashes.SHA1() if recipe.hash == "sha1" else hashes.SHA256(),
        _STATUS[recipe.status],
        now + timedelta(recipe.begins),
        now + timedelta(recipe.ends) if recipe.ends is not None else None,
        now - timedelta(2) if is_revoked else None,
        x509.ReasonFlags.key_compromise if is_revoked else None,
    )
    encoding = ocsp.OCSPResponderEncoding.HASH if recipe.by_key else ocsp.OCSPResponderEncoding.NAME
    builder = builder.responder_id(encoding, signer.certificate)
    if signer.recipe.kind == "helper" and recipe.sends:
        builder = builder.certificates([signer.certificate])
    signed = builder.sign(signer.key, hashes.SHA256()).public_bytes(Encoding.DER)
    # The signature is the last thing in a response without certificates.
    return signed[:-1] + bytes([signed[-1] ^ 1]) if recipe.is_broken else signed
