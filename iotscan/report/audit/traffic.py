"""Section: Traffic. What devices were seen to say when nobody asked, and which back ends they share."""

from collections.abc import Iterator
from typing import Final

from iotscan.report.audit import anchors, traffic_device
from iotscan.report.audit.cells import link
from iotscan.report.audit.told import Told
from iotscan.report.document import Block, Bullets, Cell, Column, Fold, Paragraph, Section, Table, Tone, cell, plain
from iotscan.report.rating import size_of
from iotscan.report.talk_rows import BackendRow, PeerRow, TalkRow, Traffic
from iotscan.report.talking import telling_first
from iotscan.report.words import counted, listed

_DEVICES: Final = 200
_PEERS: Final = 400
_BACKENDS: Final = 200
IN_FULL: Final = 10
"""Devices with a card: those with findings first, then those that said most."""
_NAMED: Final = 6
"""Devices and addresses that a cell names before it counts the rest."""
_HOW_TO_READ: Final = (
    "What follows is what each device was seen to do. Whether it checks a server's certificate is told of each "
    "handshake: no where it sent data to a server whose certificate is wrong for everybody, yes where it refused one, "
    "which holds for that one alone; all else shows nothing."
)
_TONES: Final[dict[str, Tone]] = {"encrypted": "pass", "in the clear": "warn", "partly encrypted": "warn"}


def section(told: Told) -> Section | None:
    """The section; None where no traffic was read."""
    traffic = told.view.traffic
    if traffic is None:
        return None
    return Section(id="traffic", title="Traffic", blocks=tuple(_blocks(traffic, told)))


def _blocks(traffic: Traffic, told: Told) -> Iterator[Block]:
    yield Paragraph(spans=plain(_introduction(traffic)))
    if traffic.captures:
        yield Bullets(items=tuple(plain(line) for line in traffic.captures))
    if traffic.devices:
        yield _devices(traffic.devices)
    if traffic.backends:
        yield _backends(traffic.backends)
    if peers := [(row, peer) for row in traffic.devices for peer in row.peers]:
        table = _peers(peers)
        yield Fold(summary=f"Who talked to whom: {counted(len(peers), 'line')}", blocks=(table,))
    yield from _in_full(traffic, told)


def _in_full(traffic: Traffic, told: Told) -> Iterator[Block]:
    """The cards, and how many devices have none."""
    rows = [row for row in telling_first(traffic, told.view.devices) if row.uses.says_something]
    if rows:
        yield Paragraph(spans=plain(_HOW_TO_READ))
    yield from (traffic_device.card(row, number) for number, row in enumerate(rows[:IN_FULL], start=1))
    if (more := len(rows) - IN_FULL) > 0:
        first = f"These are the {IN_FULL} devices with the gravest findings, then those that said most. "
        rest = f"The same of {counted(more, 'further device')} is in the run file, and in the report as text."
        yield Paragraph(spans=plain(f"{first}{rest}"))


def _introduction(traffic: Traffic) -> str:
    shared = f", {traffic.shared} of them by more than one device" if traffic.shared else ""
    said = f"Of the payload, device by device: {traffic.clear}. " if traffic.clear else ""
    return (
        f"{counted(len(traffic.devices), 'device')} {'was' if len(traffic.devices) == 1 else 'were'} seen to talk, to "
        f"{counted(len(traffic.backends), 'server')} beyond the network{shared}. {said}Names of servers are the word "
        "of the device that talked to them, or of its name server. What was not seen while the capture was made is not "
        "known: a device may do other things at another time."
    )


def _devices(rows: tuple[TalkRow, ...]) -> Table:
    return Table(
        id="traffic-devices",
        caption=_of("What each device was seen to say", len(rows), _DEVICES),
        columns=(
            Column(title="Device", weight=2),
            Column(title="Address", weight=1.6, kind="code"),
            Column(title="Seen for"),
            Column(title="Sent", kind="number"),
            Column(title="Received", kind="number"),
            Column(title="Readable on the way", weight=2),
            Column(title="Peers", kind="number"),
        ),
        rows=tuple(
            (
                Cell(spans=(link(row.label or row.address, anchors.device(row.device)),)),
                cell(row.address),
                cell(row.seen),
                cell(size_of(row.sent)),
                cell(size_of(row.received)),
                cell(row.clear),
                cell(f"{len(row.peers)}{' or more' if row.is_cut_off else ''}"),
            )
            for row in rows[:_DEVICES]
        ),
    )


def _backends(rows: tuple[BackendRow, ...]) -> Table:
    return Table(
        id="traffic-backends",
        caption=_of("Servers beyond the network, those of most devices first", len(rows), _BACKENDS),
        columns=(
            Column(title="Server", weight=2.4),
            Column(title="Addresses", weight=2, kind="code"),
            Column(title="Over", weight=1.8),
            Column(title="Protection", weight=1.3),
            Column(title="Payload", kind="number"),
            Column(title="Devices", weight=2.2),
        ),
        rows=tuple(
            (
                cell(row.name),
                cell(listed(row.addresses, _NAMED)),
                cell(listed(row.over, _NAMED)),
                cell(row.protection, _TONES.get(row.protection, "unknown")),
                cell(size_of(row.bytes)),
                cell(listed(row.devices, _NAMED)),
            )
            for row in rows[:_BACKENDS]
        ),
    )


def _peers(rows: list[tuple[TalkRow, PeerRow]]) -> Table:
    return Table(
        id="traffic-peers",
        caption=_of("Who talked to whom", len(rows), _PEERS),
        columns=(
            Column(title="Device", weight=2),
            Column(title="Peer", weight=2.4),
            Column(title="Over", weight=1.8),
            Column(title="Protection", weight=1.3),
            Column(title="Conversations", kind="number"),
            Column(title="Sent", kind="number"),
            Column(title="Received", kind="number"),
        ),
        rows=tuple(
            (
                cell(row.label or row.address),
                cell(f"{'to' if peer.is_client else 'from'} {peer.peer}{'' if peer.is_beyond else ' (here)'}"),
                cell(peer.over),
                cell(peer.protection, _TONES.get(peer.protection, "unknown")),
                cell(f"{peer.conversations:,}"),
                cell(size_of(peer.sent)),
                cell(size_of(peer.received)),
            )
            for row, peer in rows[:_PEERS]
        ),
    )


def _of(caption: str, count: int, most: int) -> str:
    return f"{caption}: the first {most:,} of {count:,}" if count > most else caption
