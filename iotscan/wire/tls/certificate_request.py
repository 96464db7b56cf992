"""What a server asks of a client that is to show a certificate: kinds of keys, signatures, and whose certificates.

Up to TLS 1.2 it comes in the clear: RFC 5246 section 7.4.4, RFC 4346 section 7.4.4 (no signature schemes yet),
RFC 8422 section 5.5 (ecdsa_sign).
"""

from typing import Final

import msgspec

from iotscan.wire.tls.framing import Reader, stream_version

AUTHORITIES_LIMIT: Final = 64
"""Names of one request that are kept; a server that trusts the whole web sends some 150."""
_TYPES: Final = {
    1: "rsa_sign",
    2: "dss_sign",
    3: "rsa_fixed_dh",
    4: "dss_fixed_dh",
    64: "ecdsa_sign",
    65: "rsa_fixed_ecdh",
    66: "ecdsa_fixed_ecdh",
}


class CertificateRequest(msgspec.Struct, frozen=True, kw_only=True):
    """Code points and DER names as they came; ``count`` is how many names there were."""

    types: tuple[int, ...] = ()
    schemes: tuple[int, ...] = ()
    authorities: tuple[bytes, ...] = ()
    count: int = 0


def read_certificate_request(body: bytes, version: str) -> CertificateRequest:
    """A CertificateRequest message of SSLv3 to TLS 1.2, or DTLS before 1.3. Raises Malformed."""
    reader = Reader(body)
    types = reader.vector(1).numbers(1)
    schemes = reader.vector(2).numbers(2) if stream_version(version) == "TLSv1.2" else ()
    names, count = reader.vector(2), 0
    kept: list[bytes] = []
    while not names.is_empty:
        name = names.vector(2).rest()
        count += 1
        if len(kept) < AUTHORITIES_LIMIT:
            kept.append(name)
    return CertificateRequest(types=types, schemes=schemes, authorities=tuple(kept), count=count)


def type_name(code: int) -> str:
    """The IANA name of a ClientCertificateType, or ``type 9``."""
    return _TYPES.get(code, f"type {code}")
