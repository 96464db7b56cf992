"""Proof that a reader is right: its tree against the folder that was packed, and damaged bytes that it must survive."""

import hashlib
import os
import random
import signal
import stat
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

import msgspec

from iotscan.observe.image.blob import Blob, Bytes
from iotscan.observe.image.budget import Budget, Limits
from iotscan.observe.image.reader import Contents
from iotscan.observe.image.tree import Entry, Kind, Tree
from iotscan.observe.image.unreadable import Unreadable

_ODD = 37_123
"""Bytes of one read: no multiple of any block."""
_KINDS: dict[int, Kind] = {
    stat.S_IFREG: "file", stat.S_IFDIR: "folder", stat.S_IFLNK: "link", stat.S_IFCHR: "char", stat.S_IFBLK: "block",
    stat.S_IFIFO: "fifo", stat.S_IFSOCK: "socket",
}  # fmt: skip


class Expected(msgspec.Struct, frozen=True, kw_only=True):
    """What stands at one path. ``same`` is the first path of the same file, empty where it has one name only."""

    path: str
    kind: Kind = "file"
    size: int = 0
    """Of a ``file``; 0 for all others."""
    sha256: str = ""
    mode: int = 0o644
    uid: int = 0
    gid: int = 0
    target: str = ""
    device: tuple[int, int] | None = None
    same: str = ""
    attributes: dict[str, bytes] = {}


def expected_file(path: str, content: bytes, *, mode: int = 0o644, uid: int = 0, gid: int = 0) -> Expected:
    """A regular file of this content."""
    digest = hashlib.sha256(content).hexdigest()
    return Expected(path=path, size=len(content), sha256=digest, mode=mode, uid=uid, gid=gid)


def expected_of(folder: Path) -> tuple[Expected, ...]:
    """What stands in a folder of the host, by the system's own calls, sorted: a folder before what is in it."""
    root = os.fsencode(folder)
    paths = [
        os.path.join(here, name) for here, folders, files in os.walk(root) for name in (*folders, *files)
    ]  # os.walk follows no links
    first: dict[int, str] = {}
    return tuple(_expected(path, os.fsdecode(path[len(root) :]), first) for path in sorted(paths))


def _expected(place: bytes, path: str, first: dict[int, str]) -> Expected:
    status = os.lstat(place)
    kind = _KINDS[stat.S_IFMT(status.st_mode)]
    is_shared = status.st_nlink > 1 and kind != "folder"
    is_file, is_device = kind == "file", kind in ("char", "block")
    names = os.listxattr(place, follow_symlinks=False)
    return Expected(
        path=path,
        kind=kind,
        size=status.st_size if is_file else 0,
        sha256=hashlib.sha256(Path(os.fsdecode(place)).read_bytes()).hexdigest() if is_file else "",
        mode=stat.S_IMODE(status.st_mode),
        uid=status.st_uid,
        gid=status.st_gid,
        target=os.fsdecode(os.readlink(place)) if kind == "link" else "",
        device=(os.major(status.st_rdev), os.minor(status.st_rdev)) if is_device else None,
        same=first.setdefault(status.st_ino, path) if is_shared else "",
        attributes={name: os.getxattr(place, name, follow_symlinks=False) for name in names},
    )


def assert_same(
    tree: Tree,
    reference: Path | Iterable[Expected],
    *,
    modes: bool = True,
    owners: bool = True,
    attributes: bool = True,
    hard_links: bool = True,
    ignoring: Callable[[str], bool] = lambda path: False,
) -> None:
    """Fail with every difference between a tree and what it was made from.

    Switch off what the *format* cannot hold. ``ignoring`` is asked for each path (``/lost+found``).
    """
    expected = expected_of(reference) if isinstance(reference, Path) else tuple(reference)
    wanted = {one.path: one for one in expected if not ignoring(one.path)}
    got = [entry for entry in tree.walk() if not ignoring(entry.path)]
    found = {entry.path: entry for entry in got}
    wrong = [f"twice: {entry.path!r}" for entry in got if found[entry.path] is not entry]
    wrong += [f"missing: {path!r}" for path in wanted if path not in found]
    wrong += [f"not expected: {path!r}" for path in found if path not in wanted]
    for path in wanted.keys() & found.keys():
        one, entry = wanted[path], found[path]
        wrong += _compared(tree, one, entry, modes=modes, owners=owners, attributes=attributes)
    if hard_links:
        wrong += _shared(wanted, found)
    assert not wrong, f"{len(wrong)} differences:\n" + "\n".join(sorted(wrong)[:40])


def _compared(tree: Tree, one: Expected, entry: Entry, *, modes: bool, owners: bool, attributes: bool) -> Iterator[str]:
    pairs: list[tuple[str, object, object]] = [
        ("kind", one.kind, entry.kind),
        ("target", one.target, entry.target),
        ("device", one.device, entry.device),
    ]
    if one.kind == "file":
        pairs.append(("size", one.size, entry.size))
    # A link's mode means nothing (symlink(7)), and not every format keeps it.
    if modes and one.kind != "link":
        pairs.append(("mode", oct(one.mode), oct(entry.mode)))
    if owners:
        pairs.append(("owner", (one.uid, one.gid), (entry.uid, entry.gid)))
    if attributes:
        pairs.append(("attributes", one.attributes, dict(tree.attributes(entry))))
    if one.kind == "file" and entry.kind == "file":
        pairs.append(("content", one.sha256, _digest(tree.content(entry))))
    for what, left, right in pairs:
        if left != right:
            yield f"{one.path!r}: {what} is {right!r}, not {left!r}"


