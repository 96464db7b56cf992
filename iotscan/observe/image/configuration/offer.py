"""What a server on OpenSSL will accept with its settings: the configured :class:`TlsEndpoint`.

What the settings leave open (the key that a first start makes, the version of the library) is gone through in every
way it may be; a question that all ways answer alike is answered, any other says what it depends on.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import lru_cache
from itertools import product
from typing import Any

import msgspec

from iotscan.model.answer import Answer
from iotscan.model.facts import VERSIONS, Suite, SuiteList, TlsEndpoint
from iotscan.model.vocabulary import Reason
from iotscan.observe.image.configuration import tls
from iotscan.observe.image.configuration.configured import unsaid
from iotscan.observe.image.configuration.openssl import Library
from iotscan.observe.image.configuration.version import Version
from iotscan.wire.tls.cipher_lists import CipherList, UnknownList, allowed_at, built_in, evaluate
from iotscan.wire.tls.groups import GROUPS
from iotscan.wire.tls.openssl_names import Named, openssl_suites
from iotscan.wire.tls.suites import SUITES, CipherSuite

NO_KEY = frozenset({"none"})
"""The keys of a server without a certificate."""
_STREAM = ("SSLv2", *VERSIONS)
_NEWEST = VERSIONS[-1]
_SUITES_13 = ("TLS_AES_256_GCM_SHA384", "TLS_CHACHA20_POLY1305_SHA256", "TLS_AES_128_GCM_SHA256")
_BY_NAME = {suite.name: suite for suite in SUITES.values()}
_OLD, _NEW = (1, 0, 2), (3, 0)
_CURVES = {"p-256": "secp256r1", "p-384": "secp384r1", "p-521": "secp521r1", "prime256v1": "secp256r1"}
_CURVES |= {"prime192v1": "secp192r1", "p-192": "secp192r1", "p-224": "secp224r1"}
_GROUP_BITS = {group.name.lower(): group.bits for group in GROUPS.values()}
_QUESTIONS: Mapping[str, Callable[[CipherSuite], bool]] = {
    "forward_secrecy": lambda s: s.has_forward_secrecy,
    "without_forward_secrecy": lambda s: s.lacks_forward_secrecy,
    "plain_psk": lambda s: s.is_plain_psk,
    "psk_forward_secrecy": lambda s: s.is_ephemeral_psk,
    "broken_ciphers": lambda s: s.is_broken,
    "weak_ciphers": lambda s: s.is_weak,
    "aead": lambda s: s.is_aead,
    "cbc": lambda s: s.is_cbc,
    "short_tag": lambda s: s.has_short_tag,
    "longer_tag": lambda s: s.has_long_tag,
}


class Setup(msgspec.Struct, frozen=True, kw_only=True):
    """What a program's settings say, with the defaults of its version filled in. None is: nothing says so."""

    versions: Mapping[str, bool | None]
    ciphers: str | None
    ciphers_13: str = ""
    """``ciphersuites``, names by colons; empty for OpenSSL's own three."""
    keys: frozenset[str] = frozenset()
    """Kinds of key of its certificates (``rsa``, ``ec``); empty where nobody knows."""
    has_psk: bool = False
    has_prime: bool | None = None
    """Has Diffie-Hellman parameters."""
    prime_bits: int = 0
    curves: str = ""
    """Groups by colons; empty for the library's own."""
    server_order: bool | None = None
    tickets: bool | None = None
    compression: bool = False
    client_certificate: bool | None = None
    stapling: bool | None = None
    opening: str = ""


class _Way(msgspec.Struct, frozen=True, kw_only=True):
    """One way it may be: the versions and, in the server's order, the suites up to 1.2 and those of 1.3."""

    on: frozenset[str]
    older: tuple[CipherSuite, ...]
    newer: tuple[CipherSuite, ...]

    @property
    def suites(self) -> tuple[CipherSuite, ...]:
        return (*self.newer, *self.older)


def endpoint_of(setup: Setup, library: Library) -> TlsEndpoint:
    """The configured endpoint."""
    level = _level(setup, library)
    versions = {name: _version(name, setup, library, level) for name in _STREAM}
    ways = None if setup.ciphers is None else _ways(setup, setup.ciphers, library, level, versions)
    known: dict[str, Any] = {"opening": setup.opening}
    if ways:
        for name in VERSIONS[:-1]:
            if versions[name].known and not any(name in way.on for way in ways):
                versions[name] = Answer.of(False)
        known |= {name: _asked(ways, test) for name, test in _QUESTIONS.items()}
        known["prefers_forward_secrecy"] = _preference(setup, ways)
        known["dh_bits"] = _prime_bits(setup, ways)
        known["suite_lists"] = tuple(_lists(ways))
    elif versions[_NEWEST].known:
        known |= dict.fromkeys(("forward_secrecy", "aead", "longer_tag"), Answer.of(True))
    known |= {name: answer for name, answer in _of_library(setup, library, level, versions, known).items() if answer}
    if setup.client_certificate is not None:
        known["client_certificate"] = Answer.of(setup.client_certificate)
    if setup.server_order is not None:
        known["server_preference"] = Answer.of(setup.server_order)
    return tls.endpoint(versions, **known)


