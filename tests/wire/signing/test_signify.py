"""Signatures of signify and minisign, made and verified by themselves: the same answer on every sample."""

import contextlib
import random
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from iotscan.model.facts import TrustedKey
from iotscan.wire.signing.feed_keys import usign_keys
from iotscan.wire.signing.public_keys import NoPublicKey
from iotscan.wire.signing.signify import read_message, read_signify, read_signify_key
from iotscan.wire.signing.windows import Memory
from tests.wire.signing.trying import accepts, run, state, tool

MESSAGE = b"Package: x\nVersion: 1\n" * 20
LONG = MESSAGE * 60
"""More than what a fact keeps of a message."""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("signify")
    signify, minisign = tool("signify-openbsd", "signify-openbsd"), tool("minisign", "minisign")
    (made / "m").write_bytes(MESSAGE)
    (made / "long").write_bytes(LONG)
    for name in ("signify", "other"):
        run(signify, "-G", "-n", "-p", f"{name}.pub", "-s", f"{name}.sec", cwd=made)
    run(minisign, "-G", "-W", "-f", "-p", "minisign.pub", "-s", "minisign.sec", cwd=made)
    for message in ("m", "long"):
        run(signify, "-S", "-s", "signify.sec", "-m", message, "-x", f"{message}.signify", cwd=made)
        run(minisign, "-S", "-s", "minisign.sec", "-m", message, "-x", f"{message}.minisign", "-t", "v1", cwd=made)
        run(minisign, "-S", "-l", "-s", "minisign.sec", "-m", message, "-x", f"{message}.legacy", "-t", "v1", cwd=made)
    return made


def key(folder: Path, name: str) -> TrustedKey:
    public = read_signify_key((folder / f"{name}.pub").read_bytes())
    return TrustedKey(use="given", path=f"/{name}.pub", key=public.key, name=public.number)


def verdict(folder: Path, message: bytes, signature: bytes, by: TrustedKey) -> str:
    assert by.key is not None
    return state(read_signify("firmware.bin", Memory(message), signature, [by.key]), by)


def theirs(folder: Path, message: bytes, signature: bytes, kind: str) -> bool:
    (folder / "v").write_bytes(message)
    (folder / "v.sig").write_bytes(signature)
    if kind == "signify":
        words = ("signify-openbsd", "-V", "-q", "-p", "signify.pub", "-m", "v", "-x", "v.sig")
    else:
        words = ("minisign", "-V", "-q", "-p", "minisign.pub", "-m", "v", "-x", "v.sig")
    return accepts(*words, cwd=folder)


@pytest.mark.parametrize("message", ["m", "long"])
@pytest.mark.parametrize("kind", ["signify", "minisign", "legacy"])
def test_each_says_what_its_maker_says(folder: Path, kind: str, message: str) -> None:
    data, signature = (folder / message).read_bytes(), (folder / f"{message}.{kind}").read_bytes()
    right = key(folder, "signify" if kind == "signify" else "minisign")
    assert verdict(folder, data, signature, right) == "verified"
    assert theirs(folder, data, signature, kind)
    assert verdict(folder, data, signature, key(folder, "other")) == "wrong-signer"
    assert verdict(folder, data + b"x", signature, right) == "wrong-signer"
    assert not theirs(folder, data + b"x", signature, kind)
    for end in range(0, len(signature) - 1, 7):
        assert verdict(folder, data, signature[:end], right) != "verified"


@pytest.mark.parametrize("kind", ["signify", "minisign", "legacy"])
def test_a_flipped_byte_fails_unless_its_maker_takes_it(folder: Path, kind: str) -> None:
    """Nobody signs the untrusted comment, and a verifier that is given a key does not ask for its number."""
    signature = (folder / f"m.{kind}").read_bytes()
    right = key(folder, "signify" if kind == "signify" else "minisign")
    choice, comment = random.Random(0), signature.index(b"\n")
    number = range(comment + 1, comment + 16)
    for at in range(len(signature)):
        changed = bytearray(signature)
        changed[at] ^= 1 << choice.randrange(8)
        if verdict(folder, MESSAGE, bytes(changed), right) == "verified" and not theirs(
            folder, MESSAGE, bytes(changed), kind
        ):
            assert at in number
    for at in choice.sample(range(len(MESSAGE)), 200):
        changed = bytearray(MESSAGE)
        changed[at] ^= 1 << choice.randrange(8)
        assert verdict(folder, bytes(changed), signature, right) == "wrong-signer"


def test_a_trusted_comment_is_signed(folder: Path) -> None:
    signature = (folder / "m.minisign").read_bytes()
    right = key(folder, "minisign")
    assert right.key is not None
    read = read_signify("firmware.bin", Memory(MESSAGE), signature, [right.key])
    assert read is not None
    assert (read.variant, read.version) == ("minisign", "v1")
    assert verdict(folder, MESSAGE, signature.replace(b"comment: v1", b"comment: v2"), right) == "broken"
    # Without the key the two signatures count for nothing: one of them alone proves no comment.
    assert state(read_signify("firmware.bin", Memory(MESSAGE), signature), right) == "present"


def test_a_short_message_needs_no_key_when_it_is_read(folder: Path) -> None:
    for name, said in (("m", "verified"), ("long", "present")):
        signature = (folder / f"{name}.signify").read_bytes()
        found = read_signify("f", Memory((folder / name).read_bytes()), signature)
        assert state(found, key(folder, "signify")) == said
    assert read_signify("f", Memory(b""), None) is None
    assert read_signify("f", Memory(b""), b"<html>") is None


def test_keys_of_opkg(folder: Path) -> None:
    data = (folder / "signify.pub").read_bytes()
    number = read_signify_key(data).number
    assert usign_keys(data, f"/etc/opkg/keys/{number}")[0].key is not None
    assert "is not the number" in usign_keys(data, "/etc/opkg/keys/0123456789abcdef")[0].problem
    assert usign_keys((folder / "signify.sec").read_bytes(), "/etc/opkg/keys/x")[0].problem
    assert usign_keys(b"", "/etc/opkg/keys/x")[0].problem


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=200))
def test_nothing_makes_it_raise(data: bytes) -> None:
    for start in (b"", b"untrusted comment: x\n", b"untrusted comment: x\nRW"):
        read_message(start + data, Memory(data))
        with contextlib.suppress(NoPublicKey):
            read_signify_key(start + data)
