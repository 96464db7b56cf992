"""The devices of a discovery as a table on a terminal, while they are found: on standard error, gone at the end."""

import sys
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from iotscan.report.identity import kind, maker
from iotscan.report.places import address_order
from iotscan.report.words import clean, counted, typewritten
from iotscan.scan.events import DeviceDone, DeviceFound, Event, UnitDone

if TYPE_CHECKING:
    from rich.console import Console, ConsoleOptions, OverflowMethod, RenderResult
    from rich.live import Live
    from rich.table import Table

    from iotscan.cli.output import Display
    from iotscan.model.device import Device

_LINES_BESIDE = 4
"""Lines of the terminal that are left to the head, the state and the prompt."""
_WIDE, _NARROW = 90, 70
Cells = tuple[str, str, str, str, str]
"""Address, name, kind, vendor, services or state."""


def can_draw(display: "Display") -> bool:
    """Whether standard error is a terminal that can be drawn on."""
    from iotscan.cli.output import console

    screen = console(sys.stderr, display)
    return screen.is_terminal and not screen.is_dumb_terminal


class LiveList:
    """Watches a discovery. Use as a context manager; call it with each event.

    What a device says is made printable before it is drawn, and never read as markup. The table is drawn anew four
    times a second from the terminal's size of that moment; rows that have no room are counted.
    """

    def __init__(self, display: "Display") -> None:
        self._display = display
        self._rows: dict[str, Cells] = {}
        self._state = "looking for devices …"
        self._live: Live | None = None

    def __enter__(self) -> "LiveList":
        from rich.live import Live

        from iotscan.cli.output import console

        screen = console(sys.stderr, self._display)
        self._live = Live(self, console=screen, transient=True, refresh_per_second=4)
        self._live.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.end()

    def end(self) -> None:
        """Give the terminal back as it was."""
        if self._live is not None:
            self._live.stop()
            self._live = None

    def __call__(self, event: Event) -> None:
        """Take in one event."""
        match event:
            case DeviceFound(device=device):
                self._rows[device.address] = cells(device, "being asked …")
            case DeviceDone(device=device):
                self._rows[device.address] = cells(device)
                self.tell_state(event)
            case _:
                self.tell_state(event)

    def tell_state(self, event: Event, when: str = "") -> None:
        """Say below the table how far it has come; ``when`` says what."""
        if isinstance(event, UnitDone | DeviceDone):
            doing = f" · {event.address} {event.name}" if isinstance(event, UnitDone) else ""
            self._state = f"{when}{event.devices_done} of {counted(event.devices, 'device')} done{doing}"

    def show(self, present: "Iterable[Device]", away: "Iterable[tuple[Device, str]]", state: str) -> None:
        """Show who is there and who is not seen any more, in place of what was shown."""
        rows = [(d, cells(d)) for d in present]
        rows += [(d, cells(d, f"not seen since {since[:19]}")) for d, since in away]
        # By a key of their own: one that is not seen any more may have had the address of one that is.
        self._rows = {f"{n}": row for n, (_, row) in enumerate(sorted(rows, key=lambda r: address_order(r[0].address)))}
        self._state = state

    def say(self, text: str) -> None:
        """Write a line above the table, where it stays."""
        if self._live is not None:
            from rich.text import Text

            self._live.console.print(Text(self._shown(text)), soft_wrap=True)

    @property
    def _cut(self) -> "OverflowMethod":
        """How what has no room ends."""
        return "crop" if self._display.ascii else "ellipsis"

    def _shown(self, text: str) -> str:
        return typewritten(text) if self._display.ascii else text

    def __rich_console__(self, console: "Console", options: "ConsoleOptions") -> "RenderResult":
        """Draw the table as it is now, in the room that there is now."""
        from rich.text import Text

        rows = list(self._rows.values())
        room = max(console.height - _LINES_BESIDE, 1)
        if rows:
            yield self._table(rows[-room:], options.max_width)
        more = f"{len(rows) - room} more above · " if len(rows) > room else ""
        yield Text(self._shown(f"{more}{self._state}"), style="dim", no_wrap=True, overflow=self._cut)

    def _table(self, rows: list[Cells], width: int) -> "Table":
        from rich.table import Table
        from rich.text import Text

        table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
        shown = list(_columns(width))
        for n, title, most in shown:
            # The address is what a person looks for: the others give way.
            least = min(max(len(row[0]) for row in rows), width // 2) if n == 0 else None
            table.add_column(title, no_wrap=True, overflow=self._cut, min_width=least, max_width=most or None)
        for row in rows:
            table.add_row(*(Text(self._shown(row[n])) for n, _, _ in shown))
        return table


def _columns(width: int) -> Iterator[tuple[int, str, int]]:
    """Which cells there is room for: position, head, most columns."""
    yield 0, "address", 40
    yield 1, "name", 28
    if width >= _NARROW:
        yield 2, "kind", 12
    if width >= _WIDE:
        yield 3, "vendor", 24
    yield 4, "services", 0


def cells(device: "Device", state: str = "") -> Cells:
    """What is shown of a device; ``state`` in place of its services."""
    services = ", ".join(f"{s.name} {s.protocol}" for s in device.services)
    name = "" if device.label == device.address else device.label
    return (
        clean(device.address, 60),
        clean(name, 60),
        kind(device.identity),
        clean(maker(device), 60),
        clean(state or services, 200),
    )
