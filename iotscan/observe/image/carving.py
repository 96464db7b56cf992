"""What none of our readers reads is handed to unblob, where that is installed (the extra ``unblob``).

unblob starts a dozen tools written in C on bytes of the image and writes files. So it runs in a process of its own
with limits, in a private folder (:mod:`.carver`), and its answer is never the whole truth: owners and modes are lost on
the way, links may be changed, and nothing proves that no more lies in the blob. The place keeps a problem, always.
"""

import importlib.util
import shutil
import subprocess
import sys
import weakref
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

import msgspec

from iotscan.observe.image import carved_report
from iotscan.observe.image.blob import Blob
from iotscan.observe.image.budget import MIB, Budget
from iotscan.observe.image.carver import BLOB, OUT, REPORT, Order, Outcome
from iotscan.observe.image.reader import Part
from iotscan.observe.image.readers.folder import FolderTree
from iotscan.observe.image.tree import Entry, Tree
from iotscan.observe.image.unreadable import Unreadable
from iotscan.observe.image.views import View
from iotscan.observe.worker_environment import environment

INSTALL = "pip install 'iotscan[unblob]'"
LARGEST = 512 * MIB
"""Bytes of what is handed over."""
SMALLEST = 4096
"""Bytes: what is smaller holds no files that are worth two seconds."""
RUNS = 8
"""How often unblob is started for one image."""
_WORKER = "iotscan.observe.image.carver"
_PROGRAM = "unblob"
_SHARE = 0.5
"""Of the time and room that are left: what is found has to be read as well."""
_LOST = "made by unblob: owners, modes and links are not those of the image"
_NOT_STARTED = "unblob could not be started"
_END_SECONDS = 20.0
_EXTRACTED = f"{BLOB}_extract"


class Carved(msgspec.Struct, frozen=True, kw_only=True):
    """What came of it. ``said`` stays a problem of the place, also where all went well."""

    said: str
    parts: tuple[Part, ...] = ()


class CarvedTree(FolderTree):
    """Files that unblob wrote: their owners and modes are those of who ran it."""

    format = _PROGRAM
    keeps_permissions = False

    def attributes(self, entry: Entry) -> Mapping[str, bytes]:
        """None: what the host's file system has for the file is not the image's."""
        return {}


def is_installed() -> bool:
    """True where unblob is importable beside us: one that lies elsewhere on the host is not ours to start."""
    found = importlib.util.find_spec(_PROGRAM)
    # A folder of that name that lies on the way has no origin.
    return found is not None and found.origin is not None


def carve(blob: Blob, budget: Budget) -> Carved:
    """Hand a blob to unblob. Raises :class:`Unreadable` where it cannot be handed over, or nothing sure came back."""
    if not is_installed():
        return Carved(said=f"unblob may know it: {INSTALL}")
    if blob.size < SMALLEST:
        return Carved(said="")
    if blob.size > LARGEST:
        raise Unreadable(f"larger than unblob is given ({LARGEST // MIB} MiB)")
    kept = budget.shared(_Kept)
    if kept.runs >= RUNS:
        raise Unreadable(f"unblob was started {RUNS} times for this image already")
    kept.runs += 1
    run = _Run()
    try:
        carved = run.carve(blob, budget)
        if carved.parts:
            kept.folders.append(run)
        return carved
    finally:
        # Not when it is collected: an exception keeps what it passed.
        if run not in kept.folders:
            run.end()


class _Kept:
    """The folders that trees of the image read from: they live as long as the image's budget."""

    def __init__(self) -> None:
        self.runs = 0
        self.folders: list[_Run] = []