def _digest(blob: Blob) -> str:
    """SHA-256 of a blob, or what is wrong with how it reads: in odd pieces, backwards, and past its end."""
    digest = hashlib.sha256()
    pieces = [blob.read_at(offset, _ODD) for offset in range(0, blob.size, _ODD)]
    for piece in pieces:
        digest.update(piece)
    if sum(map(len, pieces)) != blob.size:
        return f"{sum(map(len, pieces))} bytes, size says {blob.size}"
    if any(blob.read_at(number * _ODD, _ODD) != piece for number, piece in reversed(list(enumerate(pieces)))):
        return "another one when read again"
    if blob.read_at(blob.size, 10) or blob.read_at(max(0, blob.size - 3), 10) != b"".join(pieces)[-3:]:
        return "wrong at its end"
    return digest.hexdigest()


def _shared(wanted: dict[str, Expected], found: dict[str, Entry]) -> Iterator[str]:
    """Names of one file have one inode; no other file has it."""
    owner: dict[int, str] = {}
    for path in sorted(wanted.keys() & found.keys()):
        entry, one = found[path], wanted[path]
        if entry.kind != "file":
            continue
        if one.same and not entry.inode:
            yield f"{path!r}: inode is 0 although it has other names"
        first = one.same or path
        if entry.inode and owner.setdefault(entry.inode, first) != first:
            yield f"{path!r}: inode is that of {owner[entry.inode]!r}"
        if one.same and one.same in found and entry.inode != found[one.same].inode:
            yield f"{path!r}: inode is not that of {one.same!r}"


LITTLE = Limits(unpacked=64 << 20, ratio_from=8 << 20, entries=20_000, memory=64 << 20, seconds=5.0)
"""Limits for damaged bytes: a small sample never comes near."""


def damaged(data: bytes, *, count: int = 120, first: int = 512) -> Iterator[tuple[str, bytes]]:
    """``(what was done, bytes)``: ``data`` cut, flipped, and with fields that lie. The same each time.

    Half the faults go to the first and last ``first`` bytes, where headers and tables stand.
    """
    chance = random.Random(len(data))  # faults that are the same each time, no secret
    size = len(data)
    for cut in sorted({0, 1, 7, size // 3, size // 2, size - 1, *(chance.randrange(size) for _ in range(count // 6))}):
        yield f"cut at {cut}", data[:cut]
    yield "doubled", data + data
    yield "garbage behind", data + chance.randbytes(5000)
    yield "zeros in the middle", data[: size // 3] + bytes(size // 3) + data[2 * (size // 3) :]
    for number in range(count):
        at = (chance.randrange(size), chance.randrange(min(first, size)), chance.randrange(max(0, size - first), size))[
            number % 4 % 3
        ]
        lie = (bytes([data[at] ^ 1 << chance.randrange(8)]), b"\xff" * 4, bytes(4), b"\xff\xff\xff\x7f", b"\0\0\0\x80")
        new = lie[number % 5]
        yield f"{new.hex()} at {at}", data[:at] + new + data[at + len(new) :]


def survives(opens: Callable[[Blob, Budget], Contents], data: bytes, what: str, limits: Limits = LITTLE) -> str:
    """Open bytes and read all there is. Anything but Unreadable, or a hang, fails the test; says how it ended."""
    with _no_hang(what):
        try:
            contents = opens(Bytes(data), Budget(limits))
            trees = [contents.tree, *(part.tree for part in contents.parts)]
            for tree in trees:
                if tree is not None:
                    exhaust(tree)
            for part in contents.parts:
                if part.blob is not None:
                    _read_all(part.blob)
        except Unreadable as error:
            said = str(error)
        else:
            return contents.problem
    assert 0 < len(said) < 300, f"{what}: a reason is there, and short: {said}"
    return said


def exhaust(tree: Tree) -> None:
    """Read all of a tree; single files and folders may be unreadable."""
    for entry in tree.walk(unread=[]):
        try:
            tree.attributes(entry)
            if entry.kind == "file":
                _read_all(tree.content(entry))
        except Unreadable:
            continue


def _read_all(blob: Blob, limit: int = 16 << 20) -> None:
    offset = 0
    while offset < limit and (piece := blob.read_at(offset, 1 << 20)):
        offset += len(piece)
    # A lying size must not make anybody ask for what is not there.
    assert blob.size >= min(offset, limit)


@contextmanager
def _no_hang(what: str, seconds: int = 20) -> Iterator[None]:
    def ended(number: int, frame: FrameType | None) -> None:
        raise AssertionError(f"{what}: it hangs")

    before = signal.signal(signal.SIGALRM, ended)
    signal.alarm(seconds)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


def read_fully(trees: Sequence[Tree]) -> int:
    """Read every file of some trees once; how many bytes it were."""
    total = 0
    for tree in trees:
        for entry in tree.walk():
            if entry.kind == "file":
                total += len(tree.content(entry).read_at(0, entry.size))
    return total
