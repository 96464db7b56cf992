"""Mender's artefacts as mender-artifact makes them: the same verdicts as its own ``validate``."""

import gzip
import hashlib
import io
import json
import lzma
import tarfile
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from hypothesis import given
from hypothesis import strategies as st

from iotscan.model.facts import SignedArtefact
from iotscan.wire.signing.mender import read_mender
from iotscan.wire.signing.windows import Memory
from tests.wire.signing.made import a_key, coded
from tests.wire.signing.trying import accepts, mutated, run, state, survivors, tool, trusted, verified_cuts

KEYS = {"rsa": a_key("rsa"), "ec": a_key()}
OTHER = a_key("rsa")


def read(data: bytes) -> SignedArtefact | None:
    return read_mender(Memory(data), "x.mender")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Keys and artefacts: ``rsa``, ``ec``, ``v2``, ``unsigned``, ``none``, ``lzma``."""
    mender = tool("mender-artifact", "mender-artifact")
    place = tmp_path_factory.mktemp("mender")
    for name, key in (KEYS | {"other": OTHER}).items():
        private = key.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption())
        (place / f"{name}.pem").write_bytes(private)
        public = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
        (place / f"{name}.pub").write_bytes(public)
    (place / "rootfs").write_bytes(bytes(range(256)) * 8)
    for name, words in {
        "rsa": ("-k", "rsa.pem"),
        "ec": ("-k", "ec.pem"),
        "v2": ("-v", "2", "-k", "rsa.pem"),
        "other": ("-k", "other.pem"),
        "unsigned": (),
        "none": ("-k", "ec.pem"),
        "lzma": ("-k", "ec.pem"),
    }.items():
        how = ("--compression", name) if name in ("none", "lzma") else ()
        asked = ("write", "rootfs-image", "-t", "gateway-1", "-n", "release-4", "-f", "rootfs", "-o", f"{name}.mender")
        run(mender, *how, *asked, *words, cwd=place)
    return place


def makers_word(folder: Path, data: bytes, key: str) -> bool:
    (folder / "tried.mender").write_bytes(data)
    return accepts(
        tool("mender-artifact", "mender-artifact"), "validate", "-k", f"{key}.pub", "tried.mender", cwd=folder
    )


@pytest.mark.parametrize(
    ("name", "key", "said"),
    [
        ("rsa", "rsa", "verified"),
        ("ec", "ec", "verified"),
        ("v2", "rsa", "verified"),
        ("none", "ec", "verified"),
        ("lzma", "ec", "verified"),
        ("other", "rsa", "wrong-signer"),
        ("rsa", "ec", "wrong-signer"),
        ("unsigned", "rsa", "unsigned"),
    ],
)
def test_what_is_said_is_what_the_maker_says(folder: Path, name: str, key: str, said: str) -> None:
    data = (folder / f"{name}.mender").read_bytes()
    found = read(data)
    assert found is not None
    assert (found.damage, found.problem) == ("", "")
    assert (found.version, found.compatible) == ("release-4", ("gateway-1",))
    assert "data/0000/rootfs" in [p.name for p in found.payloads]
    assert state(found, trusted(KEYS[key], "mender")) == said
    assert makers_word(folder, data, key) == (said == "verified")


@pytest.mark.parametrize(("name", "key"), [("rsa", "rsa"), ("none", "ec")])
def test_a_flipped_byte_is_seen(folder: Path, name: str, key: str) -> None:
    """What survives is no part of what is signed or installed: padding, the modification time in a gzip header."""
    data = (folder / f"{name}.mender").read_bytes()
    for at, changed in survivors(data, read, trusted(KEYS[key])):
        assert makers_word(folder, changed, key), f"byte {at} was flipped, and it is verified"


def test_a_cut_is_seen(folder: Path) -> None:
    data = (folder / "ec.mender").read_bytes()
    assert verified_cuts(data, read, trusted(KEYS["ec"]), range(0, len(data), 97)) == []
    assert verified_cuts(data, read, trusted(KEYS["ec"]), range(512, len(data), 512)) == []


def built(*members: tuple[str, bytes]) -> bytes:
    """A tar of these members."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        for name, data in members:
            entry = tarfile.TarInfo(name)
            entry.size = len(data)
            archive.addfile(entry, io.BytesIO(data))
    return out.getvalue()


VERSION = ("version", b'{"format":"mender","version":3}')
HEADER = ("header.tar.gz", gzip.compress(built(("header-info", json.dumps({"payloads": []}).encode()))))
DATA = ("data/0000.tar.gz", gzip.compress(built(("rootfs", b"new"))))


def manifest(*lines: tuple[str, bytes]) -> tuple[str, bytes]:
    said = "\n".join(f"{hashlib.sha256(data).hexdigest()}  {name}" for name, data in lines)
    return "manifest", f"{said}\n".encode()


MANIFEST = manifest(("data/0000/rootfs", b"new"), HEADER, VERSION)
VALUE = ("manifest.sig", coded(bytes(256)).encode())


