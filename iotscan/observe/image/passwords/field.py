"""What a password field holds, by its form alone: scheme and number of rounds.

Sources: crypt(5) of libxcrypt (schemes, their settings and default rounds), shadow(5) (fields that nobody can match),
mosquitto_passwd(1), htpasswd(1), argon2's PHC string format. A form is matched whole: what does not fit is ``other``
and is never given to a library.
"""

import re
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final

import msgspec

_ITOA64: Final = "./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_B: Final = "[./0-9A-Za-z]"
_LONGEST: Final = 512
"""Characters: no crypt(3) hash is longer (CRYPT_OUTPUT_SIZE is 384)."""
_SHORTEST_HASH: Final = 13
"""Characters of a DES hash, the shortest that crypt(3) can give: less can match no password."""


class Field(msgspec.Struct, frozen=True, kw_only=True):
    """A password field, understood.

    ``scheme``: ``empty``, ``locked``, a scheme of crypt(5), or ``other``. ``rounds``: how often the hash is repeated:
    SHA rounds, 2^cost of bcrypt, N of scrypt and yescrypt, passes of argon2; 0 where the scheme fixes it or the field
    does not tell. ``effort`` is what one try costs at most, in seconds of a slow core; infinite where it is not known.
    ``is_damaged``: it begins as its scheme does and has not its form, as a hash that was cut off.
    """

    scheme: str
    rounds: int = 0
    effort: float = 0.0
    is_damaged: bool = False


class _Form(msgspec.Struct, frozen=True, kw_only=True):
    scheme: str
    pattern: re.Pattern[str]
    rounds: Callable[[re.Match[str]], int] = lambda match: 0
    effort: Callable[[re.Match[str]], float] = lambda match: 0.0


def _sha_rounds(match: re.Match[str]) -> int:
    # Below 1,000 the libraries of glibc take 1,000; the figure in the field is what is reported.
    return int(match["rounds"] or 5000)


def _power(match: re.Match[str]) -> int:
    return int(2 ** int(match["cost"]))


def _yescrypt_power(match: re.Match[str]) -> int:
    """N of yescrypt: the second character is log2(N) - 1 up to 47 (``encode64_uint32`` of yescrypt-common.c)."""
    return int(2 ** (_ITOA64.index(match["n"]) + 1))


def _yescrypt_effort(match: re.Match[str]) -> float:
    if match["more"] or _ITOA64.index(match["n"]) > 20:
        return float("inf")
    return 2e-7 * _yescrypt_power(match) * (_ITOA64.index(match["r"]) + 1)


def _scrypt_power(match: re.Match[str]) -> int:
    return int(2 ** _ITOA64.index(match["n"]))


def _scrypt_effort(match: re.Match[str]) -> float:
    r, p = (sum(_ITOA64.index(c) << 6 * i for i, c in enumerate(match[name])) for name in ("r", "p"))
    return 3e-7 * _scrypt_power(match) * r * max(p, 1)


def _bsdi_rounds(match: re.Match[str]) -> int:
    return sum(_ITOA64.index(c) << 6 * i for i, c in enumerate(match["count"]))


def _form(
    scheme: str,
    pattern: str,
    rounds: Callable[[re.Match[str]], int] = lambda match: 0,
    effort: Callable[[re.Match[str]], float] = lambda match: 0.0,
) -> _Form:
    return _Form(scheme=scheme, pattern=re.compile(pattern), rounds=rounds, effort=effort)


