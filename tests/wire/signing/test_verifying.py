"""Signatures hold with their key and with no other; chains end where they are trusted."""

from datetime import timedelta
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from iotscan.wire.signing.chain import trace
from iotscan.wire.signing.public_keys import NoPublicKey, describe_key, read_key_file
from iotscan.wire.signing.verifying import holds
from tests.wire.signing.made import CODE_SIGNING, EMAIL, NOW, a_certificate, a_key, a_signature, coded

KINDS = ("ec", "rsa", "ed25519")


@pytest.mark.parametrize("pss", [False, True])
@pytest.mark.parametrize("kind", KINDS)
def test_it_holds_with_its_own_key_alone(kind: str, pss: bool) -> None:
    key, other = a_key(kind), a_key(kind)
    signature = a_signature(key, pss=pss)
    assert holds(signature, describe_key(key.public_key())) is True
    assert holds(signature, describe_key(other.public_key())) is False
    assert holds(msgspec.structs.replace(signature, over=""), describe_key(key.public_key())) is None
    changed = msgspec.structs.replace(signature, over=coded(b"x" * (32 if signature.digest else 14)))
    assert holds(changed, describe_key(key.public_key())) is False


@pytest.mark.parametrize("kind", KINDS)
def test_a_key_of_another_type_is_not_tried(kind: str) -> None:
    for other in set(KINDS) - {kind}:
        assert holds(a_signature(a_key(kind)), describe_key(a_key(other).public_key())) is None


@given(st.binary(max_size=300), st.sampled_from(["rsa-pkcs1v15", "rsa-pss", "ecdsa", "ed25519", "hmac", "other"]))
def test_bytes_that_are_no_signature(data: bytes, scheme: Any) -> None:
    signature = msgspec.structs.replace(a_signature(SMALL), value=coded(data), scheme=scheme)
    assert holds(signature, describe_key(SMALL.public_key())) in (False, None)


SMALL = a_key()


@given(st.binary(max_size=400))
def test_bytes_that_are_no_key(data: bytes) -> None:
    for written in (data, b"-----BEGIN CERTIFICATE-----\n" + data + b"\n-----END CERTIFICATE-----\n"):
        with pytest.raises(NoPublicKey):
            read_key_file(written)


def test_a_chain_ends_at_an_authority() -> None:
    root, middle, leaf = a_key(), a_key("rsa"), a_key()
    anchor = a_certificate("root", root, is_ca=True)
    between = a_certificate("middle", middle, issuer=("root", root), is_ca=True)
    signer = a_certificate("signer", leaf, issuer=("middle", middle))
    assert [c.subject for c in trace(signer, [between], [anchor], NOW).path] == ["CN=signer", "CN=middle", "CN=root"]
    assert trace(signer, [], [anchor], NOW).why == "no-issuer"
    assert trace(signer, [between], [a_certificate("root", a_key(), is_ca=True)], NOW).why == "no-issuer"
    assert trace(signer, [between], [anchor], NOW + timedelta(days=400)).why == "expired"
    assert trace(signer, [between], [anchor], NOW - timedelta(days=11)).why == "not-yet-valid"


def test_whoever_is_no_authority_vouches_for_nobody() -> None:
    root, leaf = a_key(), a_key()
    anchor = a_certificate("root", root)
    signer = a_certificate("signer", leaf, issuer=("root", root))
    assert trace(signer, [], [anchor], NOW).why == "no-authority"
    assert trace(anchor, [], [anchor], NOW).is_trusted


def test_an_anchor_that_is_not_self_issued() -> None:
    root, middle, leaf = a_key(), a_key(), a_key()
    between = a_certificate("middle", middle, issuer=("root", root), is_ca=True)
    signer = a_certificate("signer", leaf, issuer=("middle", middle))
    assert trace(signer, [], [between], NOW).why == "no-issuer"
    assert trace(signer, [], [between], NOW, stops_early=True).is_trusted


@pytest.mark.parametrize(
    ("has", "wants", "why"),
    [
        ((), {"emailProtection"}, None),
        ((), {"codeSigning"}, "purpose"),
        ((EMAIL,), {"codeSigning"}, "purpose"),
        ((CODE_SIGNING,), {"codeSigning"}, None),
        ((CODE_SIGNING, EMAIL), {"emailProtection"}, None),
        ((EMAIL,), set(), None),
    ],
)
def test_purposes(has: Any, wants: set[str], why: str | None) -> None:
    root = a_key()
    anchor = a_certificate("root", root, is_ca=True)
    signer = a_certificate("signer", a_key(), issuer=("root", root), purposes=has)
    assert trace(signer, [], [anchor], NOW, purposes=frozenset(wants)).why == why
