"""Secrets in the fields of a message, by what the fields are called. What only might be a secret is none.

Names: RFC 6749 (``access_token``, ``refresh_token``, ``client_secret``), RFC 6750, and those that devices use.
"""

import re
from collections.abc import Iterator, Sequence
from typing import Final

from iotscan.model.text import safe_text
from iotscan.observe.traffic.content.fields import Field
from iotscan.observe.traffic.content.finding import Finding, Where, exposure, token
from iotscan.wire.jwt import find_jwts
from iotscan.wire.keys.pem import MARK, find_pem
from iotscan.wire.secret_forms.placeholders import is_random, stands_for_a_secret

_PASSWORDS: Final = re.compile(
    r".*(?:password|passwd|passwort|passphrase)[0-9]?|pwd|pass|psk|clientsecret|wpakey|wifikey"
)
_NO_PASSWORDS: Final = re.compile(r"(?:forgot|reset|show|has|hide).*")
_USERS: Final = frozenset(
    ("user", "username", "login", "loginname", "userid", "uname", "account", "email", "usr", "name", "clientid")
)
_TOKENS: Final[dict[str, str]] = {
    "accesstoken": "access_token",
    "refreshtoken": "refresh_token",
    "idtoken": "id_token",
    "authtoken": "auth token",
    "sessiontoken": "session token",
    "bearertoken": "bearer token",
    "apikey": "api key",
    "xapikey": "api key",
    "apitoken": "api token",
    "devicetoken": "device token",
    "token": "token",
}
_VAGUE: Final = frozenset(("token", "devicetoken"))
"""Such a name may stand for a form's token against forgery, or for an address of push messages."""
_MASKED: Final = re.compile(r"[*•●xX.\-_]*")
_SHORTEST: Final = 8


def find_secrets(fields: Sequence[Field], where: Where) -> Iterator[Finding]:
    """Passwords and tokens in fields. In an answer, only what is one for sure: it may be a form's description."""
    user = next((value for name, value in fields if _plain(name) in _USERS and value), "")
    expires = next((int(v) for n, v in fields if n == "expires_in" and v.isdecimal() and len(v) < 12), None)
    passed = False
    for name, value in fields:
        plain = _plain(name)
        if _is_password(plain, value, is_answer=where.is_answer):
            if not passed:
                yield _password(where, name, user, value)
            else:  # the same once more, as a confirmation, or an old one: hidden as well
                yield _password(where, name, "", value)
            passed = True
        elif plain in _TOKENS and _is_token(plain, value, where):
            scheme = _TOKENS[plain]
            is_issued = where.is_answer and plain in ("accesstoken", "refreshtoken", "idtoken")
            found = token(where, value, scheme, expires if plain == "accesstoken" and is_issued else None)
            yield found
            yield exposure(where, "token", f"{scheme} in the {_of(where)}", value)


def find_blocks(data: bytes, where: Where) -> Iterator[Finding]:
    """Private keys as text, in whatever it is."""
    if MARK in data:
        for key in find_pem(data):
            if not key.key.encrypted:
                end = data.find(b"-----END", key.at)
                text = data[key.at : end if end > 0 else key.at + 64].decode("latin-1")
                lines = tuple(line for line in text.splitlines()[1:] if len(line) >= 32)
                yield exposure(where, "private-key", f"private key in the {_of(where)}", *lines[:64])


def find_bare_tokens(text: str, where: Where) -> Iterator[Finding]:
    """JWTs, wherever they stand."""
    for jwt in find_jwts(text, 4):
        yield token(where, jwt, "")
        yield exposure(where, "token", f"JWT in the {_of(where)}", jwt)


def _of(where: Where) -> str:
    place = "answer" if where.is_answer else where.place
    return f"{place} of {where.of}" if where.of else place


def _plain(name: str) -> str:
    return re.sub(r"[^a-z0-9]", "", name.lower())


def _password(where: Where, name: str, user: str, value: str) -> Finding:
    whose = f" of {safe_text(user, 60)}" if user and user != value else ""
    return exposure(where, "password", f"{safe_text(name, 40)}{whose} in the {_of(where)}", value)


def _is_password(plain: str, value: str, *, is_answer: bool) -> bool:
    if not _PASSWORDS.fullmatch(plain) or _NO_PASSWORDS.fullmatch(plain):
        return False
    if not value or _MASKED.fullmatch(value) or value.lower() in ("true", "false", "null", "none", "undefined"):
        return False
    return not is_answer or not stands_for_a_secret(value.encode())


def _is_token(plain: str, value: str, where: Where) -> bool:
    if len(value) < _SHORTEST or _MASKED.fullmatch(value) or " " in value:
        return False
    if plain in _VAGUE:
        return where.place != "form" and is_random(value.encode())
    return not stands_for_a_secret(value.encode()) or value.count(".") == 2
