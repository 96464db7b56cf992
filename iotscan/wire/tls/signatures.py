"""Signature schemes by code point. Source: IANA "TLS SignatureScheme" registry, RFC 8446 section 4.2.3, RFC 5246."""

from collections.abc import Mapping
from types import MappingProxyType

_HASHES = {1: "md5", 2: "sha1", 3: "sha224", 4: "sha256", 5: "sha384", 6: "sha512"}
_KEYS = {1: "rsa_pkcs1", 2: "dsa", 3: "ecdsa"}
_NAMED = {
    0x0403: "ecdsa_secp256r1_sha256",
    0x0503: "ecdsa_secp384r1_sha384",
    0x0603: "ecdsa_secp521r1_sha512",
    0x0804: "rsa_pss_rsae_sha256",
    0x0805: "rsa_pss_rsae_sha384",
    0x0806: "rsa_pss_rsae_sha512",
    0x0807: "ed25519",
    0x0808: "ed448",
    0x0809: "rsa_pss_pss_sha256",
    0x080A: "rsa_pss_pss_sha384",
    0x080B: "rsa_pss_pss_sha512",
    0x081A: "ecdsa_brainpoolP256r1tls13_sha256",
    0x081B: "ecdsa_brainpoolP384r1tls13_sha384",
    0x081C: "ecdsa_brainpoolP512r1tls13_sha512",
}

NAMES: Mapping[int, str] = MappingProxyType(
    {(h << 8) | k: f"{key}_{name}" for h, name in _HASHES.items() for k, key in _KEYS.items()} | _NAMED
)
"""Every scheme we know by its code point."""
WEAK = tuple(code for code in NAMES if code >> 8 in (1, 2))
"""With MD5 or SHA-1: RFC 9155 forbids them in TLS 1.2."""
USUAL = (
    *(0x0403, 0x0503, 0x0603, 0x0807, 0x0808, 0x081A, 0x081B, 0x081C),  # ECDSA with SHA-2, Ed25519, Ed448, brainpool
    *(0x0804, 0x0805, 0x0806, 0x0809, 0x080A, 0x080B, 0x0401, 0x0501, 0x0601),  # RSA-PSS, RSA PKCS#1 with SHA-2
    *(0x0303, 0x0301, 0x0203, 0x0201, 0x0402, 0x0302, 0x0202, 0x0101),  # SHA-224, SHA-1, DSA, MD5: for old devices
)
"""What a hello offers, the strong ones first: who then chooses a weak one chose it."""


def scheme_name(code: int) -> str:
    """The IANA name (``rsa_pkcs1_sha256``), or the code as ``0xABCD``."""
    return NAMES.get(code, f"0x{code:04X}")
