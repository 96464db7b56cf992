"""OpenWrt's images, put together by fwimage.h and blobmsg.h, signed by signify (usign is in no distribution)."""

import json
import random
import re
import struct
import zlib
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from iotscan.model.facts import PublicKey, SignedArtefact, TrustedKey
from iotscan.wire.signing.signify import read_signify_key
from iotscan.wire.signing.sysupgrade import read_sysupgrade
from iotscan.wire.signing.windows import Memory
from tests.wire.signing.made import NOW
from tests.wire.signing.trying import mutated, run, state, survivors, tool, trusted, verified_cuts

IMAGE = bytes(range(256)) * 80
METADATA = {
    "metadata_version": "1.1",
    "supported_devices": ["acme,gw1", "acme,gw2"],
    "version": {"dist": "OpenWrt", "version": "23.05.5", "revision": "r24106"},
}
LATER = int((NOW + timedelta(days=100)).timestamp())


def piece(before: bytes, kind: int, data: bytes) -> bytes:
    """An image with a piece more."""
    whole = before + data
    crc = zlib.crc32(whole) ^ 0xFFFFFFFF
    return whole + struct.pack(">4sIB3xI", b"FWx0", crc, kind, len(data) + 16)


def with_metadata(image: bytes = IMAGE) -> bytes:
    return piece(image, 1, bytes(8) + json.dumps(METADATA).encode())


def attribute(number: int, data: bytes, name: str | None = None) -> bytes:
    if name is not None:
        head = struct.pack(">H", len(name)) + name.encode() + b"\0"
        data = head + bytes(-len(head) % 4) + data
    length = 4 + len(data)
    flag = 1 << 31 if name is not None else 0
    return struct.pack(">I", flag | number << 24 | length) + data + bytes(-length % 4)


def certificate(key: bytes, sign: Callable[[bytes], bytes], *, kind: int = 1, expires: int = LATER) -> bytes:
    table = attribute(5, struct.pack(">I", kind), "certtype")
    table += attribute(4, struct.pack(">Q", 1), "validfrom")
    table += attribute(4, struct.pack(">Q", expires), "expiresat")
    table += attribute(3, key + b"\0", "pubkey")
    payload = attribute(2, table, "ucert")
    return attribute(0, attribute(0, sign(payload)) + attribute(1, payload))


class Signer:
    def __init__(self, folder: Path, name: str) -> None:
        self._folder, self._name = folder, name
        self._signify = tool("signify-openbsd", "signify-openbsd")
        run(self._signify, "-G", "-n", "-p", f"{name}.pub", "-s", f"{name}.sec", cwd=folder)
        self.file = (folder / f"{name}.pub").read_bytes()
        self.key: PublicKey = read_signify_key(self.file).key

    def __call__(self, message: bytes) -> bytes:
        (self._folder / "message").write_bytes(message)
        run(self._signify, "-S", "-s", f"{self._name}.sec", "-m", "message", "-x", "message.sig", cwd=self._folder)
        return (self._folder / "message.sig").read_bytes()

    @property
    def trusted(self) -> TrustedKey:
        return trusted(self.key, "sysupgrade")


@pytest.fixture(scope="module")
def signers(tmp_path_factory: pytest.TempPathFactory) -> tuple[Signer, Signer, Signer]:
    """The authority, a builder that it vouches for, and a stranger."""
    folder = tmp_path_factory.mktemp("sysupgrade")
    return Signer(folder, "authority"), Signer(folder, "builder"), Signer(folder, "stranger")


@pytest.fixture(scope="module")
def chained(signers: tuple[Signer, Signer, Signer]) -> bytes:
    authority, builder, _ = signers
    image = with_metadata()
    return piece(image, 0, certificate(builder.file, authority) + attribute(0, attribute(0, builder(image))))


def read(data: bytes, *keys: PublicKey) -> SignedArtefact | None:
    return read_sysupgrade(Memory(data), "sysupgrade.bin", keys)


def test_metadata_alone_sign_nothing() -> None:
    found = read(with_metadata())
    assert found is not None
    assert (found.compatible, found.version) == (("acme,gw1", "acme,gw2"), "OpenWrt 23.05.5 r24106")
    assert state(found) == "unsigned"
    assert state(read(b"x" + with_metadata()[1:])) == "broken"
    assert read(IMAGE) is None
    assert read(b"") is None


