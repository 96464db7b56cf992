"""Asking the raw helper: one process for one scan, one request at a time, answers as they come."""

import os
import re
from collections.abc import Awaitable, Callable, Sequence
from contextlib import aclosing
from ipaddress import ip_address
from typing import Annotated, Any, Final, Literal, Self

import anyio
import msgspec

from iotscan.model.scope import Scope
from iotscan.model.text import safe_text
from iotscan.observe.network.helper.process import GONE, HelperProcess, Message
from iotscan.observe.network.helper.program import SWEEPER, Unavailable
from iotscan.observe.worker_protocol import BadFrame

Kind = Literal["arp", "ndp", "echo-all"]
ROUNDS = 3
"""How often an address is asked that does not answer: as often as Linux itself asks a neighbour."""
PEAK, RATE = 7000, 3000
"""Frames a second, until a reserve of a second's worth of RATE is used up, and in the long run: 2 Mbit/s on an
Ethernet. The helper itself sends no more than that, whoever asks."""
WAIT = 0.2
"""Seconds in which the last question may still be answered."""
_STARTING = 10.0
_SHARING = 0.1
_IN_USE = os.strerror(98)
"""EADDRINUSE: another helper is asking on this interface."""


class Seen(msgspec.Struct, frozen=True, array_like=True):
    """Who answered: its address, its MAC, and how many questions it had been sent by then."""

    address: str
    mac: str
    asked: int


_Count = Annotated[int, msgspec.Meta(ge=0, le=1 << 32)]


class Swept(msgspec.Struct, frozen=True, kw_only=True):
    """What came of a sweep.

    ``frames`` were sent, ``unsent`` could not be, ``strays`` are answers in the name of addresses that were
    not asked or are out of scope, ``dropped`` answers that the kernel had no room for. ``problem`` says why it
    ended early, in round ``round`` (from 0) at address ``at``; empty where it did not.
    """

    frames: _Count
    unsent: _Count
    strays: _Count
    dropped: _Count
    problem: str
    round: _Count
    at: str


_MAC: Final = re.compile(r"[0-9a-f]{2}(:[0-9a-f]{2}){5}")


class _Message(Message, kw_only=True):
    seen: tuple[Seen, ...] | None = None


class RawHelper:
    """The helper of one scan, started at the first question. ``words`` is how; found out where not given.

    It is told ``scope`` at its start, and keeps to it whatever it is asked for later.
    """

    def __init__(self, scope: Scope, name: str, words: Sequence[str] | None = None) -> None:
        self._scope, self._name, self._words = scope, name, words
        self._process: HelperProcess | None = None
        self._busy = anyio.Lock()

    async def sweep(
        self,
        kind: Kind,
        interface: str,
        ranges: Sequence[tuple[str, str]],
        heard: Callable[[Seen], Awaitable[None]],
        *,
        seconds: float,
        rounds: int = ROUNDS,
        wait: float = WAIT,
    ) -> Swept:
        """Ask all addresses of ``ranges`` on the link; tell ``heard`` of each that answers. Raises Unavailable."""
        job = {
            "do": kind,
            "interface": interface,
            "ranges": ranges,
            "rounds": rounds,
            "wait": wait,
            "rate": PEAK,
        }
        async with self._busy:
            until = anyio.current_time() + seconds
            while True:
                result = await self._ask(job, heard, max(until - anyio.current_time(), _SHARING))
                swept = _swept(result)
                if swept.problem != _IN_USE or anyio.current_time() > until:
                    return swept
                await anyio.sleep(_SHARING)

    @property
    def pid(self) -> int:
        """The number of its process; 0 while there is none."""
        return self._process.pid if self._process else 0

    async def start(self) -> None:
        """Start it, unless it runs, without asking it anything. Raises Unavailable."""
        async with self._busy:
            await self._ask({}, _nobody, 0)

    async def _ask(
        self, job: dict[str, Any], heard: Callable[[Seen], Awaitable[None]], seconds: float
    ) -> dict[str, Any]:
        is_done = False
        try:
            with anyio.fail_after(seconds + _STARTING):
                if self._process is None:
                    await self._start()
                result = await self._exchange(job, heard, seconds) if job else {}
            is_done = True
        except TimeoutError as error:
            raise Unavailable(f"the raw helper did not answer within {seconds:.0f} s") from error
        except GONE as error:
            words = await self._process.last_words() if self._process else f"the raw helper cannot be started ({error})"
            raise Unavailable(words) from error
        except BadFrame as error:
            raise Unavailable(f"the raw helper speaks another protocol: {error}") from error
        finally:
            if not is_done:
                # Cancelled, too: it may be in the middle of a sweep, which ends when nobody listens.
                await self.aclose()
        return result

    async def _start(self) -> None:
        self._process = await HelperProcess.started(self._words if self._words is not None else SWEEPER.command())
        given = (self._scope.include, (*self._scope.exclude, *_forbidden(self._scope)))
        # It knows no zones, and asks on the one link of each request: which address is on which, we have seen to.
        include, excluded = (tuple(map(_without_zone, words)) for words in given)
        job = {"do": "scope", "include": include, "exclude": excluded}
        await self._exchange(job, _nobody, _STARTING)

    async def _exchange(
        self, job: dict[str, Any], heard: Callable[[Seen], Awaitable[None]], seconds: float
    ) -> dict[str, Any]:
        assert self._process is not None
        async with aclosing(self._process.ask(job, _Message, seconds=seconds, scope=self._name)) as messages:
            async for message in messages:
                for seen in message.seen or ():
                    _require_sane(seen)
                    await heard(seen)
                if message.result is not None:
                    return message.result
        raise BadFrame("no result")  # never: the last message has one

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """End the process, a sweep in progress included."""
        process, self._process = self._process, None
        if process is not None:
            await process.aclose()


def _forbidden(scope: Scope) -> tuple[str, ...]:
    return tuple(n for o in scope.mandate.out_of_scope for n in o.networks) if scope.mandate else ()


def _without_zone(network: str) -> str:
    address, _, rest = network.partition("%")
    return address + "".join(rest.partition("/")[1:])


async def _nobody(_: Seen) -> None:
    """Hear nobody: the scope is no question to anybody."""


def _swept(result: dict[str, Any]) -> Swept:
    try:
        swept = msgspec.convert(result, Swept)
        at = str(ip_address(swept.at))
    except ValueError as error:
        raise Unavailable("the raw helper speaks another protocol") from error
    return msgspec.structs.replace(swept, problem=safe_text(swept.problem), at=at)


def _require_sane(seen: Seen) -> None:
    """Raise BadFrame unless it is an address without a zone, a MAC, and a number of questions that were due.

    The helper is a program of its own, of another version perhaps: what it writes is read like any other's words.
    """
    try:
        is_bare = str(ip_address(seen.address)) == seen.address and "%" not in seen.address
    except ValueError:
        is_bare = False
    if not is_bare or not _MAC.fullmatch(seen.mac) or not 0 <= seen.asked <= ROUNDS:
        raise BadFrame("a sighting that is none")
