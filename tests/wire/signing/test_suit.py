"""SUIT envelopes, built with cbor2 as the manifest draft has them."""

import contextlib
import hashlib
import hmac
import uuid
from typing import Any

import cbor2
import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from hypothesis import given, settings
from hypothesis import strategies as st

from iotscan.model.facts import SignedArtefact
from iotscan.wire.ber import Malformed
from iotscan.wire.signing.cbor import Tagged, decode, encode_array, encode_bytes, encode_text
from iotscan.wire.signing.suit import read_suit
from iotscan.wire.signing.windows import Memory
from tests.wire.signing.trying import mutated, state, survivors, trusted, verified_cuts

KEYS: dict[int, Any] = {
    -7: ec.generate_private_key(ec.SECP256R1()),
    -35: ec.generate_private_key(ec.SECP384R1()),
    -36: ec.generate_private_key(ec.SECP521R1()),
    -8: ed25519.Ed25519PrivateKey.generate(),
    -37: rsa.generate_private_key(65537, 2048),
}
KEYS[-257] = KEYS[-37]
OTHER = ec.generate_private_key(ec.SECP256R1())
FIRMWARE = bytes(range(256)) * 4
VENDOR, CLASS = uuid.uuid5(uuid.NAMESPACE_DNS, "acme.example"), uuid.uuid4()
HASHES = {-7: hashes.SHA256(), -35: hashes.SHA384(), -36: hashes.SHA512(), -37: hashes.SHA256(), -257: hashes.SHA256()}
coded = cbor2.dumps


def digest(data: bytes) -> list[Any]:
    return [-16, hashlib.sha256(data).digest()]


def signed(algorithm: int, key: Any, message: bytes) -> bytes:
    if algorithm == -8:
        return bytes(key.sign(message))
    hashing = HASHES[algorithm]
    if isinstance(key, rsa.RSAPrivateKey):
        how = padding.PSS(padding.MGF1(hashing), 32) if algorithm == -37 else padding.PKCS1v15()
        return key.sign(message, how, hashing)
    r, s = decode_dss_signature(key.sign(message, ec.ECDSA(hashing)))
    size = (key.curve.key_size + 7) // 8
    return r.to_bytes(size, "big") + s.to_bytes(size, "big")


def sign1(algorithm: int, key: Any, payload: bytes, *, inside: bytes | None = None) -> bytes:
    protected = coded({1: algorithm})
    message = coded(["Signature1", protected, b"", payload])
    return coded(cbor2.CBORTag(18, [protected, {4: b"key-1"}, inside, signed(algorithm, key, message)]))


def manifest(*, uri: str = "#firmware", looks: bool = True, cut_off: bytes | None = None, number: int = 3) -> bytes:
    parameters = {1: VENDOR.bytes, 2: CLASS.bytes, 3: coded(digest(FIRMWARE)), 14: len(FIRMWARE)}
    common = coded({2: [[b"\0"]], 4: coded([20, parameters, 1, 15, 2, 15])})
    install = coded([20, {21: uri}, 21, 2, *([3, 15] if looks else [])])
    body: dict[int, Any] = {1: 1, 2: number, 3: common, 20: install}
    if cut_off is not None:
        body[20] = digest(coded(cut_off))
    return coded(body)


INSTALL = coded([20, {21: "#firmware"}, 21, 2, 3, 15])


def envelope(
    body: bytes | None = None,
    *,
    algorithm: int = -7,
    key: Any = None,
    blocks: list[bytes] | None = None,
    tag: bool = True,
    **more: Any,
) -> bytes:
    body = manifest() if body is None else body
    payload = coded(digest(coded(body)))
    blocks = [sign1(algorithm, key or KEYS[algorithm], payload)] if blocks is None else blocks
    members: dict[Any, bytes] = {2: coded([payload, *blocks]), 3: body}
    members |= more.get("members", {"#firmware": FIRMWARE})
    return coded(cbor2.CBORTag(107, members) if tag else members)


def read(data: bytes) -> SignedArtefact | None:
    return read_suit(Memory(data), "x.suit")


