"""What is heard while an interface is listened to: devices, whom they talk to, the worst findings so far.

On standard error: drawn on a terminal and gone at the end, a few plain lines elsewhere.
"""

import sys
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

import msgspec

from iotscan.cli.live import can_draw
from iotscan.cli.pipe import tell
from iotscan.cli.traffic_rows import DeviceRow, FindingRow, device_rows, finding_rows
from iotscan.model.run import Run
from iotscan.report.rating import size_of
from iotscan.report.words import counted, typewritten

if TYPE_CHECKING:
    from rich.console import Console, ConsoleOptions, OverflowMethod, RenderResult
    from rich.live import Live
    from rich.table import Table
    from rich.text import Text

    from iotscan.cli.output import Display

PLAIN_SECONDS: Final = 30.0
_BESIDE: Final = 6
"""Lines of the terminal that are left to heads, the state and the prompt."""
_WIDE: Final = 100
_NARROW: Final = 50
_MOST: Final = 40
_GAP: Final = 2
_HEADS: Final = ("device", "name", "talks to", "in clear")


class Count(msgspec.Struct, frozen=True, kw_only=True):
    """How far it is: frames, bytes read, devices, and servers beyond the network that they talked to."""

    frames: int = 0
    bytes: int = 0
    devices: int = 0
    peers: int = 0


