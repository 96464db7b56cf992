"""OSTree repositories made and signed by ostree; objects are what ostree's own fsck says they are."""

import base64
import contextlib
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from iotscan.model.facts import SignedArtefact, TrustedKey
from iotscan.wire.ber import Malformed
from iotscan.wire.signing.feed_keys import ostree_keys
from iotscan.wire.signing.gvariant import decode
from iotscan.wire.signing.ostree_repo import read_ostree_repo
from tests.wire.signing.made import a_key
from tests.wire.signing.openpgp_made import Gnupg
from tests.wire.signing.repositories import Contents, contents, cut, flipped, named, write
from tests.wire.signing.trying import accepts, run, state, tool

ED = a_key("ed25519")


class Repository:
    """An archive repository with two files, a folder and a link, and a key of GnuPG that may sign it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.ostree = tool("ostree", "ostree")
        self.gnupg = Gnupg(folder / "g")
        for name in ("feed", "other"):
            self.gnupg.make(name)
        tree = folder / "tree"
        write(tree, {"etc/os-release": b"ID=x\n" * 30, "usr/bin/init": bytes(range(256)), "usr/bin/empty": b""})
        (tree / "usr/link").symlink_to("bin/init")
        (tree / "usr/bin/init").chmod(0o755)
        run(self.ostree, "init", "--repo=r", "--mode=archive", cwd=folder)
        self.signed = self._commit("--gpg-sign", self.gnupg.fingerprint("feed"))
        summary = ("summary", "--repo=r", "-u", f"--gpg-homedir={self.gnupg.home}")
        run(self.ostree, *summary, "--gpg-sign", self.gnupg.fingerprint("feed"), cwd=folder)
        self.signed = contents(folder / "r")

    def _commit(self, *how: str) -> Contents:
        fixed = ("commit", "--repo=r", "-b", "main", "--tree=dir=tree", "--canonical-permissions", "-s", "one")
        version = ("--add-metadata-string=version=1.2", f"--gpg-homedir={self.gnupg.home}")
        run(self.ostree, *fixed, *version, *how, cwd=self.folder)
        return contents(self.folder / "r")

    def is_sound(self, files: Contents) -> bool:
        """Whether ostree's fsck, and its verifier where there is a signature, take a repository."""
        root = Path(tempfile.mkdtemp(dir=self.folder))
        write(root / "r", files | {".lock": b""})
        for name in ("tmp", "state", "extensions", "refs/remotes", "refs/mirrors"):
            (root / "r" / name).mkdir(parents=True, exist_ok=True)
        (root / "keys.gpg").write_bytes(self.gnupg.ring("feed"))
        run(self.ostree, "init", "--repo=c", "--mode=archive", cwd=root)
        run(self.ostree, "remote", "add", "--repo=c", "--gpg-import=keys.gpg", "o", f"file://{root}/r", cwd=root)
        found = accepts(self.ostree, "fsck", "--repo=r", cwd=root)
        found = found and accepts(self.ostree, "pull", "--repo=c", "o", "main", cwd=root)
        shutil.rmtree(root)
        return found

    @property
    def keys(self) -> tuple[TrustedKey, ...]:
        return ostree_keys(self.gnupg.ring("feed"), "/usr/share/ostree/trusted.gpg.d/feed.gpg")


@pytest.fixture(scope="module")
def repository() -> Iterator[Repository]:
    # A socket of GnuPG's agent lies in it: the path must be short.
    folder = Path(tempfile.mkdtemp())
    made = Repository(folder)
    yield made
    made.gnupg.close()
    shutil.rmtree(folder, ignore_errors=True)


def read(files: Contents, *keys: TrustedKey) -> dict[str, SignedArtefact]:
    found = read_ostree_repo(named(files), "repo", ["heads/main"], [k.key for k in keys if k.key])
    return {a.variant: a for a in found}


def commit(files: Contents) -> SignedArtefact | None:
    return read(files).get("commit of heads/main")


def of_kind(files: Contents, kind: str) -> list[str]:
    return sorted(name for name in files if name.endswith(f".{kind}"))


def test_signed_and_not(repository: Repository) -> None:
    found = read(repository.signed)
    assert set(found) == {"summary", "commit of heads/main"}
    for artefact in found.values():
        assert state(artefact, *repository.keys) == "verified"
        assert state(artefact, *ostree_keys(repository.gnupg.ring("other"), "/x.gpg")) == "wrong-signer"
        assert state(artefact) == "present"
    assert repository.is_sound(repository.signed)
    whole = found["commit of heads/main"]
    assert whole.version == "1.2"
    assert {"commit", "/etc/os-release", "/usr/bin/init", "/usr/bin/empty", "/usr/link"} <= {
        p.name for p in whole.payloads
    }
    bare = {n: d for n, d in repository.signed.items() if not n.endswith((".commitmeta", "summary.sig"))}
    assert {state(a, *repository.keys) for a in read(bare).values()} == {"unsigned"}
    assert not repository.is_sound(bare)
    assert not read({"config": b"[core]\n"})
    assert not read({})


