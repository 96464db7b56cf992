"""A privileged program as a process: started, asked in frames, heard, and ended when nobody needs it any more."""

import subprocess
from collections.abc import AsyncGenerator, Sequence
from contextlib import suppress
from typing import Any, TypeVar

import anyio
import msgspec
from anyio.abc import Process

from iotscan.model.text import safe_text
from iotscan.observe.network.helper.program import Unavailable
from iotscan.observe.worker_environment import environment
from iotscan.observe.worker_protocol import HEAD, BadFrame, Request, frame_length, pack, unpack

M = TypeVar("M", bound="Message")
_GOODBYE = 1.0
GONE = (anyio.BrokenResourceError, anyio.ClosedResourceError, anyio.EndOfStream, OSError)
"""What speaking to a program raises that has ended."""


class Message(msgspec.Struct, kw_only=True):
    """What each of its messages holds; the last one to a request has a result or an error."""

    id: int
    version: int
    result: dict[str, Any] | None = None
    error: str = ""


class HelperProcess:
    """One process. Its calls raise BadFrame, and what :data:`GONE` lists once it has ended."""

    def __init__(self, process: Process) -> None:
        self._process = process
        self._last = 0

    @classmethod
    async def started(cls, words: Sequence[str]) -> "HelperProcess":
        """Start it. Raises OSError."""
        return cls(
            await anyio.open_process(
                words,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                env=environment(),
                start_new_session=True,
            )
        )

    @property
    def pid(self) -> int:
        """The number of the process."""
        return self._process.pid

    async def ask(self, job: dict[str, Any], kind: type[M], *, seconds: float, scope: str) -> AsyncGenerator[M]:
        """Send one request; what it says to it, the result last. Raises Unavailable where it refuses."""
        assert self._process.stdin is not None
        self._last += 1
        await self._process.stdin.send(pack(Request(id=self._last, seconds=seconds, job=job, scope=scope)))
        while True:
            length = frame_length(await self._receive(HEAD.size))
            message = unpack(await self._receive(length), kind)
            if message.id != self._last:
                raise BadFrame("an answer to another question")
            if message.error:
                raise Unavailable(f"the raw helper {safe_text(message.error, 200)}")
            yield message
            if message.result is not None:
                return

    async def _receive(self, count: int) -> bytes:
        assert self._process.stdout is not None
        got = bytearray()
        while len(got) < count:
            got += await self._process.stdout.receive(min(65536, count - len(got)))
        return bytes(got)

    async def hang_up(self) -> None:
        """Say nothing more: its standard input ends. What it still says can be heard."""
        if self._process.stdin is not None:
            await self._process.stdin.aclose()

    async def last_words(self) -> str:
        """Why it has gone, in its own words or those of what should have started it."""
        said = b""
        with suppress(*GONE), anyio.move_on_after(1):
            if self._process.stderr is not None:
                said = await self._process.stderr.receive(4096)
        last = said.decode("utf-8", "replace").strip().rpartition("\n")[2]
        return f"the raw helper ended ({safe_text(last, 200) or 'it said nothing'})"

    async def aclose(self) -> None:
        """End the process: it goes when nobody speaks to it any more, whatever it is doing."""
        process = self._process
        with anyio.CancelScope(shield=True):
            await self.hang_up()
            with anyio.move_on_after(_GOODBYE):
                await process.wait()
            if process.returncode is None:
                with suppress(ProcessLookupError, PermissionError):  # started through sudo it is not ours to kill
                    process.kill()
            await process.aclose()
