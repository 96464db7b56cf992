"""What the probes make of an authorization server of a well-kept library, over TLS."""

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from iotscan.model.facts import PublishedKeys, WebApi, WellKnown
from iotscan.model.vocabulary import Reason
from iotscan.observe.network.probe import Heard
from iotscan.observe.network.probes import api, oauth_keys, well_known
from iotscan.wire.oauth import OPENID, RESOURCE, SERVER
from tests.oauth.server import FLAWS
from tests.observe.network.daemons import HOST, accepts, door, free_port, running
from tests.observe.network.test_web_probes import FAST, Page, ask, site
from tests.observe.network.webserver import make_certificate

ROOT = Path(__file__).parents[2]


@contextmanager
def authorization_server(folder: Path, *flaws: str) -> Iterator[int]:
    """The server with these flaws over TLS, at its own port, which is yielded."""
    key, certificate = make_certificate(folder)
    port = free_port()
    flags = [word for flaw in flaws for word in ("--flaw", flaw)]
    command = [
        sys.executable,
        "-c",
        f"import sys; sys.path.insert(0, {str(ROOT)!r}); import tests.oauth.server as s; s.main()",
    ]
    command += [f"https://{HOST}:{port}", HOST, str(port), *flags, "--certificate", certificate, "--key", key]
    with running(command, lambda: accepts(port), cwd=folder):
        yield port


def known(port: int) -> WellKnown:
    (fact,) = ask(well_known.PROBE, port, "https").facts
    assert isinstance(fact, WellKnown)
    return fact


def test_a_server_without_flaws(tmp_path: Path) -> None:
    with authorization_server(tmp_path) as port:
        fact = known(port)
        way = door(port, "https", pace=FAST, known=[fact])
        (keys,) = ask(oauth_keys.PROBE, port, "https", way=way).facts
        (shown,) = ask(api.PROBE, port, "https").facts
    (document,) = fact.oauth_documents
    assert document.leads_here.value
    assert document.issuer == f"https://{HOST}:{port}"
    assert "urn:ietf:params:oauth:grant-type:device_code" in document.grants
    assert "device_authorization_endpoint" in document.endpoints
    (resource,) = fact.resource_documents
    assert resource.leads_here.value
    assert resource.servers == (document.issuer,)
    assert isinstance(keys, PublishedKeys)
    assert [(k.kind, k.curve, k.shows_private) for k in keys.keys] == [("ec", "P-256", False)]
    assert isinstance(shown, WebApi)
    assert [(c.path, c.schemes) for c in shown.challenges] == [("/api/", ("bearer",))]
    assert shown.answers == ()


def test_a_server_with_flaws(tmp_path: Path) -> None:
    flaws = set(FLAWS) - {"guessable", "forever"}
    with authorization_server(tmp_path, *flaws) as port:
        fact = known(port)
        way = door(port, "https", pace=FAST, known=[fact])
        (keys,) = ask(oauth_keys.PROBE, port, "https", way=way).facts
        (shown,) = ask(api.PROBE, port, "https").facts
    (document,) = fact.oauth_documents
    assert document.leads_here.known is False
    assert "password" in document.grants
    assert isinstance(keys, PublishedKeys)
    assert [(k.kind, k.shows_private) for k in keys.keys] == [("ec", True), ("symmetric", True)]
    assert isinstance(shown, WebApi)
    (answer,) = shown.answers
    assert (answer.path, answer.records, set(answer.members)) == ("/api/", 1, {"temperature", "humidity"})


def test_nothing_secret_stands_in_a_fact(tmp_path: Path) -> None:
    with authorization_server(tmp_path, "private-key", "symmetric-key", "open-api") as port:
        fact = known(port)
        way = door(port, "https", pace=FAST, known=[fact])
        heard = ask(oauth_keys.PROBE, port, "https", way=way)
        shown = ask(api.PROBE, port, "https")
    assert '"d"' not in repr(heard)
    assert "kitchen" not in repr(shown)


METADATA = {"issuer": "https://id.example", "token_endpoint": "https://id.example/token", "grant_types_supported": []}


