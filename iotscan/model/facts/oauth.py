"""What authorization servers and protected resources publish of themselves, and the keys of their tokens."""

import msgspec

from iotscan.model.answer import Answer
from iotscan.model.facts.fact import Fact
from iotscan.model.vocabulary import Reason

_UNASKED = Answer[bool].missing(Reason.NOT_ASKED, "the probe of this run did not ask")


class OAuthDocument(msgspec.Struct, frozen=True, kw_only=True):
    """The metadata of an authorization server (RFC 8414 section 2; OpenID Connect Discovery 1.0 section 3).

    A list that the document leaves out is empty here: what that means stands in the RFC, and is the check's to say.
    """

    path: str = ""
    """Where it stands on the service."""
    issuer: str = ""
    leads_here: Answer[bool] = _UNASKED
    """Whether the issuer leads to this very document (RFC 8414 section 3.3). Missing where it has another host or port
    and the service was asked by its address, so that it may be the same server all the same."""
    insecure: tuple[str, ...] = ()
    """Members that hold an http address, by name: ``issuer``, ``token_endpoint`` …"""
    endpoints: tuple[str, ...] = ()
    """Members that hold the address of an endpoint, by name: ``device_authorization_endpoint`` …"""
    keys_path: str = ""
    """Where its key set (``jwks_uri``) stands on this service; empty without one, and where it is elsewhere."""
    grants: tuple[str, ...] = ()
    response_types: tuple[str, ...] = ()
    """Each with its words sorted: ``code id_token``."""
    challenge_methods: tuple[str, ...] = ()
    client_methods: tuple[str, ...] = ()
    """How clients show the token endpoint who they are: ``none``, ``client_secret_post``, ``tls_client_auth`` …"""
    unsigned: tuple[str, ...] = ()
    """Members by which it offers the algorithm ``none`` for ID tokens or for what clients sign."""
    dpop_algorithms: tuple[str, ...] = ()
    """RFC 9449 section 5.1."""
    binds_to_certificates: bool = False
    """RFC 8705 section 3.3."""
    demands_pushed_requests: bool = False
    """RFC 9126 section 5."""
    names_itself: bool = False
    """The answers of the authorization endpoint name the issuer (RFC 9207)."""


class ResourceDocument(msgspec.Struct, frozen=True, kw_only=True):
    """The metadata of a protected resource (RFC 9728 section 2)."""

    path: str = ""
    resource: str = ""
    leads_here: Answer[bool] = _UNASKED
    """Whether ``resource`` leads to this very document (RFC 9728 section 3.3), as in :class:`OAuthDocument`. Missing as
    well where it names a path below the one that was asked for: who came there by that path's challenge may believe
    it."""
    servers: tuple[str, ...] = ()
    """Issuers of the authorization servers that it trusts."""
    token_places: tuple[str, ...] = ()
    """``header``, ``body``, ``query``."""
    dpop_algorithms: tuple[str, ...] = ()
    demands_dpop: bool = False
    binds_to_certificates: bool = False


class PublishedKey(msgspec.Struct, frozen=True, kw_only=True):
    """One key of a key set (RFC 7517), without any secret part."""

    kind: str
    """``rsa``, ``ec``, ``okp``, ``symmetric``; else ``kty`` as it stands there."""
    name: str = ""
    """``kid``."""
    use: str = ""
    """``sig`` or ``enc``; empty where it does not say."""
    algorithm: str = ""
    bits: int = 0
    """Of the modulus, of the curve, or of the symmetric key."""
    curve: str = ""
    spki: str = ""
    """SubjectPublicKeyInfo (DER) in base64; empty for symmetric keys and for what is no valid key."""
    shows_private: bool = False
    """The private half stands beside it; with a symmetric key, the key itself."""


class PublishedKeys(Fact, frozen=True, kw_only=True, tag="oauth-keys"):
    """The keys with which an authorization server signs tokens (``jwks_uri``), as everybody can fetch them."""

    tls: bool
    path: str
    keys: tuple[PublishedKey, ...] = ()
    unread: int = 0
    """Members of the set that are no key which we can read, or beyond the number that is kept."""
