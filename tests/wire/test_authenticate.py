import pytest
from hypothesis import given
from hypothesis import strategies as st

from iotscan.wire.authenticate import AuthChallenge, basic, choose, digest, read_challenges


def test_several_challenges_in_one_field() -> None:
    header = 'Digest realm="a, b", qop="auth,auth-int", nonce=xyz, Basic realm="say \\"hi\\"", Negotiate, Bearer abc=='
    first, second, third, fourth = read_challenges(header)
    assert (first.scheme, first.parameters) == ("digest", {"realm": "a, b", "qop": "auth,auth-int", "nonce": "xyz"})
    assert (second.scheme, second.parameters) == ("basic", {"realm": 'say "hi"'})
    assert (third.scheme, fourth.scheme) == ("negotiate", "bearer")


@given(st.text(max_size=300))
def test_read_challenges_never_raises(header: str) -> None:
    read_challenges(header)


@given(st.text(alphabet='Basic realm="\\, =', max_size=300))
def test_read_challenges_never_raises_on_lookalikes(header: str) -> None:
    read_challenges(header)


def test_basic_of_rfc_7617() -> None:
    assert basic("Aladdin", "open sesame") == "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ=="


RFC_7616 = {
    "realm": "http-auth@example.org",
    "qop": "auth, auth-int",
    "nonce": "7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v",
    "opaque": "FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS",
}


@pytest.mark.parametrize(
    ("algorithm", "response"),
    [
        ("MD5", "8ca523f5e9506fed4657c9700eebdbec"),
        ("SHA-256", "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1"),
    ],
)
def test_digest_of_rfc_7616(algorithm: str, response: str) -> None:
    challenge = AuthChallenge(scheme="digest", parameters={**RFC_7616, "algorithm": algorithm})
    answer = digest(
        challenge,
        "Mufasa",
        "Circle of Life",
        path="/dir/index.html",
        cnonce="f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ",
    )
    assert f'response="{response}"' in answer
    assert 'opaque="FQhe/' in answer
    assert "nc=00000001" in answer


def test_digest_without_qop_of_rfc_2069() -> None:
    challenge = AuthChallenge(scheme="digest", parameters={"realm": "testrealm@host.com", "nonce": "dcd98b7102dd2f0e"})
    answer = digest(challenge, "Mufasa", "CircleOfLife", path="/dir/index.html", cnonce="unused")
    assert "qop" not in answer
    assert "cnonce" not in answer


def test_choose_skips_what_cannot_be_answered() -> None:
    strange = AuthChallenge(scheme="digest", parameters={"nonce": "x", "algorithm": "SHA-512-256"})
    integrity = AuthChallenge(scheme="digest", parameters={"nonce": "x", "qop": "auth-int"})
    good = AuthChallenge(scheme="digest", parameters={"nonce": "x"})
    plain = AuthChallenge(scheme="basic")
    assert choose((strange, integrity, AuthChallenge(scheme="ntlm"))) is None
    assert choose((strange, good)) == good
    assert choose((good, plain)) == plain
