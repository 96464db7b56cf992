"""Whether a record means a version. Source: the OSV schema, "Evaluation".

A version is meant that is listed, or that lies in a range: the events of a range are put in the order of their
versions, and each that is not newer switches it on (``introduced``) or off (``fixed``, ``last_affected``). Ranges of
commits are left out: packages have no commits.
"""

from collections.abc import Iterator

import msgspec

from iotscan.wire.osv.records import Affected, Event
from iotscan.wire.versions import Key, NotComparable, Order

_MOST_EVENTS = 10_000


class Hit(msgspec.Struct, frozen=True, kw_only=True):
    """A version that is meant, and in which one it is mended; empty where none is."""

    fixed: str = ""


def hit_by(entry: Affected, version: str, order: Order) -> Hit | None:
    """What an entry says of a version; None where it is not meant. Raises :class:`NotComparable`."""
    own = order(version)
    ranges = [r for r in entry.ranges or () if r.type == "ECOSYSTEM"]
    is_meant = version in (entry.versions or ())
    fixes: list[tuple[Key, str]] = []
    for events in (r.events or () for r in ranges):
        if len(events) > _MOST_EVENTS:
            raise NotComparable("it has too many events")
        is_in_this = _is_in(events, own, order)
        is_meant = is_meant or is_in_this
        if is_in_this:
            fixes += [(order(e.fixed), e.fixed) for e in events if e.fixed is not None and order(e.fixed) > own]
    return Hit(fixed=min(fixes)[1] if fixes else "") if is_meant else None


def _is_in(events: tuple[Event, ...], own: Key, order: Order) -> bool:
    limits = [e.limit for e in events if e.limit is not None]
    if limits and not any(limit == "*" or own < order(limit) for limit in limits):
        return False
    # Who says only where it ends means all before: the schema demands a beginning, and not every record has one.
    is_on = not any(e.introduced is not None for e in events) and any(e.fixed or e.last_affected for e in events)
    # Two of one version stay as they stand: introduced and mended in the same one means that it never was in any.
    for at, kind in sorted(_switches(events, order), key=lambda switch: switch[0]):
        newer = (1, own) > at if kind == "last_affected" else (1, own) >= at
        if newer:
            is_on = kind == "introduced"
    return is_on


def _switches(events: tuple[Event, ...], order: Order) -> Iterator[tuple[Key, str]]:
    for event in events:
        if event.introduced is not None:
            # "0" is before any version, not a version.
            yield (0, ()) if event.introduced == "0" else (1, order(event.introduced)), "introduced"
        elif event.fixed is not None:
            yield (1, order(event.fixed)), "fixed"
        elif event.last_affected is not None:
            yield (1, order(event.last_affected)), "last_affected"
