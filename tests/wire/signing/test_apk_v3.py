"""Packages and indexes of apk version 3, made here: no distribution that the tests run on has it.

What is read was once compared with apk-tools 3.0.6, built from its sources: on packages and an index of its own, packed
and not, and on each of them with any one byte flipped, ``apk verify`` said the same, but for the last byte of a packed
file, which it does not look at.
"""

import hashlib
import zlib

import pytest
import zstandard
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given, settings
from hypothesis import strategies as st

from iotscan.model.facts import TrustedKey
from iotscan.wire.signing.apk_v3 import read_apk_v3, read_apk_v3_feed
from iotscan.wire.signing.feed_keys import apk_keys
from tests.wire.signing.made import a_key
from tests.wire.signing.repositories import Contents, cut, named, survivors
from tests.wire.signing.trying import memory, state

KEY, OTHER, CURVE = a_key("rsa"), a_key("rsa"), a_key("ec")
FILES = {"x": b"hello" * 9, "y": b"world"}


class Writer:
    """The first block of a file."""

    def __init__(self) -> None:
        self.data = bytearray(8)

    def blob(self, content: bytes) -> int:
        at = len(self.data)
        self.data += bytes([len(content)]) + content
        return 0x80000000 | at

    def entries(self, kind: int, values: list[int]) -> int:
        self.data += bytes(-len(self.data) % 4)
        at = len(self.data)
        for value in (len(values) + 1, *values):
            self.data += value.to_bytes(4, "little")
        return kind << 28 | at

    def end(self, root: int) -> bytes:
        self.data[4:8] = root.to_bytes(4, "little")
        return bytes(self.data)


def block(kind: int, content: bytes) -> bytes:
    size = len(content) + 4
    return (kind << 30 | size).to_bytes(4, "little") + content + bytes(-size % 8)


def signature(schema: bytes, values: bytes, key: object) -> bytes:
    head = bytes([0, 4]) + b"i" * 16
    message = schema + head + hashlib.sha512(values).digest()
    if isinstance(key, ec.EllipticCurvePrivateKey):
        return block(1, head + key.sign(message, ec.ECDSA(hashes.SHA512())))
    return block(1, head + key.sign(message, padding.PKCS1v15(), hashes.SHA512()))  # type: ignore[attr-defined]  # RSA


def values_of_package(files: Contents, *, covered: bool = True) -> bytes:
    adb = Writer()
    listed = []
    for name, data in files.items():
        digest = adb.blob(hashlib.sha256(data).digest()) if covered else 0
        listed.append(adb.entries(0xE, [adb.blob(name.encode()), 0, 0x10000000 | len(data), 0, digest]))
    folder = adb.entries(0xE, [adb.blob(b"usr/bin"), 0, adb.entries(0xD, listed)])
    info = adb.entries(0xE, [adb.blob(b"hi"), adb.blob(b"1-r0")])
    return adb.end(adb.entries(0xE, [info, adb.entries(0xD, [folder])]))


def package(
    key: object = KEY, files: Contents = FILES, *, inside: Contents | None = None, covered: bool = True
) -> bytes:
    values = values_of_package(files, covered=covered)
    signed = signature(b"pckg", values, key) if key is not None else b""
    data = b"".join(
        block(2, (1).to_bytes(4, "little") + number.to_bytes(4, "little") + content)
        for number, content in enumerate((inside or files).values(), 1)
    )
    return b"ADB.pckg" + block(0, values) + signed + data


def index(apk: bytes, key: object = KEY, *, covered: bool = True) -> bytes:
    adb = Writer()
    digest = adb.blob(hashlib.sha256(values_of_package(FILES)).digest()) if covered else 0
    fields = [adb.blob(b"hi"), adb.blob(b"1-r0"), digest, *[0] * 9, 0x10000000 | len(apk)]
    values = adb.end(adb.entries(0xE, [0, adb.entries(0xD, [adb.entries(0xE, fields)])]))
    return b"ADB.indx" + block(0, values) + signature(b"indx", values, key)


