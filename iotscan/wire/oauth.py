"""What authorization servers and protected resources publish of themselves, as values. Never raises on hostile text.

Sources: RFC 8414 (authorization server metadata), OpenID Connect Discovery 1.0, RFC 9728 (protected resource
metadata), RFC 9449 section 5.1 (DPoP), RFC 8705 section 3.3 (mutual TLS), RFC 9126 section 5, RFC 9207 section 3.
"""

import re
from typing import Any, Final
from urllib.parse import urlsplit

import msgspec

from iotscan.model.answer import Answer
from iotscan.model.facts.oauth import OAuthDocument, ResourceDocument
from iotscan.model.text import safe_text
from iotscan.model.vocabulary import Reason
from iotscan.wire.http import Origin

SERVER: Final = "/.well-known/oauth-authorization-server"
OPENID: Final = "/.well-known/openid-configuration"
RESOURCE: Final = "/.well-known/oauth-protected-resource"
_MANY: Final = 32
_WORD: Final = 80
_URL: Final = 300
_SIGNED: Final = (
    "id_token_signing_alg_values_supported",
    "token_endpoint_auth_signing_alg_values_supported",
)
"""Lists of algorithms in which ``none`` means that anybody can write what ought to be signed."""
_TEMPLATE: Final = re.compile(r"\{[A-Za-z_]{1,40}\}")
"""What a server with many tenants writes in place of one: Entra's ``https://login.microsoftonline.com/{tenantid}/v2.0``."""
_PORTS: Final = {"http": 80, "https": 443}


def read_server(body: bytes) -> dict[str, Any]:
    """The metadata, when they name an issuer and an endpoint (RFC 8414 section 2); else empty."""
    document = _object(body)
    if not isinstance(document.get("issuer"), str):
        return {}
    return document if any(k.endswith("_endpoint") or k == "jwks_uri" for k in document) else {}


def read_resource(body: bytes) -> dict[str, Any]:
    """The metadata of a protected resource, when they name it (RFC 9728 section 2); else empty."""
    document = _object(body)
    return document if isinstance(document.get("resource"), str) else {}


def server_document(document: dict[str, Any], path: str, origin: Origin) -> OAuthDocument:
    """What the metadata found at ``path`` of a service say."""
    issuer = document["issuer"]
    return OAuthDocument(
        path=path,
        issuer=safe_text(issuer, _URL),
        leads_here=_leads_here(issuer, _path_of_issuer(path), origin),
        insecure=tuple(safe_text(k, _WORD) for k in sorted(document) if _is_insecure(k, document[k]))[:_MANY],
        endpoints=tuple(safe_text(k, _WORD) for k in sorted(document) if _is_address(k, document[k]))[:_MANY],
        keys_path=path_here(document.get("jwks_uri"), issuer, origin) or "",
        grants=_words(document.get("grant_types_supported")),
        response_types=tuple(" ".join(sorted(w.split())) for w in _words(document.get("response_types_supported"))),
        challenge_methods=_words(document.get("code_challenge_methods_supported")),
        client_methods=_words(document.get("token_endpoint_auth_methods_supported")),
        unsigned=tuple(name for name in _SIGNED if "none" in _words(document.get(name))),
        dpop_algorithms=_words(document.get("dpop_signing_alg_values_supported")),
        binds_to_certificates=document.get("tls_client_certificate_bound_access_tokens") is True,
        demands_pushed_requests=document.get("require_pushed_authorization_requests") is True,
        names_itself=document.get("authorization_response_iss_parameter_supported") is True,
    )


def resource_document(document: dict[str, Any], path: str, origin: Origin) -> ResourceDocument:
    """What the metadata of a protected resource found at ``path`` of a service say."""
    return ResourceDocument(
        path=path,
        resource=safe_text(document["resource"], _URL),
        leads_here=_leads_here(document["resource"], path.removeprefix(RESOURCE), origin, may_be_below=True),
        servers=_words(document.get("authorization_servers"), _URL),
        token_places=_words(document.get("bearer_methods_supported")),
        dpop_algorithms=_words(document.get("dpop_signing_alg_values_supported")),
        demands_dpop=document.get("dpop_bound_access_tokens_required") is True,
        binds_to_certificates=document.get("tls_client_certificate_bound_access_tokens") is True,
    )


