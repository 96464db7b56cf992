"""A small root file system with everything in it that a reader may get wrong, as a folder that tools pack.

Device nodes, owners and attributes need root. Without it the folder is built under ``fakeroot`` and packed under
the same state; what stands in it is then known by :attr:`Sample.expected` only, not by looking at the folder.
"""

import json
import os
import random
import stat
import struct
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import msgspec
import pytest

from tests.observe.image.sameness import Expected, expected_of
from tests.observe.network.daemons import tool

CAPABILITY = struct.pack("<5I", 0x02000001, 1 << 13, 0, 0, 0)
"""``cap_net_raw+ep`` as ``security.capability`` holds it (linux/capability.h: VFS_CAP_REVISION_2, effective)."""
RANDOM = random.Random(7).randbytes(300_001)  # a sample that is the same each time, no secret
"""Longer than one block of any format, and no compressor makes it smaller."""
LINES = b"".join(b"%06d the same words on every line of it\n" % number for number in range(7_000))
"""Longer than one block of any format, and compresses well."""
SPARSE_SIZE = 500_000
DEEP = 40


class Sample(msgspec.Struct, frozen=True, kw_only=True):
    """The folder, and what stands in it."""

    folder: Path
    expected: tuple[Expected, ...]
    wrapped: tuple[str, ...] = ()
    """What comes before a command that is to see the folder as it is meant."""

    def run(self, *command: str | Path, given: bytes = b"") -> bytes:
        """Run a tool in the folder; its standard output. Raises CalledProcessError."""
        words = [*self.wrapped, *map(str, command)]
        return subprocess.run(words, cwd=self.folder, input=given, check=True, stdout=subprocess.PIPE).stdout

    def needs_root(self, name: str) -> None:
        """Skip, loudly, for a program that fakeroot cannot show anything: a static one, one of Go."""
        if self.wrapped:
            pytest.skip(f"needs root: {name} calls the kernel itself, so that fakeroot shows it nothing")

    def paths(self) -> list[bytes]:
        """Every path without its first slash, folders before what is in them, as lists for tools want them."""
        return [os.fsencode(entry.path[1:]) for entry in self.expected]


def build(place: Path) -> Sample:
    """Build the sample as ``place/sample``. Skips where this takes a tool that is not installed."""
    folder = place / "sample"
    wrapped: tuple[str, ...] = ()
    if not _makes_devices(place):
        state = str(place / "fakeroot")
        Path(state).touch()
        wrapped = (tool("fakeroot", "fakeroot"), "-i", state, "-s", state, "--")
    here = Path(__file__).parents[3]
    words = [*wrapped, sys.executable, "-m", "tests.observe.image.sample", str(folder)]
    said = subprocess.run(words, cwd=here, check=True, stdout=subprocess.PIPE).stdout
    return Sample(folder=folder, expected=msgspec.convert(json.loads(said), tuple[Expected, ...]), wrapped=wrapped)


def _makes_devices(place: Path) -> bool:
    """Root alone is not enough: a container may have lost the capability."""
    try:
        os.mknod(place / "tried", stat.S_IFCHR, os.makedev(1, 3))
    except OSError:
        return False
    (place / "tried").unlink()
    return True


def fill(root: Path) -> None:
    """Make the files. As root, real or fake."""
    _files(root)
    _names(root)
    _links(root)
    _special(root)


def _files(root: Path) -> None:
    for name in ("etc/init.d", "usr/bin", "usr/lib", "tmp", "var/empty", "dev", "odd"):
        (root / name).mkdir(parents=True)
    _write(root / "etc/passwd", b"root:x:0:0:root:/root:/bin/sh\ndaemon:x:1:1::/:/bin/false\n")
    _write(root / "etc/hostname", b"gateway")
    _write(root / "etc/empty", b"")
    _write(root / "etc/init.d/rcS", b"#!/bin/sh\nexit 0\n", 0o755)
    _write(root / "usr/lib/random.bin", RANDOM)
    _write(root / "usr/lib/lines.txt", LINES)
    _write(root / "usr/lib/one-block", RANDOM[: 128 << 10])
    with (root / "var/sparse").open("wb") as file:
        file.write(b"begin")
        file.seek(200_000)
        file.write(b"middle")
        file.seek(SPARSE_SIZE - 3)
        file.write(b"end")


def _names(root: Path) -> None:
    names: Sequence[bytes] = (
        b"\xff\xfe latin \xe9", b"line\nbreak", b"esc\x1b[31m", b"back\\slash", b"Case", b"case", b"...", b"-rf",
        b" spaces ", "prüfung ☃".encode(), b"n" * 255,
    )  # fmt: skip
    for number, name in enumerate(names):
        _write(Path(os.fsdecode(os.path.join(os.fsencode(root / "odd"), name))), b"%d" % number)
    deep = root / "odd" / "/".join("d" * DEEP)
    deep.mkdir(parents=True)
    _write(deep / "bottom", b"here")


def _links(root: Path) -> None:
    (root / "bin").symlink_to("usr/bin")
    (root / "usr/bin/relative").symlink_to("../../etc/init.d/rcS")
    (root / "usr/bin/absolute").symlink_to("/etc/passwd")
    (root / "usr/bin/dangling").symlink_to("/nothing/there")
    (root / "usr/bin/outside").symlink_to("../../../../../../etc/passwd")
    (root / "usr/bin/loop-a").symlink_to("loop-b")
    (root / "usr/bin/loop-b").symlink_to("loop-a")
    (root / "usr/bin/long").symlink_to("/".join(["x" * 90] * 8))
    os.link(root / "etc/init.d/rcS", root / "usr/bin/rcS")
    os.link(root / "etc/init.d/rcS", root / "var/rcS")
    os.link(root / "usr/lib/random.bin", root / "var/random.bin")


def _special(root: Path) -> None:
    os.mkfifo(root / "dev/pipe", 0o640)
    os.mknod(root / "dev/null", stat.S_IFCHR | 0o666, os.makedev(1, 3))
    os.mknod(root / "dev/mmcblk0p12", stat.S_IFBLK | 0o660, os.makedev(179, 12))
    (root / "dev/null").chmod(0o666)
    _write(root / "usr/bin/su", b"\x7fELF", 0o4755)
    _write(root / "usr/bin/crontab", b"\x7fELF", 0o2755)
    _write(root / "usr/bin/ping", b"\x7fELF ping", 0o755)
    _write(root / "etc/shadow", b"root:*:1::::::\n", 0o640)
    _write(root / "etc/nobody", b"", 0o000)
    (root / "tmp").chmod(0o1777)
    os.chown(root / "etc/shadow", 0, 42)
    os.chown(root / "var/empty", 1000, 1001)
    os.chown(root / "usr/bin/dangling", 1000, 1000, follow_symlinks=False)
    os.chown(root / "usr/lib/lines.txt", 65534, 65534)
    os.setxattr(root / "usr/bin/ping", "security.capability", CAPABILITY)
    os.setxattr(root / "etc/hostname", "user.comment", b"text\0and \xff bytes")
    os.setxattr(root / "var/empty", "user.folder", b"yes")


def _write(path: Path, content: bytes, mode: int = 0o644) -> None:
    path.write_bytes(content)
    path.chmod(mode)


if __name__ == "__main__":
    os.umask(0o022)
    target = Path(sys.argv[1])
    target.mkdir()
    fill(target)
    # json, as msgspec's own writer takes no lone surrogates: names that are no UTF-8 hold them.
    json.dump(msgspec.to_builtins(expected_of(target)), sys.stdout)