def keys_of(pages: dict[str, Page]) -> Heard:
    """What the probe of keys makes of a site, by way of its metadata; no question asked where there is nothing."""
    with site(pages) as port:
        (fact,) = ask(well_known.PROBE, port).facts
        assert oauth_keys.PROBE.where is not None
        if not oauth_keys.PROBE.where(fact):
            return Heard()
        return ask(oauth_keys.PROBE, port, way=door(port, "http", pace=FAST, known=[fact]))


def metadata(**members: object) -> dict[str, Page]:
    return {SERVER: json.dumps(METADATA | members).encode()}


def test_keys_elsewhere_are_not_fetched() -> None:
    heard = keys_of(metadata(jwks_uri="https://keys.example/jwks"))
    assert heard.facts == ()
    assert heard.missed[0].reason is Reason.NOT_OBSERVABLE
    assert keys_of(metadata()) == Heard()


@pytest.mark.parametrize("page", [b"<html>", b'{"keys": 1}', (500, {}, b""), (404, {}, b"")])
def test_no_key_set_where_one_is_named(page: Page) -> None:
    heard = keys_of(metadata(issuer="http://gw.example", jwks_uri="http://gw.example/k") | {"/k": page})
    assert (heard.facts, len(heard.missed)) == ((), 1)


def test_a_realm_of_keycloak_is_found() -> None:
    with site({f"/realms/master{OPENID}": json.dumps(METADATA).encode()}) as port:
        (fact,) = ask(well_known.PROBE, port).facts
    assert isinstance(fact, WellKnown)
    assert fact.oauth_metadata.value
    assert [d.path for d in fact.oauth_documents] == [f"/realms/master{OPENID}"]


@pytest.mark.parametrize(("path", "leads"), [("/auth", True), ("", True), ("/other", False)])
def test_metadata_behind_a_redirect_are_of_whom_they_name(path: str, leads: bool) -> None:
    place = "/auth" + OPENID
    pages: dict[str, Page] = {OPENID: (302, {"Location": place}, b"")}
    with site(pages) as port:
        pages[place] = json.dumps(METADATA | {"issuer": f"http://127.0.0.1:{port}{path}"}).encode()
        (fact,) = ask(well_known.PROBE, port).facts
    assert isinstance(fact, WellKnown)
    (document,) = fact.oauth_documents
    assert (document.path, document.leads_here.known) == (place, leads)


def test_a_realm_that_is_not_there_leaves_nothing_open() -> None:
    with site({f"/realms/master{OPENID}": (403, {}, b"")}) as port:
        (fact,) = ask(well_known.PROBE, port).facts
    assert isinstance(fact, WellKnown)
    assert fact.oauth_metadata.known is False


def test_the_server_that_a_resource_names_is_asked() -> None:
    resource = {
        "resource": "https://gw.example",
        "authorization_servers": ["https://gw.example/a", "https://x.example"],
    }
    pages = {RESOURCE: json.dumps(resource).encode(), f"/a{OPENID}": json.dumps(METADATA).encode()}
    asked: list[str] = []
    with site(pages, seen=asked) as port:
        (fact,) = ask(well_known.PROBE, port).facts
    assert isinstance(fact, WellKnown)
    # Of a service that was asked over http, https addresses are elsewhere: nothing of them is asked here.
    assert fact.oauth_documents == ()
    resource["authorization_servers"] = ["http://gw.example/a"]
    resource["resource"] = "http://gw.example"
    with site(pages | {RESOURCE: json.dumps(resource).encode()}, seen=asked) as port:
        (fact,) = ask(well_known.PROBE, port).facts
    assert isinstance(fact, WellKnown)
    assert [d.path for d in fact.oauth_documents] == [f"/a{OPENID}"]
    assert not any("x.example" in line for line in asked)


def test_the_same_document_at_two_places_is_one() -> None:
    body = json.dumps(METADATA).encode()
    with site({SERVER: body, OPENID: body}) as port:
        (fact,) = ask(well_known.PROBE, port).facts
    assert isinstance(fact, WellKnown)
    assert len(fact.oauth_documents) == 1
