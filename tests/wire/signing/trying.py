"""Samples of signed artefacts, what is said of them, and what a flipped byte or a cut makes of it."""

import random
import shutil
import subprocess
from collections.abc import Callable, Iterable
from pathlib import Path

import pytest

from iotscan.assess.artefacts import judge_artefact
from iotscan.model.facts import PublicKey, SignedArtefact, TrustedKey
from iotscan.wire.signing.public_keys import describe_key
from iotscan.wire.signing.windows import Memory
from tests.wire.signing.made import NOW

Reading = Callable[[bytes], SignedArtefact | None]


def tool(name: str, package: str) -> str:
    """The path of a program, or a loud skip that names its Debian package."""
    path = shutil.which(name, path="/usr/sbin:/usr/bin:/sbin:/bin")
    if path is None:
        pytest.skip(f"needs {name}: apt install {package}")
    return path


def run(*words: str | Path, cwd: Path) -> str:
    done = subprocess.run(words, cwd=cwd, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def accepts(*words: str | Path, cwd: Path) -> bool:
    """Whether a verifier ends with 0."""
    return subprocess.run(words, cwd=cwd, capture_output=True, check=False).returncode == 0


def trusted(key: object, use: str = "given") -> TrustedKey:
    """A key that the device trusts: of a private key, a public one or the fact."""
    if hasattr(key, "public_key"):
        key = key.public_key()
    public = key if isinstance(key, PublicKey) else describe_key(key)  # type: ignore[arg-type]  # made by a_key
    return TrustedKey(use=use, path="/etc/key.pem", key=public)  # type: ignore[arg-type]  # a use


def state(found: SignedArtefact | None, *keys: TrustedKey) -> str:
    """What is said of an artefact; ``none`` where the bytes are no such one."""
    return "none" if found is None else judge_artefact(found, keys, NOW).state


def survivors(data: bytes, read: Reading, key: TrustedKey, count: int = 200) -> Iterable[tuple[int, bytes]]:
    """Flip one bit of ``count`` random bytes, each in a copy of its own: the copies that are still verified."""
    assert state(read(data), key) == "verified"
    choice = random.Random(0)
    for at in sorted(choice.sample(range(len(data)), min(count, len(data)))):
        changed = bytearray(data)
        changed[at] ^= 1 << choice.randrange(8)
        if state(read(bytes(changed)), key) == "verified":
            yield at, bytes(changed)


def verified_cuts(data: bytes, read: Reading, key: TrustedKey, ends: Iterable[int]) -> list[int]:
    """The ends after which a copy that is cut there is still verified."""
    return [end for end in ends if 0 <= end < len(data) and state(read(data[:end]), key) == "verified"]


def mutated(data: bytes, changes: list[tuple[int, int]], cut: int) -> bytes:
    """A copy with some bytes changed, and cut: for hypothesis."""
    changed = bytearray(data)
    for at, value in changes:
        changed[at % len(changed)] = value
    return bytes(changed[: len(changed) - cut % (len(changed) // 2)])


def memory(data: bytes) -> Memory:
    return Memory(data)