def deflated(data: bytes) -> bytes:
    packing = zlib.compressobj(wbits=-15)
    return b"ADBd" + packing.compress(data) + packing.flush()


def trusted(key: object) -> TrustedKey:
    pem = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)  # type: ignore[attr-defined]  # a private key
    return apk_keys(pem, "/etc/apk/keys/feed.pub")[0]


def said(data: bytes, key: object = KEY) -> str:
    return state(read_apk_v3(memory(data), "hi.apk"), trusted(key))


@pytest.mark.parametrize("key", [KEY, CURVE])
def test_signed_and_not(key: object) -> None:
    plain = package(key)
    packed = (
        deflated(plain),
        b"ADBc\1\0" + deflated(plain)[4:],
        b"ADBc\2\0" + zstandard.compress(plain),
        b"ADBc\0\0" + plain,
    )
    for data in (plain, *packed):
        assert said(data, key) == "verified"
        assert said(data, OTHER) in ("wrong-signer", "present")
    assert said(package(None)) == "unsigned"
    assert said(package(), OTHER) == "wrong-signer"
    found = read_apk_v3(memory(plain))
    assert found is not None
    assert [p.name for p in found.payloads] == ["control", "usr/bin/x", "usr/bin/y"]
    assert read_apk_v3(memory(b"")) is None
    assert read_apk_v3(memory(b"ADB.idb\0" + block(0, bytes(8)))) is None


def test_files_are_what_the_signed_part_says() -> None:
    assert said(package(inside=FILES | {"y": b"evil!"})) == "broken"
    assert said(package(inside={"x": FILES["x"]})) == "broken"
    assert said(package(inside=FILES | {"z": b"more"})) == "broken"
    assert said(package(covered=False)) == "broken"
    # Data before the signatures, which apk refuses.
    assert said(b"ADB.pckg" + block(0, bytes(8)) + block(2, bytes(8)) + block(1, bytes(40))) == "broken"
    assert said(b"ADBc\7\0") == "broken"


def test_an_index_and_its_packages() -> None:
    apk = package()
    files = {"packages.adb": deflated(index(apk)), "hi-1-r0.apk": apk}
    key = trusted(KEY)

    def read(contents: Contents) -> str:
        return state(read_apk_v3_feed(named(contents)), key)

    assert read(files) == "verified"
    assert read({"packages.adb": files["packages.adb"]}) == "verified"
    assert read(files | {"hi-1-r0.apk": package(files={"x": FILES["x"], "y": b"other"})}) == "broken"
    assert read(files | {"hi-1-r0.apk": package(inside=FILES | {"y": b"evil!"})}) == "broken"
    assert read(files | {"packages.adb": index(apk, OTHER)}) == "wrong-signer"
    assert read(files | {"packages.adb": index(apk, covered=False)}) == "broken"
    assert read({}) == "none"


def test_a_flipped_byte_fails() -> None:
    apk, keys = package(), (trusted(KEY),)
    padded = {at for at in range(len(apk)) if apk[at] == 0}
    for _, at, _ in survivors({"x": apk}, lambda f: read_apk_v3(memory(f["x"])), keys, 500):
        # Between blocks there is room that nobody reads.
        assert at in padded
    for data in (apk, deflated(apk)):
        for _, changed in cut({"x": data}):
            assert state(read_apk_v3(memory(changed["x"])), *keys) != "verified"


@settings(max_examples=150, deadline=None)
@given(st.binary(max_size=200), st.lists(st.tuples(st.integers(0, 2000), st.integers(0, 255)), max_size=5))
def test_nothing_makes_it_raise(data: bytes, changes: list[tuple[int, int]]) -> None:
    apk = package(None)
    changed = bytearray(apk)
    for at, value in changes:
        changed[at % len(changed)] = value
    for one in (b"ADB.pckg" + data, b"ADBd" + data, b"ADBc\2\0" + data, b"ADB.indx" + block(0, data), bytes(changed)):
        read_apk_v3(memory(one))
        read_apk_v3_feed(named({"packages.adb": one, "hi-1-r0.apk": one}))
