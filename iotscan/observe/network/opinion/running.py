"""One run of a program of others: its words given, its output bounded, its time as well, and no process left over."""

import os
import signal
import subprocess
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Final

import anyio
from anyio.abc import Process

OUTPUT_CAP: Final = 1024 * 1024
"""Bytes of one run: the answer on one service takes 2 KB."""


class Failed(Exception):
    """The program gave no output that can be used; the text says why, in our own words."""


async def run(argv: Sequence[str], seconds: float, environment: Mapping[str, str]) -> bytes:
    """What it writes to standard output. Raises Failed, and TimeoutError after ``seconds``.

    It leads a process group of its own, which is killed however this ends; it knows no folder and no terminal of ours.
    """
    try:
        # An interruption while it starts would leave a process that nobody holds.
        with anyio.CancelScope(shield=True):
            process = await anyio.open_process(
                argv,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                cwd="/",
                env=environment,
                start_new_session=True,
            )
    except OSError as error:
        raise Failed(f"it could not be started ({error.strerror})") from error
    try:
        with anyio.fail_after(seconds):
            said = await _read(process)
            await process.wait()
    finally:
        with anyio.CancelScope(shield=True):
            # The whole group, also where its leader has ended: what it started goes with it.
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(process.pid, signal.SIGKILL)
            await process.wait()
            await process.aclose()
    if process.returncode:
        raise Failed(f"it ended with code {process.returncode}")
    return said


async def _read(process: Process) -> bytes:
    assert process.stdout is not None
    said = bytearray()
    async for piece in process.stdout:
        said += piece
        if len(said) > OUTPUT_CAP:
            raise Failed(f"it wrote more than {OUTPUT_CAP >> 20} MiB")
    return bytes(said)
