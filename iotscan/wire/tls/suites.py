"""Cipher suites: what their IANA names say of them, and which of them a hello offers.

Source: IANA "TLS Cipher Suites" registry; RFC 9325 section 4.1 (what is below 112 and 128 bit).
"""

from collections.abc import Callable, Mapping
from functools import cache, cached_property
from itertools import islice
from types import MappingProxyType
from typing import Literal

import msgspec

from iotscan.model.facts.tls import DTLS_VERSIONS, VERSIONS
from iotscan.wire.tls.framing import stream_version
from iotscan.wire.tls.suite_names import TABLE

Kind = Literal["null", "rc4", "rc2", "des", "3des", "idea", "cbc", "gcm", "ccm", "ccm8", "chacha", "other"]

RENEGOTIATION_SCSV = 0x00FF
"""Signals renegotiation_info where a hello has no extensions: RFC 5746 section 3.3."""
FALLBACK_SCSV = 0x5600
"""Says that a hello is a second try in an older version: RFC 7507."""
OFFER_LIMIT = 150
"""Suites of one hello: wolfSSL, at home in many devices, fails on more (WOLFSSL_MAX_SUITE_SZ 300 bytes)."""

_KINDS: tuple[tuple[str, Kind, int], ...] = (
    # The first piece that a cipher's name contains decides: kind, and key bits where the name gives no number.
    ("NULL", "null", 0),
    ("SHA256_SHA256", "null", 0),
    ("SHA384_SHA384", "null", 0),
    ("RC4", "rc4", 128),
    ("RC2", "rc2", 40),
    ("3DES", "3des", 112),
    ("DES40", "des", 40),
    ("DES_CBC_40", "des", 40),
    ("DES", "des", 56),
    ("IDEA", "idea", 128),
    ("CHACHA20", "chacha", 256),
    ("CCM_8", "ccm8", 128),
    ("CCM", "ccm", 128),
    ("GCM", "gcm", 128),
    ("SEED", "cbc", 128),
    ("CBC", "cbc", 128),
    ("KUZNYECHIK", "other", 256),
    ("MAGMA", "other", 256),
    ("28147", "other", 256),
    ("AEGIS", "other", 128),
)
_SIZES = ("_40", "_56", "_128", "_256")
_RARE = ("KRB5", "SRP", "ECCPWD", "GOST", "DSS", "DH_RSA", "ARIA", "SEED", "SM4", "AEGIS", "CAMELLIA")


class CipherSuite(msgspec.Struct, frozen=True, kw_only=True, dict=True):
    """One cipher suite. ``key_exchange`` is the part before ``_WITH_`` (empty in TLS 1.3), ``bits`` the key length."""

    code: int
    name: str
    key_exchange: str
    kind: Kind
    bits: int
    since: str
    """The oldest protocol version it belongs to: ``SSLv3``, ``TLSv1.2`` or ``TLSv1.3``."""

    @cached_property
    def is_export(self) -> bool:
        """True for the suites that were weakened by law."""
        return "EXPORT" in self.key_exchange

    @cached_property
    def is_authenticated(self) -> bool:
        """False for anonymous (EC)DH and for the suite of no suite."""
        return not self.key_exchange.endswith("_anon") and not self._is("DH_anon", "NULL")

    @cached_property
    def is_psk(self) -> bool:
        """True for every pre-shared-key family up to TLS 1.2."""
        return "PSK" in self.key_exchange

    @cached_property
    def is_plain_psk(self) -> bool:
        """True for PSK and RSA_PSK: a stolen key opens what was recorded."""
        return self.key_exchange in ("PSK", "RSA_PSK")

    @cached_property
    def is_ephemeral_psk(self) -> bool:
        """True for DHE_PSK and ECDHE_PSK with a cipher that is not broken."""
        return self.is_psk and self.has_forward_secrecy

    @cached_property
    def needs_certificate(self) -> bool:
        """True where the server proves itself by a certificate."""
        has_none = self._is("PSK", "DHE_PSK", "ECDHE_PSK", "KRB5", "ECCPWD") or self.key_exchange == "SRP_SHA"
        return self.is_authenticated and not has_none

    @cached_property
    def is_broken(self) -> bool:
        """True for NULL, anonymous, export, RC4, RC2 and single DES: below 112 bit or nobody authenticated."""
        return self.kind in ("null", "rc4", "rc2", "des") or self.is_export or not self.is_authenticated

    @cached_property
    def is_weak(self) -> bool:
        """True for 3DES and IDEA that are not broken otherwise: 64-bit blocks."""
        return self.kind in ("3des", "idea") and not self.is_broken

    @cached_property
    def is_aead(self) -> bool:
        """True for GCM, CCM and ChaCha20-Poly1305."""
        return self.kind in ("gcm", "ccm", "ccm8", "chacha")

    @cached_property
    def is_cbc(self) -> bool:
        """True for block ciphers in CBC mode, the broken and the weak ones too."""
        return "CBC" in self.name

    @cached_property
    def has_short_tag(self) -> bool:
        """True for CCM_8: 64 bits tell a forgery apart."""
        return self.kind == "ccm8"

    @cached_property
    def has_long_tag(self) -> bool:
        """True for an AEAD suite with a tag of 128 bits."""
        return self.is_aead and not self.has_short_tag

    @cached_property
    def is_rare(self) -> bool:
        """True for families that devices hardly use: a hello that must not be long leaves them out."""
        return any(piece in self.name for piece in _RARE)

    @cached_property
    def is_signed(self) -> bool:
        """True where the server signs its ephemeral key up to TLS 1.2."""
        return self._is("DHE_RSA", "DHE_DSS", "ECDHE_RSA", "ECDHE_ECDSA")

    @cached_property
    def uses_primes(self) -> bool:
        """True for a Diffie-Hellman exchange over a prime that the server sends."""
        return self._is("DHE_", "DH_anon")

    @cached_property
    def uses_unsigned_primes(self) -> bool:
        """True for such a prime without a certificate, beside a cipher of less than 256 bit."""
        return self.uses_primes and not self.is_signed and self.bits < 256

    @cached_property
    def uses_curves(self) -> bool:
        """True for an elliptic Diffie-Hellman exchange over a curve that the server names."""
        return self._is("ECDHE_", "ECDH_anon")

    @cached_property
    def has_forward_secrecy(self) -> bool:
        """True for an authenticated ephemeral exchange that is not broken; in TLS 1.3 always."""
        ephemeral = self._is("DHE_", "ECDHE_", "PSK_DHE", "SRP_", "ECCPWD") or not self.key_exchange
        return ephemeral and not self.is_broken

    @cached_property
    def lacks_forward_secrecy(self) -> bool:
        """True for static RSA, static (EC)DH, PSK, RSA_PSK and Kerberos; anonymous ones are neither."""
        return (
            self.is_authenticated
            and not self._is("DHE_", "ECDHE_", "PSK_DHE", "SRP_", "ECCPWD", "GOST")
            and bool(self.key_exchange)
        )

    def fits(self, version: str) -> bool:
        """True when a hello of this protocol version may offer it: RFC 6347 section 4.1.2.2 leaves RC4 out of DTLS."""
        if version == "SSLv2" or (version in DTLS_VERSIONS and self.kind == "rc4"):
            return False
        version = stream_version(version)
        if "TLSv1.3" in (self.since, version):
            return self.since == version
        return VERSIONS.index(self.since) <= VERSIONS.index(version)

    def _is(self, *starts: str) -> bool:
        return self.key_exchange.startswith(starts)


