"""Section: Keys and certificates over time. Which key is where since when, and whether any was ever replaced."""

from collections.abc import Iterator
from typing import Final

from iotscan.report.audit import anchors
from iotscan.report.audit.cells import link
from iotscan.report.audit.key_ages import Aged, aged
from iotscan.report.audit.times import day
from iotscan.report.audit.told import Told
from iotscan.report.document import Block, Bullets, Cell, Column, Paragraph, Section, Table, cell, plain
from iotscan.report.words import NOTHING, clean, counted

_MOST: Final = 500
"""Keys that the table names: those that have been there longest first."""
_SHORT: Final = 16
"""Hex digits of a key."""


def section(told: Told) -> Section | None:
    """The section; None where no device showed a key."""
    if told.run.command != "scan" and (told.run.asked is None or told.run.asked.command != "scan"):
        return None
    keys = aged(told.run)
    return Section(id="keys", title="Keys and certificates over time", blocks=tuple(_blocks(told, keys)))


def _blocks(told: Told, keys: tuple[Aged, ...]) -> Iterator[Block]:
    if not keys:
        yield Paragraph(spans=plain("No device showed a key or certificate: nothing is known of their age."))
        return
    yield Paragraph(spans=plain(_introduction(told)))
    yield Bullets(items=tuple(plain(sentence) for sentence in _counts(keys)))
    yield _table(told, keys)


def _introduction(told: Told) -> str:
    memory = told.run.memory
    if memory is None:
        return (
            "This is the first audit that the history knows of these devices: there is nothing to compare with. Where "
            "a certificate says since when it is valid, its key is at least that old if the clock of the issuer was "
            "right; of the host keys of SSH nothing is known before today."
        )
    return (
        f"The history knows {counted(memory.runs, 'earlier run')} in which these devices, or others at their "
        f"addresses, were seen, the first on {day(memory.since)}. A key is told as replaced only where something else "
        "than its address shows the device to be the same."
    )


def _counts(keys: tuple[Aged, ...]) -> Iterator[str]:
    known = [key for key in keys if key.is_known]
    if not known:
        yield f"{counted(len(keys), 'key')} at services, all seen for the first time."
        return
    kept = [key for key in known if key.is_kept]
    yield f"{counted(len(kept), 'key')} at services {'is' if len(kept) == 1 else 'are'} the same as in an earlier run."
    turned = sum(key.state == "replaced" for key in keys)
    stand = "stands" if turned == 1 else "stand"
    yield f"{counted(turned, 'key')} {stand} where the same device showed another before."
    if doubtful := sum(key.state == "another" for key in keys):
        yield (
            f"{counted(doubtful, 'key')} {'stands' if doubtful == 1 else 'stand'} at an address where another was seen "
            "before, and nothing shows whether the device is the same: replaced, or another device."
        )
    if renewed := sum(key.state == "renewed" for key in keys):
        yield f"{counted(renewed, 'certificate')} {'was' if renewed == 1 else 'were'} renewed with the same key."


def _table(told: Told, keys: tuple[Aged, ...]) -> Table:
    shown = keys[:_MOST]
    rest = f": {len(shown):,} of {len(keys):,}, the oldest first" if len(shown) < len(keys) else ""
    names = {row.id: row.label or row.address or row.id for row in told.view.devices}
    return Table(
        id="keys-table",
        caption=f"Keys at services{rest}",
        columns=(
            Column(title="Device", weight=2),
            Column(title="Service"),
            Column(title="Key", weight=2.2, kind="code"),
            Column(title="First seen", weight=1.5),
            Column(title="Runs", kind="number"),
            Column(title="Certificate", weight=2.2),
            Column(title="Since the run before", weight=2.2),
        ),
        rows=tuple(_row(key, names) for key in shown),
    )


def _row(key: Aged, names: dict[str, str]) -> tuple[Cell, ...]:
    name = clean(names.get(key.device, key.device), 80)
    what = f"{key.kind} {clean(key.algorithm, 30)} {clean(key.sha256, 64)[:_SHORT]}"
    validity = f"{key.not_before[:10]} to {key.not_after[:10]}" if key.not_after else NOTHING
    return (
        Cell(spans=(link(name, anchors.device(key.device)),)),
        cell(clean(f"{key.service} {key.opening}".strip(), 40)),
        cell(what),
        cell(day(key.first_seen)),
        cell(f"{key.runs:,}"),
        cell(validity),
        _state(key),
    )


def _state(key: Aged) -> Cell:
    if key.state == "replaced":
        return cell(f"replaced; the one before was last seen {day(key.before_seen)}", "pass")
    if key.state == "another":
        return cell(f"another than on {day(key.before_seen)}: replaced, or another device", "unknown")
    if key.state == "renewed":
        return cell("certificate renewed, the key is the same", "warn")
    if key.state == "same":
        return cell("the same")
    return cell("first seen in this run")
