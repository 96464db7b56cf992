"""The question: a ClientHello of any version from SSLv3 to TLS 1.3 and DTLS 1.3, built by hand.

No TLS library offers SSLv3, NULL and plain PSK together; a hello costs one connection and no key.
Source: RFC 8446 section 4.1.2, RFC 5246 section 7.4.1.2, RFC 6101 section 5.6.1.2 (SSLv3), RFC 8422
(curves), RFC 5746 (renegotiation_info), RFC 7627 (extended_master_secret), RFC 9147 section 5.3 (DTLS 1.3).
"""

from collections.abc import Sequence
from ipaddress import ip_address
from os import urandom
from struct import pack

import msgspec

from iotscan.model.facts.tls import DTLS_VERSIONS
from iotscan.wire.tls import framing
from iotscan.wire.tls.framing import extension, vector
from iotscan.wire.tls.groups import SECP256R1, X25519, group_name
from iotscan.wire.tls.groups import USUAL as USUAL_GROUPS
from iotscan.wire.tls.signatures import USUAL as USUAL_SIGNATURES
from iotscan.wire.tls.suites import FALLBACK_SCSV, RENEGOTIATION_SCSV

DEFLATE = 1
"""The compression method of RFC 3749."""
NOISE = 64
"""Bytes of noise in a hello: its random, and its session id and key share."""
X509, RAW_PUBLIC_KEY = 0, 2
"""Certificate types of RFC 7250."""
_FIXED = {
    framing.ENCRYPT_THEN_MAC: b"",
    framing.TRUNCATED_HMAC: b"",
    framing.SESSION_TICKET: b"",
    framing.SIGNED_CERTIFICATE_TIMESTAMP: b"",
    framing.STATUS_REQUEST: b"\x01\x00\x00\x00\x00",
    framing.HEARTBEAT: b"\x02",  # peer_not_allowed_to_send: none is wanted
    framing.SERVER_CERTIFICATE_TYPE: vector(1, bytes([RAW_PUBLIC_KEY, X509])),
}


class Offer(msgspec.Struct, frozen=True, kw_only=True):
    """What one ClientHello offers.

    ``versions`` are names of ``EVERY_VERSION``, newest first, all of TLS or all of DTLS (SSLv2 stands alone: its hello
    is :mod:`.sslv2`'s). Several, and TLS 1.3, go into supported_versions, which old servers do not know. ``suites``,
    ``groups`` and ``signatures`` code points in the order of preference; ``shares`` the groups for which TLS 1.3
    gets a key share. ``extras`` are extensions that are offered besides, of those in ``EXTRAS``. ``is_bare`` leaves
    every extension out that the version can do without. ``server_name`` goes into SNI unless it is an IP address.
    """

    versions: tuple[str, ...]
    suites: tuple[int, ...]
    server_name: str = ""
    groups: tuple[int, ...] = USUAL_GROUPS
    signatures: tuple[int, ...] = USUAL_SIGNATURES
    shares: tuple[int, ...] = (X25519,)
    alpn: tuple[str, ...] = ()
    extras: tuple[int, ...] = ()
    compression: bool = False
    is_fallback: bool = False
    is_bare: bool = False

    @property
    def version(self) -> str:
        """The newest version that is offered."""
        return self.versions[0]

    @property
    def is_dtls(self) -> bool:
        """True for an offer over datagrams."""
        return self.version in DTLS_VERSIONS


EXTRAS = tuple(_FIXED)
"""Extensions an :class:`Offer` may hold in ``extras``."""


def client_hello(offer: Offer, *, random: bytes | None = None) -> bytes:
    """One TLS record with a ClientHello of ``offer``.

    ``random`` (NOISE bytes: hello random, then session id and key share) makes the bytes repeatable. SSLv3
    carries no extensions but the SCSV of RFC 5746. Raises ValueError.
    """
    body = hello_body(offer, _noise(random))
    # Old servers refuse a record layer above TLS 1.0 in the first flight: RFC 8446 section 5.1.
    legacy = min(framing.version_code(offer.version), 0x0301)
    return framing.record(framing.HANDSHAKE, legacy, framing.message(framing.CLIENT_HELLO, body))