def metadata_paths(issuer: str) -> tuple[str, ...]:
    """Where the metadata of an issuer stand on its own host, RFC 8414 first; empty for what is no issuer.

    RFC 8414 section 3.1 puts its well-known name before the path of the issuer, OpenID Connect puts its own behind it.
    """
    try:
        parts = urlsplit(issuer)
    except ValueError:
        return ()
    if parts.scheme not in _PORTS or not parts.netloc or parts.query or parts.fragment or len(parts.path) > _URL:
        return ()
    path = parts.path.rstrip("/")
    return SERVER + path, path + OPENID


def path_here(address: Any, issuer: str, origin: Origin) -> str | None:
    """The path on this service that an address in a document means; None where it leads elsewhere.

    An address with the very scheme and authority of the issuer is where the document is, whatever name it has.
    """
    if not isinstance(address, str):
        return None
    here = origin.resolve(address)
    if here is not None:
        return here
    try:
        parts, own = urlsplit(address), urlsplit(issuer)
    except ValueError:
        return None
    if not own.netloc or parts.scheme != origin.scheme or (parts.scheme, parts.netloc) != (own.scheme, own.netloc):
        return None
    return origin.resolve((parts.path or "/") + (f"?{parts.query}" if parts.query else ""))


def _path_of_issuer(path: str) -> str:
    """The path that an issuer has whose metadata stand at ``path``."""
    for name in (SERVER, OPENID):
        if path.startswith(name):
            return path.removeprefix(name)
    return path.removesuffix(OPENID)


def _leads_here(named: str, path: str, origin: Origin, *, may_be_below: bool = False) -> Answer[bool]:
    try:
        parts = urlsplit(named)
        host, port = (parts.hostname or "").lower(), parts.port or _PORTS.get(parts.scheme)
    except ValueError:
        return Answer.of(False)
    if parts.scheme not in _PORTS or not host or parts.fragment or parts.username is not None:
        return Answer.of(False)
    if _TEMPLATE.search(parts.path):
        return _missing(f"it stands for many: {named}")
    if parts.query and not may_be_below:
        return Answer.of(False)
    # OpenID Connect Discovery section 4.1: a slash at the end is taken off before the rest is put there.
    if parts.path.rstrip("/") != path.rstrip("/"):
        if not may_be_below or not parts.path.startswith(path):
            return Answer.of(False)
        return _missing(f"it names the path {parts.path}, below the one that was asked for")
    own = {origin.host.partition("%")[0].lower(), origin.name.lower()} - {""}
    if host not in own:
        return Answer.of(False) if origin.name else _missing(f"it was asked by its address, and names {host}")
    if port != origin.port:
        return _missing(f"it names port {port}, and was asked at {origin.port}")
    return Answer.of(True)


def _missing(detail: str) -> Answer[bool]:
    return Answer.missing(Reason.NOT_OBSERVABLE, safe_text(detail, 200))


def _object(body: bytes) -> dict[str, Any]:
    try:
        document = msgspec.json.decode(body.removeprefix(b"\xef\xbb\xbf"))
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return {}
    return document if isinstance(document, dict) else {}


def _is_address(key: str, value: Any) -> bool:
    return (key.endswith("_endpoint") or key in ("issuer", "jwks_uri")) and isinstance(value, str) and bool(value)


def _is_insecure(key: str, value: Any) -> bool:
    return _is_address(key, value) and value.lower().startswith("http://")


def _words(values: Any, length: int = _WORD) -> tuple[str, ...]:
    if not isinstance(values, list):
        return ()
    return tuple(safe_text(v, length) for v in values[:_MANY] if isinstance(v, str))
