"""RAUC bundles as rauc makes them: the verdicts are those of rauc itself."""

import random
import subprocess
from functools import cache
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from iotscan.assess.artefacts import judge_artefact
from iotscan.model.facts import SignedArtefact
from iotscan.wire.ber import element
from iotscan.wire.signed_data import read_signed_data
from iotscan.wire.signing.rauc import read_rauc, read_rauc_tail
from iotscan.wire.signing.rauc_manifest import read_manifest
from iotscan.wire.verity import Superblock, tree
from tests.wire.signing.messages import a_message, a_signer_info, attributes
from tests.wire.signing.signers import NOW, Held, Signer, a_signer, flipped, run, tool

FORMATS = ("plain", "verity")
CONTENT = random.Random(9).randbytes(9000)


class Bench(msgspec.Struct, frozen=True, kw_only=True):
    folder: Path
    root: Signer
    signer: Signer
    bundles: dict[str, bytes]

    def bundle(
        self, name: str, format: str, signer: Signer, content: bytes = random.Random(9).randbytes(9000)
    ) -> bytes:
        """A bundle of one image. rauc rewrites the manifest in its folder: a new one each time."""
        folder, made = self.folder / f"in-{name}", self.folder / f"{name}.raucb"
        folder.mkdir()
        (folder / "rootfs.img").write_bytes(content)
        (folder / "manifest.raucm").write_text(
            f"[update]\ncompatible=gateway\nversion=1.2\n[bundle]\nformat={format}\n"
            "[image.rootfs]\nfilename=rootfs.img\n"
        )
        run(tool("rauc", "rauc"), "bundle", "--cert", signer.file, "--key", signer.key_file, folder, made)
        return made.read_bytes()

    def accepts(self, data: bytes, keyring: Path | None = None) -> bool:
        """What rauc itself says of a bundle: its signature, and for verity the content too."""
        file, out = self.folder / "asked.raucb", self.folder / "out"
        file.write_bytes(data)
        file.chmod(0o400)
        done = subprocess.run(
            [tool("rauc", "rauc"), "extract", f"--keyring={keyring or self.root.file}", file, out],
            capture_output=True,
        )
        file.unlink()
        subprocess.run(["rm", "-rf", out], check=True)
        return done.returncode == 0


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Bench:
    tool("mksquashfs", "squashfs-tools")
    folder = tmp_path_factory.mktemp("rauc")
    root = a_signer(folder, "root", is_ca=True, days=(-1000, 9000))
    signer = a_signer(folder, "signer", root, days=(-900, 9000))
    made = Bench(folder=folder, root=root, signer=signer, bundles={})
    made.bundles.update({one: made.bundle(one, one, signer) for one in FORMATS})
    return made


def read(data: bytes, path: str = "") -> SignedArtefact:
    found = read_rauc(Held(data), path)
    assert found is not None
    return found


def state(data: bytes, signer: Signer) -> str:
    found = read_rauc(Held(data))
    return "nothing" if found is None else judge_artefact(found, [signer.trusted("rauc")], NOW).state


@pytest.mark.parametrize("format", FORMATS)
def test_a_bundle(bench: Bench, format: str) -> None:
    data = bench.bundles[format]
    found = read(data)
    assert (found.variant, found.protection, found.damage, found.problem) == (format, "signed", "", "")
    assert [s.certificate.subject for s in found.signatures if s.certificate] == ["CN=signer"]
    assert found.signatures[0].scheme == "ecdsa"
    assert found.signatures[0].fits.known is True
    assert found.signatures[0].claimed_time is not None
    assert found.payloads[0].matches.known is True
    if format == "verity":
        assert (found.version, found.compatible) == ("1.2", ("gateway",))
        assert [(p.name, p.size) for p in found.payloads[1:]] == [("rootfs: rootfs.img", 9000)]
    stranger = a_signer(bench.folder, f"stranger-{format}", is_ca=True, days=(-1000, 9000))
    assert state(data, bench.root) == "verified"
    assert bench.accepts(data)
    assert state(data, stranger) == "wrong-signer"
    assert not bench.accepts(data, stranger.file)


def test_a_large_tree(bench: Bench) -> None:
    """More blocks than one block of the tree has digests for, signed with RSA and by an authority itself."""
    root = a_signer(bench.folder, "root-rsa", kind="rsa", is_ca=True, days=(-1000, 9000))
    data = bench.bundle("large", "verity", root, random.Random(1).randbytes(700_000))
    assert state(data, root) == "verified"
    tree = read(data).payloads[0].size
    # The topmost block of the tree, and one below it.
    for at in (tree + 40, tree + 4096 + 40):
        changed = data[:at] + bytes((data[at] ^ 1,)) + data[at + 1 :]
        assert read(changed).payloads[0].matches.known is False
        assert state(changed, root) == "broken"


