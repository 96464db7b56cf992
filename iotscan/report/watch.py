"""What a watch tells, as one line an event: for a person, or JSON for a program.

Nobody is called down: silence is all that a watch can tell of.
"""

from collections.abc import Callable, Mapping
from types import MappingProxyType

from iotscan.model.watching import WatchEvent
from iotscan.report.difference import shift_words
from iotscan.report.json import record
from iotscan.report.words import clean, counted

_LIMIT = 600


def line(event: WatchEvent) -> str:
    """``2026-11-26T15:10:00 appeared: 192.0.2.9  hall  camera  tcp/80 http``, with its line end."""
    return clean(f"{event.at[:19]} {_said(event)}", _LIMIT) + "\n"


def as_json(event: WatchEvent) -> str:
    """The event as one line of JSON; what is empty is left out."""
    return record(event)


def _said(event: WatchEvent) -> str:
    match event.event:
        case "began":
            return f"watching {', '.join(event.targets)}: a round, then {event.every:g} s of rest, and again"
        case "ended":
            return f"ended: {event.note}"
        case "round":
            away = f", {event.away} not seen any more" if event.away else ""
            note = f"; {event.note}" if event.note else ""
            return f"round {event.round}: {counted(event.devices, 'device')}{away}{note}"
        case "changed":
            return f"changed: {_who(event)}  {'; '.join(map(shift_words, event.shifts))}"
        case "not_seen":
            return f"not seen since {event.since[:19]}: {_who(event)}"
        case "back":
            return f"back: {_who(event)}  not seen since {event.since[:19]}"
        case _:
            what = (event.mac, event.vendor, event.kind, ", ".join(event.services))
            return "  ".join((f"{event.event}: {_who(event)}", *(w for w in what if w)))


def _who(event: WatchEvent) -> str:
    addresses = ", ".join(event.addresses)
    return addresses if event.label in event.addresses else f"{addresses}  {event.label}"


FORMATS: Mapping[str, Callable[[WatchEvent], str]] = MappingProxyType({"text": line, "jsonl": as_json})
"""The formats of a watch."""
