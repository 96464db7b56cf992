"""``iotscan discover --watch``: round after round, and what differs as it is seen.

Each round is a discovery and a run of its own: whole on disk or resumable, with its own audit chain, to be compared,
reported and redacted like any other; what a watch holds in memory is one sight of each device.
"""

from collections.abc import Sequence
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Final

import anyio
import msgspec

from iotscan.cli.events import Events
from iotscan.cli.interruption import code_of, heeding_signals
from iotscan.cli.live import LiveList, can_draw
from iotscan.cli.output import Display, Wanted
from iotscan.cli.pipe import tell
from iotscan.cli.prepare import Prepared, once_more
from iotscan.model.errors import BadInput
from iotscan.model.run import Run
from iotscan.model.watching import SCHEMA, WatchEvent
from iotscan.observe.network.attached import attached_networks
from iotscan.report.words import counted
from iotscan.scan.pipeline import Scan
from iotscan.scan.rounds import EVERY, Ended, Pause, Rounds
from iotscan.scan.watching import Watching
from iotscan.store.claim import claimed

if TYPE_CHECKING:
    from iotscan.cli.launch import Wish
    from iotscan.scan.events import Event

INCOMPLETE = 3
_WHY: Final[dict[Ended, str]] = {"rounds": "all rounds are done", "interrupted": "interrupted"}


class Pacing(msgspec.Struct, frozen=True, kw_only=True):
    """How a watch goes on: seconds of rest between rounds, how many rounds (0: no end), what rests."""

    every: float = EVERY
    rounds: int = 0
    pause: Pause = anyio.sleep


class _Watch:
    """A watch on the command line: what it looks with, whom it tells."""

    def __init__(self, wish: "Wish", prepared: Prepared, pacing: Pacing, tells: Events, live: LiveList | None) -> None:
        self._wish, self._prepared, self._pacing, self._tell, self._live = wish, prepared, pacing, tells, live
        self._watching = Watching(own=[link.address for link in attached_networks()])
        self._claims = ExitStack()
        self._number = 0
        self.rounds = Rounds(self._begin, self._take, every=pacing.every, most=pacing.rounds, pause=pacing.pause)

    def begin_from(self, earlier: Run) -> None:
        """Tell only what differs from an earlier list."""
        self._watching.begin_from(earlier)

    async def run(self) -> Ended:
        header = self._prepared.request.header
        began = WatchEvent(
            event="began", schema=SCHEMA, at=header.started, targets=header.targets, every=self._pacing.every
        )
        self._tell(began)
        try:
            ended = await self.rounds.run()
        finally:
            self._claims.close()
        why = self.rounds.why_ended or _WHY.get(ended, ended)
        self._tell(WatchEvent(event="ended", at=_now().isoformat(timespec="seconds"), round=self._number, note=why))
        return ended

    def _begin(self, number: int) -> Scan:
        self._number = number
        self._claims.close()
        request = self._prepared.request
        if number > 1:
            assert self._prepared.intent is not None
            request = once_more(self._wish, self._prepared.intent)
            self._claims.enter_context(claimed(request.folder))
        return Scan(request, self._progress)

    def _progress(self, event: "Event") -> None:
        if self._live is None:
            return
        if self._number == 1:
            self._live(event)
        else:
            self._live.tell_state(event, f"round {self._number}: ")

    def _take(self, run: Run, number: int) -> None:
        for event in self._watching.take(run, number):
            self._tell(event)
        if self._live is not None:
            later = (_now().astimezone() + timedelta(seconds=self._pacing.every)).strftime("%H:%M:%S")
            then = "" if number == self._pacing.rounds else f"; the next at {later}"
            state = f"round {number} done: {counted(len(self._watching.present), 'device')}{then}"
            self._live.show(self._watching.present, self._watching.away, state)
        if not self._tell.is_heard:
            self.rounds.interrupt()


def watch(
    wish: "Wish",
    prepared: Prepared,
    display: Display,
    pacing: Pacing,
    earlier: Run | None,
    *,
    wanted: Sequence[Wanted],
    progress: bool,
) -> int:
    """Watch until the rounds are over or somebody ends it; the exit code."""
    with ExitStack() as stack:
        is_drawn = progress and display.quiet == 0 and can_draw(display)
        live = stack.enter_context(LiveList(display)) if is_drawn else None
        tells = stack.enter_context(Events(wanted, display, live))
        work = _Watch(wish, prepared, pacing, tells, live)
        if earlier is not None:
            work.begin_from(earlier)
        give_back = live.end if live else partial(tell, "stopped")
        _, caught = anyio.run(heeding_signals, work.run, work.rounds.interrupt, give_back)
    last = work.rounds.last
    if display.quiet < 2:
        tell(f"each round is kept as a run in {wish.output}")
    if caught:
        return code_of(caught)
    return last.verdict.exit_code if last is not None and last.verdict is not None else INCOMPLETE


def check_pacing(*, is_watch: bool, every: float | None, rounds: int) -> Pacing | None:
    """How to watch; None where nobody asked to. Raises BadInput for options that mean nothing without it."""
    if not is_watch:
        if every is not None or rounds:
            raise BadInput("--every and --rounds belong to --watch: add it, or leave them out")
        return None
    return Pacing(every=EVERY if every is None else every, rounds=rounds)


def _now() -> datetime:
    return datetime.now(UTC)
