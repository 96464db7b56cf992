"""Where the events of a watch go: standard output, files, the lines above a table."""

import os
import sys
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import IO, TYPE_CHECKING

from iotscan.cli.pipe import fall_silent
from iotscan.model.errors import BadInput
from iotscan.model.watching import WatchEvent
from iotscan.report.watch import FORMATS, line
from iotscan.report.words import typewritten

if TYPE_CHECKING:
    from iotscan.cli.live import LiveList
    from iotscan.cli.output import Display, Wanted


def require_lines(wanted: "Sequence[Wanted]") -> None:
    """Raise BadInput for a format that is not written event by event."""
    for one in wanted:
        if one.format not in FORMATS:
            raise BadInput(
                f"--watch tells events, one a line: -f jsonl or text, not {one.format}; "
                "each round is kept as a run, and iotscan report RUN writes it in any format"
            )


class Events:
    """Tells each event to whoever listens, in one line that is written whole before the next."""

    def __init__(self, wanted: "Sequence[Wanted]", display: "Display", live: "LiveList | None" = None) -> None:
        self._display = display
        self._format = next((w.format for w in wanted if w.path is None), "")
        self._places = [(w.format, w.path) for w in wanted if w.path is not None]
        self._files: list[tuple[str, IO[str]]] = []
        self._stack = ExitStack()
        self._live = live if sys.stdout.isatty() and not self._format else None
        self.is_heard = True
        """False once nobody reads any more what is written, and no file keeps it."""

    def __enter__(self) -> "Events":
        for name, path in self._places:
            self._files.append((name, self._stack.enter_context(_opened(path))))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()

    def __call__(self, event: WatchEvent) -> None:
        """Tell one event."""
        for name, file in self._files:
            file.write(FORMATS[name](event))
            file.flush()
        is_routine = event.event in ("began", "round", "ended") and not event.note
        if self._display.quiet >= 2 or (self._display.quiet == 1 and is_routine and not self._format):
            return
        if self._live is not None:
            if not is_routine:
                self._live.say(line(event).rstrip("\n"))
            return
        text = FORMATS[self._format or "text"](event)
        try:
            sys.stdout.write(typewritten(text) if self._display.ascii and not self._format else text)
            sys.stdout.flush()
        except BrokenPipeError:
            fall_silent()
            self.is_heard = bool(self._files)


def _opened(path: Path) -> IO[str]:
    try:
        place = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    except OSError as error:
        raise BadInput(f"{path} cannot be written ({error.strerror}): choose another place") from error
    return os.fdopen(place, "w", encoding="utf-8")