def test_ed25519(repository: Repository) -> None:
    """The ostree of Debian is built without it: signed here as ostree-sign-ed25519.c does, over the commit."""
    files = dict(repository.signed)
    (name,), (meta,) = of_kind(files, "commit"), of_kind(files, "commitmeta")
    files[meta] = signatures_of([ED.sign(files[name])])
    line = base64.b64encode(ED.public_key().public_bytes_raw())
    keys = ostree_keys(b"\n" + line + b"\nnone\n", "/etc/ostree/trusted.ed25519")
    assert [(k.line, bool(k.problem)) for k in keys] == [(2, False), (3, True)]
    assert state(commit(files), *keys) == "verified"
    assert state(commit(files), *repository.keys) != "verified"
    files[meta] = signatures_of([ED.sign(b"another")])
    assert state(commit(files), *keys) == "wrong-signer"


def signatures_of(values: list[bytes]) -> bytes:
    """A dictionary with one entry, serialised: the name, the list of signatures, its type."""
    inner = b"".join(values)
    assert len(inner) < 200
    offsets = bytes(64 * (number + 1) for number in range(len(values)))
    key = b"ostree.sign.ed25519\0"
    head = key + bytes(-len(key) % 8)
    entry = head + inner + offsets + b"\0aay" + bytes([len(key)])
    return entry + bytes([len(entry)])


def test_a_flipped_byte_fails_unless_ostree_takes_it(repository: Repository) -> None:
    """Not signed is what is no part of the tree: the summary of the repository has a signature of its own, the lock is
    nobody's, and hints in a signature are what GnuPG takes, too."""
    files = {n: d for n, d in repository.signed.items() if n.startswith(("objects", "refs"))}
    config = {"config": repository.signed["config"]}
    keys, taken = repository.keys, 0
    for name, _, changed in flipped(files, 300):
        if state(commit(config | changed), *keys) == "verified":
            taken += 1
            assert repository.is_sound(config | changed), name
    assert taken < 12
    for name, changed in cut(files):
        if state(commit(config | changed), *keys) == "verified":
            # The name of a commit is whole without the end of its line.
            assert name == "refs/heads/main"
    summary = {n: repository.signed[n] for n in ("summary", "summary.sig")}
    for name, _, changed in flipped(summary, 200, seed=1):
        if state(read(config | files | changed)["summary"], *keys) == "verified":
            assert name == "summary.sig"


def test_objects_that_are_missing_or_swapped(repository: Repository) -> None:
    files = repository.signed
    for kind in ("commit", "dirtree", "dirmeta", "filez"):
        name = of_kind(files, kind)[0]
        assert state(commit({n: d for n, d in files.items() if n != name}), *repository.keys) == "broken"
    first, second = of_kind(files, "filez")[:2]
    assert state(commit(files | {first: files[second], second: files[first]}), *repository.keys) == "broken"
    # Of a repository that is not an archive a file's digest is over what its bytes do not tell.
    bare = commit(files | {"config": files["config"].replace(b"archive-z2", b"bare-user")})
    assert state(bare, *repository.keys) == "present"
    assert bare is not None
    assert "bare-user" in bare.problem


def test_a_commit_for_another_ref(repository: Repository) -> None:
    files = repository.signed | {"refs/heads/stable": repository.signed["refs/heads/main"]}
    (found,) = [
        a for a in read_ostree_repo(named(files), "repo", ["heads/stable"]) if a.variant.endswith("heads/stable")
    ]
    assert found.damage == "its commit was made for another ref"


TYPES = ["a{sv}", "(a{sv}aya(say)sstayay)", "(a(say)a(sayay))", "(tuuuusa(ayay))", "(a(s(taya{sv}))a{sv})", "aay"]


@settings(max_examples=300, deadline=None)
@given(st.sampled_from(TYPES), st.binary(max_size=120))
def test_gvariants_of_anybody(kind: str, data: bytes) -> None:
    with contextlib.suppress(Malformed):
        decode(kind, data)


@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_nothing_makes_it_raise(repository: Repository, data: st.DataObject) -> None:
    files = dict(repository.signed)
    name = data.draw(st.sampled_from(sorted(files)))
    changed = bytearray(files[name])
    for at, value in data.draw(st.lists(st.tuples(st.integers(0, 5000), st.integers(0, 255)), max_size=4)):
        if changed:
            changed[at % len(changed)] = value
    read(files | {name: bytes(changed)})
