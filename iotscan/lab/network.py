"""Start, find and stop the practice network.

All its devices live in one child process of their own session, which ends when it is told to, or by
itself after two idle hours. Needs Linux: other systems give loopback only one address.
"""

import os
import selectors
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import msgspec

from iotscan.lab.ports import PREFIX
from iotscan.lab.state import LabError, LabState, Report, birth_of, forget_state, read_state, state_directory
from iotscan.shipped import PACKAGE

IDLE_SECONDS = 2 * 3600.0
START_SECONDS = 20.0
"""How long the child may take to report; it needs about one."""
STOP_SECONDS = 5.0

__all__ = ["LabError", "LabState", "current", "maintain", "running", "start", "stop"]


def current(directory: Path | None = None) -> LabState | None:
    """The practice network that is up, None without one. A process that merely has its number does not count."""
    return read_state(directory or state_directory())


def start(directory: Path | None = None, *, prefix: str = PREFIX, idle_seconds: float = IDLE_SECONDS) -> LabState:
    """Start the practice network and return once every device listens.

    ``directory`` holds its state (default: the user's state directory); ``prefix`` are the first three
    bytes of its addresses, so that tests can have a network of their own. Raises :class:`LabError` when
    one is up already, a port is taken, or this system cannot carry it.
    """
    home = (directory or state_directory()).absolute()
    if sys.platform != "linux":
        raise LabError("the practice network needs Linux: other systems give loopback only one address")
    if (up := current(home)) is not None:
        raise LabError(f"the practice network is up already (process {up.pid}); stop it with: iotscan lab down")
    try:
        home.mkdir(mode=0o700, parents=True, exist_ok=True)
        report = _spawn(home, prefix, idle_seconds)
    except OSError as error:
        raise LabError(f"cannot start the practice network: {error}") from error
    if report.state is None:
        raise LabError(report.error or f"the practice network ended while starting; see {home / 'lab.log'}")
    return report.state


def stop(state: LabState) -> None:
    """End that practice network and return when it is gone; no error when it is gone already."""
    with suppress(ProcessLookupError):
        # The handle stays with this process: between our look and the signal its number cannot change hands.
        handle = os.pidfd_open(state.pid)
        try:
            if birth_of(state.pid) == state.birth:
                _end(handle)
        finally:
            os.close(handle)
    forget_state(state)


def maintain(state: LabState) -> LabState:
    """Let the day of maintenance come, and return when it is over. Raises :class:`LabError` when it does not end."""
    if state.is_maintained:
        raise LabError("that day is over: to begin anew, iotscan lab down and iotscan lab up")
    with suppress(ProcessLookupError):
        handle = os.pidfd_open(state.pid)
        try:
            if birth_of(state.pid) == state.birth:
                signal.pidfd_send_signal(handle, signal.SIGUSR1)
        finally:
            os.close(handle)
    until = time.monotonic() + START_SECONDS
    while (now := read_state(Path(state.directory))) is not None and time.monotonic() < until:
        if now.is_maintained:
            return now
        # A file tells nobody that it changed: looked at again, with an end.
        time.sleep(0.02)
    raise LabError(f"the maintenance did not end; see {Path(state.directory) / 'lab.log'}")


@contextmanager
def running(directory: Path | None = None) -> Iterator[LabState]:
    """The practice network that is up, else one of our own for as long as the block lasts. Raises LabError."""
    up = current(directory)
    state = up or start(directory)
    try:
        yield state
    finally:
        if up is None:
            stop(state)


def _end(handle: int) -> None:
    for number in (signal.SIGTERM, signal.SIGKILL):
        signal.pidfd_send_signal(handle, number)
        with selectors.DefaultSelector() as selector:
            selector.register(handle, selectors.EVENT_READ)
            if selector.select(STOP_SECONDS):
                return


def _spawn(home: Path, prefix: str, idle_seconds: float) -> Report:
    """Run the child, which forks itself away, and hear its report through a pipe."""
    ours, theirs = os.pipe()
    try:
        with (home / "lab.log").open("wb") as log:
            process = subprocess.Popen(
                [sys.executable, "-P", "-m", "iotscan.lab.serve", str(home), prefix, str(idle_seconds), str(theirs)],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=log,
                pass_fds=(theirs,),
                start_new_session=True,
                cwd="/",
                env=_environment(),
            )
    except BaseException:
        os.close(ours)
        raise
    finally:
        os.close(theirs)
    with open(ours, "rb", buffering=0):
        text = _hear(ours, START_SECONDS)
    if text is None:
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    if text is None:
        return Report(error=f"the practice network was not ready within {START_SECONDS:g} s")
    return msgspec.json.decode(text, type=Report) if text else Report()


def _hear(pipe: int, seconds: float) -> bytes | None:
    """All that comes through ``pipe`` until its other end is closed; None when that takes longer."""
    until = time.monotonic() + seconds
    heard = b""
    with selectors.DefaultSelector() as selector:
        selector.register(pipe, selectors.EVENT_READ)
        while (left := until - time.monotonic()) > 0 and selector.select(left):
            piece = os.read(pipe, 65536)
            if not piece:
                return heard
            heard += piece
    return None


def _environment() -> dict[str, str]:
    """Ours, so that the child runs this very iotscan: also from a checkout that nobody installed."""
    root = PACKAGE.parent
    if root.name in ("site-packages", "dist-packages"):
        return dict(os.environ)
    return {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, (str(root), os.environ.get("PYTHONPATH"))))}
