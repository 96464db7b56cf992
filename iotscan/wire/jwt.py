"""JSON Web Tokens read without their keys: what a token says of itself, and whether a child could sign one like it.

Source: RFC 7519 (JWT), RFC 7515 (JWS compact serialisation, section 7.1), RFC 7516 (JWE, section 7.1), RFC 7800
(``cnf``), RFC 8725 (best practice). No signature with a public key is verified here: whoever reads a token off the
wire has no such key. A library is not needed for that: it is Base64, JSON and one HMAC.

Nothing of a token's text is kept. What comes out is :class:`Jwt`, for whoever goes on asking, and
:class:`~iotscan.model.facts.Token`, the fact.
"""

import base64
import binascii
import hashlib
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any, Final

import msgspec

from iotscan.model.answer import Answer
from iotscan.model.facts import Token
from iotscan.model.text import safe_text
from iotscan.model.vocabulary import Reason
from iotscan.wire.jwt_keys import HASHES, Signed, guess_key

LONGEST: Final = 16 * 1024
"""Characters of a token; a longer one is not read as a JWT."""
_SEVERAL: Final = 16
_LAST_DATE: Final = 1 << 53
"""Beyond it a JSON number is no whole number everywhere (RFC 8259 section 6)."""
_REGISTERED: Final = frozenset({"iss", "sub", "aud", "exp", "nbf", "iat", "jti", "scope", "scp", "client_id", "cnf"})
"""RFC 7519 section 4.1, RFC 8693 section 4.2 and 4.3, RFC 7800: what makes a claims set of a JSON object."""
_PROOFS: Final = frozenset({"dpop+jwt", "secevent+jwt", "jose", "jose+json"})
"""Types in the header that are no tokens: a proof that goes with one (RFC 9449), an event, some other signed thing."""
_FORM: Final = re.compile(r"(?<![A-Za-z0-9_.-])eyJ[A-Za-z0-9_-]{5,}(?:\.[A-Za-z0-9_-]*){2,4}(?![A-Za-z0-9_.-])")
_BASE64URL: Final = re.compile(r"[A-Za-z0-9_-]*\Z")


class Jwt(msgspec.Struct, frozen=True, kw_only=True):
    """A JWT as far as it can be read. Text is safe text; times are seconds since 1970.

    ``type`` is that of the header, in lower case and without ``application/``. ``is_encrypted``: a JWE, of which only
    the header can be read. ``has_signature`` is False where the third part is empty.
    """

    algorithm: str
    type: str = ""
    key_id: str = ""
    is_encrypted: bool = False
    has_signature: bool = False
    issuer: str = ""
    subject: str = ""
    client: str = ""
    audience: tuple[str, ...] = ()
    scopes: tuple[str, ...] = ()
    issued_at: int | None = None
    not_before: int | None = None
    expires_at: int | None = None
    is_bound: bool = False
    """It names a key that its sender must prove to have (``cnf``)."""
    guessed_key: str = ""
    """As in :class:`~iotscan.model.facts.Token`."""

    @property
    def is_unsigned(self) -> bool:
        """True where it says that nothing signs it (RFC 7519 section 6): anybody can write such a token."""
        return self.algorithm.lower() == "none"


def find_jwts(text: str, limit: int = _SEVERAL) -> Iterator[str]:
    """What stands in ``text`` and can be read as a JWT, the first ``limit`` of them. Never raises."""
    found = 0
    for match in _FORM.finditer(text):
        if found >= limit:
            return
        if _read(match[0], guesses=False) is not None:
            found += 1
            yield match[0]


def read_jwt(text: str) -> Jwt | None:
    """The token in ``text``, which is nothing but the token; None for anything else. Never raises.

    A signed thing whose content is no claims set, and the proof that goes with a token (DPoP), are none.
    """
    return _read(text, guesses=True)


def _read(text: str, *, guesses: bool) -> Jwt | None:
    parts = text.split(".", 5) if len(text) <= LONGEST else []
    if len(parts) not in (3, 5):
        return None
    header = _object(parts[0])
    if header is None or not isinstance(header.get("alg"), str):
        return None
    kind = _word(header, "typ").lower().removeprefix("application/")
    if kind in _PROOFS:
        return None
    if len(parts) == 5:
        return _sealed(header, kind, parts)
    claims, signature = _object(parts[1]), _bytes(parts[2])
    if claims is None or signature is None or not _REGISTERED & claims.keys():
        return None
    jwt = _opened(header, kind, claims, has_signature=bool(signature))
    if not guesses or header["alg"] not in HASHES:
        return jwt
    signed = Signed(algorithm=header["alg"], text=_ahead(text), signature=signature)
    return msgspec.structs.replace(jwt, guessed_key=guess_key(signed, tuple(_own_words(jwt))))


