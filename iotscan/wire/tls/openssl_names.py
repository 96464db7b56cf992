"""What OpenSSL calls a cipher suite, and under which heads its cipher lists file it.

Source: openssl-ciphers(1) of OpenSSL 1.0.2, 1.1.1 and 3.0, and ``openssl ciphers -V -stdname``.
"""

from collections.abc import Mapping
from functools import cache
from types import MappingProxyType

import msgspec

from iotscan.wire.tls.suites import SUITES, CipherSuite

_EXCHANGES = {
    "RSA": ("kRSA", "aRSA", ""),
    "DHE_RSA": ("kDHE", "aRSA", "DHE-RSA-"),
    "DHE_DSS": ("kDHE", "aDSS", "DHE-DSS-"),
    "DH_anon": ("kDHE", "aNULL", "ADH-"),
    "ECDHE_RSA": ("kECDHE", "aRSA", "ECDHE-RSA-"),
    "ECDHE_ECDSA": ("kECDHE", "aECDSA", "ECDHE-ECDSA-"),
    "ECDH_anon": ("kECDHE", "aNULL", "AECDH-"),
    "PSK": ("kPSK", "aPSK", "PSK-"),
    "RSA_PSK": ("kRSAPSK", "aRSA", "RSA-PSK-"),
    "DHE_PSK": ("kDHEPSK", "aPSK", "DHE-PSK-"),
    "PSK_DHE": ("kDHEPSK", "aPSK", "DHE-PSK-"),
    "ECDHE_PSK": ("kECDHEPSK", "aPSK", "ECDHE-PSK-"),
    "SRP_SHA": ("kSRP", "aSRP", "SRP-"),
    "SRP_SHA_RSA": ("kSRP", "aRSA", "SRP-RSA-"),
    "SRP_SHA_DSS": ("kSRP", "aDSS", "SRP-DSS-"),
    "DH_RSA": ("kDHr", "aDH", "DH-RSA-"),
    "DH_DSS": ("kDHd", "aDH", "DH-DSS-"),
    "ECDH_RSA": ("kECDHr", "aECDH", "ECDH-RSA-"),
    "ECDH_ECDSA": ("kECDHe", "aECDH", "ECDH-ECDSA-"),
}
"""Key exchange of an IANA name -> OpenSSL's word for exchange and authentication, and how the name begins."""
_ROUGH = {"3DES_EDE": "DES-CBC3", "IDEA": "IDEA-CBC"}
_RARE = ("CAMELLIA", "ARIA", "SEED", "IDEA", "3DES", "RC4", "DES")
"""Not in the default list of OpenSSL 1.1.0 and later."""
_HASHES = ("MD5", "SHA", "SHA256", "SHA384")


class Named(msgspec.Struct, frozen=True, kw_only=True):
    """One suite as OpenSSL files it: its name there, and the words of a cipher list that take it in by themselves."""

    suite: CipherSuite
    name: str
    exchange: str
    authentication: str
    cipher: str
    """``AES128``, ``AES128GCM``, ``CHACHA20``, ``3DES`` …"""
    mac: str
    """``AEAD``, ``MD5``, ``SHA1``, ``SHA256``, ``SHA384``."""
    oldest: str
    """``SSLv3``, ``TLSv1`` or ``TLSv1.2``."""
    is_default: bool

    @property
    def is_anonymous(self) -> bool:
        """True where nobody proves anything."""
        return self.authentication == "aNULL"

    @property
    def is_certified(self) -> bool:
        """True where the server needs a certificate."""
        return self.authentication not in ("aNULL", "aPSK", "aSRP")

    @property
    def key_type(self) -> str:
        """The key that its certificate must hold: ``rsa``, ``ec``, ``dsa``; empty where it needs none."""
        return {"aRSA": "rsa", "aECDSA": "ec", "aDSS": "dsa", "aDH": "dh", "aECDH": "ec"}.get(self.authentication, "")


@cache
def openssl_suites() -> Mapping[str, Named]:
    """Every suite up to TLS 1.2 that OpenSSL ever had and that we know, by OpenSSL's name."""
    found = (named for suite in SUITES.values() if (named := _named(suite)) is not None)
    return MappingProxyType({named.name: named for named in found})


ALIASES: Mapping[str, str] = MappingProxyType(
    {
        f"EDH-{kind}-{cipher}": f"DHE-{kind}-{cipher}"
        for kind in ("RSA", "DSS")
        for cipher in ("DES-CBC3-SHA", "DES-CBC-SHA")
    }
)
"""Names before OpenSSL 1.1.0 that are still understood."""


