"""Alpine's indexes and packages of version 2, made here as abuild-sign makes them: Debian has no apk.

What is made here was once compared with apk-tools 3.0.6, built from its sources: ``apk verify`` took each that is
verified here, and none that is broken or signed by another.
"""

import base64
import gzip
import hashlib
import io
import tarfile
import zlib
from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given, settings
from hypothesis import strategies as st

from iotscan.model.facts import SignedArtefact, TrustedKey
from iotscan.wire.signing import apk_members
from iotscan.wire.signing.apk_feed import INDEX, read_apk, read_apk_feed
from iotscan.wire.signing.feed_keys import apk_keys
from tests.wire.signing.made import a_key
from tests.wire.signing.repositories import Contents, cut, named, survivors
from tests.wire.signing.trying import memory, state

KEY, OTHER = a_key("rsa"), a_key("rsa")
NAME = "feed.rsa.pub"


def trusted(key: Any, name: str = NAME) -> TrustedKey:
    pem = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    return apk_keys(pem, f"/etc/apk/keys/{name}")[0]


def part(files: Contents, *, ends: bool = False) -> bytes:
    """A gzip member with a tar, which only at the very end of a file has its end."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.USTAR_FORMAT) as tar:
        for name, data in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            tar.addfile(info, io.BytesIO(data))
        end = out.tell()
    return gzip.compress(out.getvalue() if ends else out.getvalue()[:end], mtime=0)


def signed(body: bytes, rest: bytes = b"", *, kind: str = "RSA", key: Any = KEY, name: str = NAME) -> bytes:
    algorithm = {"RSA": hashes.SHA1(), "RSA256": hashes.SHA256()}[kind]  # as abuild-sign does
    value = key.sign(body, padding.PKCS1v15(), algorithm)
    return part({f".SIGN.{kind}.{name}": value}) + body + rest


def package(content: bytes = b"hello", **how: Any) -> bytes:
    data = part({"usr/bin/x": content}, ends=True)
    info = f"pkgname = hi\npkgver = 1-r0\ndatahash = {hashlib.sha256(data).hexdigest()}\n"
    return signed(part({".PKGINFO": info.encode()}), data, **how)


def first_of(data: bytes) -> bytes:
    """The first gzip member."""
    unpacking = zlib.decompressobj(31)
    unpacking.decompress(data)
    return data[: len(data) - len(unpacking.unused_data)]


def control_of(apk: bytes) -> bytes:
    return first_of(apk[len(first_of(apk)) :])


def data_of(apk: bytes) -> bytes:
    return apk[len(first_of(apk)) + len(control_of(apk)) :]


def feed(apk: bytes, **how: Any) -> Contents:
    checksum = base64.b64encode(hashlib.sha1(control_of(apk)).digest()).decode()  # as apk does
    text = f"C:Q1{checksum}\nP:hi\nV:1-r0\nA:x86_64\nS:{len(apk)}\nI:1\nT:x\nU:\nL:\n\n"
    index = part({"DESCRIPTION": b"x", "APKINDEX": text.encode()}, ends=True)
    return {INDEX: signed(index, **how), "hi-1-r0.apk": apk}


def read(files: Contents) -> SignedArtefact | None:
    return read_apk_feed(named(files), "feed")


@pytest.mark.parametrize("kind", ["RSA", "RSA256"])
def test_signed_and_not(kind: str) -> None:
    files, apk = feed(package(kind=kind), kind=kind), package(kind=kind)
    for found in (read(files), read_apk(memory(apk), "hi.apk")):
        assert found is not None
        assert state(found, trusted(KEY)) == "verified"
        assert state(found, trusted(OTHER)) == "wrong-signer"
        assert state(found, trusted(KEY, "other.rsa.pub")) == "wrong-signer"
        assert found.signatures[0].digest == {"RSA": "sha1", "RSA256": "sha256"}[kind]
    assert state(read(files | {INDEX: files[INDEX][len(first_of(files[INDEX])) :]}), trusted(KEY)) == "unsigned"
    assert state(read_apk(memory(apk[len(first_of(apk)) :]), "hi.apk"), trusted(KEY)) == "unsigned"
    assert read({}) is None
    assert read({INDEX: b"ADB."}) is None
    assert read_apk(memory(gzip.compress(b"x")), "x.gz") is None


def test_a_package_is_what_the_index_says() -> None:
    files = feed(package())
    # The same name with another content, signed by the same key: an older build that is not to come back.
    assert state(read(files | {"hi-1-r0.apk": package(b"other")}), trusted(KEY)) == "broken"
    apk = files["hi-1-r0.apk"]
    swapped = apk[: -len(data_of(apk))] + data_of(package(b"other"))
    assert state(read(files | {"hi-1-r0.apk": swapped}), trusted(KEY)) == "broken"
    assert state(read_apk(memory(swapped), "hi.apk"), trusted(KEY)) == "broken"
    gone = read({INDEX: files[INDEX]})
    assert gone is not None
    assert state(gone, trusted(KEY)) == "verified"
    assert "not there to compare" in gone.notes[0]


def test_what_is_not_covered_is_no_verified_package() -> None:
    bare = signed(part({".PKGINFO": b"pkgname = hi\n"}), part({"x": b"y"}, ends=True))
    assert state(read_apk(memory(bare), "hi.apk"), trusted(KEY)) == "broken"
    index = signed(part({"APKINDEX": b"P:hi\nV:1-r0\n\n"}, ends=True))
    assert state(read({INDEX: index}), trusted(KEY)) == "broken"


def test_a_flipped_byte_fails() -> None:
    """The first member's head and end are of gzip's, and no more signed than the file names in it are."""
    files, apk = feed(package()), package()
    keys = (trusted(KEY),)
    signature = len(first_of(apk))
    for name, at, _ in survivors(files, read, keys, 300):
        # Of a package in a feed the index names the control part: its own signature is not asked for.
        assert at < signature, name
    for _, at, _ in survivors({"x": apk}, lambda f: read_apk(memory(f["x"]), "x.apk"), keys, 300):
        # Or one of the bits that deflate leaves over in its last byte, before checksum and length.
        assert at < 10 or at == signature - 9
    for name, changed in cut(files):
        assert state(read(changed), *keys) != "verified", name


def test_bombs_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(apk_members, "LARGEST_INDEX", 1 << 20)
    bomb = gzip.compress(b"\0" * (2 << 20))
    for found in (read({INDEX: bomb}), read_apk(memory(bomb), "x.apk")):
        assert found is not None
        assert found.problem


@settings(max_examples=150, deadline=None)
@given(st.binary(max_size=600))
def test_nothing_makes_it_raise(data: bytes) -> None:
    for file in (b"\x1f\x8b\x08" + data, gzip.compress(data), signed(gzip.compress(data)), part({"APKINDEX": data})):
        read({INDEX: file})
        read_apk(memory(file), "x.apk")


def test_keys_of_apk() -> None:
    assert trusted(KEY).name == NAME
    assert apk_keys(b"x", "/etc/apk/keys/x.pub")[0].problem
