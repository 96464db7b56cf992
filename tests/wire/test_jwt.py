import base64
import hashlib
import hmac
import json
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from iotscan.model.vocabulary import Reason
from iotscan.wire.jwt import LONGEST, describe_token, find_jwts, read_jwt

NOW = 1_800_000_000
RFC_7515_A1 = (
    "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9"
    ".eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ"
    ".dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
)
RFC_7519_6_1 = (
    "eyJhbGciOiJub25lIn0"
    ".eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ"
    "."
)
RFC_7516_A2 = (
    "eyJhbGciOiJSU0ExXzUiLCJlbmMiOiJBMTI4Q0JDLUhTMjU2In0.UGhIOguC7IuEvf_NPVaXsGMo.AxY8DCtDaGlsbGljb3RoZQ"
    ".KDlTtXchhZTGufMYmOYGS4HffxPSUrfmqCHXaI9wOGY.9hH0vgRfYgPnAHOd8stkvw"
)


def encode(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def token(claims: object, *, key: bytes = bytes(range(32)), algorithm: str = "HS256", **header: object) -> str:
    head = {"alg": algorithm, "typ": "JWT"} | header
    text = ".".join(encode(json.dumps(part).encode()) for part in (head, claims))
    hashes = {"HS256": hashlib.sha256, "HS384": hashlib.sha384, "HS512": hashlib.sha512}
    signature = hmac.new(key, text.encode(), hashes[algorithm]).digest() if algorithm in hashes else b"signature"
    return f"{text}.{encode(signature)}"


def test_the_example_of_rfc_7515() -> None:
    jwt = read_jwt(RFC_7515_A1)
    assert jwt is not None
    assert (jwt.algorithm, jwt.issuer, jwt.expires_at, jwt.issued_at) == ("HS256", "joe", 1300819380, None)
    assert jwt.guessed_key == "the example key of RFC 7515"
    assert not jwt.is_unsigned


def test_the_unsecured_token_of_rfc_7519() -> None:
    jwt = read_jwt(RFC_7519_6_1)
    assert jwt is not None
    assert jwt.is_unsigned
    assert not jwt.has_signature
    assert not jwt.guessed_key
    assert describe_token(RFC_7519_6_1).is_unsigned


def test_an_encrypted_token_says_nothing_of_its_end() -> None:
    kept = describe_token(RFC_7516_A2, expires_in=None)
    assert (kept.format, kept.algorithm, kept.is_encrypted) == ("jwt", "RSA1_5+A128CBC-HS256", True)
    assert not kept.has_expiry
    assert kept.lifetime.reason is Reason.NOT_OBSERVABLE
    assert kept.lifetime.detail == "it is encrypted"


def test_every_claim_that_is_kept() -> None:
    claims = {
        "iss": "https://login.example",
        "aud": ["api", "mqtt"],
        "scope": "read write",
        "iat": NOW,
        "exp": NOW + 3600.5,
        "cnf": {"jkt": "x"},
    }
    kept = describe_token(token(claims))
    assert kept.issuer == "https://login.example"
    assert kept.audience == ("api", "mqtt")
    assert kept.scopes == ("read", "write")
    assert kept.lifetime.value == 3600
    assert kept.has_expiry
    assert kept.expires == datetime(2027, 1, 15, 9, 0, tzinfo=UTC)
    assert kept.is_bound
    assert kept.guessed_key == ""


@pytest.mark.parametrize(
    ("claims", "seen", "expires_in", "lifetime"),
    [
        ({"nbf": NOW, "exp": NOW + 60}, None, None, 60),
        ({"sub": "a", "exp": NOW + 60}, NOW + 10, None, 50),
        ({"sub": "a", "exp": NOW + 60}, None, None, None),
        ({"sub": "a", "exp": NOW + 60}, NOW + 70, None, None),
        ({"sub": "a", "exp": NOW + 60}, NOW + 70, 600, 600),
        ({"iat": NOW, "exp": NOW - 1}, None, None, None),
        ({"iat": NOW}, NOW, None, None),
        ({"iat": NOW}, NOW, 900, 900),
        ({"iat": True, "exp": NOW}, None, None, None),
        ({"sub": "a", "exp": str(NOW)}, NOW, None, None),
        ({"sub": "a", "exp": 1e300}, NOW, None, None),
        ({"sub": "a", "exp": -5}, NOW, None, None),
    ],
)
def test_how_long_it_lives(
    claims: dict[str, object], seen: int | None, expires_in: int | None, lifetime: int | None
) -> None:
    at = None if seen is None else datetime.fromtimestamp(seen, UTC)
    kept = describe_token(token(claims), seen=at, expires_in=expires_in)
    assert kept.lifetime.known == lifetime
    assert kept.lifetime.is_answered == (lifetime is not None)


@pytest.mark.parametrize("algorithm", ["HS256", "HS384", "HS512"])
@pytest.mark.parametrize(
    ("key", "meaning"),
    [
        (b"", "the empty key"),
        (b"your-256-bit-secret", "the example key of jwt.io"),
        (b"changeme", "a common word"),
        (b"thingsboardDefaultSigningKey", "the key that ThingsBoard ships with"),
        (base64.b64decode("thingsboardDefaultSigningKey"), "the key that ThingsBoard ships with"),
        (b"login.example", "its issuer's name"),
        (b"device-7", "its subject's name"),
        (b"key-1", "its key's name"),
        (b"api", "its audience's name"),
        (bytes(32), "the empty key"),  # HMAC pads a key with zeros: RFC 2104 section 2
        (bytes(range(32)), ""),
    ],
)
def test_guessable_keys(algorithm: str, key: bytes, meaning: str) -> None:
    claims = {"iss": "login.example", "sub": "device-7", "aud": "api"}
    jwt = read_jwt(token(claims, key=key, algorithm=algorithm, kid="key-1"))
    assert jwt is not None
    assert jwt.guessed_key == meaning
    assert jwt.algorithm == algorithm


def test_a_key_that_signs_with_another_hash_is_not_guessed() -> None:
    text = token({"sub": "a"}, key=b"secret", algorithm="HS256")
    head, claims, signature = text.split(".")
    assert head != claims
    other = encode(json.dumps({"alg": "HS512"}).encode())
    assert read_jwt(f"{other}.{claims}.{signature}") is not None
    assert describe_token(f"{other}.{claims}.{signature}").guessed_key == ""


def test_no_key_is_tried_where_a_public_key_signs() -> None:
    assert describe_token(token({"sub": "a"}, algorithm="RS256")).guessed_key == ""


@pytest.mark.parametrize(
    "text",
    [
        "",
        "..",
        "a.b.c",
        "eyJhbGciOiJub25lIn0.e30",
        "eyJhbGciOiJub25lIn0.e30.",
        token([1]),
        token({"color": "red"}),
        token({"htm": "POST", "iat": NOW, "jti": "x"}, typ="dpop+jwt"),
        token({"sub": "x"}, typ="application/dpop+jwt"),
        token({"sub": "x"}, alg=5),
        token({"sub": "x"}) + "=",
        token({"sub": "x"}) + "\n",
        token({"sub": "x" * LONGEST}),
        RFC_7516_A2 + ".more",
    ],
)
def test_what_is_none(text: str) -> None:
    assert read_jwt(text) is None
    assert describe_token(text).format == "opaque"


def test_an_end_beyond_every_calendar_is_an_end() -> None:
    kept = describe_token(token({"iat": NOW, "exp": 1 << 50}))
    assert kept.has_expiry
    assert kept.expires is None
    assert kept.lifetime.value == (1 << 50) - NOW


def test_an_opaque_token_is_a_digest() -> None:
    kept = describe_token("mF_9.B5f-4.1JqM", expires_in=3600)
    assert kept.format == "opaque"
    assert kept.digest == hashlib.sha256(b"mF_9.B5f-4.1JqM").hexdigest()[:12]
    assert kept.lifetime.value == 3600
    assert "mF_9" not in repr(kept)


def test_found_in_text() -> None:
    first, second = token({"sub": "a"}), token({"sub": "b"})
    text = f'GET /?token={first}&x=1 HTTP/1.1\r\nAuthorization: Bearer {second}\r\n{{"t":"{second[:-60]}"}} a.b.org'
    assert list(find_jwts(text)) == [first, second]
    assert list(find_jwts(text, limit=1)) == [first]
    assert list(find_jwts(RFC_7519_6_1)) == [RFC_7519_6_1]


def test_hostile_words_are_made_safe() -> None:
    kept = describe_token(token({"iss": "a\x1b[31m\u202e" + "x" * 999, "aud": ["a"] * 99, "scope": " ".join("b" * 99)}))
    assert "\x1b" not in kept.issuer
    assert len(kept.issuer) <= 200
    assert len(kept.audience) == len(kept.scopes) == 16


def test_a_deep_nest_is_no_token() -> None:
    deep = encode(b"[" * 9000 + b"]" * 9000)[: LONGEST - 200]
    assert read_jwt(f"{encode(json.dumps({'alg': 'HS256'}).encode())}.{deep}.x") is None


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
NAMES = st.sampled_from(["iss", "sub", "aud", "exp", "nbf", "iat", "scope", "cnf", "client_id", "azp", "typ", "kid"])


@given(claims=st.dictionaries(NAMES, JSON, max_size=6), header=st.dictionaries(NAMES, JSON, max_size=3))
def test_never_raises_on_what_is_well_formed(claims: dict[str, object], header: dict[str, object]) -> None:
    kept = describe_token(token(claims, **header), seen=datetime.fromtimestamp(NOW, UTC))
    assert not kept.lifetime.is_answered or kept.lifetime.value >= 0


@given(text=st.text(max_size=60) | st.from_regex(r"eyJ[A-Za-z0-9_-]{0,20}(\.[A-Za-z0-9_-]{0,20}){0,5}", fullmatch=True))
def test_never_raises_on_what_is_not(text: str) -> None:
    assert describe_token(text).digest
    assert all(read_jwt(one) is not None for one in find_jwts(text))


@given(data=st.data())
def test_a_changed_token_loses_its_key(data: st.DataObject) -> None:
    whole = token({"sub": "device", "iat": NOW}, key=b"secret")
    at = data.draw(st.integers(0, len(whole) - 2))
    changed = whole[:at] + data.draw(st.sampled_from("AZaz09-_.")) + whole[at + 1 :]
    jwt = read_jwt(changed)
    assert changed == whole or jwt is None or jwt.guessed_key == ""