def copied(*, looks: bool) -> bytes:
    """Fetched to one component, copied to another, and looked at there."""
    common = coded({2: [[b"\0"], [b"\1"]], 4: coded([12, 0, 20, {3: coded(digest(FIRMWARE))}])})
    install = [12, 1, 20, {21: "#firmware"}, 21, 2, 12, 0, 20, {22: 1}, 22, 2]
    return coded({1: 1, 2: 3, 3: common, 20: coded([*install, *([3, 15] if looks else [])])})


@pytest.mark.parametrize("algorithm", sorted(KEYS))
def test_every_algorithm(algorithm: int) -> None:
    found = read(envelope(algorithm=algorithm))
    assert found is not None
    assert (found.damage, found.problem) == ("", "")
    assert state(found, trusted(KEYS[algorithm], "suit")) == "verified"
    assert state(read(envelope(algorithm=algorithm, key=KEYS[algorithm])), trusted(OTHER)) != "verified"


def test_what_stands_in_it() -> None:
    found = read(envelope())
    assert found is not None
    assert (found.version, found.rollback_counter.known) == ("3", 3)
    assert found.compatible == (f"vendor {VENDOR}", f"class {CLASS}")
    assert found.signatures[0].key_hint == "key-1"
    assert [(p.name, p.size, p.is_covered, p.matches.known) for p in found.payloads] == [
        ("#firmware", len(FIRMWARE), True, True)
    ]
    assert state(found, trusted(OTHER)) == "wrong-signer"
    assert state(read(envelope(tag=False)), trusted(KEYS[-7])) == "verified"


def test_no_signature_and_a_code() -> None:
    assert state(read(envelope(blocks=[])), trusted(KEYS[-7])) == "unsigned"
    payload = coded(digest(coded(manifest())))
    protected = coded({1: 5})
    code = hmac.digest(b"shared", coded(["MAC0", protected, b"", payload]), "sha256")
    found = read(envelope(blocks=[coded(cbor2.CBORTag(17, [protected, {}, None, code]))]))
    assert found is not None
    assert [s.scheme for s in found.signatures] == ["hmac"]
    assert found.notes == ("a code instead of a signature",)
    assert state(found, trusted(KEYS[-7])) == "present"


def test_two_signers() -> None:
    payload = coded(digest(coded(manifest())))
    both = [sign1(-7, OTHER, payload), sign1(-8, KEYS[-8], payload)]
    assert state(read(envelope(blocks=both)), trusted(KEYS[-8])) == "verified"
    protected, body = coded({1: -7}), coded({})
    message = coded(["Signature", body, protected, b"", payload])
    many = coded(cbor2.CBORTag(98, [body, {}, None, [[protected, {}, signed(-7, KEYS[-7], message)]]]))
    assert state(read(envelope(blocks=[many])), trusted(KEYS[-7])) == "verified"
    inside = sign1(-7, KEYS[-7], payload, inside=payload)
    assert state(read(envelope(blocks=[inside])), trusted(KEYS[-7])) == "verified"


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (envelope(manifest(looks=False)), "broken"),
        (envelope(members={"#firmware": FIRMWARE[1:]}), "broken"),
        (envelope(members={"#firmware": FIRMWARE, "#more": b"x"}), "broken"),
        (envelope(members={}), "broken"),
        (envelope(manifest(uri="https://acme.example/fw"), members={}), "present"),
        (envelope(manifest(cut_off=INSTALL), members={20: INSTALL, "#firmware": FIRMWARE}), "verified"),
        (envelope(manifest(cut_off=INSTALL), members={20: INSTALL + b"\0", "#firmware": FIRMWARE}), "broken"),
        (envelope(manifest(cut_off=INSTALL), members={"#firmware": FIRMWARE}), "broken"),
        (envelope(manifest(), members={20: INSTALL, "#firmware": FIRMWARE}), "broken"),
        (envelope(blocks=[sign1(-7, KEYS[-7], b"other", inside=b"other")]), "broken"),
        (envelope(blocks=[sign1(-7, KEYS[-7], coded(digest(b"other")))]), "wrong-signer"),
        (envelope(blocks=[coded("nothing")]), "broken"),
        (envelope() + b"\0", "broken"),
        (envelope(copied(looks=True)), "verified"),
        (envelope(copied(looks=False)), "broken"),
        (envelope(members={"#firmware": b"\xd8\x6b" + FIRMWARE}), "present"),
        (coded(cbor2.CBORTag(107, {2: coded([coded(digest(b"?"))]), 3: manifest()})), "broken"),
        (coded(cbor2.CBORTag(107, {3: manifest(), "#firmware": FIRMWARE})), "unsigned"),
        (b"\xd8\x6b\xa2\x03\x41\xa0\x03\x41\xa0", "broken"),
        (b"\xd8\x6b" + b"\xbf", "broken"),
        (b"\xd8\x6b\xa1\x03\x5b" + b"\xff" * 8, "broken"),
        (coded(cbor2.CBORTag(107, {3: b"\x81" * 5000 + b"\0"})), "broken"),
    ],
)
def test_verdicts(data: bytes, said: str) -> None:
    assert state(read(data), trusted(KEYS[-7])) == said


