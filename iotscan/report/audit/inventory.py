"""Section: Devices and images. What is there, how that is known, and where each stands."""

from collections.abc import Iterator
from typing import Final

from iotscan.model.device import Device
from iotscan.model.run import Run
from iotscan.report import inventory
from iotscan.report.audit import anchors, device_card
from iotscan.report.audit.cells import brief, letter, link, share
from iotscan.report.audit.told import Told
from iotscan.report.content import OwnerRow
from iotscan.report.document import Block, Card, Cell, Column, Paragraph, Section, Span, Spans, Table, cell, plain
from iotscan.report.identity import firmware
from iotscan.report.words import NOTHING, clean, counted, is_randomised, listed

_CARDS: Final = 100
"""Devices that get a card: those with findings or remarks, the weakest first."""
_SERVICES: Final = 4
"""Services that a line of the table names."""


def section(told: Told) -> Section | None:
    """The section; there is always one, even where nobody answered."""
    cards, left_out = _cards(told)
    carded = frozenset(card.id for card in cards)
    blocks = (*_devices(told, carded), *_images(told, carded), *_left(left_out), *cards)
    return Section(id="inventory", title=_title(told.run), blocks=blocks, filterable=len(cards) > 1)


def _title(run: Run) -> str:
    if run.devices and run.images:
        return "Devices and images"
    return "Images" if run.command == "image" else "Devices"


def _devices(told: Told, carded: frozenset[str]) -> Iterator[Block]:
    run = told.run
    if run.command == "image":
        return
    if not run.devices:
        heard = "was seen in the traffic" if run.command == "traffic" else "answered"
        yield Paragraph(spans=plain(f"No device {heard}. A silent network is not an empty one."))
        return
    is_listed = inventory.is_inventory(run)
    known = {clean(d.id): d for d in run.devices}
    yield Paragraph(spans=plain(_introduction(run)))
    has_macs = any(d.mac for d in run.devices)
    yield Table(
        id="inventory-devices",
        caption=f"Devices, {'by address' if is_listed else 'the weakest first'}",
        columns=tuple(_columns(has_macs, is_listed)),
        rows=tuple(
            _row(row, device, carded, has_macs, is_listed) for row in _ordered(told) if (device := known.get(row.id))
        ),
    )


def _columns(has_macs: bool, is_listed: bool) -> Iterator[Column]:
    yield Column(title="Device", weight=2)
    yield Column(title="Address", weight=1.9, kind="code")
    if has_macs:
        yield Column(title="MAC address", weight=1.8, kind="code")
    yield Column(title="Maker and model", weight=2.2)
    yield Column(title="Services", weight=2.2)
    if not is_listed:
        yield Column(title="Grade")
        yield Column(title="Findings", weight=2.2)
        yield Column(title="Assessed", weight=1.6)


def _ordered(told: Told) -> tuple[OwnerRow, ...]:
    """As the view has them: by grade, then by address."""
    return told.view.devices


def _introduction(run: Run) -> str:
    services = sum(len(d.services) for d in run.devices)
    # Nobody knocked where devices were only heard: what was not used is not known to be closed.
    found = (
        f"{counted(len(run.devices), 'device')}, {counted(services, 'service')} of theirs seen at work."
        if run.command == "traffic"
        else f"{counted(len(run.devices), 'device')} with {counted(services, 'open service')}."
    )
    return (
        f"{found} A question mark stands behind what is only hinted at; the maker of a device that says nothing of "
        "itself is told by its MAC address alone."
    )


def _row(row: OwnerRow, device: Device, carded: frozenset[str], has_macs: bool, is_listed: bool) -> tuple[Cell, ...]:
    card = anchors.device(device.id)
    name = row.label or row.address or row.id
    named: Spans = (link(name, card),) if card in carded else plain(name)
    judged = () if is_listed else (letter(row.shown), cell(brief(row)), cell(share(row.assessed, row.total)))
    return (
        Cell(spans=named),
        cell(_addresses(device)),
        *((cell(mac(device)),) if has_macs else ()),
        cell(_what(row, device)),
        cell(_services(device)),
        *judged,
    )


def _addresses(device: Device) -> str:
    return listed([clean(a, 60) for a in device.addresses], 2) or NOTHING


def mac(device: Device) -> str:
    """The MAC address, with a word where it is made up."""
    if not device.mac:
        return NOTHING
    return clean(f"{device.mac}{' (randomised)' if is_randomised(device.mac) else ''}", 40)


def _what(row: OwnerRow, device: Device) -> str:
    """Kind, maker, model and firmware in one line."""
    hint = "?" if row.vendor and device.vendor == row.vendor and device.identity.vendor is None else ""
    version = clean(firmware(device), 40)
    words = (f"{row.vendor}{hint}" if row.vendor else "", row.model, f"firmware {version}" if version else "")
    told = " ".join(w for w in words if w)
    return f"{row.kind}: {told}" if row.kind and told else row.kind or told or NOTHING


def _services(device: Device) -> str:
    names = dict.fromkeys(
        clean(f"{s.protocol} {s.port}" if s.protocol != "unknown" else s.name, 40) for s in sorted(device.services)
    )
    return listed(tuple(names), _SERVICES) or "none found"


def _images(told: Told, carded: frozenset[str]) -> Iterator[Block]:
    rows = told.view.images
    if not rows:
        return
    yield Table(
        id="inventory-images",
        caption="Images",
        columns=(
            Column(title="Image", weight=2),
            Column(title="Given as", weight=3, kind="code"),
            Column(title="What it is", weight=2),
            Column(title="Grade"),
            Column(title="Findings", weight=1.6),
            Column(title="Assessed", weight=1.4),
        ),
        rows=tuple(
            (
                Cell(spans=_image_name(row, carded)),
                cell(row.address),
                cell(row.model),
                letter(row.shown),
                cell(brief(row)),
                cell(share(row.assessed, row.total)),
            )
            for row in rows
        ),
    )


def _image_name(row: OwnerRow, carded: frozenset[str]) -> Spans:
    card = anchors.image(row.id)
    return (link(row.label, card),) if card in carded else plain(row.label or row.id)


def _cards(told: Told) -> tuple[tuple[Card, ...], int]:
    """The cards, and how many devices with something to tell have none."""
    known = {clean(d.id): d for d in told.run.devices}
    telling = [r for r in _ordered(told) if r.id in known and (r.findings or r.remarks or known[r.id].children)]
    telling.sort(key=lambda r: not r.findings)
    cards = [device_card.image(row) for row in told.view.images]
    heard = device_card.heard_last(told.run)
    cards += [device_card.device(told.run, row, known[row.id], heard) for row in telling[:_CARDS]]
    unique: dict[str, Card] = {}
    for card in cards:
        unique.setdefault(card.id, card)
    return tuple(unique.values()), max(0, len(telling) - _CARDS)


def _left(count: int) -> Iterator[Block]:
    if count:
        yield Paragraph(
            spans=(
                *plain(f"Details follow of the {_CARDS} weakest devices that have findings or remarks. "),
                Span(f"Those of {counted(count, 'further device')} are in the run file."),
            )
        )
