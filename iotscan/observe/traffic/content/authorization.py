"""Credentials in the header fields of a request, and cookies of logins (RFC 9110 §11, 7617, 7616, 6750, 9449, 6265)."""

import base64
import binascii
import re
from collections.abc import Iterator
from typing import Final

import msgspec

from iotscan.model.text import safe_text
from iotscan.observe.traffic.content.finding import Finding, Where, exposure, token
from iotscan.wire.authenticate import read_challenges
from iotscan.wire.http_stream import Head
from iotscan.wire.secret_forms.placeholders import is_random

_BEARERS: Final = {"bearer": "Bearer", "dpop": "DPoP", "token": "Token", "apikey": "api key", "jwt": "JWT"}
"""Schemes whose parameter is the token itself; the last three are no standard, and common."""
_KEYS: Final = {
    "x-api-key": "api key",
    "api-key": "api key",
    "apikey": "api key",
    "x-auth-token": "auth token",
    "x-access-token": "access token",
    "private-token": "private token",
    "x-authorization": "authorization",
    "x-vault-token": "vault token",
}
_SESSIONS: Final = re.compile(
    r"(?i)(?:.*[_.-])?(?:session(?:id|_id|-id|token)?|sessid|sid|sysauth(?:_http)?|auth(?:[_-]?token)?|jwt"
    r"|access[_-]?token|remember[_-]?(?:me|token).*)|phpsessid|jsessionid|asp\.net_sessionid|aspsessionid.*|connect\.sid"
)
_NTLM: Final = b"NTLMSSP\0\3\0\0\0"
_WSSE: Final = re.compile(rb"<(?:\w+:)?Password(?: [^>]{0,200}#Password(Text|Digest)[^>]{0,80})?>([^<]{1,200})</")


def find_logins(head: Head, where: Where) -> Iterator[Finding]:
    """What the fields of a request log in with."""
    for name in ("authorization", "proxy-authorization"):
        for value in head.all(name)[:4]:
            yield from _credentials(value, where)
    for name, scheme in _KEYS.items():
        value = head.first(name)
        if len(value) >= 8 and " " not in value:
            yield token(where, value, scheme)
            yield exposure(where, "token", f"{scheme} in the header {name} of {where.of}", value)
    for cookies in head.all("cookie")[:4]:
        for pair in cookies.split(";")[:32]:
            yield from _session(pair, where)


def find_issued_session(head: Head, where: Where) -> Iterator[Finding]:
    """A session that an answer opens."""
    for field in head.all("set-cookie")[:8]:
        yield from _session(field.partition(";")[0], where)


def find_in_soap(body: bytes, where: Where) -> Iterator[Finding]:
    """A password of WS-Security, as ONVIF has it (OASIS UsernameToken Profile 1.1.1 section 3.1)."""
    if b"Password" not in body or b"Envelope" not in body:
        return
    for kind, value in _WSSE.findall(body)[:4]:
        if kind == b"Digest":
            yield exposure(where, "digest", f"WS-Security password digest to {where.of}")
        else:
            yield exposure(where, "password", f"WS-Security password to {where.of}", value.decode("latin-1"))


def _credentials(field: str, where: Where) -> Iterator[Finding]:
    scheme, _, value = field.partition(" ")
    name, value = scheme.lower(), value.strip()
    if not value:
        return
    if name == "basic":
        yield from _basic(value, where)
    elif name == "digest":
        yield from _digest(field, where)
    elif name in _BEARERS:
        value = value.removeprefix("token=").strip('"') if name == "token" else value
        if len(value) >= 8:
            found = token(where, value, _BEARERS[name])
            if name == "dpop" and isinstance(found.item, msgspec.Struct):
                found = _bound(found)
            yield found
            yield exposure(where, "token", f"{_BEARERS[name]} token sent to {where.of}", value)
    elif name in ("ntlm", "negotiate") and _decoded(value).startswith(_NTLM):
        yield exposure(where, "digest", f"NTLM answer to {where.of}", value)


def _bound(found: Finding) -> Finding:
    """A token with the scheme DPoP is good for nothing without its sender's key (RFC 9449 section 7.1)."""
    use = found.item
    if not hasattr(use, "token"):
        return found
    bound = msgspec.structs.replace(use.token, is_bound=True)
    return Finding(msgspec.structs.replace(use, token=bound), found.secrets)


def _basic(value: str, where: Where) -> Iterator[Finding]:
    user, colon, password = _decoded(value).partition(b":")
    if not colon:
        return
    whose = f"password of {safe_text(user, 60)}" if password else f"user {safe_text(user, 60)} without a password"
    what = f"HTTP Basic {whose}" if where.protocol == "http" else f"Basic {whose}"
    yield exposure(where, "password", what, password.decode("utf-8", "replace"), value)


def _digest(field: str, where: Where) -> Iterator[Finding]:
    for challenge in read_challenges(field)[:1]:
        given = challenge.parameters
        if given.get("response") and given.get("username"):
            user, algorithm = safe_text(given["username"], 60), safe_text(given.get("algorithm", "MD5"), 20)
            what = f"Digest answer of {user} by {algorithm}"
            yield exposure(where, "digest", what, given["response"])


def _decoded(value: str) -> bytes:
    try:
        return base64.b64decode(value + "=" * (-len(value) % 4), validate=True)
    except (binascii.Error, ValueError):
        return b""


def _session(pair: str, where: Where) -> Iterator[Finding]:
    name, _, value = pair.strip().partition("=")
    if len(name) <= 60 and _SESSIONS.fullmatch(name) and is_random(value.encode("latin-1", "replace")):
        what = "is set by" if where.is_answer else "is sent to"
        yield exposure(where, "session", f"session cookie {safe_text(name, 60)} {what} {where.of}", value)
