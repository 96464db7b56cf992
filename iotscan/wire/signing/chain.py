"""Whether a signer's certificate leads to one that is trusted, as the updaters ask it: no names, no revocation lists.

Source: RFC 5280 section 6, as far as a chain of signing certificates needs it. OpenSSL, which RAUC and SWUpdate use,
takes a certificate that lies in the keyring itself for trusted only where it is self-issued or may stop a chain
(X509_V_FLAG_PARTIAL_CHAIN); which of the two an updater does, the caller says.
"""

import base64
import warnings
from collections.abc import Sequence
from datetime import datetime
from typing import Final, Literal

import msgspec
from cryptography import x509

from iotscan.model.facts.signing import SigningCertificate
from iotscan.wire.signing.chain_rules import Refused, refusal

_LONGEST: Final = 8
Untrusted = Literal["no-issuer", "expired", "not-yet-valid"] | Refused


class Trace(msgspec.Struct, frozen=True, kw_only=True):
    """``path`` leads from the signer to the anchor, both in it; it is empty where ``why`` says what is missing."""

    path: tuple[SigningCertificate, ...] = ()
    why: Untrusted | None = None
    detail: str = ""

    @property
    def is_trusted(self) -> bool:
        """True where it ends at an anchor and every certificate of it holds."""
        return self.why is None and bool(self.path)


def trace(
    certificate: SigningCertificate,
    intermediates: Sequence[SigningCertificate],
    anchors: Sequence[SigningCertificate],
    moment: datetime,
    *,
    purposes: frozenset[str] = frozenset(),
    stops_early: bool = False,
) -> Trace:
    """The way from a signer to an anchor, or why there is none.

    ``moment`` is the time that validity is judged by. ``purposes`` are those of which the signer needs one, where its
    certificate restricts its purposes at all (code signing has to be stated); empty for any. ``stops_early`` lets an
    anchor that is not self-issued end the chain.
    """
    known = {a.sha256 for a in anchors}
    ends = [a for a in anchors if a.is_self_issued or stops_early]
    best = Trace(why="no-issuer", detail=f"nothing trusted has signed {certificate.subject}")
    todo: list[tuple[SigningCertificate, ...]] = [(certificate,)]
    for _ in range(256):
        if not todo:
            break
        path = todo.pop()
        last = path[-1]
        if last.sha256 in {a.sha256 for a in ends}:
            problem = _problem(path, moment, purposes)
            if problem is None:
                return Trace(path=path)
            best = problem
            continue
        if len(path) < _LONGEST:
            pool = {c.sha256: c for c in (*intermediates, *anchors)}
            todo += [
                (*path, c)
                for c in pool.values()
                if c.subject == last.issuer and c.sha256 not in {p.sha256 for p in path} and is_issued_by(last, c)
            ]
    if best.why == "no-issuer" and certificate.sha256 in known:
        best = Trace(why="no-issuer", detail=f"{certificate.subject} is in the keyring, its issuer is not")
    return best


def is_issued_by(certificate: SigningCertificate, issuer: SigningCertificate) -> bool:
    """Whether a certificate's signature holds with the key of another; False where it cannot be tried."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            child = x509.load_der_x509_certificate(base64.b64decode(certificate.der))
            child.verify_directly_issued_by(x509.load_der_x509_certificate(base64.b64decode(issuer.der)))
    except Exception:
        # Damaged bytes, an algorithm nobody has any more, a signature that does not hold: none of them is an issuer.
        return False
    return True


def _problem(path: tuple[SigningCertificate, ...], moment: datetime, purposes: frozenset[str]) -> Trace | None:
    for certificate in path:
        if moment > certificate.not_after:
            detail = f"{certificate.subject} expired on {certificate.not_after:%Y-%m-%d}"
            return Trace(why="expired", detail=detail)
        if moment < certificate.not_before:
            detail = f"{certificate.subject} holds from {certificate.not_before:%Y-%m-%d} only"
            return Trace(why="not-yet-valid", detail=detail)
    broken = refusal(path, purposes)
    return Trace(why=broken.why, detail=broken.detail) if broken is not None else None
