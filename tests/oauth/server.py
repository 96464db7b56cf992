"""An authorization server and a resource beside it, made of Authlib and Flask; run as a program, it serves them.

``python -m tests.oauth.server ISSUER ADDRESS PORT [--flaw NAME]… [--certificate FILE --key FILE]``. Flaws are those of
:data:`FLAWS`. Clients: ``sensor`` with the secret ``sensor-secret`` (client credentials, password), ``panel`` without
one (device grant). The user ``eve`` has the password ``eve-password``, and says yes to every device that asks twice.
"""

import argparse
import json
from typing import Any, ClassVar, Final

from authlib.integrations.flask_oauth2 import AuthorizationServer, ResourceProtector
from authlib.oauth2.rfc6749 import ClientMixin, grants
from authlib.oauth2.rfc6750 import BearerTokenValidator
from authlib.oauth2.rfc8414 import AuthorizationServerMetadata
from authlib.oauth2.rfc8628 import (
    DEVICE_CODE_GRANT_TYPE,
    DeviceAuthorizationEndpoint,
    DeviceCodeGrant,
    DeviceCredentialDict,
)
from authlib.oauth2.rfc9068 import JWTBearerTokenGenerator
from flask import Flask, Response, jsonify, request
from joserfc.jwk import ECKey, KeySet, OctKey

FLAWS: Final = ("password", "private-key", "symmetric-key", "wrong-issuer", "open-api", "forever", "guessable", "query")
"""The password grant; a key set with private halves, or with a symmetric key; an issuer of another place; data without
a token; tokens that live for years; tokens signed with HS256 and the key ``secret``; tokens taken from the address."""
LIVES: Final = {"forever": 10 * 365 * 86_400, "": 600}
SENSORS: Final = [{"id": 1, "name": "kitchen", "temperature": 21.5, "humidity": 40}]


class Client(ClientMixin):  # type: ignore[misc]  # Authlib has no types
    """One of the two clients."""

    def __init__(self, client_id: str, secret: str, *grant_types: str) -> None:
        self.client_id, self.secret, self.grant_types = client_id, secret, grant_types

    def get_client_id(self) -> str:
        return self.client_id

    def get_allowed_scope(self, scope: str | None) -> str:
        return scope or ""

    def check_client_secret(self, client_secret: str) -> bool:
        return bool(self.secret) and client_secret == self.secret

    def check_endpoint_auth_method(self, method: str, endpoint: str) -> bool:
        return method in (("client_secret_basic", "client_secret_post") if self.secret else ("none",))

    def check_grant_type(self, grant_type: str) -> bool:
        return grant_type in self.grant_types


CLIENTS: Final = {
    "sensor": Client("sensor", "sensor-secret", "client_credentials", "password", "refresh_token"),
    "panel": Client("panel", "", DEVICE_CODE_GRANT_TYPE),
}


class User:
    """Whoever logs in."""

    def get_user_id(self) -> str:
        return "eve"


class PasswordGrant(grants.ResourceOwnerPasswordCredentialsGrant):  # type: ignore[misc]
    """The grant that RFC 9700 forbids."""

    TOKEN_ENDPOINT_AUTH_METHODS: ClassVar = ["client_secret_basic", "client_secret_post"]

    def authenticate_user(self, username: str, password: str) -> User | None:
        return User() if (username, password) == ("eve", "eve-password") else None


class DeviceGrant(DeviceCodeGrant):  # type: ignore[misc]
    """Says yes when it is asked for the second time."""

    asked: ClassVar[dict[str, dict[str, Any]]] = {}
    polls: ClassVar[dict[str, int]] = {}

    def query_device_credential(self, device_code: str) -> DeviceCredentialDict | None:
        found = self.asked.get(device_code)
        return DeviceCredentialDict(found) if found else None

    def query_user_grant(self, user_code: str) -> tuple[User, bool] | None:
        self.polls[user_code] = self.polls.get(user_code, 0) + 1
        return (User(), True) if self.polls[user_code] > 1 else None

    def should_slow_down(self, credential: Any) -> bool:
        return False


class Devices(DeviceAuthorizationEndpoint):  # type: ignore[misc]
    """Gives codes to devices."""

    INTERVAL = 1

    def get_verification_uri(self) -> str:
        return request.host_url + "device"

    def save_device_credential(self, client_id: str, scope: str, data: dict[str, Any]) -> None:
        DeviceGrant.asked[data["device_code"]] = {"client_id": client_id, "scope": scope, **data, "expires_at": 2**40}


