"""A process of our own for a library that may hang, leak or dial by itself.

The process starts with the first job and stays; it leads its own process group, which is killed when a
job takes longer than it may, and it dies with us, even where we are killed. Between two jobs it makes
way for a new one when it has done enough or has grown: what a library leaks ends with its process.
"""

import os
import resource
import signal
import subprocess
import sys
from contextlib import AbstractContextManager, nullcontext, suppress
from pathlib import Path
from typing import Any, Self

import anyio
from anyio.abc import Process

from iotscan.observe import worker_protocol as protocol
from iotscan.observe.worker_environment import environment
from iotscan.observe.worker_protocol import BadFrame, Request, Response

SSLYZE = "iotscan.observe.network.workers.sslyze_worker"
_GOODBYE = 1.0
"""Seconds that a worker without a job gets to end by itself."""
JOBS = 2000
"""Jobs of one process."""
MEMORY = 192 * 1024 * 1024
"""Bytes in memory beyond which a process gets no further job; sslyze, fresh, takes about 60 MB."""


class WorkerError(Exception):
    """A job got no result."""


class WorkerTimedOut(WorkerError):
    """The job took longer than it may; its process group was killed."""


class WorkerBroke(WorkerError):
    """The worker could not be started, died or spoke another protocol."""


class WorkerRefused(WorkerError):
    """The worker answered that the job cannot be done, and why."""


class Worker:
    """One worker process, one job at a time. ``scope`` is the scope hash that every request carries.

    ``jobs`` and ``memory`` (bytes) are what one process may do and become before another takes its place.
    """

    def __init__(self, module: str = SSLYZE, *, scope: str = "", jobs: int = JOBS, memory: int = MEMORY) -> None:
        self._command: tuple[str, ...] = (sys.executable, "-P", "-s", "-m", module, scope)
        self._scope = scope
        self._process: Process | None = None
        self._busy = anyio.Lock()
        self._last = 0
        self._jobs, self._memory = jobs, memory
        self._done = 0

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()

    async def call(
        self, request: dict[str, Any], *, seconds: float, waiting: AbstractContextManager[None] | None = None
    ) -> dict[str, Any]:
        """Have one job done. The clock starts when the worker is free. Raises a :class:`WorkerError`.

        ``waiting`` is entered while others have the worker.
        """
        with waiting or nullcontext():
            await self._busy.acquire()
        try:
            self._last += 1
            frame = protocol.pack(Request(id=self._last, seconds=seconds, job=request, scope=self._scope))
            is_done = False
            try:
                with anyio.fail_after(seconds):
                    response = await self._exchange(frame)
                is_done = True
            except TimeoutError as error:
                raise WorkerTimedOut(f"the worker did not answer within {seconds:g} s") from error
            except (anyio.BrokenResourceError, anyio.ClosedResourceError, anyio.EndOfStream, OSError) as error:
                raise WorkerBroke("the worker process died") from error
            except BadFrame as error:
                raise WorkerBroke(str(error)) from error
            finally:
                if not is_done:
                    # Cancelled, too: half an answer may be on its way, and the next job must not read it.
                    await self._kill()
            self._done += 1
            if self._done >= self._jobs or resident(self._process) > self._memory:
                await self._kill()
        finally:
            self._busy.release()
        if response.result is None:
            raise WorkerRefused(response.error or "no result")
        return response.result

    async def _exchange(self, frame: bytes) -> Response:
        process = self._process = self._process or await self._start()
        assert process.stdin is not None
        await process.stdin.send(frame)
        length = protocol.frame_length(await _receive(process, protocol.HEAD.size))
        response = protocol.unpack(await _receive(process, length), Response)
        if response.id != self._last:
            raise BadFrame("an answer to another question")
        return response

    async def _start(self) -> Process:
        return await anyio.open_process(
            self._command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=environment(),
            start_new_session=True,
        )

    async def _kill(self) -> None:
        process, self._process, self._done = self._process, None, 0
        if process is None:
            return
        with anyio.CancelScope(shield=True):
            if process.returncode is None:
                # It may have died by itself without the loop having heard of it.
                with suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGKILL)
            await process.wait()
            await process.aclose()

    async def aclose(self) -> None:
        """End the process: by itself when it has no job, else killed."""
        async with self._busy:
            if self._process is not None and self._process.stdin is not None:
                with anyio.CancelScope(shield=True), anyio.move_on_after(_GOODBYE):
                    await self._process.stdin.aclose()
                    await self._process.wait()
            await self._kill()


def resident(process: Process | None) -> int:
    """Bytes of a process in memory; 0 where the system does not tell (there the number of jobs alone counts)."""
    try:
        pages = Path(f"/proc/{process.pid}/statm").read_text().split()[1] if process else "0"
    except OSError:
        return 0
    return int(pages) * resource.getpagesize()


async def _receive(process: Process, count: int) -> bytes:
    assert process.stdout is not None
    got = bytearray()
    while len(got) < count:
        got += await process.stdout.receive(min(65536, count - len(got)))
    return bytes(got)
