"""OpenSSL's cipher lists (``ECDHE+AESGCM:!aNULL:@STRENGTH``) worked out over our own table of suites.

Source: openssl-ciphers(1) for the words, ``@STRENGTH`` and ``@SECLEVEL``; SSL_CTX_set_security_level(3) for the levels.
Checked list by list against ``openssl ciphers``.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from types import MappingProxyType

import msgspec

from iotscan.wire.tls.openssl_names import ALIASES, Named, is_built_in, openssl_suites

Test = Callable[[Named], bool]
DEFAULT = "ALL:!COMPLEMENTOFDEFAULT:!eNULL"
"""What OpenSSL 1.1.0 and later take where nothing is said."""
_OLD_DEFAULT = "ALL:!EXPORT:!LOW:!aNULL:!eNULL:!SSLv2"
_LEVEL_BITS = (0, 80, 112, 128, 192, 256)
_LONGEST = 4096
_MEDIUM = ("RC4", "RC2", "IDEA", "SEED")
_FIPS = ("AES128", "AES256", "AES128GCM", "AES256GCM")


class UnknownList(ValueError):
    """The list names a policy that stands elsewhere (``PROFILE=SYSTEM``, ``SUITEB128``)."""


class CipherList(msgspec.Struct, frozen=True, kw_only=True):
    """The suites up to TLS 1.2 in their order, and the security level that the list sets; None where it sets none."""

    suites: tuple[Named, ...]
    level: int | None = None


def _exchange(*names: str) -> Test:
    return lambda s: s.exchange in names


def _auth(*names: str) -> Test:
    return lambda s: s.authentication in names


def _cipher(*starts: str) -> Test:
    return lambda s: s.cipher.startswith(starts)


def _mac(name: str) -> Test:
    return lambda s: s.mac == name


def _both(one: Test, other: Test) -> Test:
    return lambda s: one(s) and other(s)


def _is_null(suite: Named) -> bool:
    return suite.cipher == "NULL"


def _is_named(suite: Named) -> bool:
    return not suite.is_anonymous


_PSK = ("kPSK", "kRSAPSK", "kDHEPSK", "kECDHEPSK")
_DHE, _ECDHE = _exchange("kDHE"), _exchange("kECDHE")
_STATIC = ("kDHr", "kDHd", "kECDHr", "kECDHe")
_WORDS: Mapping[str, Test] = MappingProxyType(
    {
        "ALL": lambda s: s.cipher != "NULL",
        "COMPLEMENTOFALL": _is_null,
        "eNULL": _is_null,
        "NULL": _is_null,
        "COMPLEMENTOFDEFAULT": lambda s: not s.is_default and s.cipher != "NULL",
        "kRSA": _exchange("kRSA"),
        "aRSA": _auth("aRSA"),
        "RSA": _both(_exchange("kRSA"), _auth("aRSA")),
        **dict.fromkeys(("kEDH", "kDHE", "DH"), _DHE),
        **dict.fromkeys(("EDH", "DHE"), _both(_DHE, _is_named)),
        **dict.fromkeys(("kEECDH", "kECDHE", "ECDH"), _ECDHE),
        **dict.fromkeys(("EECDH", "ECDHE"), _both(_ECDHE, _is_named)),
        "ADH": _both(_DHE, _auth("aNULL")),
        "AECDH": _both(_ECDHE, _auth("aNULL")),
        **{name: _exchange(name) for name in _PSK},
        "PSK": _exchange(*_PSK),
        "kSRP": _exchange("kSRP"),
        "SRP": _exchange("kSRP"),
        "aSRP": _auth("aSRP"),
        "aPSK": _auth("aPSK"),
        "aNULL": _auth("aNULL"),
        **dict.fromkeys(("aDSS", "DSS"), _auth("aDSS")),
        **dict.fromkeys(("aECDSA", "ECDSA"), _auth("aECDSA")),
        "aECDH": _auth("aECDH"),
        "aDH": _auth("aDH"),
        **{name: _exchange(name) for name in _STATIC},
        "kDH": _exchange("kDHr", "kDHd"),
        "kECDH": _exchange("kECDHr", "kECDHe"),
        **{name: _cipher(name) for name in ("3DES", "RC4", "RC2", "IDEA", "SEED", "DES", "AES", "CAMELLIA", "ARIA")},
        **{name: _cipher(name) for name in ("AES128", "AES256", "CAMELLIA128", "CAMELLIA256", "ARIA128", "ARIA256")},
        "AESGCM": lambda s: s.cipher in ("AES128GCM", "AES256GCM"),
        "AESCCM": lambda s: "CCM" in s.cipher,
        "AESCCM8": lambda s: s.cipher.endswith("CCM8"),
        "ARIAGCM": _cipher("ARIA"),
        "CHACHA20": _cipher("CHACHA20"),
        "CBC": lambda s: s.suite.is_cbc,
        "MD5": _mac("MD5"),
        "SHA1": _mac("SHA1"),
        "SHA": _mac("SHA1"),
        "SHA256": _mac("SHA256"),
        "SHA384": _mac("SHA384"),
        "SSLv3": lambda s: s.oldest == "SSLv3",
        "TLSv1": lambda s: s.oldest == "TLSv1",
        "TLSv1.0": lambda s: s.oldest == "TLSv1",
        "TLSv1.2": lambda s: s.oldest == "TLSv1.2",
        "LOW": lambda s: s.cipher == "DES" and not s.name.startswith("EXP-"),
        **dict.fromkeys(("EXP", "EXPORT", "EXPORT40"), lambda s: s.name.startswith("EXP-")),
        "EXPORT56": lambda s: False,
    }
)
_ELSEWHERE = re.compile(r"(?i)PROFILE=|SUITEB|@SYSTEM")


def evaluate(text: str, available: Iterable[Named], version: tuple[int, ...]) -> CipherList:
    """What a list lets in of the suites that a library of this version has. Raises UnknownList.

    A word that OpenSSL does not know takes in nothing, as there.
    """
    if len(text) > _LONGEST or _ELSEWHERE.search(text):
        raise UnknownList("it names a policy that stands elsewhere")
    sorting = _Sorting(available, version)
    level = None
    for rule in [word for word in re.split(r"[:,; ]+", text.strip()) if word]:
        if rule.startswith("@"):
            if rule == "@STRENGTH":
                sorting.by_strength()
            found = re.fullmatch(r"@SECLEVEL=([0-5])", rule)
            level = int(found[1]) if found else level
        elif rule == "DEFAULT":
            inner = DEFAULT if version >= (1, 1) else _OLD_DEFAULT
            for word in inner.split(":"):
                sorting.apply(word)
        else:
            sorting.apply(rule)
    return CipherList(suites=tuple(s for s in sorting.order if s.name in sorting.active), level=level)


def allowed_at(suite: Named, level: int) -> bool:
    """Whether a security level lets a suite through: SSL_CTX_set_security_level(3)."""
    if level <= 0:
        return True
    if strength(suite) < _LEVEL_BITS[min(level, 5)] or suite.is_anonymous or suite.mac == "MD5":
        return False
    if level >= 2 and suite.cipher == "RC4":
        return False
    if level >= 4 and suite.mac == "SHA1":
        return False
    return level < 3 or suite.exchange in ("kDHE", "kECDHE", "kDHEPSK", "kECDHEPSK")


def built_in(version: tuple[int, ...]) -> tuple[Named, ...]:
    """The suites of a library of this version as it is built by default."""
    return tuple(named for named in openssl_suites().values() if is_built_in(named, version))


def strength(suite: Named) -> int:
    """Bits of strength as OpenSSL counts them."""
    if suite.cipher == "NULL":
        return 0
    if suite.name.startswith("EXP-"):
        return 40
    return {"3DES": 112, "DES": 56, "CHACHA20": 256}.get(suite.cipher, 256 if "256" in suite.cipher else 128)


class _Sorting:
    """All suites in one order, some of them active: what OpenSSL's rules move about."""

    def __init__(self, available: Iterable[Named], version: tuple[int, ...]) -> None:
        # From the highest code point down, then preferences, as OpenSSL begins every list.
        self.order = sorted(available, key=lambda s: -s.suite.code)
        self.active: set[str] = set()
        self._words = dict(_WORDS)
        is_old = version < (1, 1)
        self._words["HIGH"] = lambda s: strength(s) >= (112 if is_old else 128) and not s.cipher.startswith(_MEDIUM)
        self._words["MEDIUM"] = lambda s: s.cipher.startswith(_MEDIUM if is_old else (*_MEDIUM, "3DES"))
        self._words["FIPS"] = lambda s: s.cipher in _FIPS and s.exchange != "kSRP"
        self._begin(is_old)

    def _begin(self, is_old: bool) -> None:
        def everything(suite: Named) -> bool:
            return True

        if not is_old:
            self._add(_both(_ECDHE, _auth("aECDSA")))
        self._add(_ECDHE)
        self._delete(_ECDHE)
        if not is_old:
            self._add(_WORDS["AESGCM"])
            self._add(_WORDS["CHACHA20"])
        self._add(_WORDS["AES"])
        self._add(everything)
        for last in (_mac("MD5"), _auth("aNULL"), _exchange("kRSA"), _exchange("kPSK"), _cipher("RC4")):
            self._to_end(last)
        self.by_strength()
        if not is_old:
            ephemeral = _exchange("kDHE", "kECDHE")
            for first in (_WORDS["TLSv1.2"], _mac("AEAD"), ephemeral, _both(ephemeral, _mac("AEAD"))):
                self._to_front(first)
        self._delete(everything)

    def apply(self, rule: str) -> None:
        """One word of a list with its sign."""
        sign = rule[0] if rule[0] in "!-+" else ""
        test = self._test(rule[len(sign) :])
        if test is None:
            return
        if sign == "!":
            self.order = [s for s in self.order if not test(s)]
        elif sign == "-":
            self._delete(test)
        elif sign == "+":
            self._to_end(test)
        else:
            self._add(test)

    def by_strength(self) -> None:
        """``@STRENGTH``: the active ones by falling strength, otherwise as they stood."""
        resting = [s for s in self.order if s.name not in self.active]
        self.order = resting + sorted((s for s in self.order if s.name in self.active), key=lambda s: -strength(s))

    def _test(self, text: str) -> Test | None:
        """The suites that all of ``A+B`` take in; None where a word is not known."""
        test: Test | None = None
        for word in text.split("+"):
            name = ALIASES.get(word, word)
            one = self._words.get(word) or (_is(name) if name in openssl_suites() else None)
            if one is None:
                return None
            test = one if test is None else _both(test, one)
        return test

    def _add(self, test: Test) -> None:
        chosen = [s for s in self.order if s.name not in self.active and test(s)]
        self.active.update(s.name for s in chosen)
        self._rearrange(chosen, is_last=True)

    def _delete(self, test: Test) -> None:
        chosen = [s for s in self.order if s.name in self.active and test(s)]
        self.active.difference_update(s.name for s in chosen)
        self._rearrange(chosen, is_last=False)

    def _to_end(self, test: Test) -> None:
        self._rearrange([s for s in self.order if s.name in self.active and test(s)], is_last=True)

    def _to_front(self, test: Test) -> None:
        self._rearrange([s for s in self.order if s.name in self.active and test(s)], is_last=False)

    def _rearrange(self, chosen: list[Named], *, is_last: bool) -> None:
        names = {s.name for s in chosen}
        rest = [s for s in self.order if s.name not in names]
        self.order = rest + chosen if is_last else chosen + rest


def _is(name: str) -> Test:
    return lambda s: s.name == name