def _level(setup: Setup, library: Library) -> int | None:
    """The security level; None for an unknown library where no list sets one."""
    for text in (setup.ciphers, library.settings.get("CipherString")):
        try:
            found = evaluate(text, (), _NEW).level if text else None
        except UnknownList:
            found = None
        if found is not None:
            return found
    return library.level if library.is_known else None


def _version(name: str, setup: Setup, library: Library, level: int | None) -> Answer[bool]:
    is_asked = setup.versions.get(name)
    if is_asked is False:
        return Answer.of(False)
    version = library.version
    if library.is_known and name in ("SSLv2", "SSLv3") and version >= (1, 1):
        return Answer.of(False)
    # Above level 0 OpenSSL 3 signs nothing with SHA-1: no version before 1.2 is left to who has a certificate.
    if library.is_known and name in ("TLSv1.0", "TLSv1.1") and version >= (3,) and level and setup.keys != NO_KEY:
        return Answer.of(False)
    if is_asked is None:
        return unsaid("which TLS versions it takes")
    if name == "SSLv2" and library.is_known:
        return unsaid("whether its library still has SSLv2")
    if name in ("TLSv1.0", "TLSv1.1") and (1, 1) <= version < (3,) and (level or 0) >= 2:
        return unsaid(f"whether security level {level} of its library lets {name} through")
    if name == _NEWEST and version < (1, 1, 1):
        if version and version != (1, 1):
            return Answer.of(False)
        return unsaid("whether its library has TLS 1.3")
    return Answer.of(True)


def _ways(
    setup: Setup, ciphers: str, library: Library, level: int | None, versions: Mapping[str, Answer[bool]]
) -> list[_Way]:
    found: list[_Way] = []
    keys = [setup.keys] if setup.keys else [frozenset({"rsa"}), frozenset({"ec"})]
    primes = [True, False] if setup.has_prime is None else [setup.has_prime]
    libraries = [library.version] if library.is_known else [_OLD, _NEW]
    for key, has_prime, version, on in product(keys, primes, libraries, _switched(versions)):
        try:
            listed = _listed(ciphers, library.weak, version)
        except UnknownList:
            return []
        here = level if level is not None else (0 if version < (1, 1) else 1)
        allowed = [s for s in listed.suites if _is_usable(s, setup, key, has_prime) and allowed_at(s, here)]
        older = tuple(s.suite for s in allowed if any(s.suite.fits(name) for name in on if name != _NEWEST))
        newer = tuple(_newer(setup)) if _NEWEST in on else ()
        working = frozenset(name for name in on if name == _NEWEST or any(s.fits(name) for s in older))
        way = _Way(on=working, older=older, newer=newer)
        if way not in found:
            found.append(way)
    return found


@lru_cache(maxsize=64)
def _listed(ciphers: str, weak: tuple[str, ...], version: Version) -> CipherList:
    """What a list lets in: the same one stands in every block of a file. Raises UnknownList."""
    extra = (s for s in openssl_suites().values() if s.cipher in weak and not s.name.startswith("EXP-"))
    had = built_in(version)
    more = tuple(s for s in extra if s.exchange in ("kRSA", "kDHE", "kECDHE") and s not in had)
    return evaluate(ciphers, (*had, *more), version)


def _switched(versions: Mapping[str, Answer[bool]]) -> Iterator[frozenset[str]]:
    """Every choice of what is open; the older versions go together."""
    sure = {name for name in VERSIONS if versions[name].known}
    open_ = [name for name in VERSIONS if not versions[name].is_answered]
    older, newest = {name for name in open_ if name != _NEWEST}, {name for name in open_ if name == _NEWEST}
    for first, second in product([older, set()] if older else [set()], [newest, set()] if newest else [set()]):
        yield frozenset(sure | first | second)


def _is_usable(suite: Named, setup: Setup, keys: frozenset[str], has_prime: bool) -> bool:
    if suite.key_type and suite.key_type not in keys:
        return False
    if suite.exchange == "kSRP" or (suite.suite.is_psk and not setup.has_psk):
        return False
    return has_prime or suite.exchange not in ("kDHE", "kDHEPSK")