class LiveTraffic:
    """Watches a capture that is made now. Use as a context manager.

    ``name`` is what is listened to, ``seconds`` how long at most (0: until somebody ends it). What devices say is made
    printable before it is drawn, and never read as markup.
    """

    def __init__(self, display: "Display", name: str, seconds: float = 0.0) -> None:
        self._display, self._name, self._most = display, name, seconds
        self._began = self._told_at = time.monotonic()
        self._count, self._is_ending = Count(), False
        self._devices: list[DeviceRow] = []
        self._findings: list[FindingRow] | None = None
        self._told: set[str] = set()
        self._live: Live | None = None

    def __enter__(self) -> "LiveTraffic":
        self._began = self._told_at = time.monotonic()
        if self._is_drawn:
            from rich.live import Live

            from iotscan.cli.output import console

            self._live = Live(self, console=console(sys.stderr, self._display), transient=True, refresh_per_second=4)
            self._live.start()
        else:
            most = f" for {clock(self._most)}" if self._most else ""
            self._say(f"listening on {self._name}{most}; Ctrl-C ends it and gives the report")
        return self

    def __exit__(self, *_: object) -> None:
        self.end()

    def end(self) -> None:
        """Give the terminal back as it was."""
        if self._live is not None:
            self._live.stop()
            self._live = None

    def ending(self) -> None:
        """Somebody ended it: what was heard is put together."""
        self._is_ending = True
        if self._live is None:
            tell("stopping; once more to stop at once")

    def count(self, count: Count) -> None:
        """Take in how far it is."""
        self._count = count
        now = time.monotonic()
        if now - self._told_at > PLAIN_SECONDS:
            self._told_at = now
            self._say(self._state)

    def show(self, run: Run) -> None:
        """Take in what is known by now, judged."""
        self._devices, self._findings = list(device_rows(run)), finding_rows(run)
        for row in self._findings:
            if row.fingerprint not in self._told:
                self._told.add(row.fingerprint)
                self._say(f"{row.severity.value.upper():8} {row.place}  {row.check}: {row.summary}")

    @property
    def _is_drawn(self) -> bool:
        return self._display.quiet == 0 and can_draw(self._display)

    def _say(self, text: str) -> None:
        """A line where nothing is drawn."""
        if self._live is None and self._display.quiet == 0:
            tell(self._shown(text))

    @property
    def _state(self) -> str:
        most = f" of {clock(self._most)}" if self._most else ""
        words = [
            f"{self._name} for {clock(time.monotonic() - self._began)}{most}",
            *([counted(len(self._findings), "finding")] if self._findings is not None else []),
            # What is shown is looked at closely: a router and who is behind it are told apart.
            counted(len(self._devices) or self._count.devices, "device"),
            f"{counted(self._count.peers, 'server')} beyond",
            counted(self._count.frames, "frame"),
            size_of(self._count.bytes),
        ]
        return " · ".join(words)

    @property
    def _cut(self) -> "OverflowMethod":
        """How what has no room ends."""
        return "crop" if self._display.ascii else "ellipsis"

    def _shown(self, text: str) -> str:
        return typewritten(text) if self._display.ascii else text

    def __rich_console__(self, console: "Console", options: "ConsoleOptions") -> "RenderResult":
        """Draw it as it is now, in the room that there is now."""
        from rich.text import Text

        room, findings = max(console.height - _BESIDE, 2), self._findings or []
        for_findings = min(len(findings), max(room // 3, room - len(self._devices), 1))
        yield from self._device_table(max(room - for_findings, 1), options.max_width)
        yield from self._finding_table(for_findings, options.max_width)
        then = "putting it together …" if self._is_ending else "Ctrl-C ends it and gives the report"
        yield Text(self._shown(self._state), style="bold", no_wrap=True, overflow=self._cut)
        yield Text(self._shown(then), style="dim", no_wrap=True, overflow=self._cut)

    def _device_table(self, room: int, width: int) -> "Iterator[Table | str]":
        from rich.cells import cell_len

        rows, hidden = self._devices[:room], len(self._devices) - room
        if not rows:
            return
        cells = list(self._cells(rows, is_wide=width >= _WIDE, has_clear=width >= _NARROW))
        heads = [head for head in _HEADS if head in cells[0]]
        table = self._table(*heads)
        widths = {head: max(cell_len(head), *(cell_len(row[head]) for row in cells)) for head in heads}
        # The address is what a person looks for, and a share says nothing without its head: whom it talks to gives way.
        widths["device"] = min(widths["device"], width // 2 if width < _WIDE else _MOST)
        widths["name"] = min(widths.get("name", 0), _MOST)
        used = sum(widths[head] for head in heads if head != "talks to")
        widths["talks to"] = max(min(widths["talks to"], width - used - _GAP * (len(heads) - 1)), 1)
        for column, head in zip(table.columns, heads, strict=True):
            column.min_width = column.max_width = widths[head]
        for row in cells:
            table.add_row(*(self._text(row[head]) for head in heads))
        yield table
        if hidden > 0:
            yield self._shown(f"{counted(hidden, 'more device')} …")

    @staticmethod
    def _cells(rows: list[DeviceRow], *, is_wide: bool, has_clear: bool) -> Iterator[dict[str, str]]:
        """What is shown of each device by the head of its column: in a narrow view it is called by its name, too."""
        for row in rows:
            beside = {"name": row.name} if is_wide else {}
            device = row.address if is_wide else f"{row.address} {row.name}".strip()
            clear = {"in clear": row.clear} if has_clear else {}
            yield {"device": device, **beside, "talks to": row.talks_to, **clear}

    def _finding_table(self, room: int, width: int) -> "Iterator[Table]":
        from rich.cells import cell_len
        from rich.text import Text

        from iotscan.report.ink import SEVERITY_STYLES

        if not self._findings or room < 1:
            return
        table = self._table("worst so far", "where", "what")
        shown = self._findings[:room]
        table.columns[0].min_width = len("worst so far")
        table.columns[1].min_width = min(max(cell_len(row.place) for row in shown), width // 3)
        for row in shown:
            severity = Text(row.severity.value.upper(), style=SEVERITY_STYLES[row.severity])
            # Where there is little room a sentence says more than the name of a check.
            what = f"{row.check}: {row.summary}" if width >= _WIDE else row.summary
            table.add_row(severity, self._text(row.place), self._text(what))
        yield table

    def _text(self, words: str) -> "Text":
        from rich.text import Text

        return Text(self._shown(words))

    def _table(self, *heads: str) -> "Table":
        from rich.table import Table

        table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
        for head in heads:
            table.add_column(head, no_wrap=True, overflow=self._cut)
        return table


def clock(seconds: float) -> str:
    """``3:07``, ``1:00:00``."""
    whole = int(seconds)
    hours, minutes, rest = whole // 3600, whole // 60 % 60, whole % 60
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
