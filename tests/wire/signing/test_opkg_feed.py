"""Feeds of opkg: indexes signed by signify, which is usign's format, and by GnuPG; packages by digest."""

import gzip
import hashlib
from pathlib import Path

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from iotscan.model.facts import SignedArtefact, TrustedKey
from iotscan.wire.signing import feed
from iotscan.wire.signing.feed_keys import opkg_keys
from iotscan.wire.signing.opkg_feed import read_opkg_feed
from tests.wire.signing.repositories import Contents, cut, named, survivors
from tests.wire.signing.trying import accepts, run, state, tool


def index(packages: Contents, kind: str = "SHA256sum") -> bytes:
    algorithm = {"SHA256sum": "sha256", "MD5Sum": "md5"}.get(kind, "")
    text = ""
    for name, data in packages.items():
        digest = f"{kind}: {hashlib.new(algorithm, data).hexdigest()}\n" if algorithm else ""
        text += f"Package: {name[:-4]}\nVersion: 1\nFilename: {name}\nSize: {len(data)}\n{digest}Description: x\n y\n\n"
    return text.encode()


PACKAGES = {"a.ipk": gzip.compress(b"a" * 50, mtime=0), "b.ipk": b"b" * 40}


class Signer:
    """A feed's key, as files of signify."""

    def __init__(self, folder: Path, name: str) -> None:
        self.folder, self.name = folder, name
        words = ("-G", "-n", "-p", f"{name}.pub", "-s", f"{name}.sec")
        run(tool("signify-openbsd", "signify-openbsd"), *words, cwd=folder)

    @property
    def key(self) -> TrustedKey:
        return opkg_keys((self.folder / f"{self.name}.pub").read_bytes(), "/etc/opkg/keys/feed")[0]

    def feed(self, text: bytes, packages: Contents = PACKAGES) -> Contents:
        (self.folder / "m").write_bytes(text)
        run("signify-openbsd", "-S", "-s", f"{self.name}.sec", "-m", "m", "-x", "m.sig", cwd=self.folder)
        return {"Packages": text, "Packages.sig": (self.folder / "m.sig").read_bytes(), **packages}

    def accepts(self, files: Contents) -> bool:
        (self.folder / "m").write_bytes(files["Packages"])
        (self.folder / "m.sig").write_bytes(files["Packages.sig"])
        return accepts("signify-openbsd", "-V", "-p", f"{self.name}.pub", "-m", "m", "-x", "m.sig", cwd=self.folder)


@pytest.fixture(scope="module")
def signer(tmp_path_factory: pytest.TempPathFactory) -> Signer:
    return Signer(tmp_path_factory.mktemp("opkg"), "feed")


def read(files: Contents, *keys: TrustedKey) -> SignedArtefact | None:
    return read_opkg_feed(named(files), "feed", [k.key for k in keys if k.key])


def test_signed_and_not(signer: Signer) -> None:
    files = signer.feed(index(PACKAGES))
    assert state(read(files), signer.key) == "verified"
    other = Signer(signer.folder, "other")
    assert state(read(files), other.key) == "wrong-signer"
    assert state(read(files), msgspec.structs.replace(other.key, use="given")) == "wrong-signer"
    bare = {n: d for n, d in files.items() if n != "Packages.sig"}
    assert state(read(bare), signer.key) == "unsigned"
    found = read(bare)
    assert found is not None
    assert not any(p.is_covered for p in found.payloads)
    assert read(PACKAGES) is None
    # A server that says 200 to everything.
    assert state(read(files | {"Packages.sig": b"<html>no such page"}), signer.key) == "broken"


def test_what_a_device_fetches_is_the_packed_index(signer: Signer, monkeypatch: pytest.MonkeyPatch) -> None:
    files = signer.feed(index(PACKAGES))
    files["Packages.gz"] = gzip.compress(files["Packages"])
    assert state(read(files), signer.key) == "verified"
    packed = {n: d for n, d in files.items() if n != "Packages"}
    assert state(read(packed), signer.key) == "verified"
    other = gzip.compress(index({"c.ipk": b"evil"}))
    assert state(read(files | {"Packages.gz": other}), signer.key) == "broken"
    assert state(read(packed | {"Packages.gz": other}), signer.key) == "wrong-signer"
    monkeypatch.setattr(feed, "LARGEST_INDEX", 1 << 20)
    assert state(read(packed | {"Packages.gz": gzip.compress(b"x" * (2 << 20))}), signer.key) == "unknown"


def test_packages_are_what_the_index_says(signer: Signer) -> None:
    files = signer.feed(index(PACKAGES))
    found = read(files | {"b.ipk": b"evil"})
    assert state(found, signer.key) == "broken"
    gone = read({n: d for n, d in files.items() if n != "b.ipk"})
    assert gone is not None
    assert state(gone, signer.key) == "verified"
    assert gone.notes == ("1 files that it names are not there to compare",)
    md5 = read(signer.feed(index(PACKAGES, "MD5Sum")))
    assert md5 is not None
    assert {p.digest for p in md5.payloads} == {"md5"}
    assert state(read(signer.feed(index(PACKAGES, ""))), signer.key) == "broken"
    assert state(read(signer.feed(b"Package: x\nFilename: ../../x\nSize: 1\n\n")), signer.key) == "broken"
    assert state(read(signer.feed(b"Package: x\nFilename: a.ipk\nFilename: b.ipk\n\n")), signer.key) == "broken"


def test_an_index_too_long_to_keep_is_tried_at_once(signer: Signer) -> None:
    files = signer.feed(index(PACKAGES) + b"\n" * 20_000)
    assert state(read(files), signer.key) == "present"
    assert state(read(files, signer.key), signer.key) == "verified"


def test_a_flipped_byte_fails_unless_its_maker_takes_it(signer: Signer) -> None:
    files = signer.feed(index(PACKAGES))
    comment = files["Packages.sig"].index(b"\n")
    for name, at, _ in survivors(files, lambda f: read(f, signer.key), (signer.key,), 400):
        assert name == "Packages.sig"
        # The comment is untrusted by name, and what it begins with is compared.
        assert len("untrusted comment: ") <= at < comment
    for name, changed in cut(files):
        if name == "Packages" and not changed[name]:
            # An empty index is one, but not the one that was signed; a fact cannot keep an empty message.
            assert state(read(changed, signer.key), signer.key) == "wrong-signer"
        elif state(read(changed), signer.key) == "verified":
            assert name == "Packages.sig"
            assert signer.accepts(changed)


@settings(max_examples=150, deadline=None)
@given(st.binary(max_size=200), st.binary(max_size=120))
def test_nothing_makes_it_raise(text: bytes, signature: bytes) -> None:
    for start in (b"", b"Package: a\nFilename: ", b"Package: a\nSize: "):
        read({"Packages": start + text, "Packages.sig": signature})
    read({"Packages.gz": b"\x1f\x8b\x08\x00" + text, "Packages.asc": b"-----BEGIN PGP SIGNATURE-----\n" + signature})
