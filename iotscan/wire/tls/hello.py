"""The question: a ClientHello of any version from SSLv3 to TLS 1.3, built by hand.

No TLS library offers SSLv3, NULL and plain PSK together; a hello costs one connection and no key.
Source: RFC 8446 section 4.1.2, RFC 5246 section 7.4.1.2, RFC 6101 section 5.6.1.2 (SSLv3), RFC 8422
(curves), RFC 5746 (renegotiation_info), RFC 7627 (extended_master_secret).
"""

from collections.abc import Sequence
from ipaddress import ip_address
from os import urandom

from iotscan.wire.tls import framing
from iotscan.wire.tls.framing import extension, vector
from iotscan.wire.tls.suites import RENEGOTIATION_SCSV

DEFLATE = 1
"""The compression method of RFC 3749."""
X25519 = 0x001D
GROUPS = (
    X25519,
    0x0017,
    0x0018,
    0x0019,
    0x001E,
    0x001A,
    0x001B,
    0x001C,
    0x0016,
    0x0015,
    0x0013,
    0x0100,
    0x0101,
    0x0102,
)
"""x25519, secp256r1, secp384r1, secp521r1, x448, brainpool, secp256k1, secp224r1, secp192r1, ffdhe2048 to 4096."""
SIGNATURES = (
    *(0x0403, 0x0503, 0x0603, 0x0807, 0x0808, 0x081A, 0x081B, 0x081C),  # ECDSA with SHA-2, Ed25519, Ed448, brainpool
    *(0x0804, 0x0805, 0x0806, 0x0809, 0x080A, 0x080B, 0x0401, 0x0501, 0x0601),  # RSA-PSS, RSA PKCS#1 with SHA-2
    *(0x0303, 0x0301, 0x0203, 0x0201, 0x0402, 0x0302, 0x0202, 0x0101),  # SHA-224, SHA-1, DSA, MD5: for old devices
)


def client_hello(
    *,
    version: str,
    suites: Sequence[int],
    server_name: str = "",
    compression: bool = False,
    random: bytes | None = None,
) -> bytes:
    """One record with a ClientHello that offers exactly ``version`` (a name of ``VERSIONS``) at most.

    ``suites`` are code points in the order of preference; ``server_name`` goes into SNI unless it is an IP
    address; ``compression`` offers DEFLATE before none. ``random`` (64 bytes: hello random and key share)
    makes the bytes repeatable. SSLv3 carries no extensions but the SCSV of RFC 5746. Raises ValueError.
    """
    noise = urandom(64) if random is None else random
    if len(noise) != 64:
        raise ValueError("random takes 64 bytes")
    code = framing.version_code(version)
    is_13, is_ssl = version == "TLSv1.3", version == "SSLv3"
    legacy = min(code, 0x0303)
    offered = (*suites, RENEGOTIATION_SCSV) if is_ssl else tuple(suites)
    body = legacy.to_bytes(2, "big") + noise[:32]
    # A session id makes TLS 1.3 look like 1.2 to what stands between us: RFC 8446 appendix D.4.
    body += vector(1, noise[32:] if is_13 else b"")
    body += vector(2, b"".join(suite.to_bytes(2, "big") for suite in offered))
    body += vector(1, bytes([DEFLATE, 0] if compression else [0]))
    if not is_ssl:
        body += vector(2, _extensions(code, server_name, noise[32:]))
    # Old servers refuse a record layer above TLS 1.0 in the first flight: RFC 8446 section 5.1.
    return framing.record(framing.HANDSHAKE, min(legacy, 0x0301), framing.message(framing.CLIENT_HELLO, body))


def _extensions(code: int, server_name: str, share: bytes) -> bytes:
    pieces = [
        _server_name(server_name) if server_name else b"",
        extension(framing.EXTENDED_MASTER_SECRET, b""),
        extension(framing.RENEGOTIATION_INFO, b"\x00"),
        extension(framing.SUPPORTED_GROUPS, vector(2, _pairs(GROUPS))),
        extension(framing.EC_POINT_FORMATS, vector(1, b"\x00")),
    ]
    if code >= 0x0303:
        pieces.append(extension(framing.SIGNATURE_ALGORITHMS, vector(2, _pairs(SIGNATURES))))
    if code >= 0x0304:
        pieces += [
            extension(framing.SUPPORTED_VERSIONS, vector(1, code.to_bytes(2, "big"))),
            extension(framing.PSK_KEY_EXCHANGE_MODES, vector(1, b"\x01")),
            # Any 32 bytes are a public value of x25519; we never finish the handshake.
            extension(framing.KEY_SHARE, vector(2, X25519.to_bytes(2, "big") + vector(2, share))),
        ]
    return b"".join(pieces)


def _pairs(codes: Sequence[int]) -> bytes:
    return b"".join(code.to_bytes(2, "big") for code in codes)


def _server_name(name: str) -> bytes:
    try:
        ip_address(name)
    except ValueError:
        return extension(framing.SERVER_NAME, vector(2, b"\x00" + vector(2, name.encode("idna"))))
    return b""