def test_a_chain_leads_to_the_authority(chained: bytes, signers: tuple[Signer, Signer, Signer]) -> None:
    authority, builder, stranger = signers
    found = read(chained)
    assert found is not None
    assert (found.damage, found.problem, found.compatible) == ("", "", ("acme,gw1", "acme,gw2"))
    assert (found.payloads[0].size, found.expires and int(found.expires.timestamp())) == (len(IMAGE), LATER)
    assert state(found, authority.trusted) == "verified"
    assert state(found, stranger.trusted) == "wrong-signer"
    assert state(found, builder.trusted) == "wrong-signer"


def test_a_signature_without_certificates(signers: tuple[Signer, Signer, Signer]) -> None:
    authority, builder, _ = signers
    image = with_metadata()
    for signature in (authority(image), attribute(0, attribute(0, authority(image)))):
        signed = piece(image, 0, signature)
        assert state(read(signed, authority.key), authority.trusted) == "verified"
        assert state(read(signed, builder.key), builder.trusted) == "wrong-signer"


def test_chains_that_do_not_hold(signers: tuple[Signer, Signer, Signer]) -> None:
    authority, builder, stranger = signers
    image = with_metadata()
    good, end = certificate(builder.file, authority), attribute(0, attribute(0, builder(image)))
    for chain, said in {
        good + end: "verified",
        certificate(builder.file, authority, expires=1) + end: "expired",
        certificate(builder.file, authority, kind=2) + end: "broken",
        good + attribute(0, attribute(0, stranger(image))): "broken",
        good + attribute(0, attribute(0, builder(IMAGE))): "broken",
        good + certificate(stranger.file, builder) + attribute(0, attribute(0, stranger(image))): "verified",
        good + certificate(stranger.file, authority) + attribute(0, attribute(0, stranger(image))): "broken",
        certificate(stranger.file, stranger) + attribute(0, attribute(0, stranger(image))): "wrong-signer",
        good: "broken",
        good + end + end: "broken",
        good + end[:-5]: "broken",
        b"": "broken",
    }.items():
        assert state(read(piece(image, 0, chain)), authority.trusted) == said, chain


def test_pieces_that_contradict(chained: bytes, signers: tuple[Signer, Signer, Signer]) -> None:
    authority = signers[0].trusted
    assert state(read(piece(chained, 1, bytes(8) + b"{}")), authority) == "broken"
    assert state(read(piece(chained, 0, b"again")), authority) == "broken"
    assert state(read(piece(IMAGE, 7, b"unknown")), authority) == "broken"
    assert state(read(piece(IMAGE, 0, bytes(5000))), authority) == "broken"
    assert state(read(IMAGE + struct.pack(">4sIB3xI", b"FWx0", 0, 0, 1 << 31)), authority) == "broken"
    assert state(read(b"x" + chained), authority) == "broken"


def test_a_flipped_byte_is_seen(chained: bytes, signers: tuple[Signer, Signer, Signer]) -> None:
    """With a checksum that was made again, the comment of a signature and the number of a key in it are left over:
    usign looks at neither when it verifies, and who made the signature is not said by them.
    """
    assert list(survivors(chained, read, signers[0].trusted)) == []
    start, end = len(with_metadata()), len(chained) - 16
    left_over = {
        at for m in re.finditer(rb"untrusted comment: [^\n]*\nRW[A-Za-z0-9+/]{12}", chained) for at in range(*m.span())
    }
    heads = {start, start + 4}  # kinds of attributes: flags that say nothing
    choice = random.Random(3)
    for at in choice.sample(range(start, end), 300):
        changed = bytearray(chained[start:end])
        changed[at - start] ^= 1 << choice.randrange(8)
        if state(read(piece(chained[:start], 0, bytes(changed))), signers[0].trusted) == "verified":
            assert at in left_over | heads or not chained[at], f"byte {at} was flipped"


def test_a_cut_is_seen(chained: bytes, signers: tuple[Signer, Signer, Signer]) -> None:
    ends = [*range(0, len(chained), 997), *range(len(chained) - 40, len(chained))]
    assert verified_cuts(chained, read, signers[0].trusted, ends) == []


@given(st.lists(st.tuples(st.integers(0, 1 << 20), st.integers(0, 255)), max_size=6), st.binary(max_size=60))
def test_no_bytes_make_it_raise(chained: bytes, changes: list[tuple[int, int]], data: bytes) -> None:
    start = len(with_metadata())
    for chain in (mutated(chained[start:-16], changes, 0), data, attribute(0, data), attribute(0, attribute(1, data))):
        state(read(piece(IMAGE[:100], 0, chain)))
    state(read(mutated(chained[start - 200 :], changes, 0)))
    state(read(data + b"FWx0" + data[:12]))