@pytest.mark.parametrize(
    ("members", "damage"),
    [
        ((VERSION, MANIFEST, VALUE, HEADER, DATA), ""),
        ((VERSION, MANIFEST, VALUE, HEADER), "in the manifest and not in the artefact"),
        ((VERSION, MANIFEST, VALUE), "it has no header"),
        ((VERSION, MANIFEST, MANIFEST, VALUE, HEADER, DATA), "twice"),
        ((VERSION, VALUE, MANIFEST, HEADER, DATA), "not where it belongs"),
        ((VERSION, HEADER, MANIFEST, VALUE, DATA), "not where it belongs"),
        ((VERSION, MANIFEST, VALUE, HEADER, DATA, DATA), "twice"),
        ((VERSION, MANIFEST, VALUE, HEADER, DATA, ("extra", b"")), "has no place in it"),
        ((VERSION, ("manifest", MANIFEST[1] * 2), VALUE, HEADER, DATA), "twice"),
        ((VERSION, ("manifest", b"nothing"), VALUE, HEADER, DATA), "makes no sense"),
        ((VERSION, MANIFEST, ("manifest.sig", b"!"), HEADER, DATA), "no base64"),
        ((VERSION, MANIFEST, VALUE, HEADER, ("data/0000.tar.gz", DATA[1][:-9])), "cut short"),
        ((VERSION, MANIFEST, VALUE, HEADER, ("data/0000.tar.gz", b"?" + DATA[1])), "damaged"),
    ],
)
def test_what_contradicts_itself_is_damaged(members: tuple[tuple[str, bytes], ...], damage: str) -> None:
    found = read(built(*members))
    assert found is not None
    assert damage in found.damage if damage else not found.damage


def test_a_file_that_nothing_signs() -> None:
    more = gzip.compress(built(("rootfs", b"new"), ("extra", b"more")))
    found = read(built(VERSION, MANIFEST, VALUE, HEADER, ("data/0000.tar.gz", more)))
    assert found is not None
    assert [p.name for p in found.payloads if not p.is_covered] == ["data/0000/extra"]
    assert state(found) == "broken"
    added = ("manifest-augment", manifest(("data/0000/extra", b"more"))[1])
    found = read(built(VERSION, MANIFEST, VALUE, added, HEADER, ("data/0000.tar.gz", more)))
    assert found is not None
    assert [(p.name, p.matches.known) for p in found.payloads if not p.is_covered] == [("data/0000/extra", True)]
    assert found.notes == ("an augmented part, which nothing signs",)
    assert state(found) == "broken"


def test_zstd() -> None:
    zstandard = pytest.importorskip("zstandard", reason="pip install 'iotscan[image]'")
    packed = zstandard.ZstdCompressor().compress(built(("rootfs", b"new")))
    header = ("header.tar.zst", zstandard.ZstdCompressor().compress(gzip.decompress(HEADER[1])))
    named = manifest(("data/0000/rootfs", b"new"), header, VERSION)
    for data, damaged in ((packed, False), (packed[:-6], True), (packed[:9] + b"?" + packed[10:], True)):
        found = read(built(VERSION, named, VALUE, header, ("data/0000.tar.zst", data)))
        assert found is not None
        assert bool(found.damage) == damaged, data


def test_bombs_are_named() -> None:
    for kind, pack in (("gz", gzip.compress), ("xz", lzma.compress)):
        bomb = pack(bytes(24 << 20))
        found = read(built(VERSION, MANIFEST, VALUE, HEADER, (f"data/0000.tar.{kind}", pack(bomb))))
        assert found is not None
        assert found.damage
    bomb = lzma.compress(built(("rootfs", bytes(40 << 20))))
    found = read(built(VERSION, MANIFEST, VALUE, HEADER, ("data/0000.tar.xz", bomb)))
    assert found is not None
    assert "unpacks to more than" in found.problem
    deep = read(built(("version", b'{"format":"mender","version":' + b"[" * 200_000), MANIFEST))
    assert deep is not None
    assert deep.damage
    newer = read(built(("version", b'{"format":"mender","version":4}'), MANIFEST))
    assert newer is not None
    assert (state(newer), newer.problem) == ("unknown", "Mender's format 4 is not read here")


SAMPLE = built(VERSION, MANIFEST, VALUE, HEADER, DATA)


@given(st.lists(st.tuples(st.integers(0, 1 << 20), st.integers(0, 255)), max_size=8), st.integers(0, 1 << 20))
def test_no_bytes_make_it_raise(changes: list[tuple[int, int]], cut: int) -> None:
    assert state(read(mutated(SAMPLE, changes, cut))) in ("none", "present", "broken", "unsigned", "unknown")


@given(st.binary(max_size=1500))
def test_any_bytes(data: bytes) -> None:
    for begun in (data, SAMPLE[:1024] + data, SAMPLE[:2560] + data):
        assert state(read(begun)) in ("none", "broken", "unsigned", "unknown")