def test_what_is_fetched_is_compared_where_it_is_there() -> None:
    data = envelope(manifest(uri="https://acme.example/fw"), members={})
    for content, said in ((FIRMWARE, "verified"), (FIRMWARE[1:], "broken")):
        found = read_suit(Memory(data), "x", lambda name, c=content: Memory(c) if name.endswith("/fw") else None)
        assert state(found, trusted(KEYS[-7])) == said


@pytest.mark.parametrize("algorithm", [-7, -8])
def test_a_flipped_byte_is_seen(algorithm: int) -> None:
    """What survives is the name of the key in the unprotected header, and the number of that header."""
    data = envelope(algorithm=algorithm)
    names = data.index(b"key-1") - 2
    survived = [at for at, _ in survivors(data, read, trusted(KEYS[algorithm]), count=len(data))]
    assert set(survived) <= set(range(names, names + 7))


def test_a_cut_is_seen() -> None:
    data = envelope()
    assert verified_cuts(data, read, trusted(KEYS[-7]), range(len(data))) == []


VALUES = st.recursive(
    st.integers(-(1 << 63), (1 << 63) - 1) | st.binary(max_size=40) | st.text(max_size=20) | st.booleans() | st.none(),
    lambda inner: (
        st.lists(inner, max_size=5)
        | st.dictionaries(st.integers(0, 100) | st.text(max_size=5), inner, max_size=5)
        | st.builds(cbor2.CBORTag, st.just(18), inner)
    ),
    max_leaves=8,
)


def plain(value: Any) -> Any:
    """What cbor2 encodes, as our reader gives it."""
    if isinstance(value, list):
        return tuple(plain(v) for v in value)
    if isinstance(value, dict):
        return {k: plain(v) for k, v in value.items()}
    return Tagged(tag=value.tag, value=plain(value.value)) if isinstance(value, cbor2.CBORTag) else value


@settings(max_examples=40)
@given(VALUES)
def test_our_reader_reads_what_cbor2_writes(value: Any) -> None:
    assert decode(coded(value)) == plain(value)


@given(st.sampled_from([0, 23, 24, 255, 256, 65_535, 65_536]).map(bytes), st.text(max_size=300))
def test_our_writer_writes_what_cbor2_writes(data: bytes, text: str) -> None:
    assert encode_array(encode_bytes(data), encode_text(text)) == coded([data, text])


@given(st.lists(st.tuples(st.integers(0, 1 << 20), st.integers(0, 255)), max_size=8), st.integers(0, 1 << 20))
def test_no_bytes_make_it_raise(changes: list[tuple[int, int]], cut: int) -> None:
    state(read(mutated(SAMPLE, changes, cut)), trusted(KEYS[-7]))


SAMPLE = envelope(manifest(cut_off=INSTALL), members={20: INSTALL, "#firmware": FIRMWARE[:64]})


@given(st.binary(max_size=300))
def test_any_bytes(data: bytes) -> None:
    for begun in (data, b"\xd8\x6b" + data, SAMPLE[:4] + data, coded(cbor2.CBORTag(107, {3: data}))):
        assert state(read(begun), trusted(KEYS[-7])) != "verified"
    with contextlib.suppress(Malformed):
        decode(data)
