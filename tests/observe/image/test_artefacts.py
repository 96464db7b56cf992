"""Update artefacts as images and inside of them, made by their makers' tools, judged by the keys that are there."""

import hashlib
import random
from pathlib import Path

import msgspec
import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from iotscan.assess.artefacts import judge_artefact
from iotscan.model.facts import PublicKey, SignedArtefact, TrustedKey, TrustedKeys, UpdateArtefacts
from iotscan.observe.image.budget import Budget, Limits
from iotscan.observe.image.inspectors.artefacts import INSPECTOR
from iotscan.observe.image.opening import BadImage, open_image
from iotscan.wire.signing.public_keys import read_key_file
from tests.observe.image.looking import a_root
from tests.wire.signing.made import EMAIL
from tests.wire.signing.signers import NOW, Signer, a_signer, run, tool

CONTENT = random.Random(3).randbytes(4096)
LONG = (-900, 9000)


class Bench(msgspec.Struct, frozen=True, kw_only=True):
    """Signers, and what they have signed: the files of ``made`` by name."""

    folder: Path
    root: Signer
    other: Signer
    made: dict[str, Path]


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Bench:
    folder = tmp_path_factory.mktemp("artefacts")
    root = a_signer(folder, "root", is_ca=True, days=(-1000, 9000))
    signer = a_signer(folder, "signer", root, days=LONG, kind="rsa", purposes=(EMAIL,))
    other = a_signer(folder, "other", is_ca=True, days=LONG)
    for one in (root, signer, other):
        public = one.key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
        (folder / f"{one.file.stem}.pub").write_bytes(public)
    made = {"rauc": folder / "update.raucb", "mender": folder / "update.mender", "swupdate": folder / "update.swu"}
    _bundle(folder, signer, made["rauc"])
    _mender(folder, signer, made["mender"])
    _swupdate(folder, signer, made["swupdate"])
    return Bench(folder=folder, root=root, other=other, made=made)


def _bundle(folder: Path, signer: Signer, made: Path) -> None:
    inside = folder / "bundle"
    inside.mkdir()
    (inside / "rootfs.img").write_bytes(CONTENT)
    (inside / "manifest.raucm").write_text(
        "[update]\ncompatible=gateway\nversion=1.2\n[bundle]\nformat=verity\n[image.rootfs]\nfilename=rootfs.img\n"
    )
    run(tool("rauc", "rauc"), "bundle", "--cert", signer.file, "--key", signer.key_file, inside, made)


def _mender(folder: Path, signer: Signer, made: Path) -> None:
    (folder / "rootfs").write_bytes(CONTENT)
    run(tool("openssl", "openssl"), "rsa", "-traditional", "-in", signer.key_file, "-out", folder / "traditional.pem")
    words = ("write", "rootfs-image", "-t", "gateway", "-n", "rel-1", "-f", folder / "rootfs", "-o", made)
    run(tool("mender-artifact", "mender-artifact"), *words, "-k", folder / "traditional.pem")


def _swupdate(folder: Path, signer: Signer, made: Path) -> None:
    text = 'software = { version = "1"; files: ( { filename = "a.bin"; path = "/a"; sha256 = "DIGEST"; } ); }\n'
    (folder / "a.bin").write_bytes(CONTENT)
    (folder / "sw-description").write_text(text.replace("DIGEST", hashlib.sha256(CONTENT).hexdigest()))
    signing = [tool("openssl", "openssl"), "cms", "-sign", "-in", "sw-description", "-binary", "-outform", "DER"]
    ends: list[str | Path] = ["-nosmimecap", "-signer", signer.file, "-inkey", signer.key_file]
    run(*signing, "-out", "sw-description.sig", *ends, cwd=folder)
    names = b"sw-description\nsw-description.sig\na.bin"
    made.write_bytes(run(tool("cpio", "cpio"), "-o", "-H", "crc", input=names, cwd=folder).stdout)


def looked_at(image: Path, limits: Limits = Limits()) -> tuple[tuple[SignedArtefact, ...], tuple[TrustedKey, ...]]:
    assert INSPECTOR.survey is not None
    heard = INSPECTOR.survey(open_image(image, Budget(limits)))
    artefacts = next((f.artefacts for f in heard.facts if isinstance(f, UpdateArtefacts)), ())
    keys = next(f.keys for f in heard.facts if isinstance(f, TrustedKeys))
    return artefacts, keys


