"""What devices say in the clear, from captures of real clients and servers: all of it, and nothing that is not true."""

from collections.abc import Callable
from importlib import import_module
from pathlib import Path

import pytest

from tests.traffic_lab.truth_file import compare, truth_of
from tests.traffic_lab.understanding import understood

SLOW = ("old_words", "brokers_and_cameras")
SCENES = (
    *("web_logins", "update_clients", "mqtt_clients", "coap_clients", "names_and_time", "known_names"),
    "http2_clients",
    *(pytest.param(name, marks=pytest.mark.slow) for name in SLOW),
)
WITH_SECRETS = (
    *("web_logins", "mqtt_clients", "coap_clients", "http2_clients"),
    *(pytest.param(name, marks=pytest.mark.slow) for name in SLOW),
)
Captures = Callable[[str], Path]


@pytest.mark.lan
@pytest.mark.parametrize("name", SCENES)
def test_a_scene_is_understood(capture_of: Captures, name: str) -> None:
    heard = understood(capture_of(name))
    assert not compare(heard, truth_of(name))


@pytest.mark.lan
@pytest.mark.parametrize("name", WITH_SECRETS)
def test_no_secret_of_a_scene_is_told(capture_of: Captures, name: str) -> None:
    heard = understood(capture_of(name))
    secrets = getattr(import_module(f"tests.traffic_lab.scenes.{name}"), "SECRETS", ())
    assert not [secret for secret in secrets if secret in heard.shown()]
    hidden = {secret for said in heard.all for secret in said.secrets}
    assert set(secrets) <= hidden


@pytest.mark.lan
def test_http2_without_tls_is_never_taken_for_encrypted(capture_of: Captures) -> None:
    heard = understood(capture_of("http2_clients"))
    assert {c.protection for c in heard.conversations if c.bytes_up} == {"cleartext"}
