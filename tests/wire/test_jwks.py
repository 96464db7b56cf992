import base64
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from joserfc.jwk import ECKey, OctKey, OKPKey, RSAKey

from iotscan.wire.jwks import MANY, read_key_set
from iotscan.wire.keys.rsa import rsa_numbers

KEYS = {
    "rsa": RSAKey.generate_key(2048, {"kid": "r", "use": "sig", "alg": "RS256"}),
    "ec": ECKey.generate_key("P-256"),
    "secp256k1": ECKey.generate_key("secp256k1"),
    "okp": OKPKey.generate_key("Ed25519"),
    "x25519": OKPKey.generate_key("X25519"),
}


def read(*keys: dict[str, Any]) -> Any:
    found = read_key_set(json.dumps({"keys": list(keys)}).encode())
    assert found is not None
    return found


@pytest.mark.parametrize("kind", KEYS)
def test_keys_of_a_library(kind: str) -> None:
    key = KEYS[kind]
    (public,) = read(key.as_dict(private=False)).keys
    (private,) = read(key.as_dict(private=True)).keys
    assert (public.shows_private, private.shows_private) == (False, True)
    assert public.spki
    assert public.spki == private.spki
    secret = key.as_dict(private=True)["d"]
    assert secret not in repr(private)


def test_an_rsa_key_keeps_its_numbers() -> None:
    (key,) = read(KEYS["rsa"].as_dict(private=False)).keys
    assert (key.kind, key.bits, key.name, key.use, key.algorithm) == ("rsa", 2048, "r", "sig", "RS256")

    assert rsa_numbers(base64.b64decode(key.spki)) is not None


def test_a_symmetric_key_is_told_and_not_kept() -> None:
    key = OctKey.generate_key(256)
    (found,) = read(key.as_dict(private=True)).keys
    assert (found.kind, found.bits, found.shows_private, found.spki) == ("symmetric", 256, True, "")
    assert key.as_dict(private=True)["k"] not in repr(found)
    assert not read({"kty": "oct", "kid": "x"}).keys[0].shows_private


def test_what_is_no_key_is_counted() -> None:
    found = read(
        {"kty": "RSA", "n": "AQAB", "e": "!"}, {"no": "kty"}, {"kty": "EC", "crv": "P-256", "x": "AA", "y": "AA"}
    )
    assert [k.spki for k in found.keys] == ["", ""]
    assert found.unread == 1
    assert read(*[{"kty": "oct"}] * (MANY + 3)).unread == 3


@pytest.mark.parametrize("body", [b"", b"[]", b'{"keys": 1}', b"<html>", b'{"keys"'])
def test_no_set(body: bytes) -> None:
    assert read_key_set(body) is None


@given(
    st.dictionaries(
        st.sampled_from(["kty", "n", "e", "d", "x", "y", "crv", "k", "kid", "use", "alg"]),
        st.sampled_from(["RSA", "EC", "OKP", "oct", "P-256", "Ed25519", "AQAB", "AA", "=", "é", "x" * 5000])
        | st.integers()
        | st.none()
        | st.lists(st.text(max_size=3), max_size=2),
    )
)
def test_members_of_any_kind(member: dict[str, Any]) -> None:
    found = read(member)
    assert len(found.keys) + found.unread == 1


@given(st.binary(max_size=200))
def test_bytes(body: bytes) -> None:
    read_key_set(body)
