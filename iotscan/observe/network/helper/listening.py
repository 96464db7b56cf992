"""Listening through the raw listener: one process for one scan, frames as they are heard. Nothing is sent."""

import binascii
from collections.abc import AsyncGenerator, AsyncIterator, Collection, Sequence
from contextlib import aclosing, asynccontextmanager

import anyio
import msgspec

from iotscan.observe.network.helper.process import GONE, HelperProcess, Message
from iotscan.observe.network.helper.program import LISTENER, Unavailable
from iotscan.observe.worker_protocol import BadFrame

INTERFACES = 8
"""Interfaces that the listener listens on at once."""
LONGEST = 86_400.0
"""Seconds that it listens."""
_STARTING = 10.0


class Frame(msgspec.Struct, frozen=True, array_like=True):
    """What was heard, and where; ``data`` is the frame from its destination address on."""

    interface: str
    data: bytes


class Heard(msgspec.Struct, frozen=True, kw_only=True):
    """What came of it.

    ``heard`` frames passed the filter, ``left_out`` of them were beyond the share of a sender, or of all; ``lost``:
    the kernel had no room for others.
    """

    heard: int = 0
    left_out: int = 0
    lost: bool = False
    seconds: float = 0.0


class _Message(Message, kw_only=True):
    heard: tuple[Frame, ...] | None = None


class Listening:
    """A listener that has begun. ``result`` is there once it has ended by itself."""

    def __init__(self, process: HelperProcess, messages: AsyncGenerator[_Message], interfaces: Collection[str]) -> None:
        self._process, self._interfaces = process, frozenset(interfaces)
        self._messages = messages
        self.result = Heard()

    @property
    def pid(self) -> int:
        """The number of its process."""
        return self._process.pid

    async def stop(self) -> None:
        """That is enough: what was heard until now still comes, then :meth:`frames` ends."""
        await self._process.hang_up()

    async def frames(self) -> AsyncIterator[Frame]:
        """What is heard, until the time is over. Raises Unavailable where the listener ends before."""
        try:
            async for message in self._messages:
                for frame in message.heard or ():
                    if frame.interface not in self._interfaces:
                        raise BadFrame("an interface that nobody asked for")
                    yield frame
                if message.result is not None:
                    self.result = msgspec.convert(message.result, Heard)
        except GONE as error:
            raise Unavailable(await self._process.last_words()) from error
        except (BadFrame, msgspec.ValidationError, binascii.Error) as error:
            raise Unavailable(f"the raw listener speaks another protocol: {error}") from error


@asynccontextmanager
async def listening(
    interfaces: Sequence[str], seconds: float, words: Sequence[str] | None = None
) -> AsyncIterator[Listening]:
    """Listen on some interfaces, at most :data:`INTERFACES`, for so long, while the block lasts. Raises Unavailable.

    ``words`` is how the listener is started; found out where not given.
    """
    process: HelperProcess | None = None
    try:
        with anyio.fail_after(_STARTING):
            process = await HelperProcess.started(words if words is not None else LISTENER.command())
    except (TimeoutError, OSError) as error:
        raise Unavailable(f"the raw listener cannot be started ({error})") from error
    job = {"do": "listen", "interfaces": list(interfaces)}
    try:
        async with aclosing(process.ask(job, _Message, seconds=min(seconds, LONGEST), scope="")) as messages:
            await _begun(process, messages)
            yield Listening(process, messages, interfaces)
    finally:
        await process.aclose()


async def _begun(process: HelperProcess, messages: AsyncGenerator[_Message]) -> None:
    """Wait for the first message: from then on it hears."""
    try:
        with anyio.fail_after(_STARTING):
            await anext(messages)
    except TimeoutError as error:
        raise Unavailable("the raw listener did not begin") from error
    except GONE as error:
        raise Unavailable(await process.last_words()) from error
    except (BadFrame, StopAsyncIteration) as error:
        raise Unavailable(f"the raw listener speaks another protocol: {error}") from error
