"""Metadata as products publish them: what is read, and what is judged."""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from iotscan.assess.check import Target
from iotscan.model.answer import Answer
from iotscan.model.facts import HttpServer, OAuthDocument, WellKnown
from iotscan.model.subject import Subject
from iotscan.wire.http import Origin
from iotscan.wire.oauth import (
    OPENID,
    RESOURCE,
    SERVER,
    metadata_paths,
    path_here,
    read_resource,
    read_server,
    resource_document,
    server_document,
)
from tests.checks.samples import read_check

HERE = Path(__file__).parent / "metadata"
TRUTH: dict[str, Any] = yaml.safe_load((HERE / "truth.yaml").read_text())
NAMED = Origin(scheme="https", host="192.0.2.1", port=443, name="id.example")
BY_ADDRESS = Origin(scheme="https", host="192.0.2.1", port=443)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=12) | st.just("https://id.example/x"),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["issuer", "resource", "token_endpoint", "jwks_uri", "keys", "grant_types_supported"]),
            inner,
            max_size=5,
        )
    ),
    max_leaves=12,
)


def read(name: str, origin: Origin = NAMED) -> OAuthDocument:
    document = read_server((HERE / f"{name}.json").read_bytes())
    assert document
    return server_document(document, TRUTH[name]["path"], origin)


def variants(document: OAuthDocument) -> list[str]:
    known = WellKnown(security_txt=Answer.of(False), oauth_metadata=Answer.of(True), oauth_documents=(document,))
    subject = Subject(device="d", address="192.0.2.1", service="tcp/443")
    question = read_check("oauth-metadata").question
    said = question(known=known, http=HttpServer(tls=True, status=200), target=Target(subject=subject))
    return sorted(v.variant for v in (said if isinstance(said, list) else [said]) if v.kind == "bad")


@pytest.mark.parametrize("name", TRUTH)
def test_what_products_publish(name: str) -> None:
    document, truth = read(name), TRUTH[name]
    assert document.leads_here.known is truth["leads_here"]
    assert variants(document) == sorted(truth["variants"])
    assert document.keys_path == truth["keys_path"]
    assert bool(document.dpop_algorithms or document.binds_to_certificates) is truth["binds"]


def test_a_server_asked_by_its_address_may_have_that_name() -> None:
    document = read("auth0", BY_ADDRESS)
    assert document.leads_here.known is None
    assert "id.example" in document.leads_here.detail
    # Its own keys stand where it stands, whatever it is called.
    assert document.keys_path == "/.well-known/jwks.json"


@pytest.mark.parametrize(
    ("issuer", "path", "leads"),
    [
        ("https://id.example", SERVER, True),
        ("https://ID.example:443/", SERVER, True),
        ("https://192.0.2.1", SERVER, True),
        ("https://id.example/a/b", SERVER + "/a/b", True),
        ("https://id.example/a/b", OPENID + "/a/b", True),
        ("https://id.example/a/b", "/a/b" + OPENID, True),
        ("https://id.example/a", SERVER, False),
        ("https://id.example/a", "/b" + OPENID, False),
        ("https://id.example", SERVER + "/a", False),
        ("https://id.example?x=1", SERVER, False),
        ("https://id.example#x", SERVER, False),
        ("https://user@id.example", SERVER, False),
        ("https://other.example", SERVER, False),
        ("https://id.example.evil.example", SERVER, False),
        ("id.example", SERVER, False),
        ("javascript:alert(1)", SERVER, False),
        ("https://[::1", SERVER, False),
        ("https://id.example:8443", SERVER, None),
        ("http://id.example", SERVER, None),
        # Who has many tenants writes a template (Entra).
        ("https://id.example/{tenantid}/v2.0", "/common/v2.0" + OPENID, None),
        ("https://sts.example/{tenantid}/", "/common" + OPENID, None),
    ],
)
def test_where_an_issuer_leads(issuer: str, path: str, leads: bool | None) -> None:
    document = server_document({"issuer": issuer}, path, NAMED)
    assert document.leads_here.known is leads
    if leads and "192" not in issuer and path != OPENID + "/a/b":
        assert path in metadata_paths(issuer)


@pytest.mark.parametrize(
    ("resource", "path", "leads"),
    [
        ("https://id.example", RESOURCE, True),
        ("https://id.example/api", RESOURCE + "/api", True),
        ("https://id.example/other", RESOURCE + "/api", False),
        # Who was sent there by the challenge of /api has that very resource (RFC 9728 section 3.3).
        ("https://id.example/api", RESOURCE, None),
        ("https://other.example", RESOURCE, False),
    ],
)
def test_where_a_resource_leads(resource: str, path: str, leads: bool | None) -> None:
    assert resource_document({"resource": resource}, path, NAMED).leads_here.known is leads


def test_a_key_set_elsewhere_is_not_taken_for_ours() -> None:
    assert path_here("https://keys.example/jwks", "https://id.example", NAMED) is None
    assert path_here("https://id.example:8443/jwks", "https://id.example", NAMED) is None
    assert path_here("http://id.example/jwks", "https://id.example", BY_ADDRESS) is None
    assert path_here("https://gw.example/jwks?v=1", "https://gw.example/realm", BY_ADDRESS) == "/jwks?v=1"
    assert path_here("/jwks", "https://gw.example", BY_ADDRESS) == "/jwks"


@given(JSON, st.sampled_from([SERVER, OPENID, "/x" + OPENID, "/elsewhere"]))
def test_whatever_stands_there_is_read_or_not(document: object, path: str) -> None:
    body = json.dumps(document).encode()
    if server := read_server(body):
        assert server_document(server, path, NAMED).path == path
    if resource := read_resource(body):
        assert resource_document(resource, RESOURCE, BY_ADDRESS).path == RESOURCE


@given(st.binary(max_size=200))
def test_bytes_are_no_metadata(body: bytes) -> None:
    assert not read_server(body) or b"issuer" in body
    assert not read_resource(body) or b"resource" in body
