"""A web server: its front page and what it asks before it shows more."""

from typing import ClassVar

import msgspec

from iotscan.model.answer import Answer
from iotscan.model.facts.fact import Fact
from iotscan.model.facts.oauth import OAuthDocument, ResourceDocument


class Challenge(msgspec.Struct, frozen=True, kw_only=True):
    """One WWW-Authenticate challenge: lower-case scheme and the realm."""

    scheme: str
    realm: str = ""


class Cookie(msgspec.Struct, frozen=True, kw_only=True):
    """A cookie set without login: its name and protections, never its value."""

    name: str
    secure: bool
    http_only: bool
    same_site: str = ""
    """``lax``, ``strict`` or ``none``; empty where it says none of these, and in runs of an older iotscan."""


class HttpServer(Fact, frozen=True, kw_only=True, tag="http-server"):
    """What ``GET /`` shows without credentials, over plain HTTP or TLS."""

    passing: ClassVar[frozenset[str]] = frozenset({"body_sha256"})

    tls: bool
    status: int
    title: str = ""
    server: str = ""
    """The Server header."""
    location: str = ""
    """Where ``/`` redirects. A front page one step behind it on the same server is read; another host is not."""
    challenges: tuple[Challenge, ...] = ()
    has_login_form: bool = False
    """An HTML form with a password field."""
    has_script: bool = False
    """A script stands on the page: what it draws (a login, say) was not seen."""
    cookies: tuple[Cookie, ...] = ()
    strict_transport_security: str = ""
    body_sha256: str = ""

    @property
    def redirects_to_https(self) -> bool:
        """True when the front page sends the browser to an https address."""
        return 300 <= self.status < 400 and self.location.lower().startswith("https:")

    @property
    def asks_credentials(self) -> bool:
        """True when it asks for a user name or password here (Basic, Digest or a form)."""
        return self.has_login_form or any(c.scheme in ("basic", "digest") for c in self.challenges)


class WellKnown(Fact, frozen=True, kw_only=True, tag="well-known"):
    """Documents at fixed addresses (RFC 8615): security.txt and OAuth metadata.

    Fields that begin with ``oauth_`` tell of the first authorization server that was found here.
    """

    security_txt: Answer[bool]
    """Present with a Contact field (RFC 9116)."""
    security_txt_expires: str = ""
    oauth_metadata: Answer[bool]
    """RFC 8414 or OpenID Connect discovery document present."""
    oauth_issuer: str = ""
    oauth_insecure_endpoints: tuple[str, ...] = ()
    oauth_grants: tuple[str, ...] = ()
    oauth_challenge_methods: tuple[str, ...] = ()
    oauth_documents: tuple[OAuthDocument, ...] = ()
    """All such documents that were found; empty in runs of an older iotscan, which kept the fields above alone."""
    resource_documents: tuple[ResourceDocument, ...] = ()
    """RFC 9728."""
