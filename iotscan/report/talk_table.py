"""Who talks to whom, on a terminal: a line for each device and peer, then the back ends that several share."""

from collections.abc import Iterator
from typing import Final

from rich.text import Text

from iotscan.report.ink import Column, Ink
from iotscan.report.rating import size_of
from iotscan.report.talk_rows import PeerRow, TalkRow, Traffic
from iotscan.report.words import counted, listed

PEERS: Final = 6
"""Peers of a device that are named before the rest is counted."""
LINES: Final = 60
BACKENDS: Final = 12
_NARROW: Final = 76
_STYLES: Final = {"encrypted": "green", "in the clear": "yellow", "partly encrypted": "yellow"}


def show_talks(ink: Ink, told: Traffic | None) -> None:
    """What devices were seen to say; nothing where no traffic was read."""
    if told is None:
        return
    ink.heading("traffic", ink.text(_heading(told), "dim"))
    for line in told.captures:
        ink.say(ink.text(line, "dim"), 2)
    rows = [row for device in told.devices for row in _lines(ink, device)]
    columns = [Column(most=24), Column(wraps=True, least=16), Column(most=24), Column(), Column(right=True)]
    kept = columns if ink.width >= _NARROW else [*columns[:2], columns[3]]
    shown = rows[:LINES] if kept is columns else [(a, b, d) for a, b, _, d, _ in rows[:LINES]]
    ink.grid(*kept, rows=shown)
    if len(rows) > LINES:
        ink.say(ink.text(f"and {counted(len(rows) - LINES, 'more line')}: see the text or JSON report", "dim"), 2)
    for backend in [b for b in told.backends if len(b.devices) > 1][:BACKENDS]:
        devices = listed(backend.devices, 4)
        ink.say(ink.join((backend.name, "bold"), (f"  is shared by {devices}", "")), 2)


def _heading(told: Traffic) -> str:
    words = f"{counted(len(told.devices), 'device')}, {counted(len(told.backends), 'server')} beyond the network"
    shared = f", {told.shared} of them shared" if told.shared else ""
    return f"{words}{shared}{f' · {told.clear}' if told.clear else ''}"


def _lines(ink: Ink, device: TalkRow) -> Iterator[tuple[Text, ...]]:
    name = ink.text(device.label or device.address, "bold")
    amount = ink.text(size_of(device.sent + device.received), "dim")
    yield name, ink.text(f"seen for {device.seen}"), ink.text(""), ink.text(device.clear), amount
    for peer in device.peers[:PEERS]:
        yield _peer(ink, peer)
    more = len(device.peers) - PEERS
    if more > 0:
        yield ink.text(""), ink.text(f"and {counted(more, 'more peer')}", "dim"), *(ink.text("") for _ in range(3))


def _peer(ink: Ink, peer: PeerRow) -> tuple[Text, ...]:
    to = "to" if peer.is_client else "from"
    where = "" if peer.is_beyond else "  here"
    return (
        ink.text(""),
        ink.join((f"{to} ", "dim"), (peer.peer, ""), (where, "dim")),
        ink.text(peer.over),
        ink.text(peer.protection, _STYLES.get(peer.protection, "dim")),
        ink.text(size_of(peer.sent + peer.received), "dim"),
    )