def _named(suite: CipherSuite) -> Named | None:
    exchange, is_export, _ = suite.key_exchange.partition("_EXPORT")
    words = _EXCHANGES.get(exchange)
    if words is None or suite.kind == "other" or _is_foreign(suite, exchange):
        return None
    cipher, mac = _parts(suite.name.partition("_WITH_")[2])
    begin = "EXP-" + words[2].replace("DHE-", "EDH-") if is_export else words[2]
    begin = "ECDHE-" if exchange == "ECDHE_RSA" and cipher.startswith("ARIA") else begin
    is_rare = cipher.startswith(_RARE) or "CCM" in cipher
    return Named(
        suite=suite,
        name=begin + _spelled(cipher, mac, words[1] == "aPSK" or "PSK" in exchange, "SRP" in exchange),
        exchange=words[0],
        authentication=words[1],
        cipher=_filed(cipher),
        mac="AEAD" if suite.is_aead else "SHA1" if mac == "SHA" else mac,
        oldest=_oldest(suite, words[0], mac),
        is_default=not (suite.kind == "null" or is_rare or words[1] in ("aNULL", "aDSS") or is_export),
    )


def _is_foreign(suite: CipherSuite, exchange: str) -> bool:
    """True for suites of the registry that OpenSSL never had."""
    name = suite.name
    if any(word in name for word in ("SM4", "AEGIS", "CAMELLIA_128_GCM", "CAMELLIA_256_GCM", "1024_WITH")):
        return True
    if "ARIA" in name and ("CBC" in name or exchange in ("DH_anon", "ECDHE_PSK", "DH_RSA", "DH_DSS", "ECDH_RSA")):
        return True
    if "ARIA" in name and exchange == "ECDH_ECDSA":
        return True
    if exchange == "ECDHE_PSK" and suite.kind in ("gcm", "ccm", "ccm8"):
        return True
    return suite.kind == "des" and "EXPORT" in name and "DES40" not in name


def _parts(text: str) -> tuple[str, str]:
    """``AES_128_CBC_SHA256`` as (``AES_128_CBC``, ``SHA256``); suites with CCM name no hash."""
    cipher, _, mac = text.rpartition("_")
    return (cipher, mac) if mac in _HASHES else (text, "")


def _spelled(cipher: str, mac: str, is_psk: bool, is_srp: bool) -> str:
    mode = cipher.rpartition("_")[2]
    base = cipher.removesuffix("_CBC")
    if (is_psk and cipher == "3DES_EDE_CBC") or is_srp:
        return f"{cipher.replace('_', '-')}-{mac}"
    if base in _ROUGH:
        return f"{_ROUGH[base]}-{mac}"
    if base.startswith("RC4"):
        return f"RC4-{mac}"
    if base.startswith("RC2"):
        return f"RC2-CBC-{mac}"
    if base.startswith("DES"):
        return f"DES-CBC-{mac}"
    if "CCM" in cipher:
        return cipher.replace("CCM_8", "CCM8").replace("AES_", "AES").replace("_", "-")
    if base == "CHACHA20_POLY1305":
        return "CHACHA20-POLY1305"
    name, _, size = base.partition("_")
    if mode == "GCM":
        return f"{name}{size.partition('_')[0]}-GCM-{mac}"
    is_plain = is_psk and name == "AES"
    return f"{name}{size}{'-CBC' if is_plain else ''}-{mac}"


def _filed(cipher: str) -> str:
    """The one word for the cipher: ``AES128GCM``, ``CAMELLIA256``, ``3DES``."""
    if cipher.startswith("3DES"):
        return "3DES"
    if cipher.startswith("CHACHA20"):
        return "CHACHA20"
    name = cipher.partition("_")[0]
    if name in ("AES", "CAMELLIA", "ARIA"):
        return cipher.replace("_CBC", "").replace("_", "")
    return name.replace("DES40", "DES")


def _oldest(suite: CipherSuite, exchange: str, mac: str) -> str:
    if suite.since != "SSLv3":
        return suite.since
    has_sha2 = mac in ("SHA256", "SHA384")
    return "TLSv1" if exchange.startswith(("kECDH", "kECDHE")) or has_sha2 else "SSLv3"


def is_built_in(named: Named, version: tuple[int, ...]) -> bool:
    """Whether a library of this version has the suite as it is built by default (CHANGES of OpenSSL).

    1.1.0 dropped static (EC)DH, export and single DES, and left RC4 and 3DES to ``enable-weak-ssl-ciphers``; what 3.0
    moved to its legacy provider is not loaded by itself. 1.0.2 has none of what came later.
    """
    is_old = named.exchange in ("kDHr", "kDHd", "kECDHr", "kECDHe") or named.name.startswith("EXP-")
    if version >= (1, 1):
        return not is_old and named.cipher not in _gone(version)
    if named.cipher.startswith(("CHACHA20", "ARIA")) or "CCM" in named.cipher:
        return False
    is_newer = named.cipher.startswith("CAMELLIA") and named.mac != "SHA1"
    return not is_newer and named.exchange not in ("kRSAPSK", "kDHEPSK", "kECDHEPSK")


def _gone(version: tuple[int, ...]) -> tuple[str, ...]:
    weak = ("DES", "RC2", "RC4", "3DES")
    return (*weak, "IDEA", "SEED") if version >= (3,) else weak