@pytest.mark.parametrize("format", FORMATS)
def test_one_flipped_byte_fails(bench: Bench, format: str) -> None:
    data = bench.bundles[format]
    spared = [at for at, changed in flipped(data) if state(changed, bench.root) == "verified"]
    assert spared == []
    # The same within the signature, which is a small part of the whole.
    start = len(data) - 8 - int.from_bytes(data[-8:], "big")
    spared = [at for at, changed in flipped(data[start:]) if state(data[:start] + changed, bench.root) == "verified"]
    assert spared == []


@pytest.mark.parametrize("format", FORMATS)
def test_rauc_refuses_the_same_flips(bench: Bench, format: str) -> None:
    for _, changed in flipped(bench.bundles[format], 6):
        assert not bench.accepts(changed)


@pytest.mark.parametrize("format", FORMATS)
def test_truncated(bench: Bench, format: str) -> None:
    data = bench.bundles[format]
    for length in (0, 7, 8, 100, 4096, len(data) - 9, len(data) - 8, len(data) - 1):
        assert state(data[:length], bench.root) in ("nothing", "broken")
        assert read(data[:length], "x.raucb").damage


def test_a_signer_that_expired(bench: Bench) -> None:
    old = a_signer(bench.folder, "old", bench.root, days=(-900, -800))
    data = bench.bundle("old", "verity", old)
    assert state(data, bench.root) == "expired"
    assert not bench.accepts(data)


def test_two_signers(bench: Bench) -> None:
    """One of them trusted is not enough, and RAUC takes no two that are."""
    other = a_signer(bench.folder, "other", bench.root, days=(-900, 9000))
    data = bench.bundles["plain"]
    content = data[: len(data) - 8 - int.from_bytes(data[-8:], "big")]
    infos = [a_signer_info(s, content, attributes=attributes(content)) for s in (bench.signer, other)]
    for count, said in ((1, "verified"), (2, "broken")):
        message = a_message(infos[:count], [bench.signer, other])
        made = content + message + len(message).to_bytes(8, "big")
        assert state(made, bench.root) == said
        assert bench.accepts(made) == (said == "verified")


def test_a_file_system_alone_is_no_bundle(bench: Bench) -> None:
    data = bench.bundles["plain"]
    bare = data[: len(data) - 8 - int.from_bytes(data[-8:], "big")]
    assert read_rauc(Held(bare)) is None
    assert "cut short" in read(bare, "update.raucb").damage


def test_encrypted(bench: Bench) -> None:
    plain = bench.bundle("crypt", "crypt", bench.signer)
    assert "not encrypted" in read(plain).damage
    assert read(plain).payloads[0].matches.known is True
    made = bench.folder / "sealed.raucb"
    receiver = a_signer(bench.folder, "receiver", kind="rsa")
    run(
        *(tool("rauc", "rauc"), "encrypt", f"--keyring={bench.root.file}", "--to", receiver.file),
        *(bench.folder / "crypt.raucb", made),
    )
    data = made.read_bytes()
    found = read(data)
    assert (found.variant, found.protection, found.damage) == ("crypt", "encrypted", "")
    assert found.notes == ("encrypted for 1 recipient",)
    assert state(data, bench.root) == "encrypted"
    tail = read_rauc_tail(data[-65536:], len(data))
    assert tail is not None
    assert tail.protection == "encrypted"


@pytest.mark.parametrize("format", FORMATS)
def test_the_tail_alone(bench: Bench, format: str) -> None:
    data = bench.bundles[format]
    tail = data[-4096:]
    found = read_rauc_tail(tail, len(data))
    assert found is not None
    assert (found.variant, found.signatures[0].fits.known) == (format, True)
    assert found.payloads[0].is_covered
    assert not found.payloads[0].matches.is_answered
    assert "last 4096 bytes" in found.problem
    verdict = judge_artefact(found, [bench.root.trusted("rauc")], NOW)
    assert verdict.state == "present"
    assert verdict.by is not None
    assert read_rauc_tail(tail[:-1], len(data) - 1) is None
    assert read_rauc_tail(tail[-200:], len(data)) is None
    assert read_rauc_tail(b"", 0) is None


def test_the_signature_of_another_bundle(bench: Bench) -> None:
    """All of the content and its tree exchanged for those of a bundle of the same size, which fit each other."""
    for one in FORMATS:
        sound, other = bench.bundles[one], bench.bundle(f"old-{one}", one, bench.signer, b"\1" + CONTENT[1:])
        start, same = (len(data) - 8 - int.from_bytes(data[-8:], "big") for data in (sound, other))
        assert start == same
        mixed = other[:start] + sound[start:]
        assert mixed != sound
        assert read(mixed).payloads[0].matches.known is False
        assert state(mixed, bench.root) == "broken"
        assert not bench.accepts(mixed)


