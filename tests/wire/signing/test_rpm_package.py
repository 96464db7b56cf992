"""Packages that rpmbuild made and rpmsign signed: rpm's own check says of each what we say."""

import random
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from iotscan.wire.signing.rpm_package import read_rpm
from tests.wire.signing.openpgp_made import Gnupg
from tests.wire.signing.repositories import cut
from tests.wire.signing.trying import memory, mutated, run, state, tool

SPEC = """Name: hi
Version: 1
Release: 2
Summary: x
License: x
BuildArch: noarch
%description
x
%install
mkdir -p %{buildroot}/usr/share
echo hello > %{buildroot}/usr/share/hi
%files
/usr/share/hi
"""


class Packages:
    """A package, unsigned and signed, and rpm with a database that knows the right key."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.gnupg = Gnupg(folder / "g")
        self.gnupg.make("feed", "rsa2048")
        self.gnupg.make("other", "rsa2048")
        (folder / "hi.spec").write_text(SPEC)
        defined = ("--define", f"_topdir {folder}/b", "--define", "_build_id_links none")
        run(tool("rpmbuild", "rpm"), "-bb", "--quiet", *defined, "hi.spec", cwd=folder)
        built = folder / "b/RPMS/noarch/hi-1-2.noarch.rpm"
        self.bare = built.read_bytes()
        macros = {
            "__gpg": tool("gpg", "gpg"),
            "_gpg_name": self.gnupg.fingerprint("feed"),
            "_gpg_path": self.gnupg.home,
        }
        keys = [w for name, value in macros.items() for w in ("--define", f"{name} {value}")]
        run(tool("rpmsign", "rpm"), *keys, "--addsign", built, cwd=folder)
        self.signed = built.read_bytes()
        (folder / "key.asc").write_bytes(self.gnupg.ring("feed", armour=True))
        run(tool("rpmkeys", "rpm"), "--dbpath", folder / "db", "--import", "key.asc", cwd=folder)

    def rpm_takes(self, data: bytes) -> bool:
        """Whether all that rpm checks is right, a signature by the key among it."""
        (self.folder / "v.rpm").write_bytes(data)
        words = ["rpmkeys", "--dbpath", self.folder / "db", "-Kv", "v.rpm"]
        done = subprocess.run(words, cwd=self.folder, capture_output=True, text=True, check=False)
        return done.returncode == 0 and "Signature, key ID" in done.stdout


@pytest.fixture(scope="module")
def packages() -> Iterator[Packages]:
    # A socket of GnuPG's agent lies in it: the path must be short.
    folder = Path(tempfile.mkdtemp())
    made = Packages(folder)
    yield made
    made.gnupg.close()
    shutil.rmtree(folder, ignore_errors=True)


def test_signed_and_not(packages: Packages) -> None:
    keys, other = packages.gnupg.trusted("feed", use="given"), packages.gnupg.trusted("other", use="given")
    found = read_rpm(memory(packages.signed), "hi.rpm")
    assert found is not None
    assert (found.variant, found.version) == ("rpm", "hi-1-2")
    assert state(found, *keys) == "verified"
    assert packages.rpm_takes(packages.signed)
    assert state(found, *other) == "wrong-signer"
    assert state(read_rpm(memory(packages.bare)), *keys) == "unsigned"
    assert not packages.rpm_takes(packages.bare)
    assert read_rpm(memory(b"")) is None


def test_a_flipped_byte_fails_unless_rpm_takes_it(packages: Packages) -> None:
    """The lead and the framing of the signatures are nobody's: rpm takes a change of those, too."""
    keys, choice = packages.gnupg.trusted("feed", use="given"), random.Random(0)
    for at in choice.sample(range(len(packages.signed)), 400):
        changed = bytearray(packages.signed)
        changed[at] ^= 1 << choice.randrange(8)
        if state(read_rpm(memory(bytes(changed))), *keys) == "verified":
            assert packages.rpm_takes(bytes(changed)), at
    for _, changed_file in cut({"x": packages.signed}):
        assert state(read_rpm(memory(changed_file["x"])), *keys) != "verified"


@settings(max_examples=80, deadline=None)
@given(
    changes=st.lists(st.tuples(st.integers(0, 5000), st.integers(0, 255)), max_size=5),
    end=st.integers(0, 1 << 16),
    tail=st.binary(max_size=80),
)
def test_nothing_makes_it_raise(packages: Packages, changes: list[tuple[int, int]], end: int, tail: bytes) -> None:
    read_rpm(memory(mutated(packages.signed, changes, end)))
    read_rpm(memory(packages.signed[:96] + b"\x8e\xad\xe8\x01" + tail))
