"""Runs one case in a process of its own, with little memory, and sees whether anything of the host changed."""

import hashlib
import io
import os
import resource
import signal
import stat
import tempfile
import threading
import traceback
import unicodedata
from collections.abc import Iterable
from pathlib import Path

import msgspec

from iotscan.model.observation import Attempt
from iotscan.observe.image.budget import MIB, Limits
from iotscan.observe.image.messages import Ended, Message, Opened, Refused, Said, read
from iotscan.observe.image.posture import posture
from iotscan.observe.image.worker import answer

MOST_HELD = 1024 * MIB
"""Bytes of data that the process of a case may hold; see ``worker.MEMORY`` for the real one."""
KILLED_AFTER = 90.0
"""Seconds: far beyond what any case takes, so that a hang ends the case and not the suite."""


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """What was said of an image."""

    refused: str
    parts: Opened | None
    attempts: tuple[Attempt, ...]
    text: str
    """Everything that was said, as JSON."""
    observed: str
    """The observations alone, as JSON."""
    code: int
    errors: str
    peak: int
    """Most bytes that the process held in memory beyond what it began with."""

    @property
    def gaps(self) -> list[str]:
        """Why something could not be read."""
        return [a.detail for a in self.attempts if a.status in ("unreadable", "broken", "timed_out")]


def run(image: Path, limits: Limits, scratch: Path, here: Path) -> Outcome:
    """Open an image and ask about it, in a child with TMPDIR ``scratch`` and working folder ``here``."""
    source, sink = os.pipe()
    errors = tempfile.TemporaryFile()  # noqa: SIM115  # closed below, after the child wrote to it
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    child = os.fork()
    if not child:
        os.close(source)
        _child(image, limits, sink, errors.fileno(), scratch, here)
    os.close(sink)
    clock = threading.Timer(KILLED_AFTER, os.kill, (child, signal.SIGKILL))
    clock.daemon = True
    clock.start()
    try:
        with os.fdopen(source, "rb") as pipe:
            said = pipe.read()
        _, status, used = os.wait4(child, 0)
    finally:
        clock.cancel()
    errors.seek(0)
    with errors:
        wrong = errors.read().decode(errors="replace")
    return _outcome(said, os.waitstatus_to_exitcode(status), wrong, max(0, used.ru_maxrss - before) << 10)


def _child(image: Path, limits: Limits, sink: int, errors: int, scratch: Path, here: Path) -> None:
    code = 0
    try:
        os.dup2(errors, 2)
        os.dup2(errors, 1)
        tempfile.tempdir = str(scratch)
        os.environ.update(TMPDIR=str(scratch), HOME=str(here))
        os.chdir(here)
        _, most = resource.getrlimit(resource.RLIMIT_DATA)
        resource.setrlimit(resource.RLIMIT_DATA, (MOST_HELD, most))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        with os.fdopen(sink, "wb") as pipe:
            answer(image, "img", limits, pipe)
    except BaseException:
        traceback.print_exc()
        code = 70
    finally:
        os._exit(code)


def _outcome(said: bytes, code: int, errors: str, peak: int) -> Outcome:
    messages = list(_messages(said))
    refusals = [m.why for m in messages if isinstance(m, Refused)]
    opened = next((m for m in messages if isinstance(m, Opened)), None)
    ended = next((m for m in messages if isinstance(m, Ended)), None)
    assert refusals or ended is not None, f"it did not come to its end (exit code {code}):\n{errors[-3000:]}"
    gaps = ended.gaps if ended is not None else ()
    seen, attempts = posture((m for m in messages if isinstance(m, Said)), gaps, "img")
    return Outcome(
        refused=refusals[0] if refusals else "",
        parts=opened,
        attempts=attempts,
        text=msgspec.json.encode((messages, seen, attempts)).decode(),
        observed=msgspec.json.encode(seen).decode(),
        code=code,
        errors=errors,
        peak=peak,
    )


def _messages(said: bytes) -> Iterable[Message]:
    source = io.BytesIO(said)
    while (message := read(source)) is not None:
        yield message


def unsafe_texts(outcome: Outcome) -> list[str]:
    """Texts with what a terminal or a page would not show as text: control, bidirectional, surrogates."""
    found: list[str] = []
    waiting: list[object] = [msgspec.json.decode(outcome.text)]
    while waiting:
        here = waiting.pop()
        if isinstance(here, str):
            if any(unicodedata.category(c) in ("Cc", "Cf", "Cs") for c in here):
                found.append(here)
        elif isinstance(here, dict):
            waiting += [*here.keys(), *here.values()]
        elif isinstance(here, list):
            waiting += here
    return found


def listing(*folders: Path) -> dict[bytes, tuple[object, ...]]:
    """Everything below some folders with what would change if anybody touched it."""
    found: dict[bytes, tuple[object, ...]] = {}
    for folder in folders:
        # By handles of folders: some paths are longer than the system takes at once.
        for here, names, files, handle in os.fwalk(os.fsencode(folder)):
            found[here] = _state(os.fstat(handle))
            for name in (*names, *files):
                status = os.stat(name, dir_fd=handle, follow_symlinks=False)
                read = _content(name, handle) if stat.S_ISREG(status.st_mode) else b""
                found[here + b"/" + name] = (*_state(status), read)
    return found


def _state(status: os.stat_result) -> tuple[object, ...]:
    return (status.st_mode, status.st_ino, status.st_nlink, status.st_size, status.st_mtime_ns, status.st_ctime_ns,
            status.st_uid, status.st_rdev)  # fmt: skip


def _content(name: bytes, handle: int) -> bytes:
    with open(os.open(name, os.O_RDONLY | os.O_NOFOLLOW, dir_fd=handle), "rb") as file:
        return hashlib.sha256(file.read(MIB)).digest()


def mounts_below(folder: Path) -> list[str]:
    """What is mounted there, or from there; none where the system does not say what is mounted."""
    place = Path("/proc/self/mounts")
    return [line for line in place.read_text().splitlines() if str(folder) in line] if place.exists() else []
