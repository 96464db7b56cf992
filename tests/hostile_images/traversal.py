"""Names that lead out of an archive, in each format that is a list of names: nothing lands anywhere but in the tree."""

from collections.abc import Callable, Iterable
from pathlib import Path

from tests.hostile_images import raw
from tests.hostile_images.case import BACKDOOR, FOUND_KEY, KEY, PASSWD, PLAIN, Case, Yard

ROOT: tuple[tuple[bytes, bytes], ...] = (
    (b"etc/passwd", PLAIN), (b"etc/shadow", b"root:*:1::::::\n"), (b"bin/sh", b"#!/bin/true\n"),
    (b"etc/os-release", b"ID=x\nVERSION_ID=1\n"), (b"usr/lib/x", b"x\n"),
)  # fmt: skip
"""A small root file system."""
_OUT = "lead out of it, left out: 1"
_NAMES: tuple[tuple[str, bytes, bool], ...] = (
    ("up and out", b"../../../../../../../../etc/passwd", False),
    ("up and out from a folder", b"usr/lib/../../../etc/passwd", False),
    ("up and out behind a dot", b"./../etc/passwd", False),
    ("up and out at its end", b"etc/../..", False),
    ("up, out and back in", b"../root/etc/passwd", False),
    ("up and out with slashes doubled", b"..//..//etc//passwd", False),
    ("absolute", b"/etc/passwd", True),
    ("absolute with slashes doubled", b"//etc///passwd", True),
    ("absolute with a detour", b"/usr/../etc/./passwd", True),
    ("with a detour inside", b"usr/lib/../../etc/passwd", True),
    ("with dots only", b"./././etc/passwd", True),
)
"""What it is called, the name, and whether unpacking places it inside as /etc/passwd."""
_FILES: tuple[tuple[str, bytes], ...] = (
    ("with backslashes", b"..\\..\\..\\etc\\passwd"),
    ("with a drive", b"C:\\Windows\\passwd"),
    ("with an encoded slash", b"..%2f..%2fetc%2fpasswd"),
    ("with an overlong slash", b"..\xc0\xaf..\xc0\xafetc\xc0\xafpasswd"),
    ("of a home", b"~root/.ssh/authorized_keys"),
    ("of dots and a blank", b".. /.. /etc/passwd"),
    ("of three dots", b".../.../etc/passwd"),
    ("of a pipe", b"|sh"),
)
"""Names that are odd, and lead nowhere else."""


def in_tar(members: Iterable[tuple[bytes, bytes]]) -> bytes:
    """A tar; names that are too long for a header stand in a pax header."""
    return raw.tar(*(
        raw.tar_file(name, data) if len(name) <= 100 else raw.pax([(b"path", name)]) + raw.tar_file(b"x", data)
        for name, data in members
    ))  # fmt: skip


def in_cpio(members: Iterable[tuple[bytes, bytes]]) -> bytes:
    """A cpio."""
    return raw.cpio(*(raw.cpio_member(name, data) for name, data in members))


FORMATS: dict[str, Callable[[list[tuple[bytes, bytes]]], bytes]] = {
    "tar": in_tar, "cpio": in_cpio, "zip": lambda members: raw.zipped(members),
}  # fmt: skip


def with_root(format: str, *members: tuple[bytes, bytes]) -> Callable[[Yard], Path]:
    """An archive of a small root file system and these."""
    return lambda yard: yard.write(f"image.{format}", FORMATS[format]([*ROOT, *members]))


def _cases() -> Iterable[Case]:
    for kind in FORMATS:
        for name, path, is_inside in _NAMES:
            yield Case(
                name=f"{kind}: a name {name}",
                build=with_root(kind, (path, PASSWD)),
                problem="" if is_inside else _OUT,
                finds=BACKDOOR if is_inside else "",
                never="" if is_inside else BACKDOOR,
            )
        for name, path in _FILES:
            # Python's zipfile refuses a whole table for one name that claims to be UTF-8 and is none.
            is_refused = kind == "zip" and b"\xc0" in path
            problem, finds = ("table of contents", "") if is_refused else ("", FOUND_KEY)
            build = with_root(kind, (path, KEY))
            yield Case(name=f"{kind}: a name {name}", build=build, problem=problem, finds=finds)


CASES = tuple(_cases())
