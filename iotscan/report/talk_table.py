"""Who talks to whom, on a terminal: a line for each device and peer, then the back ends that several share."""

from collections.abc import Iterable, Iterator
from typing import Final

from rich.text import Text

from iotscan.report.content import OwnerRow
from iotscan.report.ink import Column, Ink
from iotscan.report.rating import size_of
from iotscan.report.talk_rows import PeerRow, TalkRow, Traffic
from iotscan.report.talking import DEVICES, telling_first
from iotscan.report.use_table import show_uses
from iotscan.report.words import counted, listed

PEERS: Final = 6
"""Peers of a device that are named before the rest is counted."""
BACKENDS: Final = 12
_NARROW: Final = 76
_STYLES: Final = {"encrypted": "green", "in the clear": "yellow", "partly encrypted": "yellow"}


def show_talks(ink: Ink, told: Traffic | None, owners: Iterable[OwnerRow]) -> None:
    """What devices were seen to say, the most telling first; nothing where no traffic was read."""
    if told is None:
        return
    ink.heading("traffic", ink.text(_heading(told), "dim"))
    for line in told.captures:
        ink.say(ink.text(line, "dim"), 2)
    devices, is_wide = telling_first(told, owners), ink.width >= _NARROW
    rows = [row for device in devices[:DEVICES] for row in _lines(ink, device, is_wide)]
    over = [Column(most=24)] if is_wide else []
    ink.grid(Column(wraps=True), *over, Column(), Column(right=True), rows=rows)
    if len(devices) > DEVICES:
        more = counted(len(devices) - DEVICES, "more device")
        ink.say(ink.text(f"and {more}: see the text or HTML report", "dim"), 2)
    for backend in [b for b in told.backends if len(b.devices) > 1][:BACKENDS]:
        ink.say(ink.join((backend.name, "bold"), (f"  is shared by {listed(backend.devices, 4)}", "")), 2)
    show_uses(ink, devices)


def _heading(told: Traffic) -> str:
    words = f"{counted(len(told.devices), 'device')}, {counted(len(told.backends), 'server')} beyond the network"
    shared = f", {told.shared} of them shared" if told.shared else ""
    return f"{words}{shared}{f' · {told.clear}' if told.clear else ''}"


def _lines(ink: Ink, device: TalkRow, is_wide: bool) -> Iterator[tuple[Text, ...]]:
    """A line for a device, one for each of its peers; where there is room, with over what in a column of its own."""
    clear, _, unknown = device.clear.partition(", ")
    name = ink.join((device.label or device.address, "bold"), (f"  seen for {device.seen}", "dim"))
    amount = ink.text(size_of(device.sent + device.received), "dim")
    yield name, *([ink.text(unknown, "dim")] if is_wide else []), ink.text(clear), amount
    for peer in device.peers[:PEERS]:
        yield _peer(ink, peer, is_wide)
    more = len(device.peers) - PEERS
    if more > 0:
        empty = [ink.text("")] * (3 if is_wide else 2)
        yield ink.text(f"  and {counted(more, 'more peer')}", "dim"), *empty


def _peer(ink: Ink, peer: PeerRow, is_wide: bool) -> tuple[Text, ...]:
    to = "to" if peer.is_client else "from"
    where = "" if peer.is_beyond else "  here"
    return (
        ink.join((f"  {to} ", "dim"), (peer.peer, ""), (where, "dim")),
        *([ink.text(peer.over)] if is_wide else []),
        ink.text(peer.protection, _STYLES.get(peer.protection, "dim")),
        ink.text(size_of(peer.sent + peer.received), "dim"),
    )
