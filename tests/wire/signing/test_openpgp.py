"""OpenPGP signatures and keyrings made by GnuPG: what its own verifier says of each is what we say."""

import contextlib
import random
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from iotscan.model.facts import SignedArtefact, TrustedKey
from iotscan.wire.signing.openpgp.keyring import read_keyring
from iotscan.wire.signing.openpgp.packets import dearmour, packets
from iotscan.wire.signing.openpgp.signatures import SignedData, read_cleartext, read_detached
from iotscan.wire.signing.public_keys import NoPublicKey
from iotscan.wire.signing.windows import Memory
from tests.wire.signing.openpgp_made import Gnupg
from tests.wire.signing.trying import state

TEXT = b"Origin: here\nSuite: stable\n\n- a dash, and spaces at the end  \n-\nlast\n"
OLD = "20200101T000000"


@pytest.fixture(scope="module")
def gnupg() -> Iterator[Gnupg]:
    # A socket of its agent lies in it: the path must be short.
    folder = Path(tempfile.mkdtemp())
    made = Gnupg(folder / "g")
    for name, algorithm in (("ed", "ed25519"), ("rsa", "rsa2048"), ("ec", "nistp256"), ("other", "ed25519")):
        made.make(name, algorithm)
    made.make("old", "ed25519", "1y", moment=OLD)
    yield made
    made.close()
    shutil.rmtree(folder, ignore_errors=True)


def artefact(read: SignedData) -> SignedArtefact:
    return SignedArtefact(
        path="x",
        format="apt-feed",
        protection="signed" if read.signatures else "unknown",
        signatures=read.signatures,
        damage=read.damage,
        problem=read.problem,
    )


def said(gnupg: Gnupg, names: list[str], signature: bytes, message: bytes | None = None) -> str:
    return judged(gnupg.trusted(*names), signature, message)


def judged(keys: tuple[TrustedKey, ...], signature: bytes, message: bytes | None) -> str:
    if message is not None:
        return state(artefact(read_detached(signature, Memory(message))), *keys)
    read = read_cleartext(signature)
    return "none" if read is None else state(artefact(read.signed), *keys)


@pytest.mark.parametrize("name", ["ed", "rsa", "ec"])
@pytest.mark.parametrize("how", [("--detach-sign",), ("--armor", "--detach-sign"), ("--textmode", "--detach-sign")])
def test_detached(gnupg: Gnupg, name: str, how: tuple[str, ...]) -> None:
    signature = gnupg.sign(name, TEXT, *how)
    for names, message in (([name], TEXT), (["other"], TEXT), ([name], TEXT + b"x"), (["other", name], TEXT)):
        verdict = said(gnupg, names, signature, message)
        assert (verdict == "verified") == gnupg.accepts(names, signature, message)
        assert verdict == ("broken" if message != TEXT else "verified" if name in names else "wrong-signer")


def test_lines_may_end_in_two_ways_where_the_signature_is_over_text(gnupg: Gnupg) -> None:
    signature, other = gnupg.sign("ed", TEXT, "--textmode", "--detach-sign"), TEXT.replace(b"\n", b"\r\n")
    assert said(gnupg, ["ed"], signature, other) == "verified"
    assert gnupg.accepts(["ed"], signature, other)


def test_cleartext(gnupg: Gnupg) -> None:
    signed = gnupg.sign("rsa", TEXT, "--clearsign")
    read = read_cleartext(signed)
    assert read is not None
    # Spaces at the end of a line are not signed, and nobody gets to see them.
    assert read.text == TEXT.replace(b"end  ", b"end")
    assert said(gnupg, ["rsa"], signed) == "verified"
    assert said(gnupg, ["other"], signed) == "wrong-signer"
    for changed in (
        b"Suite: other\n" + signed,
        signed + b"Suite: other\n",
        signed.replace(b"stable", b"unstable"),
        signed.replace(b"Hash: SHA", b"Comment: SHA"),
        signed.replace(b"Hash: SHA512", b"Hash: SHA1"),
    ):
        assert said(gnupg, ["rsa"], changed) in ("broken", "none")


def test_keys_that_ended(gnupg: Gnupg) -> None:
    signature = gnupg.sign("old", TEXT, moment="20200601T000000")
    assert said(gnupg, ["old"], signature, TEXT) == "expired"
    gnupg.make("gone")
    signature = gnupg.sign("gone", TEXT)
    assert said(gnupg, ["gone"], signature, TEXT) == "verified"
    revocation = gnupg.home / "openpgp-revocs.d" / f"{gnupg.fingerprint('gone')}.rev"
    # GnuPG keeps it with a colon in front, so that nobody imports it by accident.
    revocation.write_text(revocation.read_text().replace(":-----BEGIN", "-----BEGIN"))
    gnupg.gpg("--import", revocation)
    assert said(gnupg, ["gone"], signature, TEXT) == "present"
    assert "revoked" in gnupg.trusted("gone")[0].problem
    assert not gnupg.accepts(["gone"], signature, TEXT)