def test_a_tree_made_anew(bench: Bench) -> None:
    """Who changes the content makes a tree that fits it, with the salt that the manifest tells everybody."""
    sound = bench.bundles["verity"]
    start = len(sound) - 8 - int.from_bytes(sound[-8:], "big")
    manifest = read_manifest(read_signed_data(sound[start:-8]).content)
    content = bytearray(sound[: start - manifest.tree_size])
    content[5000] ^= 1
    made = tree(lambda at, length: bytes(content[at : at + length]), a_block(len(content), manifest.salt))
    assert made is not None
    forged = bytes(content) + b"".join(reversed(made[0])) + sound[start:]
    assert read(forged).payloads[0].matches.known is False
    assert state(forged, bench.root) == "broken"
    assert not bench.accepts(forged)


def a_block(size: int, salt: bytes) -> Superblock:
    return Superblock(kind=1, algorithm="sha256", data_block=4096, hash_block=4096, data_blocks=size // 4096, salt=salt)


@pytest.mark.parametrize(("spare", "is_whole"), [(0, True), (4096, False)])
def test_bytes_that_nothing_covers(bench: Bench, spare: int, is_whole: bool) -> None:
    """A maker whose manifest counts more for the tree than there is: what lies behind it is covered by nothing."""
    content, salt = random.Random(2).randbytes(8192), bytes(32)
    made = tree(lambda at, length: content[at : at + length], a_block(8192, salt))
    assert made is not None
    body = content + b"".join(reversed(made[0])) + b"x" * spare
    manifest = (
        "[update]\ncompatible=gateway\nversion=1\n[bundle]\nformat=verity\n"
        f"verity-hash={made[1].hex()}\nverity-salt={salt.hex()}\nverity-size={len(body) - 8192}\n"
    ).encode()
    info = a_signer_info(bench.signer, manifest, attributes=attributes(manifest))
    message = a_message([info], [bench.signer], content=manifest)
    found = read(body + message + len(message).to_bytes(8, "big"))
    assert (found.damage, found.payloads[0].matches.known) == ("", is_whole)


def test_lies_about_the_tree(bench: Bench) -> None:
    manifest = b"[update]\ncompatible=x\n[bundle]\nformat=verity\nverity-hash=%s\nverity-salt=%s\nverity-size=%s\n"
    sound = (b"ab" * 32, b"cd" * 32, b"4096")
    assert read_manifest(manifest % sound).flaw == ""
    for at, lie in ((0, b"ab"), (1, b""), (2, b"0"), (2, b"4095"), (2, b"-4096"), (2, b"9" * 20), (2, "٤".encode())):
        told = list(sound)
        told[at] = lie
        assert read_manifest(manifest % tuple(told)).flaw
    # Which of the two counts is a question that rauc does not answer: "Invalid key 'compatible' in group '[update]'".
    assert "twice" in read_manifest(manifest % sound + b"[update]\ncompatible=y\n").flaw
    assert read_manifest(manifest % sound + b"[meta.x]\na=1\na=2\n").flaw == ""
    assert "plain" in read_manifest(b"[update]\ncompatible=x\n").flaw
    assert read_manifest(b"compatible=x").flaw
    assert read_manifest(b"\xff").flaw
    assert read_manifest(b"[a]\n" * 5000).flaw


@cache
def samples() -> list[bytes]:
    """Structures that a tool made, without one: the fuzzer starts from something that looks right."""
    oid = element(6, bytes.fromhex("2a864886f70d010702"))
    bodies = [element(0x30, oid + element(0xA0, element(0x30, b"\x02\x01\x01\x31\x00" + b"0" * 60)))]
    return [b"hsqs" + bytes(4092) + b + len(b).to_bytes(8, "big") for b in bodies]


@given(st.binary(max_size=600), st.integers(0, 300), st.booleans())
def test_arbitrary_bytes_never_raise(data: bytes, at: int, is_sample: bool) -> None:
    if is_sample:
        sample = samples()[0]
        cut = len(sample) - 1 - at % 90
        data = sample[:cut] + data[:4] + sample[cut + len(data[:4]) :]
    for path in ("", "x.raucb"):
        found: Any = read_rauc(Held(data), path)
        assert found is None or judge_artefact(found, [], NOW).state != "verified"
    read_rauc_tail(data, len(data) + at)


@given(st.data())
def test_mutated_bundles_never_raise(bench: Bench, data: st.DataObject) -> None:
    made = bench.bundles[data.draw(st.sampled_from(FORMATS))]
    start = len(made) - 8 - int.from_bytes(made[-8:], "big")
    at = data.draw(st.integers(start, len(made) - 9))
    piece = data.draw(st.binary(max_size=8))
    changed = made[:at] + piece + made[at + data.draw(st.integers(0, 8)) :]
    body = changed[start:-8]
    changed = made[:start] + body + len(body).to_bytes(8, "big")
    if changed != made:
        assert state(changed, bench.root) != "verified"