def make_app(issuer: str, flaws: frozenset[str] = frozenset()) -> Flask:
    """The server that calls itself ``issuer``."""
    app = Flask(__name__)
    key = ECKey.generate_key("P-256", {"kid": "1", "use": "sig", "alg": "ES256"})
    guessable = OctKey.import_key(b"secret", {"kid": "2"})
    known: set[str] = set()

    class Tokens(JWTBearerTokenGenerator):  # type: ignore[misc]
        def get_jwks(self) -> Any:
            return KeySet([guessable if "guessable" in flaws else key])

        def get_audiences(self, client: Any, user: Any, scope: Any) -> str:
            return issuer

        def _get_expires_in(self, client: Any, grant_type: str) -> int:
            return LIVES["forever" if "forever" in flaws else ""]

    class Validator(BearerTokenValidator):  # type: ignore[misc]
        def authenticate_token(self, token_string: str) -> Any:
            return _Token() if token_string in known else None

    server = AuthorizationServer(
        app, query_client=CLIENTS.get, save_token=lambda token, _: known.add(token["access_token"])
    )
    server.register_token_generator("default", Tokens(issuer, "HS256" if "guessable" in flaws else "ES256"))
    server.register_grant(grants.ClientCredentialsGrant)
    server.register_grant(DeviceGrant)
    server.register_endpoint(Devices)
    if "password" in flaws:
        server.register_grant(PasswordGrant)
    require = ResourceProtector()
    require.register_token_validator(Validator())
    _publish(app, issuer, flaws, key)
    app.add_url_rule("/token", "token", lambda: server.create_token_response(), methods=["POST"])
    app.add_url_rule(
        "/device_authorization",
        "devices",
        lambda: server.create_endpoint_response("device_authorization"),
        methods=["POST"],
    )
    if "query" in flaws:
        app.before_request(_take_from_address)
    api = (lambda: jsonify(SENSORS)) if "open-api" in flaws else require()(lambda: jsonify(SENSORS))
    app.add_url_rule("/api/", "api", api)
    return app


def _take_from_address() -> None:
    """Take the token as if it had come in the header."""
    if token := request.args.get("access_token"):
        request.environ["HTTP_AUTHORIZATION"] = f"Bearer {token}"


class _Token:
    """A token that this server gave."""

    def is_expired(self) -> bool:
        return False

    def is_revoked(self) -> bool:
        return False

    def get_scope(self) -> str:
        return ""


def _publish(app: Flask, issuer: str, flaws: frozenset[str], key: ECKey) -> None:
    """The metadata of both, and the key set."""
    metadata = AuthorizationServerMetadata(
        issuer=issuer,
        token_endpoint=f"{issuer}/token",
        jwks_uri=f"{issuer}/jwks",
        device_authorization_endpoint=f"{issuer}/device_authorization",
        response_types_supported=["code"],
        grant_types_supported=[
            "client_credentials",
            DEVICE_CODE_GRANT_TYPE,
            *(["password"] if "password" in flaws else []),
        ],
        token_endpoint_auth_methods_supported=["client_secret_basic", "none"],
    )
    if issuer.startswith("https:"):
        metadata.validate()
    shown = dict(metadata) | ({"issuer": f"{issuer}/elsewhere"} if "wrong-issuer" in flaws else {})
    keys = [key.as_dict(private="private-key" in flaws)]
    if "symmetric-key" in flaws:
        keys.append(OctKey.generate_key(256).as_dict(private=True))
    documents = {
        "/.well-known/oauth-authorization-server": shown,
        "/.well-known/oauth-protected-resource": {"resource": issuer, "authorization_servers": [issuer]},
        "/jwks": {"keys": keys},
    }
    for path, document in documents.items():
        body = json.dumps(document)
        app.add_url_rule(path, path, lambda body=body: Response(body, content_type="application/json"))


def main() -> None:
    """Serve until killed."""
    said = argparse.ArgumentParser()
    said.add_argument("issuer")
    said.add_argument("address")
    said.add_argument("port", type=int)
    said.add_argument("--flaw", action="append", default=[], choices=FLAWS)
    said.add_argument("--certificate")
    said.add_argument("--key")
    given = said.parse_args()
    context = (given.certificate, given.key) if given.certificate else None
    app = make_app(given.issuer, frozenset(given.flaw))
    app.run(given.address, given.port, ssl_context=context, threaded=True)


if __name__ == "__main__":
    main()