def test_a_signature_that_ended_and_a_weak_one(gnupg: Gnupg) -> None:
    short = read_detached(gnupg.sign("ed", TEXT, "--default-sig-expire", "30d", "--detach-sign"), Memory(TEXT))
    assert short.expires is not None
    assert short.signatures[0].claimed_time is not None
    assert (short.expires - short.signatures[0].claimed_time).days == 30
    weak = read_detached(gnupg.sign("rsa", TEXT, "--digest-algo", "SHA1", "--detach-sign"), Memory(TEXT))
    assert weak.signatures[0].digest == "sha1"
    assert weak.notes == ("signed over SHA1",)


def test_subkeys_sign_where_they_are_bound(gnupg: Gnupg) -> None:
    primary = gnupg.make("main")
    gnupg.gpg("--quick-add-key", primary, "rsa2048", "sign", "2y")
    signature = gnupg.sign("main", TEXT)
    both = gnupg.trusted("main")
    assert len(both) == 2
    assert both[1].expires is not None
    assert said(gnupg, ["main"], signature, TEXT) == "verified"
    ring = gnupg.ring("main")
    # Without what follows the subkey nobody has bound it: the last packet is the binding.
    keys = read_keyring(ring[: -3 - len(packets(ring)[-1].body)])
    assert keys[1].problem == "its primary key has not bound it"
    # In the middle of the binding lies what the subkey itself has signed, which its primary key does not sign.
    changed = bytearray(ring)
    changed[-len(packets(ring)[-1].body) // 2] ^= 1
    assert read_keyring(bytes(changed))[1].problem == "it has not signed its primary key"


def test_nobody_revokes_the_key_of_another(gnupg: Gnupg) -> None:
    gnupg.make("angry")
    revocation = (gnupg.home / "openpgp-revocs.d" / f"{gnupg.fingerprint('angry')}.rev").read_bytes()
    armoured = revocation[revocation.index(b":-----BEGIN") + 1 :]
    packet = dearmour(armoured, frozenset({"PUBLIC KEY BLOCK"}))
    ring = gnupg.ring("ed")
    after = 2 + len(packets(ring)[0].body)
    assert read_keyring(ring[:after] + packet + ring[after:]) == read_keyring(ring)


def test_keyrings_in_all_their_forms(gnupg: Gnupg) -> None:
    plain = read_keyring(gnupg.ring("ed", "rsa", "ec", "old"))
    assert [k.key.type for k in plain if k.key] == ["ed25519", "rsa", "ec", "ed25519"]
    assert [k.fingerprint for k in plain] == [gnupg.fingerprint(n) for n in ("ed", "rsa", "ec", "old")]
    assert plain[0].user == "ed <ed@example.org>"
    assert read_keyring(gnupg.ring("ed", "rsa", "ec", "old", armour=True)) == plain
    box = read_keyring((gnupg.home / "pubring.kbx").read_bytes())
    assert set(plain) <= set(box)
    for data in (b"", b"x" * 100, gnupg.ring("ed")[:-5], b"\x99" + b"\xff" * 80):
        with pytest.raises(NoPublicKey):
            read_keyring(data)


def test_a_key_that_nobody_vouches_for_is_none(gnupg: Gnupg) -> None:
    ring = gnupg.ring("rsa").replace(b"rsa@example.org", b"axa@example.org")
    assert read_keyring(ring)[0].problem == "no signature of its own holds"


def flips(data: bytes, count: int = 200) -> Iterator[bytes]:
    choice = random.Random(0)
    for at in sorted(choice.sample(range(len(data)), min(count, len(data)))):
        changed = bytearray(data)
        changed[at] ^= 1 << choice.randrange(8)
        yield bytes(changed)


@pytest.mark.parametrize("how", ["--detach-sign", "--clearsign"])
def test_a_flipped_byte_fails_unless_gnupg_takes_it(gnupg: Gnupg, how: str) -> None:
    """What is not signed of a signature is how long its parts are said to be, and hints: GnuPG takes those, too."""
    text = TEXT.replace(b"end  ", b"end")
    signed = gnupg.sign("ed", text, how)
    message = text if how == "--detach-sign" else None
    keys, taken = gnupg.trusted("ed"), 0
    for changed in flips(signed, 400):
        if judged(keys, changed, message) == "verified":
            taken += 1
            assert gnupg.accepts(["ed"], changed, message)
    assert taken < 10
    if message is not None:
        assert all(judged(keys, signed, changed) == "broken" for changed in flips(message))
    for end in range(0, len(signed) - 1, 3):
        assert judged(keys, signed[:end], message) != "verified"


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=300), st.binary(max_size=20))
def test_nothing_makes_it_raise(data: bytes, message: bytes) -> None:
    read_detached(data, Memory(message))
    read_detached(b"\x88" + data[:1] + data, Memory(message))
    read_cleartext(b"-----BEGIN PGP SIGNED MESSAGE-----\n" + data)
    for start in (b"", b"\x98" + data[:1], b"-----BEGIN PGP PUBLIC KEY BLOCK-----\n\n"):
        with contextlib.suppress(NoPublicKey):
            read_keyring(start + data)
