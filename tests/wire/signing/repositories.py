"""Repositories in memory, for the readers of feeds: what is there by name, with some of it changed."""

import random
from collections.abc import Callable, Iterator
from pathlib import Path

from iotscan.model.facts import SignedArtefact, TrustedKey
from iotscan.wire.signing.windows import Memory
from tests.wire.signing.trying import state

Contents = dict[str, bytes]
Reading = Callable[[Contents], SignedArtefact | None]


def contents(folder: Path) -> Contents:
    """All files below a folder."""
    return {str(p.relative_to(folder)): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


def write(folder: Path, files: Contents) -> None:
    for name, data in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)


def named(files: Contents) -> Callable[[str], Memory | None]:
    """What the readers of feeds take."""
    return lambda name: Memory(files[name]) if name in files else None


def flipped(files: Contents, count: int, seed: int = 0) -> Iterator[tuple[str, int, Contents]]:
    """Copies with one bit of ``count`` random bytes flipped, in whichever file."""
    choice = random.Random(seed)
    places = [(name, at) for name, data in sorted(files.items()) for at in range(len(data))]
    for name, at in choice.sample(places, min(count, len(places))):
        changed = bytearray(files[name])
        changed[at] ^= 1 << choice.randrange(8)
        yield name, at, files | {name: bytes(changed)}


def survivors(
    files: Contents, read: Reading, keys: tuple[TrustedKey, ...], count: int = 200
) -> list[tuple[str, int, Contents]]:
    """The copies with a flipped bit that are still verified, and where it is."""
    assert state(read(files), *keys) == "verified"
    return [found for found in flipped(files, count) if state(read(found[2]), *keys) == "verified"]


def cut(files: Contents) -> Iterator[tuple[str, Contents]]:
    """Copies with one file cut short at some places, or empty."""
    for name, data in files.items():
        for part in (0, 1, len(data) // 2, len(data) - 1):
            yield name, files | {name: data[:part]}
