"""The card of one device or image: who it is and how that is known, what runs on it, how it stands."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime

from iotscan.model.device import Device
from iotscan.model.facts import TrafficProfile
from iotscan.model.run import Run
from iotscan.report.audit import anchors
from iotscan.report.audit.bars import NAMES
from iotscan.report.audit.cells import brief, facts, letter_tone, share
from iotscan.report.audit.times import day
from iotscan.report.content import OwnerRow
from iotscan.report.document import Badge, Block, Bullets, Callout, Card, Facts, plain
from iotscan.report.inventory import is_inventory
from iotscan.report.words import NOTHING, clean, counted, is_randomised, listed

_SERVICES = 60
_BEHIND = 20


def device(run: Run, row: OwnerRow, known: Device, heard: Mapping[str, datetime]) -> Card:
    """The card of a device; ``heard`` is what :func:`heard_last` says of the run."""
    title = f"{row.label} ({row.address})" if row.label and row.label != row.address else row.address or row.id
    return Card(
        id=anchors.device(known.id),
        title=title,
        badges=() if is_inventory(run) else _badges(row),
        blocks=tuple(_device_blocks(run, row, known, heard)),
        search=_search(row, known),
        listed=False,
    )


def _search(row: OwnerRow, known: Device) -> str:
    addresses = (clean(a, 60) for a in (*known.addresses, known.mac))
    return " ".join(w for w in dict.fromkeys((*addresses, row.vendor, row.model, row.kind, *row.protocols)) if w)


def _badges(row: OwnerRow) -> tuple[Badge, ...]:
    grade = f"Grade {row.shown}" if row.shown != NOTHING else "No grade"
    return (Badge(text=grade, tone=letter_tone(row.shown)),)


def _device_blocks(run: Run, row: OwnerRow, known: Device, heard: Mapping[str, datetime]) -> Iterator[Block]:
    yield Facts(
        rows=facts(
            ("Addresses", listed([clean(a, 60) for a in known.addresses], 20)),
            ("MAC address", _mac(known)),
            ("Maker", _maker(row, known)),
            ("Model", row.model),
            ("Kind", row.kind),
            ("Services", _services(known)),
            ("Found by", listed([clean(f, 40) for f in known.found_by])),
            ("First seen", _first_seen(run, known)),
            ("Last seen", last_seen(run, known, heard)),
            *(() if is_inventory(run) else _standing(row)),
        )
    )
    if row.identity:
        yield Bullets(items=tuple(plain(f"{line[:1].upper()}{line[1:]}") for line in row.identity))
    yield from _beware(row.remarks)
    if known.children:
        behind = listed([clean(c, 80) for c in known.children], _BEHIND)
        yield Callout(tone="unknown", spans=plain(f"Behind it, and not assessed: {behind}."))


def _standing(row: OwnerRow) -> tuple[tuple[str, str], ...]:
    letters = ", ".join(f"{NAMES.get(e.element, e.element)} {e.shown}" for e in row.elements)
    return (
        ("Findings", brief(row)),
        ("By element", letters),
        ("Assessed", share(row.assessed, row.total)),
    )


def _mac(known: Device) -> str:
    if known.mac and is_randomised(known.mac):
        return clean(f"{known.mac} (randomised: it names no maker)", 80)
    return clean(known.mac, 40)


def _maker(row: OwnerRow, known: Device) -> str:
    if row.vendor and row.vendor == known.vendor and known.vendor_source:
        return f"{row.vendor} (by its MAC address: {clean(known.vendor_source, 60)})"
    return row.vendor


def _services(known: Device) -> str:
    return listed([clean(f"{s.name} {s.protocol}", 60) for s in sorted(known.services)], _SERVICES)


def _first_seen(run: Run, known: Device) -> str:
    if run.memory is None:
        return ""
    return day(run.memory.seen_first.get(known.id, ""))


def heard_last(run: Run) -> dict[str, datetime]:
    """By device, when it was last heard in a capture."""
    heard: dict[str, datetime] = {}
    for observation in run.observations:
        if isinstance(fact := observation.fact, TrafficProfile):
            owner = observation.subject.device
            heard[owner] = max(fact.last, heard.get(owner, fact.last))
    return heard


def last_seen(run: Run, known: Device, heard: Mapping[str, datetime]) -> str:
    """When it was asked; of who was only heard in a capture, when that was: it may be old."""
    if known.found_by == ("traffic",) and known.id in heard:
        return day(heard[known.id].isoformat())
    asked = run.asked or run
    return day(asked.finished or asked.started)


def _beware(remarks: Sequence[str]) -> Iterator[Block]:
    for remark in remarks:
        yield Callout(tone="warn", spans=plain(f"Read with care: {remark}"))


def image(row: OwnerRow) -> Card:
    """The card of an image: what it holds, and what of it could not be read."""
    return Card(
        id=anchors.image(row.id),
        title=row.label or row.address or row.id,
        badges=_badges(row),
        blocks=tuple(_image_blocks(row)),
        search=row.address,
        listed=False,
    )


def _image_blocks(row: OwnerRow) -> Iterator[Block]:
    yield Facts(rows=facts(("Given as", row.address), ("What it is", row.model), *_standing(row)))
    if row.identity:
        yield Bullets(items=tuple(plain(f"{line[:1].upper()}{line[1:]}") for line in row.identity))
    if row.holds:
        yield Bullets(items=tuple(plain(line) for line in row.holds))
    if row.unread:
        lines = counted(len(row.unread), "part")
        yield Callout(
            tone="unknown", spans=plain(f"{lines} could not be read, or not all of it: nothing is known of it.")
        )
        yield Bullets(items=tuple(plain(line) for line in row.unread))
