"""Passive listening: devices that speak of their own accord, heard while others are asked, and longer where wished.

With raw frames nothing is sent at all. Without them the groups that devices speak to are joined by ordinary sockets.
"""

import time
from collections.abc import Awaitable, Callable, Collection, Iterator, Sequence
from typing import Final

import anyio
import anyio.lowlevel
import psutil
from anyio.streams.memory import MemoryObjectSendStream

from iotscan.observe.network.attached import Attached
from iotscan.observe.network.dial import Dialer
from iotscan.observe.network.discovery.found import Found
from iotscan.observe.network.discovery.hearing import Hearing
from iotscan.observe.network.failures import OutOfScope
from iotscan.observe.network.helper.listening import INTERFACES, LONGEST, Heard, Listening, listening
from iotscan.observe.network.helper.program import Unavailable
from iotscan.observe.network.overhearing import overhear
from iotscan.wire.frames import Sighting, read_frame

Tell = Callable[[str], None]
_TURN: Final = 64
"""Frames that are read before others get a turn."""
_SHOWN: Final = 12
_PLAIN: Final = "groups of mDNS, SSDP, WS-Discovery, CoAP and Yeelight joined, broadcasts of MNDP and Tuya"


class Passive:
    """Listens on links until told that the others are done, and at least for ``seconds``.

    ``joins`` are those on which groups may be joined where there are no raw frames: all on them hear of that.
    ``places_of`` tells the addresses at which a MAC has answered others; ``words`` is how the raw listener is started,
    found out where not given.
    """

    def __init__(
        self,
        dialer: Dialer,
        links: Sequence[Attached],
        found: MemoryObjectSendStream[Found],
        tell: Tell,
        *,
        joins: Sequence[Attached] = (),
        seconds: float = 0.0,
        places_of: Callable[[str], Collection[str]] = lambda _: (),
        words: Sequence[str] | None = None,
    ) -> None:
        self._dialer, self._links, self._found, self._tell = dialer, links, found, tell
        self._joins, self._seconds, self._words = joins, seconds, words
        self._hearing = Hearing(links, dialer.allows, places_of)
        self._interfaces = tuple(dict.fromkeys(link.interface for link in links))[:INTERFACES]
        self.is_listening = anyio.Event()
        """Set once it hears, or cannot."""
        self._others = anyio.Event()

    def others_are_done(self) -> None:
        """The other methods have ended: from now on only ``seconds`` count."""
        self._others.set()

    async def listen(self) -> None:
        """Hear, report who is in scope, and say what came of it."""
        if not self._links:
            self.is_listening.set()
            if self._seconds:
                self._tell("passive listening: not done (no target is on a link of this machine)")
            return
        try:
            self._dialer.outgoing.require_open()
        except OutOfScope as error:
            self.is_listening.set()
            self._tell(f"passive listening: not done ({error})")
            return
        try:
            async with listening(self._interfaces, LONGEST, self._words) as ear:
                await self._listen_raw(ear)
        except Unavailable as error:
            await self._listen_without(str(error))

    async def _listen_raw(self, ear: Listening) -> None:
        began = time.monotonic()
        problem = ""
        try:
            async with anyio.create_task_group() as group:
                group.start_soon(self._stop_when_done, ear.stop)
                self.is_listening.set()
                try:
                    await self._read(ear)
                except Unavailable as error:
                    problem = f"; ended early: {error}"
                group.cancel_scope.cancel()
            await self._settle()
        finally:
            self._sum_up(time.monotonic() - began, "raw frames, nothing sent", _loss(ear.result) + problem)

    async def _read(self, ear: Listening) -> None:
        count = 0
        async for frame in ear.frames():
            seen = read_frame(frame.data)
            if seen is not None:
                await self._report(self._hearing.take(seen, frame.interface))
            count += 1
            if not count % _TURN:
                await anyio.lowlevel.checkpoint()

    async def _listen_without(self, why: str) -> None:
        """By ordinary sockets: multicast and broadcasts to ports that anybody may open."""
        began = time.monotonic()
        problems: list[str] = []

        async def hear(link: Attached) -> None:
            async def heard(packet: bytes, source: str, from_port: int, port: int) -> None:
                seen = Sighting(kind="udp", mac="", source=source, port=port, from_port=from_port, payload=packet)
                await self._report(self._hearing.take(seen, link.interface))

            try:
                await overhear(link, heard, version=6 if ":" in link.address else 4)
            except OSError as error:
                problems.append(f"{link.interface}: {error.strerror}")

        async def end() -> None:
            group.cancel_scope.cancel()

        try:
            async with anyio.create_task_group() as group:
                for link in self._joins:
                    group.start_soon(hear, link)
                self.is_listening.set()
                await self._stop_when_done(end)
            await self._settle()
        finally:
            missed = f"ARP, neighbour discovery, DHCP, NetBIOS, LLDP and CDP not heard, for want of raw frames ({why})"
            how = _PLAIN if self._joins else "no link of which all is in scope"
            self._sum_up(time.monotonic() - began, how, "; ".join(("", missed, *dict.fromkeys(problems))))

    async def _stop_when_done(self, stop: Callable[[], Awaitable[None]]) -> None:
        await anyio.sleep(self._seconds)
        await self._others.wait()
        await stop()

    async def _report(self, several: Iterator[Found]) -> None:
        for found in several:
            await self._found.send(found)

    async def _settle(self) -> None:
        await self._report(self._hearing.settle())

    def _sum_up(self, seconds: float, how: str, problem: str) -> None:
        """Say what was heard; also when the scan is cut, when there is no more to be believed of it."""
        hearing = self._hearing
        kinds = ", ".join(f"{kind} {count:,}" for kind, count in hearing.kinds.most_common(_SHOWN)) or "nothing"
        words = f"passive listening on {', '.join(self._interfaces)} for {seconds:.1f} s ({how}): {kinds}"
        words += f"; {hearing.senders:,} senders" if hearing.kinds else ""
        for count, what in (
            (hearing.strays, "from addresses out of scope or of another network"),
            (hearing.foreign, "in the name of another MAC"),
            (hearing.left_out, "beyond our limits"),
        ):
            words += f"; {count:,} {what} dropped" if count else ""
        down = [name for name in self._interfaces if not _is_up(name)]
        words += f"; {', '.join(down)} went down meanwhile" if down else ""
        self._tell(words + problem)
        for remark in hearing.notes.remarks:
            self._tell(f"passive listening: {remark}")


def _loss(heard: Heard) -> str:
    words = f"; {heard.left_out:,} frames beyond the share of their senders were not read" if heard.left_out else ""
    return words + ("; others were lost for lack of room" if heard.lost else "")


def _is_up(interface: str) -> bool:
    stats = psutil.net_if_stats().get(interface)
    return stats is not None and stats.isup