def _describe(code: int, name: str) -> CipherSuite:
    exchange, joint, cipher = name.removeprefix("TLS_").partition("_WITH_")
    if not joint:
        exchange, cipher = "", exchange
    kind, bits = next((kind, bits) for piece, kind, bits in _KINDS if piece in cipher)
    sizes = [int(size[1:]) for size in _SIZES if size + "_" in f"{cipher.partition('_SHA')[0]}_"]
    if kind not in ("null", "3des", "other", "chacha") and sizes:
        bits = sizes[0]
    return CipherSuite(
        code=code, name=name, key_exchange=exchange, kind=kind, bits=bits, since=_since(exchange, cipher, kind)
    )


def _since(exchange: str, cipher: str, kind: Kind) -> str:
    if not exchange or "MGM" in cipher:
        return "TLSv1.3"
    # RFC 5487 section 3 lets the PSK suites with CBC and SHA-2 be used from TLS 1.0 on.
    has_sha2 = cipher.endswith(("SHA256", "SHA384")) and "PSK" not in exchange
    return "TLSv1.2" if has_sha2 or kind in ("gcm", "ccm", "ccm8", "chacha", "other") else "SSLv3"


def _read_table() -> Mapping[int, CipherSuite]:
    rows = (row.split() for row in TABLE.split("\n") if row)
    return MappingProxyType({int(code, 16): _describe(int(code, 16), name) for code, name in rows})


SUITES: Mapping[int, CipherSuite] = _read_table()
"""Every suite by its code point."""


def suite_name(code: int) -> str:
    """The IANA name, or the code as ``0xABCD`` for a suite nobody registered."""
    return SUITES[code].name if code in SUITES else f"0x{code:04X}"


def offer(version: str, wanted: Callable[[CipherSuite], bool] = lambda suite: True) -> tuple[int, ...]:
    """The suites that fit a version and that ``wanted`` names, as a hello offers them: at most OFFER_LIMIT.

    Forward secret AEAD suites come first, families that devices hardly use last, where the limit cuts.
    """
    return tuple(islice((suite.code for suite in ranked(version) if wanted(suite)), OFFER_LIMIT))


@cache
def ranked(version: str) -> tuple[CipherSuite, ...]:
    """All that fit a version, in the order of an offer: asked for with every hello."""
    return tuple(sorted((suite for suite in SUITES.values() if suite.code and suite.fits(version)), key=_rank))


def _rank(suite: CipherSuite) -> tuple[bool, bool, bool, int]:
    return suite.is_rare, not suite.has_forward_secrecy, not suite.is_aead, suite.code
