"""Interfaces for programs: what they show to somebody who has not logged in."""

import json
from pathlib import Path

import pytest

from iotscan.model.facts import ApiChallenge, ApiScheme, WebApi
from iotscan.model.vocabulary import AttemptStatus, Reason
from iotscan.observe.network.probes import api, http
from tests.observe.network.daemons import serving
from tests.observe.network.test_web_probes import HTML, HURRIED, Page, ask, end, once, site
from tests.observe.network.test_web_session import facts, survey
from tests.observe.network.webserver import nginx

JSON = {"Content-Type": "application/json"}
DOCUMENT = json.dumps(
    {"openapi": "3.0.1", "paths": {}, "components": {"securitySchemes": {"k": {"type": "apiKey", "in": "query"}}}}
).encode()
RESOURCE = json.dumps({"resource": "https://192.0.2.1/", "bearer_methods_supported": ["header", "query"]}).encode()
BEARER: Page = (401, {"WWW-Authenticate": 'Bearer realm="api"'}, b"")
BASIC: Page = (401, {"WWW-Authenticate": 'Basic realm="api"'}, b"")


def seen(pages: dict[str, Page], **kinds: object) -> WebApi:
    with site(pages, **kinds) as port:  # type: ignore[arg-type]  # as site takes them
        (fact,) = ask(api.PROBE, port).facts
    assert isinstance(fact, WebApi)
    return fact


def test_a_description_and_a_challenge_and_metadata() -> None:
    fact = seen({"/openapi.json": (200, JSON, DOCUMENT), "/api/": BEARER, api.METADATA: (200, JSON, RESOURCE)})
    (document,) = fact.documents
    assert (document.path, document.format) == ("/openapi.json", "openapi 3.0.1")
    assert document.schemes.value == (ApiScheme(kind="api-key", place="query"),)
    assert fact.challenges == (ApiChallenge(path="/api/", schemes=("bearer",)),)
    assert fact.token_places == ("header", "query")


@pytest.mark.parametrize("page", [(200, JSON, b"[" + b'{"ssid": "home", "psk": "x"},' * 4000 + b"1]"), (503, {}, b"")])
def test_what_was_not_read_whole_is_told(page: Page) -> None:
    assert seen({"/api/": BEARER, "/api/v1/": page}).unread == ("/api/v1/",)


def test_one_path_of_nginx_behind_basic(tmp_path: Path) -> None:
    (tmp_path / "accounts").write_text("")
    basic = f'auth_basic "api"; auth_basic_user_file {tmp_path}/accounts;'
    with nginx(tmp_path, f"listen 127.0.0.1:PORT; location /api/ {{ {basic} }}") as port:
        (fact,) = ask(api.PROBE, port).facts
    assert isinstance(fact, WebApi)
    assert fact.challenges[0] == ApiChallenge(path="/api/", schemes=("basic",))


def test_a_host_that_gives_its_description_for_everything_has_none() -> None:
    with site({}, other=lambda _: (200, JSON, DOCUMENT)) as port:
        heard = ask(api.PROBE, port)
    assert (heard.facts, heard.missed) == ((), ())


@pytest.mark.parametrize("page", [(200, HTML, b"<p>welcome"), (404, {}, b""), (302, {"Location": "/"}, b"")])
def test_a_host_that_says_the_same_to_everything_shows_nothing(page: Page) -> None:
    with site({}, other=lambda _: page) as port:
        heard = ask(api.PROBE, port)
    assert (heard.facts, heard.missed) == ((), ())


def test_a_server_that_asks_every_person_to_log_in_is_no_interface() -> None:
    with site({}, other=lambda _: BASIC) as port:
        assert end(ask(api.PROBE, port)) == (AttemptStatus.UNREADABLE, Reason.NOT_OBSERVABLE)
    # Browsers know no tokens: whoever asks for one everywhere asks programs.
    assert seen({}, other=lambda _: BEARER).challenges[0].schemes == ("bearer",)


def test_a_server_that_closes_is_asked_the_likeliest_only() -> None:
    asked: list[str] = []
    with site({"/api/": BEARER}, keep_alive=False, seen=asked) as port:
        _, units = survey(port, probes=(http.PROBE, api.PROBE))
    fact = facts(units)[-1]
    assert isinstance(fact, WebApi)
    assert fact.challenges == (ApiChallenge(path="/api/", schemes=("bearer",)),)
    assert len(asked) == 1 + 1 + 4  # what it speaks, the front page, and four more


def test_a_description_too_long_to_be_read_is_there() -> None:
    long = json.dumps({"openapi": "3.0.1", "paths": {f"/{n}": {} for n in range(60_000)}}).encode()
    (document,) = seen({"/openapi.json": (200, JSON, long)}).documents
    assert document.schemes.known is None


def test_silence_is_no_absence() -> None:
    with serving(once(b"")) as port:
        assert end(ask(api.PROBE, port, pace=HURRIED))[0] == AttemptStatus.UNREADABLE
