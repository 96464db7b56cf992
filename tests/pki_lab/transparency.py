"""Signed certificate timestamps of logs of our own. Source: RFC 6962 sections 3.2 and 3.3."""

import hashlib
from datetime import datetime

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

from tests.pki_lab import keys
from tests.pki_lab.der import element

SCT_LIST = x509.ObjectIdentifier("1.3.6.1.4.1.11129.2.4.2")
_V1, _CERTIFICATE_TIMESTAMP, _PRECERTIFICATE = b"\0", b"\0", b"\0\x01"
_SHA256_ECDSA = b"\x04\x03"


def sct_list(body: bytes, issuer_spki: bytes, now: datetime, how_many: int) -> bytes:
    """The value of the extension: one timestamp of each log over the TBSCertificate without it."""
    scts = [_sct(body, issuer_spki, now, f"log {number}") for number in range(how_many)]
    listed = b"".join(len(s).to_bytes(2, "big") + s for s in scts)
    return element(0x04, len(listed).to_bytes(2, "big") + listed)


def _sct(body: bytes, issuer_spki: bytes, now: datetime, log: str) -> bytes:
    secret = keys.key("p-256", log)
    assert isinstance(secret, ec.EllipticCurvePrivateKey)
    when = int(now.timestamp() * 1000).to_bytes(8, "big")
    entry = hashlib.sha256(issuer_spki).digest() + len(body).to_bytes(3, "big") + body
    no_extensions = b"\0\0"
    signed = _V1 + _CERTIFICATE_TIMESTAMP + when + _PRECERTIFICATE + entry + no_extensions
    signature = secret.sign(signed, ec.ECDSA(hashes.SHA256()))
    log_id = hashlib.sha256(keys.spki(secret)).digest()
    return _V1 + log_id + when + no_extensions + _SHA256_ECDSA + len(signature).to_bytes(2, "big") + signature