class _Run:
    """One run of unblob. The folder goes when this goes, or our process does."""

    def __init__(self) -> None:
        try:
            self._process = subprocess.Popen(
                (sys.executable, "-P", "-s", "-m", _WORKER),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                env=environment("TMPDIR"),
                start_new_session=True,
            )
        except OSError as error:
            raise Unreadable(_NOT_STARTED) from error
        self.end = weakref.finalize(self, _end, self._process)

    def carve(self, blob: Blob, budget: Budget) -> Carved:
        """See :func:`carve`."""
        folder = Path(self._line().rstrip("\n"))
        _write(blob, folder / BLOB, budget)
        assert self._process.stdin is not None
        try:
            room = int(min(budget.room_left, shutil.disk_usage(folder).free) * _SHARE)
            seconds = budget.seconds_left * _SHARE
            order = Order(command=_command(), seconds=seconds, size=room, entries=budget.limits.entries)
            self._process.stdin.write(msgspec.json.encode(order) + b"\n")
            self._process.stdin.flush()
            outcome = msgspec.json.decode(self._line(), type=Outcome)
        except (OSError, msgspec.MsgspecError) as error:
            raise Unreadable(_NOT_STARTED) from error
        if outcome.killed:
            raise Unreadable(f"unblob was stopped: {outcome.killed}")
        budget.unpack(blob.size, 0, outcome.size)
        return _found(folder, outcome, budget)

    def _line(self) -> str:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line.endswith(b"\n"):
            raise Unreadable(_NOT_STARTED)
        return line.decode("utf-8", "surrogateescape")


def _end(process: "subprocess.Popen[bytes]") -> None:
    """Close its input, and wait until it has removed the folder."""
    for pipe in (process.stdin, process.stdout):
        if pipe is not None:
            with suppress(OSError):
                pipe.close()
    try:
        process.wait(_END_SECONDS)
    except subprocess.TimeoutExpired:
        process.terminate()


def _command() -> tuple[str, ...]:
    """One level alone: what lies in what it finds is opened by us, or handed over again."""
    words = ("--extract-dir", OUT, "--depth", "1", "--randomness-depth", "0", "--process-num", "1")
    python = (sys.executable, "-P", "-s", "-m", "unblob.cli")
    return (*python, *words, "--report", REPORT, "--log", "log", BLOB)


def _write(blob: Blob, place: Path, budget: Budget) -> None:
    size, offset = blob.size, 0
    try:
        with place.open("xb") as file:
            while offset < size:
                budget.check_time()
                data = blob.read_at(offset, min(8 * MIB, size - offset))
                if not data:
                    raise Unreadable("it is cut short")
                file.write(data)
                offset += len(data)
    except OSError as error:
        raise Unreadable(f"it cannot be written for unblob ({error.strerror})") from error


def _found(folder: Path, outcome: Outcome, budget: Budget) -> Carved:
    own = FolderTree(folder)
    try:
        verdict = carved_report.read(own.whole(f"/{REPORT}", carved_report.LARGEST))
    except Unreadable as error:
        raise Unreadable(f"unblob left no report that can be read (exit code {outcome.code})") from error
    said = verdict.said if not outcome.code else f"{verdict.said}, unblob ended with exit code {outcome.code}"
    return Carved(said=said, parts=_parts(own, folder / OUT / _EXTRACTED, verdict, budget))


def _parts(own: Tree, place: Path, verdict: carved_report.Verdict, budget: Budget) -> tuple[Part, ...]:
    # Neither may be a link: the one who is outwitted by an image may have been led out of here.
    if not all(_is_folder(own, path) for path in (f"/{OUT}", f"/{OUT}/{_EXTRACTED}")):
        return ()
    whole = CarvedTree(place, budget)
    if not verdict.is_carved:
        return (Part(name=_PROGRAM, tree=whole, problem=_LOST),)
    folders = [entry for entry in whole.children("/") if entry.kind == "folder"]
    pieces = [
        Part(name=f"{_PROGRAM}/{entry.name}", tree=CarvedTree(place / entry.name, budget), problem=_LOST)
        for entry in folders
    ]
    rest = View(whole, {}, hidden=[entry.path for entry in folders])
    return (Part(name=_PROGRAM, tree=rest, problem=_LOST), *pieces)


def _is_folder(tree: Tree, path: str) -> bool:
    entry = tree.entry(path)
    return entry is not None and entry.kind == "folder"