def states(image: Path, *given: TrustedKey) -> dict[str, str]:
    artefacts, keys = looked_at(image)
    return {a.path: judge_artefact(a, (*keys, *given), NOW).state for a in artefacts}


def gateway(folder: Path, bench: Bench, ring: Signer | None) -> Path:
    """A root file system with all three updaters, their keyrings (if any), and an update for each in ``/data``."""
    root = folder / "gateway"
    a_root(root, {f"data/{p.name}": p.read_bytes() for p in bench.made.values()})
    if ring is not None:
        pem, public = ring.file.read_bytes(), (bench.folder / f"{ring.file.stem}.pub").read_bytes()
        if ring is bench.root:
            public = (bench.folder / "signer.pub").read_bytes()
        a_root(
            root,
            {
                "etc/rauc/system.conf": "[keyring]\npath=ring/ca.pem\n",
                "etc/rauc/ring/ca.pem": pem,
                "etc/swupdate.cfg": 'globals :\n{\n  public-key-file = "/etc/swupdate.pem";\n};\n',
                "etc/swupdate.pem": pem,
                "etc/mender/mender.conf": '{"ArtifactVerifyKeys": ["/etc/mender/release.pem"]}',
                "etc/mender/release.pem": public,
            },
        )
    return root


PATHS = ("/data/update.raucb", "/data/update.swu", "/data/update.mender")


@pytest.mark.parametrize(("ring", "said"), [("root", "verified"), ("other", "wrong-signer"), ("", "present")])
def test_in_a_root_file_system(bench: Bench, tmp_path: Path, ring: str, said: str) -> None:
    signer = {"root": bench.root, "other": bench.other}.get(ring)
    found = states(gateway(tmp_path, bench, signer))
    # Another kind of key than the signature's has not made it, either.
    assert found == dict.fromkeys(PATHS, said)


def test_packed_root(bench: Bench, tmp_path: Path) -> None:
    """Files are read where they lie in a packed file system, too."""
    image = tmp_path / "rootfs.squashfs"
    run(tool("mksquashfs", "squashfs-tools"), gateway(tmp_path, bench, bench.root), image, "-quiet", "-no-progress")
    assert states(image) == dict.fromkeys(PATHS, "verified")


@pytest.mark.parametrize("name", ["rauc", "swupdate", "mender"])
def test_the_image_itself(bench: Bench, name: str) -> None:
    image = bench.made[name]
    given = bench.root.trusted("given")
    if name == "mender":
        given = TrustedKey(use="given", path="signer.pub", key=a_public(bench))
    assert states(image) == {"": "present"}
    assert states(image, given) == {"": "verified"}
    assert states(image, TrustedKey(use="given", path="x", certificate=bench.other.certificate)) == {"": "wrong-signer"}


def a_public(bench: Bench) -> PublicKey:
    return read_key_file((bench.folder / "signer.pub").read_bytes()).keys[0]


def test_its_contents_are_opened_as_before(bench: Bench) -> None:
    assert [p.format for p in open_image(bench.made["swupdate"]).places][:1] == ["cpio"]
    assert [p.format for p in open_image(bench.made["rauc"]).places][:1] == ["squashfs"]
    assert [p.format for p in open_image(bench.made["mender"]).places][:1] == ["tar"]


