"""Folders: root file systems that lie unpacked on the host, with everything in them that could lead out of them."""

import os
import socket
import stat
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from tests.hostile_images.case import BACKDOOR, FOUND_KEY, KEY, PASSWD, PLAIN, SMALL, Case, Yard

LOST = "leads nowhere|cannot be read|not a regular file|is no file|too long|a folder"
ODD_NAMES = (
    b"esc\x1b]0;owned\x07\x1b[2J",
    b"bidi\xe2\x80\xae\xe2\x81\xa6gnp.exe",
    b"line\nOK: nothing found",
    b"\xff\xfe\xed\xa0\x80",
    b"\xc2\x9b31m",
    b"tab\tand\rreturn",
    b"[bold][link=evil]x",
    b"<script>alert(1)<script>",
    b"$(reboot)`id`",
    b"%s%n{0.__class__}{{7*7}}",
    b"-rf",
    b"n" * 255,
    b"\xe2\x80\x8b",
    b" ",
    b"...",
    b"con.txt:stream",
    b"\xf3\xa0\x81\x81",
)


def root(yard: Yard, files: dict[str, bytes] | None = None, *, name: str = "root") -> Path:
    """A small root file system."""
    if files is None:
        files = {}
    folder = yard.place / name
    whole = {"etc/passwd": PLAIN, "etc/shadow": b"root:*:1::::::\n", "etc/os-release": b"ID=x\nVERSION_ID=1\n",
             "bin/sh": b"#!/bin/true\n", "usr/lib/x": b"x\n", **files}  # fmt: skip
    for path, data in whole.items():
        place = folder / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(data)
    return folder


def changed(change: Callable[[Path, Yard], None]) -> Callable[[Yard], Path]:
    """A root file system after a change."""

    def build(yard: Yard) -> Path:
        folder = root(yard)
        change(folder, yard)
        return folder

    return build


def _linked(path: str, to: str) -> Callable[[Yard], Path]:
    """``path`` is a link; ``CANARY`` in its text is the host's canary."""

    def change(folder: Path, yard: Yard) -> None:
        place = folder / path
        if place.is_dir():
            os.rename(place, folder / "moved")
        elif place.exists():
            place.unlink()
        place.symlink_to(to.replace("CANARY", str(yard.canary)).replace("UP", "../" * 40))

    return changed(change)


def _node(path: str, mode: int, device: int = 0) -> Callable[[Yard], Path]:
    def change(folder: Path, yard: Yard) -> None:
        (folder / path).unlink()
        try:
            os.mknod(folder / path, mode | 0o644, device)
        except PermissionError:
            pytest.skip("needs root to make device nodes")

    return changed(change)


def _socket(folder: Path, yard: Yard) -> None:
    (folder / "etc/shadow").unlink()
    here = os.getcwd()
    os.chdir(folder / "etc")
    try:
        with socket.socket(socket.AF_UNIX) as one:
            one.bind("shadow")
    finally:
        os.chdir(here)


def _farm(folder: Path, yard: Yard) -> None:
    """Each link is the one before twice: following all is 2^60 steps."""
    (folder / "farm").mkdir()
    (folder / "farm/l0").symlink_to("../etc")
    for number in range(1, 60):
        (folder / f"farm/l{number}").symlink_to(f"l{number - 1}/../farm/l{number - 1}")
    (folder / "etc/passwd").unlink()
    (folder / "etc/passwd").symlink_to("../farm/l59/shadow")


def _odd_names(folder: Path, yard: Yard) -> None:
    """In every folder that somebody lists, and with what everybody looks for."""
    for where in (
        "etc",
        "etc/init.d",
        "etc/nginx",
        "etc/systemd/system",
        "etc/ssl/certs",
        "etc/cron.d",
        "usr/bin",
        "etc/config",
        "etc/modprobe.d",
        "lib/modules",
        "etc/sudoers.d",
        "root/.ssh",
        "boot",
        "home",
    ):
        (folder / where).mkdir(parents=True, exist_ok=True)
        for number, name in enumerate(ODD_NAMES):
            place = os.path.join(os.fsencode(folder / where), name)
            with open(place, "wb") as file:
                file.write(KEY if number % 2 else b"#!/bin/sh\n" + name)
            os.chmod(place, 0o4777 if number % 3 else 0o666)


def _deep(folder: Path, yard: Yard) -> None:
    """Deeper than anybody may go, with the account at the bottom."""
    place = folder / "usr" / "/".join("d" * 200)
    place.mkdir(parents=True)
    (place / "key.pem").write_bytes(KEY)


def _beyond(folder: Path, yard: Yard) -> None:
    """A path that is longer than the system takes at once: made from inside."""
    here = os.open(folder / "usr", os.O_RDONLY)
    try:
        for _ in range(18):
            os.mkdir("n" * 250, dir_fd=here)
            inner = os.open("n" * 250, os.O_RDONLY, dir_fd=here)
            os.close(here)
            here = inner
        os.close(os.open("hidden", os.O_CREAT | os.O_WRONLY, dir_fd=here))
    finally:
        os.close(here)


