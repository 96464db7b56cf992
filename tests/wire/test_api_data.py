import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from iotscan.wire.api_data import read_data

DATA = [
    [{"id": 1, "name": "kitchen", "temperature": 21.5, "humidity": 40}],
    {"devices": {"a": {"mac": "02:00:00:00:00:01", "ssid": "home", "online": True}}},
    {"count": 1, "results": [{"username": "eve", "email": "e@example.com", "url": "/users/1"}]},
    {"config": {"ssid": "home", "psk": "x"}},
]
NONE = [
    {"message": "API running."},
    {
        "couchdb": "Welcome",
        "version": "3.3",
        "git_sha": "abc",
        "uuid": "x",
        "vendor": {"name": "x", "site": "y", "z": 1},
    },
    {
        "name": "n",
        "cluster_name": "c",
        "cluster_uuid": "u",
        "version": {"number": "8", "flavor": "d"},
    },
    {"users": "https://x/api/users/", "groups": "/api/groups/"},
    [{"error": {"type": 4, "address": "/", "hint": "no"}}],
    {"timestamp": "x", "status": 404, "error": "Not Found", "path": "/api/", "trace": {"a": 1, "b": 2}},
    {"openapi": "3.0.1", "servers": [{"a": 1, "b": 2}]},
    {"issuer": "https://x", "mtls": {"a": "b", "c": "d"}},
    {
        "kind": "APIVersions",
        "versions": ["v1"],
        "serverAddressByClientCIDRs": [{"clientCIDR": "0", "serverAddress": "x"}],
    },
    {"versions": [{"id": "v2", "status": "CURRENT", "min": "1", "max": "3"}]},
    {"status": "ok", "uptime": 3},
    # Empty lists, with words about the list: Laravel, Spring HATEOAS.
    {"data": [], "meta": {"current_page": 1, "per_page": 15, "total": 0}},
    {"_links": {"self": {"href": "/"}}, "page": {"size": 20, "totalElements": 0, "number": 0}},
    # Greetings of a conversation: Engine.IO, a feed of quotes.
    {"type": "open", "data": {"sid": "x", "pingInterval": 25000, "maxPayload": 1000000}},
    {"channel": "status", "data": [{"api_version": "v2", "connection_id": 1, "system": "online"}]},
    [],
    {},
    ["a", "b"],
    [1, 2, 3],
    "text",
    None,
]


@pytest.mark.parametrize("document", DATA)
def test_data(document: object) -> None:
    found = read_data(json.dumps(document).encode())
    assert found is not None
    assert found.records == 1
    assert len(found.members) >= 2


@pytest.mark.parametrize("document", NONE)
def test_what_is_no_data(document: object) -> None:
    assert read_data(json.dumps(document).encode()) is None


def test_no_value_is_kept() -> None:
    found = read_data(json.dumps([{"password": "s3cret-value", "user": "u-value"}] * 3).encode())
    assert found is not None
    assert (found.records, found.members) == (3, ("password", "user"))
    assert "value" not in repr(found)


def test_what_is_large_is_bounded() -> None:
    found = read_data(json.dumps([{f"k{n}": n, "x" * 300: 1} for n in range(20_000)]).encode())
    assert found is not None
    assert found.records < 20_000
    assert all(len(name) <= 40 for name in found.members)


@given(st.binary(max_size=200))
def test_bytes(body: bytes) -> None:
    read_data(body)


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=4),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
        max_leaves=20,
    )
)
def test_any_document(document: object) -> None:
    found = read_data(json.dumps(document).encode())
    assert found is None or (found.records > 0 and found.members)