@pytest.mark.parametrize("name", ["rauc", "swupdate", "mender"])
def test_cut_short(bench: Bench, tmp_path: Path, name: str) -> None:
    whole = bench.made[name]
    data = whole.read_bytes()
    image = tmp_path / whole.name
    image.write_bytes(data[: len(data) // 2])
    given = bench.root.trusted("given")
    assert set(states(image, given).values()) <= {"broken", "unknown"}
    assert states(image, given)


def test_keys_that_came_with_an_update_prove_nothing(bench: Bench, tmp_path: Path) -> None:
    """A bundle whose root file system trusts its own signer: whoever made the one has chosen the other."""
    rootfs = tmp_path / "rootfs.squashfs"
    run(tool("mksquashfs", "squashfs-tools"), gateway(tmp_path, bench, bench.root), rootfs, "-quiet", "-no-progress")
    inside = tmp_path / "bundle"
    inside.mkdir()
    (inside / "rootfs.img").write_bytes(rootfs.read_bytes())
    (inside / "manifest.raucm").write_text(
        "[update]\ncompatible=gateway\nversion=2\n[bundle]\nformat=verity\n[image.rootfs]\nfilename=rootfs.img\n"
    )
    made, signer = tmp_path / "whole.raucb", bench.folder / "signer"
    words = ("--cert", signer.with_suffix(".pem"), "--key", signer.with_suffix(".key"))
    run(tool("rauc", "rauc"), "bundle", *words, inside, made)
    _, keys = looked_at(made)
    assert {k.within for k in keys} == {("",)}
    found = states(made)
    assert found.pop("") == "present"
    # Updates that lie in its root file system are another's: that one trusts their signer.
    assert sorted(found.values()) == ["verified"] * 3


def test_keys_of_one_update_prove_nothing_of_its_neighbour(bench: Bench, tmp_path: Path) -> None:
    """A stranger's bundle with a keyring in it, and another one of the stranger's: a device refuses both."""
    rootfs = tmp_path / "rootfs.squashfs"
    run(tool("mksquashfs", "squashfs-tools"), gateway(tmp_path, bench, bench.root), rootfs, "-quiet", "-no-progress")
    inside = tmp_path / "bundle"
    inside.mkdir()
    (inside / "rootfs.img").write_bytes(rootfs.read_bytes())
    (inside / "manifest.raucm").write_text(
        "[update]\ncompatible=gateway\nversion=2\n[bundle]\nformat=verity\n[image.rootfs]\nfilename=rootfs.img\n"
    )
    made, signer = tmp_path / "a.raucb", bench.folder / "signer"
    words = ("--cert", signer.with_suffix(".pem"), "--key", signer.with_suffix(".key"))
    run(tool("rauc", "rauc"), "bundle", *words, inside, made)
    for name, ring, said in (("device", bench.other, "wrong-signer"), ("folder", None, "present")):
        image = tmp_path / name
        files = {"data/a.raucb": made.read_bytes(), "data/b.raucb": bench.made["rauc"].read_bytes()}
        if ring is not None:
            files |= {"etc/rauc/system.conf": "[keyring]\npath=ca.pem\n", "etc/rauc/ca.pem": ring.file.read_bytes()}
        a_root(image, files)
        found = states(image)
        beside = {path.removeprefix("folder:"): state for path, state in found.items()}
        assert (beside.pop("/data/a.raucb"), beside.pop("/data/b.raucb")) == (said, said)
        # Those in the first one are its own system's.
        assert list(beside.values()) == ["verified"] * 3


def test_a_folder_of_updates(bench: Bench, tmp_path: Path) -> None:
    """No root file system, but something to be asked about; a folder of anything else is refused as ever."""
    (tmp_path / "release").mkdir()
    (tmp_path / "release" / "x.swu").write_bytes(bench.made["swupdate"].read_bytes())
    assert states(tmp_path / "release") == {"/x.swu": "present"}
    (tmp_path / "nothing").mkdir()
    (tmp_path / "nothing" / "x.txt").write_text("nothing")
    with pytest.raises(BadImage):
        open_image(tmp_path / "nothing")


def test_a_payload_is_no_update_of_its_own(bench: Bench, tmp_path: Path) -> None:
    inside = tmp_path / "in"
    inside.mkdir()
    (inside / "sw-description").write_text('software = { version = "1"; }\n')
    (inside / "b.raucb").write_bytes(bench.made["rauc"].read_bytes())
    packed = run(tool("cpio", "cpio"), "-o", "-H", "crc", input=b"sw-description\nb.raucb", cwd=inside).stdout
    (tmp_path / "x.swu").write_bytes(packed)
    assert list(states(tmp_path / "x.swu")) == [""]


def test_no_update_is_no_fact(tmp_path: Path) -> None:
    a_root(tmp_path, {"etc/passwd": "root:x:0:0::/:/bin/sh\n"})
    artefacts, keys = looked_at(tmp_path)
    assert (artefacts, keys) == ((), ())