_FORMS: Final = (
    _form("md5", rf"\$1\$[!-#%-9;-~]{{0,8}}\${_B}{{22}}"),
    _form("apr1", rf"\$apr1\$[!-#%-9;-~]{{0,8}}\${_B}{{22}}"),
    _form(
        "bcrypt",
        rf"\$2[abxy]\$(?P<cost>0[4-9]|[12][0-9]|3[01])\${_B}{{53}}",
        _power,
        lambda match: 1e-4 * _power(match),
    ),
    _form(
        "sha256",
        rf"\$5\$(?:rounds=(?P<rounds>[1-9][0-9]{{0,8}})\$)?[!-#%-9;-~]{{0,16}}\${_B}{{43}}",
        _sha_rounds,
        lambda match: 6e-7 * _sha_rounds(match),
    ),
    _form(
        "sha512",
        rf"\$6\$(?:rounds=(?P<rounds>[1-9][0-9]{{0,8}})\$)?[!-#%-9;-~]{{0,16}}\${_B}{{86}}",
        _sha_rounds,
        lambda match: 6e-7 * _sha_rounds(match),
    ),
    _form("mosquitto-sha512", r"\$6\$[A-Za-z0-9+/]{8,88}={0,2}\$[A-Za-z0-9+/]{86}==", lambda match: 1),
    _form(
        "pbkdf2-sha512",
        r"\$7\$(?P<rounds>[1-9][0-9]{0,7})\$[A-Za-z0-9+/]{8,88}={0,2}\$[A-Za-z0-9+/]{86}==",
        lambda match: int(match["rounds"]),
        lambda match: 2e-6 * int(match["rounds"]),
    ),
    _form(
        "scrypt",
        rf"\$7\$(?P<n>{_B})(?P<r>{_B}{{5}})(?P<p>{_B}{{5}}){_B}{{0,64}}\${_B}{{43}}",
        _scrypt_power,
        _scrypt_effort,
    ),
    _form(
        "yescrypt",
        rf"\$y\${_B}(?P<n>{_B})(?P<r>{_B})(?P<more>{_B}{{0,20}})\${_B}{{0,86}}\${_B}{{43}}",
        _yescrypt_power,
        _yescrypt_effort,
    ),
    _form(
        "gost-yescrypt",
        rf"\$gy\${_B}(?P<n>{_B})(?P<r>{_B})(?P<more>{_B}{{0,20}})\${_B}{{0,86}}\${_B}{{43}}",
        _yescrypt_power,
        _yescrypt_effort,
    ),
    _form(
        "sunmd5",
        rf"\$md5(?:,rounds=(?P<rounds>[0-9]{{1,9}}))?\${_B}{{1,16}}\${{1,2}}{_B}{{22}}",
        lambda match: 4096 + int(match["rounds"] or 0),
        lambda match: 4e-6 * (4096 + int(match["rounds"] or 0)),
    ),
    _form(
        "sha1",
        rf"\$sha1\$(?P<rounds>[1-9][0-9]{{0,9}})\${_B}{{1,64}}\${_B}{{28}}",
        lambda match: int(match["rounds"]),
        lambda match: 2e-6 * int(match["rounds"]),
    ),
    _form("nt", r"\$3\$\$[0-9a-f]{32}"),
    _form(
        "argon2",
        r"\$argon2(?:id|i|d)\$(?:v=[0-9]{2}\$)?m=(?P<m>[0-9]{1,9}),t=(?P<t>[0-9]{1,9}),p=[0-9]{1,3}"
        r"\$[A-Za-z0-9+/]{1,128}\$[A-Za-z0-9+/]{1,256}",
        lambda match: int(match["t"]),
        lambda match: 3e-6 * int(match["m"]) * int(match["t"]),
    ),
    _form(
        "bsdi",
        rf"_(?P<count>{_B}{{4}}){_B}{{15}}",
        _bsdi_rounds,
        lambda match: 6e-7 * _bsdi_rounds(match),
    ),
    _form("unsalted-sha1", r"\{SHA\}[A-Za-z0-9+/]{27}="),
    _form("salted-sha1", r"\{SSHA\}[A-Za-z0-9+/]{28,128}={0,2}"),
    _form("des", rf"{_B}{{13}}"),
)
_PREFIXES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "$1$": "md5",
        "$apr1$": "apr1",
        "$2": "bcrypt",
        "$5$": "sha256",
        "$6$": "sha512",
        "$7$": "scrypt",
        "$y$": "yescrypt",
        "$gy$": "gost-yescrypt",
        "$md5": "sunmd5",
        "$sha1$": "sha1",
        "$3$": "nt",
        "$argon2": "argon2",
    }
)
"""The scheme that a damaged field means."""


def read_field(text: str) -> Field:
    """What the password field of passwd(5), shadow(5) or a file like them holds. Never raises.

    A field of a known prefix and a wrong form keeps its scheme and is damaged: it cannot be tested.
    """
    if text == "":
        return Field(scheme="empty")
    if re.fullmatch(rf"{_B}{{10,12}}", text):
        # Too long for a word such as NOLOGIN: a DES hash that was cut off.
        return Field(scheme="des", effort=float("inf"), is_damaged=True)
    if text[0] in "!*" or (len(text) < _SHORTEST_HASH and text[0] not in "$_{"):
        return Field(scheme="locked")
    if len(text) <= _LONGEST:
        for form in _FORMS:
            match = form.pattern.fullmatch(text)
            if match:
                return Field(scheme=form.scheme, rounds=form.rounds(match), effort=form.effort(match))
    scheme = next((name for prefix, name in _PREFIXES.items() if text.startswith(prefix)), "other")
    return Field(scheme=scheme, effort=float("inf"), is_damaged=scheme != "other")