def _edge(folder: Path, yard: Yard) -> None:
    """Its folder can be listed, but a name in it makes a path that the system does not take."""
    here = os.open(folder / "usr", os.O_RDONLY)
    left = 4095 - len(str(folder / "usr")) - 100
    try:
        while left > 0:
            name = "n" * min(250, left)
            os.mkdir(name, dir_fd=here)
            inner = os.open(name, os.O_RDONLY, dir_fd=here)
            os.close(here)
            here, left = inner, left - len(name) - 1
        os.close(os.open("h" * 200, os.O_CREAT | os.O_WRONLY, dir_fd=here))
    finally:
        os.close(here)


def _sparse(path: str, size: int = 1 << 40) -> Callable[[Yard], Path]:
    def change(folder: Path, yard: Yard) -> None:
        os.truncate(folder / path, size)

    return changed(change)


def _many(folder: Path, yard: Yard) -> None:
    (folder / "var").mkdir()
    for number in range(1_500):
        (folder / f"var/{number}").touch()


def _circle(yard: Yard) -> Path:
    (yard.place / "a").symlink_to("b")
    (yard.place / "b").symlink_to("a")
    return yard.place / "a"


def _given(make: Callable[[Path], object]) -> Callable[[Yard], Path]:
    def build(yard: Yard) -> Path:
        make(yard.place / "image")
        return yard.place / "image"

    return build


def _terabyte(place: Path) -> None:
    place.touch()
    os.truncate(place, 1 << 40)


def _hostile_name(yard: Yard) -> Path:
    folder = root(yard, {"etc/passwd": PASSWD})
    named = Path(os.fsdecode(os.fsencode(yard.place) + b"/\x1b[31m\xff\xe2\x80\xae"))
    folder.rename(named)
    return named


def _hostile_file(yard: Yard) -> Path:
    named = Path(os.fsdecode(os.fsencode(yard.place) + b"/\x1b[31m\xff\xe2\x80\xae"))
    named.write_bytes(b"nothing" * 200)
    return named


HOST = "hostcanary"
CASES = (
    Case(
        name="etc/shadow is a link to a file of the host",
        build=_linked("etc/shadow", "CANARY"),
        finds='"scheme":"other"',
    ),
    Case(name="etc/passwd is a link to a file of the host", build=_linked("etc/passwd", "CANARY"), problem=LOST),
    Case(name="etc/passwd climbs out to a file of the host", build=_linked("etc/passwd", "UPCANARY"), problem=LOST),
    Case(
        name="etc is a link to the host's",
        build=_linked("etc", "/etc"),
        problem="its /etc is a link that leads nowhere",
    ),
    Case(name="etc is a link to itself", build=_linked("etc", "etc"), problem="its /etc is a link that leads nowhere"),
    Case(name="usr/lib is a link to the host's root", build=_linked("usr/lib", "/" + "../" * 50 + "."), finds='"root"'),
    Case(name="a farm of links", build=changed(_farm), problem=LOST),
    Case(name="a fifo for etc/shadow", build=_node("etc/shadow", stat.S_IFIFO), problem=LOST),
    Case(name="a fifo for etc/passwd", build=_node("etc/passwd", stat.S_IFIFO), problem=LOST),
    Case(name="the disk for etc/shadow", build=_node("etc/shadow", stat.S_IFBLK, os.makedev(8, 0)), problem=LOST),
    Case(
        name="endless zeros for etc/passwd",
        build=_node("etc/passwd", stat.S_IFCHR, os.makedev(1, 5)),
        problem="holds no account",
    ),
    Case(name="a fifo for etc/os-release", build=_node("etc/os-release", stat.S_IFIFO), finds='"root"'),
    Case(name="a socket for etc/shadow", build=changed(_socket), problem=LOST),
    Case(name="names in any bytes", build=changed(_odd_names), finds=FOUND_KEY),
    Case(name="folders 200 deep", build=changed(_deep), problem="nested deeper than 128"),
    Case(name="a path that the system does not take", build=changed(_beyond), problem="too long|longer than"),
    Case(name="a file whose path the system does not take", build=changed(_edge), problem="too long|longer than"),
    Case(name="a terabyte of nothing for etc/passwd", build=_sparse("etc/passwd"), problem="larger than"),
    Case(name="a terabyte of nothing for etc/shadow", build=_sparse("etc/shadow"), problem="larger than"),
    Case(name="a terabyte of nothing somewhere", build=_sparse("usr/lib/x"), problem="usr/lib/x: larger than"),
    Case(
        name="1,500 files where 1,000 are allowed",
        build=changed(_many),
        problem="more than 1,000 files",
        limits=msgspec.structs.replace(SMALL, entries=1000),
    ),
    Case(name="a circle of links is given", build=_circle, refused="circle of links|cannot be read"),
    Case(name="a fifo is given", build=_given(os.mkfifo), refused="neither a folder nor a regular file"),
    Case(name="an empty file is given", build=_given(lambda p: p.touch()), refused="neither a root file system"),
    Case(name="one byte is given", build=_given(lambda p: p.write_bytes(b"x")), refused="neither a root file system"),
    Case(
        name="a terabyte of nothing is given",
        build=_given(_terabyte),
        refused="neither a root file system",
    ),
    Case(name="a folder with a hostile name is given", build=_hostile_name, finds=BACKDOOR),
    Case(name="a file with a hostile name is given", build=_hostile_file, refused="neither a root file system"),
)