def _newer(setup: Setup) -> Iterator[CipherSuite]:
    names = setup.ciphers_13.split(":") if setup.ciphers_13 else _SUITES_13
    return (_BY_NAME[name] for name in names if name in _BY_NAME and _BY_NAME[name].since == _NEWEST)


def _asked(ways: Iterable[_Way], test: Callable[[CipherSuite], bool]) -> Answer[bool]:
    return _alike({any(test(suite) for suite in way.suites) for way in ways})


def _alike(said: "set[bool]") -> Answer[bool]:
    if len(said) == 1:
        return Answer.of(said.pop())
    return Answer.missing(Reason.NOT_OBSERVABLE, "it depends on the key of its certificate and on its library")


def _preference(setup: Setup, ways: Iterable[_Way]) -> Answer[bool]:
    said = set()
    for way in ways:
        kinds = [s.has_forward_secrecy for s in way.older if s.has_forward_secrecy or s.lacks_forward_secrecy]
        if len(set(kinds)) < 2:
            has_both = bool(way.newer) and False in kinds
            said.add(None if has_both else any(s.has_forward_secrecy for s in way.suites))
        else:
            # A client's own order is followed, and one that knows better puts it first.
            said.add(None if setup.server_order is None else kinds[0] or not setup.server_order)
    if len(said) == 1 and None not in said:
        return Answer.of(bool(said.pop()))
    return unsaid("whether it prefers forward secrecy")


def _prime_bits(setup: Setup, ways: Iterable[_Way]) -> Answer[int]:
    uses = {any(s.uses_primes for s in way.older) for way in ways}
    if uses == {False}:
        return Answer.of(0)
    if uses == {True} and setup.prime_bits:
        return Answer.of(setup.prime_bits)
    return Answer.missing(Reason.NOT_OBSERVABLE, "the configuration does not say: which prime it uses")


def _lists(ways: list[_Way]) -> Iterator[SuiteList]:
    """What is accepted for certain, by version."""
    is_one = len(ways) == 1
    detail = "" if is_one else "more may be accepted: it depends on the key of its certificate and on its library"
    for version in VERSIONS:
        if not all(version in way.on for way in ways):
            continue
        each = [[s for s in way.suites if s.fits(version)] for way in ways]
        sure = [s for s in each[0] if all(s in other for other in each[1:])]
        suites = tuple(Suite(version=version, code=s.code, name=s.name) for s in sure)
        yield SuiteList(version=version, suites=suites, is_complete=is_one, detail=detail)


def _of_library(
    setup: Setup, library: Library, level: int | None, versions: Mapping[str, Answer[bool]], known: Mapping[str, Any]
) -> dict[str, Answer[bool] | None]:
    """What a known version of OpenSSL does by itself (its CHANGES), where settings do not change it."""
    if not library.is_known:
        return {"weak_groups": _weak_curves(setup, level or 0) if setup.curves else None}
    version = library.version
    is_newer = version >= (1, 1)
    older = [name for name in VERSIONS[1:-1] if versions[name].known]
    said: dict[str, Answer[bool] | None] = {
        "weak_groups": _weak_curves(setup, level or 0) if setup.curves else Answer.of(False) if is_newer else None,
        "compression": Answer.of(False) if is_newer and not setup.compression else None,
        "raw_public_key": Answer.of(False) if version < (3, 2) else None,
        "prefers_newest": Answer.of(True) if versions[_NEWEST].known else None,
        "stapled": Answer.of(False) if setup.stapling is False else None,
    }
    if len(version) > 1:
        said["hybrid_groups"] = _hybrids(setup, version)
    if older:
        said |= {
            "secure_renegotiation": Answer.of(True),
            "extended_master_secret": Answer.of(is_newer),
            "truncated_hmac": Answer.of(False),
            "fallback_scsv": Answer.of(True) if is_newer else None,
            "heartbeat": Answer.of(False) if is_newer else None,
            "session_tickets": Answer.of(setup.tickets) if setup.tickets is not None else None,
        }
        cbc = known.get("cbc")
        if is_newer and cbc is not None and cbc.known:
            said["encrypt_then_mac"] = Answer.of(True)
    return said


def _weak_curves(setup: Setup, level: int) -> Answer[bool]:
    names = (name.strip(" ?*-").lower() for name in setup.curves.replace("/", ":").split(":"))
    bits = [_GROUP_BITS.get(_CURVES.get(name, name)) for name in names if name]
    if None in bits:
        return unsaid("how large the curves are that it names")
    least = (0, 160, 224, 256, 384, 512)[min(level, 5)]
    return Answer.of(any(size is not None and least <= size < 224 for size in bits))


def _hybrids(setup: Setup, version: Version) -> Answer[bool]:
    if version < (3, 5):
        return Answer.of(False)
    return Answer.of(not setup.curves or "mlkem" in setup.curves.lower())
