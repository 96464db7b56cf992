"""Programs signed by evmctl, modules signed by the sign-file of the kernel; evmctl says the same of each program."""

import base64
import random
import struct
import subprocess
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from iotscan.assess.code import judge_code
from iotscan.model.facts import CodeSignature, TrustedKey
from iotscan.wire.signing.code import read_ima, read_module
from tests.wire.signing.signers import Signer, a_signer, flipped, run, tool

MARK = b"~Module signature appended~\n"
CONTENT = random.Random(3).randbytes(900)
Reading = Callable[[bytes, bytes], CodeSignature | None]


class Bench:
    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.rsa = a_signer(folder, "rsa", kind="rsa")
        self.ec = a_signer(folder, "ec")
        self.other = a_signer(folder, "other", kind="rsa")
        self.sign_file = next(iter(sorted(Path("/usr/lib").glob("linux-kbuild-*/scripts/sign-file"))), None)

    def program(self, signer: Signer, digest: str = "sha256") -> bytes:
        """The attribute that evmctl makes for the content."""
        file = self.folder / "program"
        file.write_bytes(CONTENT)
        words = ("ima_sign", "--sigfile", "--hashalgo", digest, "--key", signer.key_file, file)
        run(tool("evmctl", "ima-evm-utils"), *words)
        return (self.folder / "program.sig").read_bytes()

    def module(self, signer: Signer) -> bytes:
        """The content as a signed module."""
        file, made = self.folder / "module.ko", self.folder / "signed.ko"
        file.write_bytes(CONTENT)
        if self.sign_file is not None:
            run(self.sign_file, "sha256", signer.key_file, signer.file, file, made)
            return made.read_bytes()
        # The package of the kernel's own tool has the kernel's version in its name.
        words = ("cms", "-sign", "-binary", "-noattr", "-nocerts", "-md", "sha256", "-outform", "DER", "-in", file)
        run(tool("openssl", "openssl"), *words, "-signer", signer.file, "-inkey", signer.key_file, "-out", made)
        message = made.read_bytes()
        return CONTENT + message + struct.pack(">BBBBBxxxI", 0, 0, 2, 0, 0, len(message)) + MARK


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Bench:
    return Bench(tmp_path_factory.mktemp("code"))


def key_of(signer: Signer, use: str = "ima") -> TrustedKey:
    return msgspec.structs.replace(signer.trusted("given"), use=use)


def state(found: CodeSignature | None, *keys: TrustedKey) -> str:
    """Which of the five a file is."""
    if found is None:
        return "unsigned"
    verdict = judge_code([found], keys)
    return next(name for name in ("verified", "broken", "foreign", "untried") if getattr(verdict, name))


def program(attribute: bytes, content: bytes = CONTENT) -> CodeSignature | None:
    return read_ima("/bin/program", attribute, content)


@pytest.mark.parametrize("kind", ["rsa", "ec"])
@pytest.mark.parametrize("digest", ["sha1", "sha256", "sha512"])
def test_a_program(bench: Bench, kind: str, digest: str) -> None:
    signer: Signer = getattr(bench, kind)
    found = program(bench.program(signer, digest))
    assert found is not None
    assert (found.digest, found.problem, found.damage) == (digest, "", "")
    assert state(found, key_of(signer)) == "verified"
    assert state(found, key_of(signer, "given")) == "verified"
    assert state(found, key_of(signer, "rauc")) == "untried"
    assert state(found) == "untried"
    assert state(found, key_of(bench.other)) == "foreign"
    changed = program(bench.program(signer, digest), CONTENT[:-1])
    assert state(changed, key_of(signer)) == "broken"


@pytest.mark.parametrize("kind", ["rsa", "ec"])
def test_a_module(bench: Bench, kind: str) -> None:
    signer: Signer = getattr(bench, kind)
    found = read_module("/lib/m.ko", bench.module(signer))
    assert state(found, key_of(signer, "module")) == "verified"
    assert state(found, key_of(bench.other, "module")) == "foreign"
    assert state(found, key_of(signer, "ima")) == "untried"
    bare = msgspec.structs.replace(key_of(signer, "given"), certificate=None, key=signer.trusted("given").public)
    assert state(found, bare) == "verified"


def test_a_key_that_came_with_an_update_proves_nothing(bench: Bench) -> None:
    found = program(bench.program(bench.rsa))
    assert state(found, msgspec.structs.replace(key_of(bench.rsa), within=("update.raucb",))) == "untried"


def test_one_flipped_byte_fails(bench: Bench) -> None:
    attribute, module = bench.program(bench.rsa), bench.module(bench.ec)
    for at, data in flipped(attribute):
        # Bytes 3 to 6 name the key: another name is another key.
        assert state(program(data), key_of(bench.rsa)) != "verified", at
    for at, data in flipped(CONTENT):
        assert state(program(attribute, data), key_of(bench.rsa)) == "broken", at
    for at, data in flipped(module):
        found = read_module("m", data)
        assert state(found, key_of(bench.ec, "module")) != "verified", at


def test_what_is_not_read_is_not_verified(bench: Bench) -> None:
    attribute = bench.program(bench.rsa)
    large = read_ima("/bin/large", attribute, None)
    assert large is not None
    assert "larger" in large.problem
    verity = read_ima("/bin/verity", b"\x06\x03" + attribute[2:], CONTENT)
    assert verity is not None
    assert "fs-verity" in verity.problem
    for cut in range(1, len(attribute)):
        assert state(program(attribute[:cut]), key_of(bench.rsa)) in ("unsigned", "broken", "untried"), cut
    module = bench.module(bench.rsa)
    for cut in range(0, len(module), 7):
        assert state(read_module("m", module[:cut]), key_of(bench.rsa, "module")) != "verified", cut


@given(st.binary(max_size=80), st.binary(max_size=40))
def test_any_bytes_are_read(attribute: bytes, content: bytes) -> None:
    read_ima("p", attribute, content)
    read_module("m", content + attribute + MARK)


def test_evmctl_says_the_same(bench: Bench) -> None:
    attribute = bench.program(bench.rsa)
    file, der = bench.folder / "asked", bench.folder / "rsa.der"
    der.write_bytes(base64.b64decode(bench.rsa.certificate.der))
    changes = [(attribute, CONTENT), (attribute, CONTENT + b"\0")]
    changes += [(data, CONTENT) for _, data in flipped(attribute, 8)]
    for data, content in changes:
        file.write_bytes(content)
        (bench.folder / "asked.sig").write_bytes(data)
        words = [tool("evmctl", "ima-evm-utils"), "ima_verify", "--sigfile", "--key", der, file]
        accepts = subprocess.run(words, capture_output=True, check=False).returncode == 0
        assert (state(program(data, content), key_of(bench.rsa)) == "verified") == accepts
