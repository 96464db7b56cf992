"""What a description of an HTTP API says of logins (OpenAPI 3.x, Swagger 2.0), as JSON; nothing of it is followed.

Source: OpenAPI Specification 3.1 sections 4.8.1 and 4.8.27; Swagger 2.0, Security Scheme Object.
"""

import re
from collections.abc import Iterator
from typing import Any, Final

import msgspec

from iotscan.model.facts.api import ApiScheme
from iotscan.model.text import safe_text

_FORMATS: Final = ("openapi", "swagger")
_HEAD: Final = re.compile(rb'\A\s*\{\s*"(openapi|swagger)"\s*:\s*"([0-9.]{1,12})"')
_MANY: Final = 16
_KINDS: Final = {
    "apikey": "api-key",
    "oauth2": "oauth2",
    "openidconnect": "openid-connect",
    "mutualtls": "mutual-tls",
    "basic": "http",
    "http": "http",
}
"""``type`` in lower case to our word; ``basic`` is Swagger's."""
_PLACES: Final = frozenset({"query", "header", "cookie"})


class OpenApi(msgspec.Struct, frozen=True, kw_only=True):
    """Format (``openapi 3.0.1``), title and security schemes; None of these where the text broke off before them."""

    format: str
    title: str = ""
    schemes: tuple[ApiScheme, ...] | None = None


def read_openapi(body: bytes) -> OpenApi | None:
    """The description in ``body``; without schemes where it is cut short; None for anything else. Never raises."""
    body = body.removeprefix(b"\xef\xbb\xbf")
    try:
        document = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        head = _HEAD.match(body)
        return OpenApi(format=f"{head[1].decode()} {head[2].decode()}") if head else None
    if not isinstance(document, dict):
        return None
    kind = next((k for k in _FORMATS if isinstance(document.get(k), str)), "")
    if not kind or not isinstance(document.get("paths", document.get("webhooks", {})), dict):
        return None
    return OpenApi(
        format=safe_text(f"{kind} {document[kind]}", 40),
        title=safe_text(str(_object(document, "info").get("title", "")), 120),
        schemes=tuple(_schemes(document)),
    )


def _schemes(document: dict[str, Any]) -> Iterator[ApiScheme]:
    declared = _object(_object(document, "components"), "securitySchemes") | _object(document, "securityDefinitions")
    for one in list(declared.values())[:_MANY]:
        said = str(one.get("type", "")).lower() if isinstance(one, dict) else ""
        if said not in _KINDS:
            continue
        place, scheme = str(one.get("in", "")).lower(), str(one.get("scheme", "")).lower()
        yield ApiScheme(
            kind=_KINDS[said],
            scheme="basic" if said == "basic" else safe_text(scheme, 40),
            place=place if place in _PLACES else "",
        )


def _object(owner: dict[str, Any], key: str) -> dict[str, Any]:
    value = owner.get(key)
    return value if isinstance(value, dict) else {}