def describe_token(text: str, *, seen: datetime | None = None, expires_in: int | None = None) -> Token:
    """What is kept of a token: of a JWT what it says of itself, of any other its digest. Never raises.

    ``seen`` is when it was in use: its life is counted from there where it does not say since when it lives.
    ``expires_in`` is the life in seconds that its issuer named beside it (RFC 6749 section 5.1).
    """
    digest = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:12]
    jwt = read_jwt(text)
    if jwt is None:
        return Token(digest=digest, has_expiry=expires_in is not None, lifetime=_named(expires_in, "it says nothing"))
    return Token(
        format="jwt",
        algorithm=jwt.algorithm,
        is_encrypted=jwt.is_encrypted,
        is_unsigned=jwt.is_unsigned,
        issuer=jwt.issuer,
        audience=jwt.audience,
        scopes=jwt.scopes,
        has_expiry=jwt.expires_at is not None or expires_in is not None,
        expires=_moment(jwt.expires_at),
        lifetime=_lifetime(jwt, seen, expires_in),
        is_life_open=jwt.expires_at is not None and jwt.issued_at is None and jwt.not_before is None,
        is_bound=jwt.is_bound,
        guessed_key=jwt.guessed_key,
        digest=digest,
    )


def _named(expires_in: int | None, otherwise: str) -> Answer[int]:
    if expires_in is None or expires_in < 0:
        return Answer[int].missing(Reason.NOT_OBSERVABLE, otherwise)
    return Answer[int].of(min(expires_in, _LAST_DATE))


def _lifetime(jwt: Jwt, seen: datetime | None, expires_in: int | None) -> Answer[int]:
    if jwt.expires_at is None:
        return _named(expires_in, "it is encrypted" if jwt.is_encrypted else "it names no end")
    begin = jwt.issued_at if jwt.issued_at is not None else jwt.not_before
    if begin is None and seen is not None:
        begin = int(seen.timestamp())
    if begin is None or begin > jwt.expires_at:
        return _named(expires_in, "it does not say from when on it is good")
    return Answer[int].of(jwt.expires_at - begin)


def _moment(seconds: int | None) -> datetime | None:
    """A date; None where there is none, or none that a calendar has."""
    try:
        return None if seconds is None else datetime.fromtimestamp(seconds, UTC)
    except (OverflowError, ValueError, OSError):
        return None


def _sealed(header: dict[str, Any], kind: str, parts: list[str]) -> Jwt | None:
    """A JWE: five parts, and an algorithm for the content beside that for the key (RFC 7516 section 4.1)."""
    if not isinstance(header.get("enc"), str) or any(_bytes(part) is None for part in parts[1:]):
        return None
    algorithm = safe_text(f"{header['alg']}+{header['enc']}", 60)
    return Jwt(algorithm=algorithm, type=kind, key_id=_word(header, "kid"), is_encrypted=True)


def _opened(header: dict[str, Any], kind: str, claims: dict[str, Any], *, has_signature: bool) -> Jwt:
    return Jwt(
        algorithm=_word(header, "alg"),
        type=kind,
        key_id=_word(header, "kid"),
        has_signature=has_signature,
        issuer=_word(claims, "iss"),
        subject=_word(claims, "sub"),
        client=_word(claims, "client_id") or _word(claims, "azp"),
        audience=_words(claims.get("aud")),
        scopes=_words(claims.get("scope"), apart=True) or _words(claims.get("scp"), apart=True),
        issued_at=_date(claims, "iat"),
        not_before=_date(claims, "nbf"),
        expires_at=_date(claims, "exp"),
        is_bound=isinstance(claims.get("cnf"), dict) and bool(claims["cnf"]),
    )


def _own_words(jwt: Jwt) -> Iterator[tuple[str, str]]:
    """What stands in the token itself and was taken for its key."""
    yield "its issuer's name", jwt.issuer
    yield "its subject's name", jwt.subject
    yield "its client's name", jwt.client
    yield "its key's name", jwt.key_id
    yield from (("its audience's name", one) for one in jwt.audience)


def _ahead(text: str) -> bytes:
    """What a JWS signs: header, dot, payload, as they stand (RFC 7515 section 5.1)."""
    return text.rpartition(".")[0].encode("ascii", "replace")


def _bytes(part: str) -> bytes | None:
    if not _BASE64URL.match(part):
        return None
    try:
        return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))
    except binascii.Error:
        return None


def _object(part: str) -> dict[str, Any] | None:
    data = _bytes(part)
    try:
        value = msgspec.json.decode(data) if data else None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def _word(values: dict[str, Any], name: str) -> str:
    value = values.get(name)
    return safe_text(value) if isinstance(value, str) else ""


def _words(value: object, *, apart: bool = False) -> tuple[str, ...]:
    """A text or several; ``apart`` takes one text for a list with blanks between (RFC 8693 section 4.2)."""
    if isinstance(value, str):
        value = value.split() if apart else [value]
    if not isinstance(value, list):
        return ()
    return tuple(safe_text(one) for one in value[:_SEVERAL] if isinstance(one, str))


def _date(claims: dict[str, Any], name: str) -> int | None:
    """A NumericDate (RFC 7519 section 2) in whole seconds; what is none, or lies beyond all dates, is left out."""
    value = claims.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= _LAST_DATE:
        return None
    return int(value)
