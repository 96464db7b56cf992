"""The gate on an image folder of 10,000 files, against reading the same files."""

import os
import random
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from subprocess import DEVNULL, run

from bench.table import Row, times

FILES, TURNS = 10_000, 3


def images(env: Mapping[str, str], home: Path) -> list[Row]:
    """The row about a large image."""
    root = _build(home / "gateway")
    out = str(home / "image-out")
    gate = (sys.executable, "-m", "iotscan", "image", str(root), "--fail-on", "high", "-q", "-o", out)
    read = ("find", str(root), "-type", "f", "-exec", "cat", "{}", "+")
    took = {name: min(_seconds(words, env) for _ in range(TURNS)) for name, words in (("gate", gate), ("read", read))}
    return [
        Row(
            what=f"iotscan image, {FILES:,} files, start-up included",
            measured=f"{took['gate']:.2f} s",
            against=f"find -exec cat {took['read']:.2f} s",
            ratio=times(took["gate"], took["read"]),
        )
    ]


def _build(root: Path) -> Path:
    dice = random.Random(7)
    for name in ("bin", "lib", "etc"):
        (root / name).mkdir(parents=True, exist_ok=True)
    (root / "etc" / "passwd").write_text("root:x:0:0:root:/root:/bin/sh\n")
    (root / "etc" / "shadow").write_text("root:*:19000:0:99999:7:::\n")
    for number in range(FILES - 2):
        folder = root / "usr" / "lib" / f"part{number % 100:02}"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"file{number}").write_bytes(dice.randbytes(dice.randrange(200, 8000)))
    return root


def _seconds(words: Sequence[str], env: Mapping[str, str]) -> float:
    began = time.perf_counter()
    code = run(words, env=env, check=False, stdout=DEVNULL, stderr=DEVNULL).returncode
    took = time.perf_counter() - began
    if code not in (0, 1):
        sys.exit(f"{os.path.basename(words[0])} ended with {code}")
    return took
