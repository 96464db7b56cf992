"""What is on the network, without any judgement: the answer of ``iotscan discover``."""

from collections.abc import Iterator

import msgspec
from rich.console import Console

from iotscan.model.device import Device
from iotscan.model.run import Run
from iotscan.report.asked import asked
from iotscan.report.columns import Field, show_columns
from iotscan.report.identity import kind, maker, model, oneness, programs, remarks, traits
from iotscan.report.ink import Column, Ink
from iotscan.report.places import address_order
from iotscan.report.view import banner, partial, title
from iotscan.report.words import clean, counted, is_randomised


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """One device as an inventory lists it; empty where unknown. ``others`` are its further addresses."""

    address: str
    others: tuple[str, ...]
    mac: str
    vendor: str
    name: str
    model: str
    services: tuple[str, ...]
    found_by: tuple[str, ...]
    kind: str = ""
    """``camera``, with ``?`` behind it where that is only hinted at."""
    identity: tuple[str, ...] = ()
    """What it is and how that is known, one sentence each."""
    software: tuple[str, ...] = ()
    remarks: tuple[str, ...] = ()
    maker: str = ""
    """The vendor alone, with ``?`` behind it where nothing but the MAC address tells."""
    oneness: str = ""
    """Why its addresses are one device's, where it has several."""
    children: tuple[str, ...] = ()
    """What stands behind it, of which nothing was asked."""


def is_inventory(run: Run) -> bool:
    """True for a run of which nothing was judged, nor should be."""
    return run.command == "discover" and not run.results


def entries(run: Run) -> tuple[Entry, ...]:
    """Every device, by address."""
    return tuple(_entry(d) for d in sorted(run.devices, key=lambda d: address_order(d.address)))


def _entry(device: Device) -> Entry:
    return Entry(
        address=clean(device.address, 60),
        others=tuple(clean(a, 60) for a in device.addresses[1:]),
        mac=clean(device.mac, 20),
        vendor=clean(_vendor(device), 100),
        maker=clean(_maker(device), 80),
        name=clean(device.claimed("name") or device.claimed("hostname"), 80),
        model=clean(model(device), 80),
        services=tuple(clean(f"{s.name} {s.protocol}", 60) for s in sorted(device.services)),
        found_by=tuple(clean(f, 40) for f in device.found_by),
        kind=kind(device.identity),
        identity=traits(device.identity),
        software=programs(device.identity),
        remarks=remarks(device.identity),
        oneness=oneness(device),
        children=tuple(clean(c, 80) for c in device.children),
    )


def _vendor(device: Device) -> str:
    """The vendor by name where something says it; else by MAC prefix with its table, or why there is none."""
    if (told := maker(device)) and told != device.vendor:
        return told
    if device.vendor:
        return f"{device.vendor} ({device.vendor_source})" if device.vendor_source else device.vendor
    return "randomised (locally administered)" if is_randomised(device.mac) else ""


def _maker(device: Device) -> str:
    """The vendor for where there is little room: its text says where the name is from."""
    if (told := maker(device)) and told != device.vendor:
        return told
    return f"{device.vendor}?" if device.vendor else "randomised" if is_randomised(device.mac) else ""


def inventory(run: Run) -> str:
    """The inventory as plain lines: one ``device:`` line each, details indented."""
    return "\n".join(_lines(run)) + "\n"


def _lines(run: Run) -> Iterator[str]:
    if banner(run):
        yield banner(run)
    if run.status != "complete":
        yield partial(run)
    yield from title(run)
    yield ""
    yield f"devices: {len(run.devices)}"
    for entry in entries(run):
        name = f"  {entry.name}" if entry.name else ""
        yield f"device: {entry.address}{name}"
        details = {
            "mac": entry.mac,
            "vendor": entry.vendor,
            "model": entry.model,
            "kind": entry.kind,
            "is": "; ".join(entry.identity),
            "runs": ", ".join(entry.software),
            "services": ", ".join(entry.services),
            "beware": "; ".join(entry.remarks),
            "behind it, not assessed": ", ".join(entry.children),
            "also": ", ".join(entry.others),
            "one device": entry.oneness,
            "found by": ", ".join(entry.found_by),
        }
        yield from (f"  {what}: {text}" for what, text in details.items() if text)
    if spent := asked_of(run):
        yield f"asked: {spent}"
    notices = dict.fromkeys((clean(n.about, 60), clean(n.text, 400)) for n in run.notices)
    yield from (f"notice: {about}: {text}" for about, text in notices)


def show_inventory(run: Run, console: Console, *, ascii: bool = False) -> None:
    """The inventory as a table on ``console``, fitted to its width."""
    ink = Ink(console, ascii=ascii)
    listing = entries(run)
    if banner(run):
        ink.say(ink.text(banner(run), "bold yellow"))
    for number, line in enumerate(title(run)):
        ink.say(ink.text(line, "dim" if number else "bold"))
    if run.status != "complete":
        ink.say(ink.text(partial(run), "bold yellow"))
    ink.heading("devices", ink.text(str(len(listing)), "dim"))
    if not listing:
        ink.say(ink.text("nothing answered: a silent network is not an empty one"), 2)
        return
    show_columns(ink, _always(ink, listing), _where_room(ink, listing))
    ink.blank()
    open_services = counted(sum(len(e.services) for e in listing), "open service")
    ink.say(ink.text(f"{counted(len(listing), 'device')}, {open_services}"))
    for entry in listing:
        if entry.oneness:
            ink.say(ink.text(f"{entry.address}: {entry.oneness}", "dim"))
        for remark in entry.remarks:
            ink.say(ink.text(f"{entry.address}: beware: {remark}"))
        if entry.children:
            ink.say(ink.text(f"behind {entry.address}, not assessed: {', '.join(entry.children)}", "dim"))
    if spent := asked_of(run):
        ink.say(ink.text(f"asked: {spent}", "dim"), 2)
    for about, text in dict.fromkeys((clean(n.about, 60), clean(n.text, 400)) for n in run.notices):
        ink.say(ink.text(f"notice: {about}: {text}", "dim"), 2)


def asked_of(run: Run) -> str:
    """What the devices of a list saw of us, in one line; empty where there is nothing to tell."""
    return asked([(run.costs[d.id], clean(d.address, 60)) for d in run.devices if d.id in run.costs])


def _field(ink: Ink, title: str, cells: list[str], *, least: int = 0, most: int = 0, style: str = "") -> Field:
    column = Column(title=title, wraps=True, least=least, most=most)
    return Field(column=column, cells=[ink.text(cell, style) for cell in cells])


def _always(ink: Ink, listing: tuple[Entry, ...]) -> Iterator[Field]:
    narrow = ink.width < 76
    yield _field(ink, "address", ["\n".join((e.address, *e.others)) for e in listing], most=24 if narrow else 48)
    yield _field(ink, "name", [e.name for e in listing], most=14 if narrow else 24, style="bold")


def _where_room(ink: Ink, listing: tuple[Entry, ...]) -> Iterator[list[Field]]:
    """The further columns, the most telling first."""
    most = 44 if ink.width >= 100 else 24
    yield [_field(ink, "kind", [e.kind for e in listing])]
    yield [_field(ink, "services", [", ".join(e.services) for e in listing], least=16, most=most)]
    yield [_field(ink, "mac", [e.mac for e in listing], style="dim")]
    yield [_field(ink, "vendor", [e.maker for e in listing], least=14, most=40)]
    yield [_field(ink, "model", [e.model for e in listing], least=10, most=24)]
    yield [_field(ink, "found by", [", ".join(e.found_by) for e in listing], least=8, most=20, style="dim")]
