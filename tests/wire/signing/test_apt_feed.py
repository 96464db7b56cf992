"""Repositories of apt, made by apt-ftparchive and GnuPG: apt's own verdict on each is ours."""

import bz2
import gzip
import hashlib
import lzma
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from iotscan.model.facts import SignedArtefact
from iotscan.wire.signing.apt_feed import read_apt_feed
from tests.wire.signing.openpgp_made import Gnupg
from tests.wire.signing.repositories import Contents, contents, cut, named, survivors, write
from tests.wire.signing.trying import run, state, tool

SUITE = "dists/stable"


class Archive:
    """A repository with one package, the keys that may sign it, and apt beside it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.gnupg = Gnupg(folder / "g")
        self.gnupg.make("feed")
        self.gnupg.make("other")
        self.gnupg.make("old", "ed25519", "1y", moment="20200101T000000")
        self.bare = self._bare()

    def _bare(self) -> Contents:
        """What is in it before it is signed."""
        tree = self.folder / "tree"
        write(tree, {"DEBIAN/control": b"Package: hi\nVersion: 1\nArchitecture: all\nMaintainer: x <x@y>\n"
                                       b"Description: x\n"})  # fmt: skip
        repository = self.folder / "r"
        (repository / "pool").mkdir(parents=True)
        run(tool("dpkg-deb", "dpkg"), "-b", "--root-owner-group", tree, repository / "pool/hi_1_all.deb",
            cwd=self.folder)  # fmt: skip
        packages = run(tool("apt-ftparchive", "apt-utils"), "packages", "pool", cwd=repository).encode()
        place = f"{SUITE}/main/binary-amd64/Packages"
        write(repository, {place: packages, f"{place}.gz": gzip.compress(packages, mtime=0),
                           f"{place}.xz": lzma.compress(packages)})  # fmt: skip
        return contents(repository)

    def release(self, *options: str, bare: Contents | None = None) -> bytes:
        """A release file over what is there."""
        folder = self.folder / "s"
        shutil.rmtree(folder, ignore_errors=True)
        write(folder, bare or self.bare)
        fixed = ("Suite=stable", "Codename=stable", "Components=main", "Architectures=amd64", *options)
        words = [w for o in fixed for w in ("-o", f"APT::FTPArchive::Release::{o}")]
        return run("apt-ftparchive", *words, "release", SUITE, cwd=folder).encode()

    def signed(self, by: str = "feed", release: bytes | None = None, moment: str = "") -> Contents:
        text = self.gnupg.sign(by, release or self.release(), "--clearsign", moment=moment)
        return self.bare | {f"{SUITE}/InRelease": text}

    def apart(self, by: str = "feed") -> Contents:
        release = self.release()
        signature = self.gnupg.sign(by, release, "--armor", "--detach-sign")
        return self.bare | {f"{SUITE}/Release": release, f"{SUITE}/Release.gpg": signature}

    def said(self, files: Contents, *names: str) -> str:
        return state(read(files), *self.gnupg.trusted(*(names or ("feed",))))

    def apt_takes(self, files: Contents, *names: str) -> bool:
        """Whether apt-get update and the download of the package go through, in a root of its own."""
        root = Path(tempfile.mkdtemp(dir=self.folder))
        write(root / "r", files)
        for name in ("etc/apt/preferences.d", "etc/apt/apt.conf.d", "state/lists/partial", "cache/archives/partial"):
            (root / name).mkdir(parents=True)
        (root / "state/status").touch()
        (root / "ring.gpg").write_bytes(self.gnupg.ring(*(names or ("feed",))))
        (root / "sources").write_text(f"deb [signed-by={root}/ring.gpg arch=amd64] copy:{root}/r stable main\n")
        conf = {
            "Dir::Etc": root / "etc/apt",
            "Dir::Etc::sourcelist": root / "sources",
            "Dir::State": root / "state",
            "Dir::State::status": root / "state/status",
            "Dir::Cache": root / "cache",
            "APT::Architecture": "amd64",
            "APT::Sandbox::User": "root",
            "APT::Update::Error-Mode": "any",
            "Acquire::Languages": "none",
        }
        # A file that is read before those of the machine, so that none of them is.
        (root / "apt.conf").write_text("".join(f'{name} "{value}";\n' for name, value in conf.items()))
        done = [
            subprocess.run(
                [tool("apt-get", "apt"), "-q", *words],
                cwd=root,
                capture_output=True,
                check=False,
                env={"PATH": "/usr/bin:/bin", "APT_CONFIG": str(root / "apt.conf")},
            )
            for words in (("update",), ("download", "hi"))
        ]
        shutil.rmtree(root)
        return all(d.returncode == 0 for d in done)


@pytest.fixture(scope="module")
def archive() -> Iterator[Archive]:
    # A socket of GnuPG's agent lies in it: the path must be short.
    folder = Path(tempfile.mkdtemp())
    made = Archive(folder)
    yield made
    made.gnupg.close()
    shutil.rmtree(folder, ignore_errors=True)


def read(files: Contents) -> SignedArtefact | None:
    return read_apt_feed(named(files), SUITE, "repository")


def until(release: bytes, moment: bytes) -> bytes:
    return release.replace(b"Date:", b"Valid-Until: " + moment + b"\nDate:", 1)


@pytest.mark.parametrize(("digest", "said"), [("SHA512", "verified"), ("SHA1", "broken")])
def test_a_signature_over_a_weak_digest(archive: Archive, digest: str, said: str) -> None:
    text = archive.gnupg.sign("feed", archive.release(), "--clearsign", "--digest-algo", digest)
    files = archive.bare | {f"{SUITE}/InRelease": text}
    assert archive.said(files) == said
    assert archive.apt_takes(files) is (said == "verified")


def test_a_weak_signature_beside_a_strangers_better_one(archive: Archive) -> None:
    release = archive.release()
    weak = archive.gnupg.sign("feed", release, "--detach-sign", "--digest-algo", "SHA1")
    better = archive.gnupg.sign("other", release, "--detach-sign")
    files = archive.bare | {f"{SUITE}/Release": release, f"{SUITE}/Release.gpg": weak + better}
    assert archive.said(files) == "wrong-signer"
    assert not archive.apt_takes(files)


def test_apt_says_the_same_of_every_sample(archive: Archive) -> None:
    good, place = archive.signed(), f"{SUITE}/main/binary-amd64/Packages"
    outdated = until(archive.release(), b"Thu, 01 Jan 2026 00:00:00 UTC")
    weak = archive.release("SHA256=no", "SHA512=no")
    changed = good | {"pool/hi_1_all.deb": good["pool/hi_1_all.deb"][:-1] + b"x"}
    indexes = {
        f"{place}{e}": f(b"Package: evil\n\n") for e, f in (("", bytes), (".gz", gzip.compress), (".xz", lzma.compress))
    }
    samples: list[tuple[str, Contents, str, str]] = [
        ("InRelease", good, "feed", "verified"),
        ("Release.gpg", archive.apart(), "feed", "verified"),
        ("another signer", good, "other", "wrong-signer"),
        ("a key that expired", archive.signed("old", moment="20200601T000000"), "old", "expired"),
        ("unsigned", archive.bare | {f"{SUITE}/Release": archive.release()}, "feed", "unsigned"),
        ("Valid-Until", archive.signed(release=outdated), "feed", "expired"),
        ("only MD5 and SHA-1", archive.signed(release=weak), "feed", "broken"),
        ("a package", changed, "feed", "broken"),
        ("the indexes", good | indexes, "feed", "broken"),
        ("cut", good | {f"{SUITE}/InRelease": good[f"{SUITE}/InRelease"][:-40]}, "feed", "broken"),
    ]  # fmt: skip
    for name, files, key, expected in samples:
        assert (name, archive.said(files, key)) == (name, expected)
        assert (name, archive.apt_takes(files, key)) == (name, expected == "verified")


def test_an_index_by_its_digest(archive: Archive) -> None:
    files = archive.signed(release=archive.release("Acquire-By-Hash=yes"))
    place = f"{SUITE}/main/binary-amd64"
    found = read(files)
    assert found is not None
    for name in [n for n in files if n.startswith(f"{place}/Packages")]:
        data = files.pop(name)
        files[f"{place}/by-hash/SHA256/{hashlib.sha256(data).hexdigest()}"] = data
    assert read(files) == found
    (name,) = [n for n, d in files.items() if "by-hash" in n and d == archive.bare[f"{place}/Packages"]]
    assert archive.said(files | {name: b"Package: evil\n"}) == "broken"


def test_what_is_said_of_it(archive: Archive) -> None:
    found = read(archive.signed(release=until(archive.release(), b"Thu, 01 Jan 2099 00:00:00 UTC")))
    assert found is not None
    assert found.version == "stable stable"
    assert found.expires is not None
    assert found.expires.year == 2099
    assert {p.name.rpartition("/")[2] for p in found.payloads} >= {"Packages", "Packages.xz", "hi_1_all.deb"}
    assert not found.notes
    lasting = read(archive.signed())
    assert lasting is not None
    assert "no Valid-Until" in lasting.notes[0]


def test_every_packing_of_an_index_is_read(archive: Archive) -> None:
    place = f"{SUITE}/main/binary-amd64/Packages"
    plain = archive.bare[place]
    evil = {"pool/hi_1_all.deb": b"evil"}
    for end, packed in (("", plain), (".gz", gzip.compress(plain)), (".xz", lzma.compress(plain)),
                        (".bz2", bz2.compress(plain))):  # fmt: skip
        bare = {n: d for n, d in archive.bare.items() if not n.startswith(place)} | {f"{place}{end}": packed}
        text = archive.gnupg.sign("feed", archive.release(bare=bare), "--clearsign")
        assert archive.said(bare | {f"{SUITE}/InRelease": text}) == "verified"
        assert archive.said(bare | {f"{SUITE}/InRelease": text} | evil) == "broken"


def test_a_flipped_byte_fails_unless_apt_takes_it(archive: Archive) -> None:
    """Of the signature its framing and hints are not signed; apt takes them as they are, too."""
    keys = archive.gnupg.trusted("feed")
    for files in (archive.signed(), archive.apart()):
        left = survivors(files, read, keys, 300)
        assert len(left) < 5
        for name, _, changed in left:
            assert name in (f"{SUITE}/InRelease", f"{SUITE}/Release.gpg")
            assert archive.apt_takes(changed)
        for name, changed in cut(files):
            if state(read(changed), *keys) == "verified":
                # Without its last byte, which ends the line, a signed text is whole.
                assert name.endswith(("InRelease", "Release.gpg"))
                assert len(files[name]) - len(changed[name]) == 1


@settings(max_examples=150, deadline=None)
@given(st.binary(max_size=300))
def test_nothing_makes_it_raise(text: bytes) -> None:
    for start in (b"", b"Suite: x\nSHA256:\n ", b"Valid-Until: "):
        read({f"{SUITE}/Release": start + text})
        signed = b"-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA256\n\n" + start + text
        read({f"{SUITE}/InRelease": signed + b"\n-----BEGIN PGP SIGNATURE-----\n\n" + text})
