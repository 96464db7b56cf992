"""Progress on standard error: a live line on a terminal, a few plain lines elsewhere."""

import sys
import time
from typing import TYPE_CHECKING

from iotscan.cli.pipe import tell
from iotscan.scan.events import DeviceDone, DeviceFound, Event, FindingSeen, UnitDone

if TYPE_CHECKING:
    from rich.status import Status

    from iotscan.cli.output import Display

PLAIN_SECONDS = 30.0


class Progress:
    """Watches a scan. Use as a context manager; call it with each event."""

    def __init__(self, display: "Display", *, enabled: bool) -> None:
        self._enabled = enabled and display.quiet == 0
        self._display = display
        self._status: Status | None = None
        self._last = time.monotonic()
        self._findings = 0

    def __enter__(self) -> "Progress":
        if self._enabled:
            from iotscan.cli.output import console

            screen = console(sys.stderr, self._display)
            if screen.is_terminal and not screen.is_dumb_terminal:
                self._status = screen.status("looking for devices …")
                self._status.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.end()

    def end(self) -> None:
        """Give the terminal back as it was."""
        if self._status is not None:
            self._status.stop()

    def __call__(self, event: Event) -> None:
        """Take in one event."""
        if not self._enabled:
            return
        match event:
            case DeviceFound(device=device):
                self._line(f"found {device.address} ({', '.join(device.found_by)})")
            case FindingSeen(result=result):
                self._findings += 1
                self._line(f"{result.severity.value.upper():8} {result.subject}  {result.check}: {result.summary}")
            case UnitDone() | DeviceDone():
                self._tick(event)

    def _tick(self, event: UnitDone | DeviceDone) -> None:
        state = f"{event.devices_done} of {event.devices} devices done, {self._findings} findings"
        if self._status is not None:
            doing = f" · {event.address} {event.name}" if isinstance(event, UnitDone) else ""
            self._status.update(state + doing)
        elif time.monotonic() - self._last > PLAIN_SECONDS:
            self._last = time.monotonic()
            tell(state)

    def _line(self, text: str) -> None:
        if self._status is not None:
            from rich.text import Text

            self._status.console.print(Text(text, no_wrap=True, overflow="ellipsis"))
        else:
            tell(text)
