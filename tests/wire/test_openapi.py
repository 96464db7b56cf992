import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from iotscan.model.facts import ApiScheme
from iotscan.wire.openapi import read_openapi

PATHS: dict[str, object] = {"/x": {}}
JSON = st.recursive(
    st.none() | st.booleans() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["openapi", "swagger", "info", "paths", "components", "securitySchemes", "type", "in"]),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


def encoded(**document: object) -> bytes:
    return json.dumps(document).encode()


def test_openapi_3() -> None:
    schemes = {
        "a": {"type": "http", "scheme": "Bearer"},
        "b": {"type": "apiKey", "in": "query", "name": "token"},
        "c": {"type": "mutualTLS"},
        "d": {"type": "oauth2", "flows": {}},
        "e": {"type": "?"},
        "f": "no object",
    }
    found = read_openapi(
        encoded(openapi="3.0.1", info={"title": "Cam\x1b[2J"}, paths=PATHS, components={"securitySchemes": schemes})
    )
    assert found is not None
    assert found.format == "openapi 3.0.1"
    assert "\x1b" not in found.title
    assert found.schemes == (
        ApiScheme(kind="http", scheme="bearer"),
        ApiScheme(kind="api-key", place="query"),
        ApiScheme(kind="mutual-tls"),
        ApiScheme(kind="oauth2"),
    )


def test_swagger_2() -> None:
    found = read_openapi(encoded(swagger="2.0", paths=PATHS, securityDefinitions={"x": {"type": "basic"}}))
    assert found is not None
    assert found.schemes == (ApiScheme(kind="http", scheme="basic"),)


def test_what_is_cut_short_declares_nothing_that_we_know() -> None:
    found = read_openapi(encoded(openapi="3.1.0", paths=PATHS)[:-4])
    assert found is not None
    assert (found.format, found.schemes) == ("openapi 3.1.0", None)


@pytest.mark.parametrize(
    "body",
    [b"", b"<html>", b"[]", encoded(info={}, paths=PATHS), encoded(openapi=3, paths=PATHS), b"[" * 200_000, b"\xff"],
)
def test_what_is_no_description(body: bytes) -> None:
    assert read_openapi(body) is None


@given(JSON.map(lambda value: json.dumps(value).encode()) | st.binary(max_size=60))
def test_any_bytes_give_a_description_or_none(body: bytes) -> None:
    read_openapi(body)
