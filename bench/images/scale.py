"""Whether time grows with what there is and memory does not: up to 2 GB and 500,000 names.

The files are half text, half bytes that nothing packs: none is sparse, none is twice the same.
"""

import random
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

import msgspec

from bench.images.spending import OURS_MAY_END, Spent, ours, spend
from bench.table import Row, times

_A_FOLDER = 200
_WORDS = (
    "listen port host server enabled disabled gateway sensor interval retry https://cloud.example.net/api update "
    "status message queue topic user group true false 10 443 8883 path /var/lib/data client timeout level log"
)


class Size(msgspec.Struct, frozen=True, kw_only=True):
    """``files`` of ``total`` bytes together."""

    name: str
    files: int
    total: int


_EMPTY = Size(name="empty", files=2, total=100)
"""What is spent on it is the start, and the checks: it is taken off."""
_FORMATS = ("squashfs", "tar", "ext4")
SIZES = (
    Size(name="base", files=10_000, total=250_000_000),
    Size(name="bytes", files=10_000, total=2_000_000_000),
    Size(name="names", files=495_000, total=1_000_000_000),
)
"""The first is what the others are compared with. Folders count as names: 500,000 is the limit of an image."""


def scale(env: Mapping[str, str], home: Path) -> list[Row]:
    """The rows: what a megabyte costs of the one, a file of the other, against the same of the first."""
    spent: dict[tuple[str, str], Spent] = {}
    for size in (_EMPTY, *SIZES):
        folder = home / size.name
        grow(folder, size)
        for form in _FORMATS:
            image = _made(form, folder, size)
            spent[size.name, form] = spend(ours(str(image), str(home / "out")), env, may_end=OURS_MAY_END)
            image.unlink()
        shutil.rmtree(folder)
    return [_row(size, form, spent) for size in SIZES for form in _FORMATS]


def _row(size: Size, form: str, spent: Mapping[tuple[str, str], Spent]) -> Row:
    base, cost = SIZES[0], spent[size.name, form]
    first, start = spent[base.name, form], spent[_EMPTY.name, form].cpu
    is_bytes = size.name == "bytes"
    much, little = (size.total, base.total) if is_bytes else (size.files, base.files)
    return Row(
        what=f"{size.files:,} files, {size.total / 1e6:,.0f} MB, {form}",
        measured=cost.shown(),
        against="" if size is base else f"{first.cpu:.2f} s cpu, {first.peak / 2**20:.0f} MiB",
        ratio=""
        if size is base
        else f"{times((cost.cpu - start) / much, (first.cpu - start) / little)} cpu a {'byte' if is_bytes else 'file'}",
        target="<= 300 MiB" if size is base else "<= 1.1x, 300 MiB",
    )


def grow(root: Path, size: Size) -> None:
    """Write the files of a size below ``root``, the same each time."""
    dice = random.Random(7)
    pool = _text(dice)
    for name in ("bin", "lib", "etc"):
        (root / name).mkdir(parents=True)
    (root / "etc" / "passwd").write_text("root:x:0:0:root:/root:/bin/sh\n")
    (root / "etc" / "shadow").write_text("root:*:19000:0:99999:7:::\n")
    mean = size.total // size.files
    folder = root
    for number in range(size.files - 2):
        if number % _A_FOLDER == 0:
            part = number // _A_FOLDER
            folder = root / "usr" / ("lib" if part % 2 else "share") / f"part{part // 50:03}" / f"set{part % 50:02}"
            folder.mkdir(parents=True)
        length = dice.randrange(mean // 4, mean * 7 // 4)
        if number % 2:
            (folder / f"data{number}.bin").write_bytes(dice.randbytes(length))
        else:
            ending = "conf" if number % 10 == 0 else "txt"
            (folder / f"item{number}.{ending}").write_bytes(_lines(pool, number, length, dice))


def _lines(pool: bytes, number: int, length: int, dice: random.Random) -> bytes:
    data = b"# %d\n" % number
    while len(data) < length:
        at = dice.randrange(len(pool) - 1)
        data += pool[at : at + length - len(data)]
    return data


def _text(dice: random.Random) -> bytes:
    lines, known = [], _WORDS.split()
    for _ in range(40_000):
        words = dice.choices(known, k=8)
        forms = (
            f"{words[0]}_{words[1]} = {dice.randrange(100_000)}",
            f"# {' '.join(words)}",
            f'{words[0]}: "{words[2]}"',
        )
        lines.append(dice.choice(forms))
    return "\n".join(lines).encode()


def _made(form: str, folder: Path, size: Size) -> Path:
    image = folder.with_suffix(f".{form}")
    room = (size.total + size.files * 4096) * 5 // 4 // 2**20
    commands = {
        "squashfs": ("mksquashfs", str(folder), str(image), "-comp", "zstd", "-Xcompression-level", "1", "-quiet",
                     "-no-progress"),
        "tar": ("tar", "-C", str(folder), "-cf", str(image), "."),
        "ext4": ("mke2fs", "-q", "-t", "ext4", "-N", str(size.files * 21 // 20 + 1000), "-d", str(folder), str(image),
                 f"{room}M"),
    }  # fmt: skip
    subprocess.run(commands[form], check=True, stdout=subprocess.DEVNULL)
    return image
