"""The process that stands between us and unblob: it owns the folder that unblob works in, and ends with us.

Started by :mod:`.carving`, in a session of its own. It makes a private folder and says where, on a line; gets an order
on a line; runs the program within the order's limits; says what became of it, on a line; keeps the folder until its
input is closed, which it is when we end, however we end. Then it kills what still runs and removes the folder.
"""

import ctypes
import os
import resource
import select
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import NoReturn

import msgspec

BLOB, OUT, REPORT = "blob", "out", "report.json"
"""What lies in the folder: what is taken apart, what comes of it, what unblob says of it."""
_MEMORY = 4 << 30
"""Bytes of address space of each process: twice what reading an image may hold, as code and shared memory count."""
_LOOKS = 0.25
"""Seconds between two looks at how large the output is."""
_TRIES = 20
_PR_SET_PDEATHSIG = 1
_TOOLS = ("/usr/local/bin", "/usr/bin", "/bin", "/usr/local/sbin", "/usr/sbin", "/sbin")
"""Where the tools that unblob starts are: debugfs is a tool of the administrator, sasquatch is built by hand."""


class Order(msgspec.Struct, frozen=True, kw_only=True):
    """What to run (the folder's own paths are relative), and how much it may cost."""

    command: tuple[str, ...]
    seconds: float
    size: int
    """Bytes that it may write in all."""
    entries: int


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """How it ended: ``killed`` says why it had to be, ``code`` is its exit code otherwise."""

    killed: str = ""
    code: int = 0
    size: int = 0
    """Bytes that it wrote, as far as files tell."""


def measured(folder: Path) -> tuple[int, int]:
    """Bytes (holes count) and names below a folder; links are not followed."""
    size = entries = 0
    waiting = [str(folder)]
    while waiting:
        try:
            with os.scandir(waiting.pop()) as found:
                for entry in found:
                    entries += 1
                    if entry.is_dir(follow_symlinks=False):
                        waiting.append(entry.path)
                    elif entry.is_file(follow_symlinks=False):
                        size += entry.stat(follow_symlinks=False).st_size
        except OSError:
            # It went away meanwhile, or is closed to us: what it holds is not read then.
            continue
    return size, entries


def remove(folder: Path) -> None:
    """Remove a folder, also what took the right to do so away."""
    for here, folders, _ in os.walk(folder):
        for name in folders:
            place = os.path.join(here, name)
            if not os.path.islink(place):
                with suppress(OSError):
                    os.chmod(place, 0o700)
    for _ in range(_TRIES):
        shutil.rmtree(folder, ignore_errors=True)
        if not folder.exists():
            break
        # What was killed a moment ago may still have made a file.
        time.sleep(0.1)


def run(folder: Path, order: Order) -> Outcome:
    """Run the program in the folder until it ends, costs too much, or nobody waits for it any more."""
    given, _ = measured(folder)
    process = subprocess.Popen(
        order.command,
        cwd=folder,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env=_environment(folder),
        start_new_session=True,
        preexec_fn=lambda: _confine(order.size),  # this process has one thread
    )
    try:
        killed = _watch(process, folder, order, given)
    finally:
        # What it started is in its group, and may have outlived it.
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        code = process.wait()
    size, entries = measured(folder)
    killed = killed or _too_much(size - given, entries, order)
    return Outcome(killed=killed, code=code, size=max(0, size - given))


def _watch(process: "subprocess.Popen[bytes]", folder: Path, order: Order, given: int) -> str:
    ends = time.monotonic() + order.seconds
    look = 0.0
    while process.poll() is None:
        if select.select([sys.stdin], [], [], 0.05)[0]:
            return "nobody waits for it any more"
        now = time.monotonic()
        if now > ends:
            return f"it took longer than {order.seconds:.0f} s"
        if now > look:
            size, entries = measured(folder)
            if why := _too_much(size - given, entries, order):
                return why
            # Looking must not become the work.
            look = now + max(_LOOKS, 5 * (time.monotonic() - now))
    return ""


def _too_much(size: int, entries: int, order: Order) -> str:
    if size > order.size:
        return f"it wrote more than {order.size >> 20:,} MiB"
    return f"it made more than {order.entries:,} files" if entries > order.entries else ""


def _environment(folder: Path) -> dict[str, str]:
    # The tools that come as Python packages (jefferson, ubireader) lie beside the interpreter.
    searched = (str(Path(sys.executable).parent), *_TOOLS)
    return {**os.environ, "PATH": os.pathsep.join(searched), "HOME": str(folder), "TMPDIR": str(folder)}


def _confine(size: int) -> None:
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    for kind, wanted in ((resource.RLIMIT_CORE, 0), (resource.RLIMIT_FSIZE, size), (resource.RLIMIT_AS, _MEMORY)):
        _, most = resource.getrlimit(kind)
        allowed = wanted if most == resource.RLIM_INFINITY else min(wanted, most)
        resource.setrlimit(kind, (allowed, allowed))


def _orders() -> Iterator[Order]:
    """What is asked for, until the input is closed."""
    # Unbuffered: what is not read yet has to show in select().
    with os.fdopen(os.dup(0), "rb", buffering=0) as source:
        while line := source.readline():
            yield msgspec.json.decode(line, type=Order)


def _ended(*_: object) -> NoReturn:
    raise SystemExit(1)


def main() -> None:
    """Make the folder, run what is ordered, remove the folder."""
    for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
        signal.signal(number, _ended)
    folder = Path(tempfile.mkdtemp(prefix="iotscan-"))
    try:
        print(folder, flush=True)  # noqa: T201  # its answer
        for order in _orders():
            print(msgspec.json.encode(run(folder, order)).decode(), flush=True)  # noqa: T201  # its answer
    finally:
        remove(folder)


if __name__ == "__main__":
    main()
