"""A client of Authlib, as a device has one: ``python -m tests.oauth.client HOW BASE``; ends with 0 when it got data.

``credentials`` gets a token with its secret and shows it in the header; ``query`` shows it in the address; ``password``
sends a user's password; ``device`` asks a person on another screen (RFC 8628) and polls.
"""

import sys
import time
from collections.abc import Callable
from typing import Any, Final

from authlib.integrations.requests_client import OAuth2Session
from authlib.oauth2.rfc8628 import DEVICE_CODE_GRANT_TYPE


def by_credentials(base: str, place: str = "header") -> int:
    session = OAuth2Session("sensor", "sensor-secret", scope="read", token_placement=place)
    session.fetch_token(f"{base}/token", grant_type="client_credentials")
    return int(session.get(f"{base}/api/", timeout=5).status_code)


def by_password(base: str) -> int:
    session = OAuth2Session("sensor", "sensor-secret", token_endpoint_auth_method="client_secret_post")
    session.fetch_token(f"{base}/token", grant_type="password", username="eve", password="eve-password")
    return int(session.get(f"{base}/api/", timeout=5).status_code)


def by_device(base: str) -> int:
    session = OAuth2Session("panel", token_endpoint_auth_method="none")
    asked: dict[str, Any] = session.post(
        f"{base}/device_authorization", data={"client_id": "panel"}, withhold_token=True, timeout=5
    ).json()
    for _ in range(5):
        time.sleep(asked["interval"] / 4)
        answer = session.post(
            f"{base}/token",
            data={"grant_type": DEVICE_CODE_GRANT_TYPE, "device_code": asked["device_code"], "client_id": "panel"},
            withhold_token=True,
            timeout=5,
        )
        if answer.status_code == 200:
            session.token = answer.json()
            return int(session.get(f"{base}/api/", timeout=5).status_code)
    return 0


WAYS: Final[dict[str, Callable[[str], int]]] = {
    "credentials": by_credentials,
    "query": lambda base: by_credentials(base, "uri"),
    "password": by_password,
    "device": by_device,
}

if __name__ == "__main__":
    sys.exit(0 if WAYS[sys.argv[1]](sys.argv[2]) == 200 else 1)