def hello_body(offer: Offer, random: bytes, *, cookie: bytes = b"", retry_cookie: bytes = b"") -> bytes:
    """The body of a ClientHello, without message header.

    ``random`` is NOISE bytes. ``cookie`` is that of a HelloVerifyRequest (DTLS up to 1.2, RFC 6347), ``retry_cookie``
    that of a HelloRetryRequest (RFC 8446 section 4.2.2). Raises ValueError for an unknown version or wrong length.
    """
    if len(random) != NOISE:
        raise ValueError(f"random takes {NOISE} bytes")
    is_ssl = offer.version == "SSLv3"
    suites = (*offer.suites, FALLBACK_SCSV) if offer.is_fallback else offer.suites
    suites = (*suites, RENEGOTIATION_SCSV) if is_ssl or offer.is_bare else suites
    body = framing.legacy_code(_legacy(offer)).to_bytes(2, "big") + random[:32]
    # A session id makes TLS 1.3 look like 1.2 to what stands between us: RFC 8446 appendix D.4. Not so in DTLS.
    body += vector(1, random[32:] if "TLSv1.3" in offer.versions else b"")
    body += vector(1, cookie) if offer.is_dtls else b""
    body += vector(2, _pairs(suites))
    body += vector(1, bytes([DEFLATE, 0] if offer.compression else [0]))
    extensions = b"" if is_ssl else _extensions(offer, random[32:], retry_cookie)
    return body + (vector(2, extensions) if extensions else b"")


def _legacy(offer: Offer) -> str:
    """The version of the hello's own field: TLS 1.2 beside supported_versions, whatever stands there."""
    if len(offer.versions) == 1:
        return offer.version
    return "DTLSv1.2" if offer.is_dtls else "TLSv1.2"


def _noise(random: bytes | None) -> bytes:
    return urandom(NOISE) if random is None else random


def _extensions(offer: Offer, share: bytes, retry_cookie: bytes) -> bytes:
    newest = framing.stream_version(offer.version)
    is_13 = newest == "TLSv1.3"
    if offer.is_bare and not is_13:
        return b""
    pieces = [_server_name(offer.server_name) if offer.server_name else b""]
    if not offer.is_bare:
        pieces += [extension(framing.EXTENDED_MASTER_SECRET, b""), extension(framing.RENEGOTIATION_INFO, b"\x00")]
        pieces += [extension(kind, _FIXED[kind]) for kind in offer.extras]
    if offer.groups:
        pieces.append(extension(framing.SUPPORTED_GROUPS, vector(2, _pairs(offer.groups))))
    pieces.append(extension(framing.EC_POINT_FORMATS, vector(1, b"\x00")))
    if newest in ("TLSv1.2", "TLSv1.3"):
        pieces.append(extension(framing.SIGNATURE_ALGORITHMS, vector(2, _pairs(offer.signatures))))
    if offer.alpn:
        names = b"".join(vector(1, name.encode("ascii")) for name in offer.alpn)
        pieces.append(extension(framing.ALPN, vector(2, names)))
    if is_13 or len(offer.versions) > 1:
        codes = _pairs([framing.version_code(v) for v in offer.versions])
        pieces.append(extension(framing.SUPPORTED_VERSIONS, vector(1, codes)))
    if is_13:
        pieces.append(extension(framing.PSK_KEY_EXCHANGE_MODES, vector(1, b"\x01")))
        pieces.append(extension(framing.KEY_SHARE, vector(2, b"".join(_share(g, share) for g in offer.shares))))
    if retry_cookie:
        pieces.append(extension(framing.COOKIE, vector(2, retry_cookie)))
    return b"".join(pieces)


def _share(group: int, noise: bytes) -> bytes:
    """A key share of a group; we never finish the handshake.

    Any 32 bytes are a public value of x25519 (RFC 7748 section 5), but no real one has the highest bit set,
    and wolfSSL closes the connection over one that has.
    """
    if group == SECP256R1:
        return group.to_bytes(2, "big") + vector(2, _P256_BASE)
    if group == X25519:
        return group.to_bytes(2, "big") + vector(2, noise[:-1] + bytes([noise[-1] & 0x7F]))
    raise ValueError(f"no key share can be made for {group_name(group)}")


_P256_BASE = bytes.fromhex(
    "046b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296"
    "4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5"
)
"""The base point of secp256r1 (SEC 2 section 2.4.2): a public value like any other."""


def _pairs(codes: Sequence[int]) -> bytes:
    return pack(f">{len(codes)}H", *codes)


def _server_name(name: str) -> bytes:
    try:
        ip_address(name)
    except ValueError:
        return extension(framing.SERVER_NAME, vector(2, b"\x00" + vector(2, name.encode("idna"))))
    return b""
