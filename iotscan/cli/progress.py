"""Progress on standard error: a live line on a terminal, a few plain lines elsewhere."""

import sys
import time
from typing import TYPE_CHECKING

from iotscan.cli.pipe import tell
from iotscan.scan.events import DeviceDone, DeviceFound, Event, FindingSeen, UnitDone

if TYPE_CHECKING:
    from rich.status import Status

    from iotscan.cli.output import Display
    from iotscan.observe.image.messages import Doing
    from iotscan.observe.traffic.messages import Doing as Reading
    from iotscan.observe.traffic.messages import Snapshot

PLAIN_SECONDS = 30.0


class Progress:
    """Watches a scan. Use as a context manager; call it with each event."""

    def __init__(self, display: "Display", *, enabled: bool, judges: bool = True) -> None:
        """``judges``: whether findings are to be expected; a list of devices has none to count."""
        self._enabled = enabled and display.quiet == 0
        self._display = display
        self._judges = judges
        self._status: Status | None = None
        self._last = time.monotonic()
        self._findings = 0

    def __enter__(self) -> "Progress":
        if self._enabled:
            self._status = _live(self._display, "looking for devices …")
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
        state = f"{event.devices_done} of {event.devices} devices done"
        state += f", {self._findings} findings" if self._judges else ""
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


class ImageProgress:
    """Watches images being read. Use as a context manager; call it with the name of one and what is being done."""

    def __init__(self, display: "Display", *, enabled: bool) -> None:
        self._enabled = enabled and display.quiet == 0
        self._display = display
        self._status: Status | None = None
        self._last = time.monotonic()

    def __enter__(self) -> "ImageProgress":
        if self._enabled:
            self._status = _live(self._display, "opening …")
        return self

    def __exit__(self, *_: object) -> None:
        if self._status is not None:
            self._status.stop()

    def __call__(self, name: str, doing: "Doing") -> None:
        """Take in what is being done."""
        if not self._enabled:
            return
        state = f"{name}: {doing.what}" if not doing.count else f"{name}: {doing.count:,} {doing.what} searched"
        if self._status is not None:
            from rich.text import Text

            self._status.update(Text(state, no_wrap=True, overflow="ellipsis"))
        elif time.monotonic() - self._last > PLAIN_SECONDS:
            self._last = time.monotonic()
            tell(state)


class TrafficProgress:
    """Watches captures being read. Use as a context manager; call it with what the process says."""

    def __init__(self, display: "Display", *, enabled: bool) -> None:
        self._enabled = enabled and display.quiet == 0
        self._display = display
        self._status: Status | None = None
        self._last = time.monotonic()

    def __enter__(self) -> "TrafficProgress":
        if self._enabled:
            self._status = _live(self._display, "reading …")
        return self

    def __exit__(self, *_: object) -> None:
        if self._status is not None:
            self._status.stop()

    def __call__(self, said: "Reading | Snapshot") -> None:
        """Take in how far it is; what is known by then is for others to show."""
        from iotscan.observe.traffic.messages import Snapshot

        if not self._enabled or isinstance(said, Snapshot):
            return
        state = f"{said.source}: {said.frames:,} frames, {said.devices:,} devices, {said.peers:,} servers beyond"
        if self._status is not None:
            from rich.text import Text

            self._status.update(Text(state, no_wrap=True, overflow="ellipsis"))
        elif time.monotonic() - self._last > PLAIN_SECONDS:
            self._last = time.monotonic()
            tell(state)


def _live(display: "Display", beginning: str) -> "Status | None":
    """A live line on a terminal; None elsewhere."""
    from iotscan.cli.output import console

    screen = console(sys.stderr, display)
    if not screen.is_terminal or screen.is_dumb_terminal:
        return None
    status = screen.status(beginning)
    status.start()
    return status
