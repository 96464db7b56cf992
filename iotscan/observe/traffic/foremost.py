"""Whom to tell of where more were seen than can be told: a flood of forged addresses hides nobody who spoke."""

from collections.abc import Callable, Collection, Sequence
from typing import Final

from iotscan.model.facts import NameQuestion, Talk, TimeQuestion
from iotscan.observe.traffic.keeping import Keeping
from iotscan.observe.traffic.parties import Group, Span

DEVICES: Final = 2048
"""Devices that are told of: each costs about a fifth of a megabyte where it is judged."""
_SAID_BY_ALL: Final = (NameQuestion, Talk, TimeQuestion)
Kept = Callable[[Group], Sequence[Keeping]]
Spans = Callable[[Group], Sequence[Span]]


def foremost(
    groups: tuple[Group, ...], kept: Kept, spans: Spans, *, known: Collection[str] = (), most: int = DEVICES
) -> tuple[Group, ...]:
    """At most so many of the devices, in the order that they came in.

    Those of ``known`` (MAC addresses, or addresses) first; then who said what may be a finding; then who said most.
    """
    if len(groups) <= most:
        return groups
    wanted = frozenset(known)

    def rank(group: Group) -> tuple[object, ...]:
        keepings = kept(group)
        is_known = group.mac in wanted or not wanted.isdisjoint(group.addresses)
        is_told = any(kind not in _SAID_BY_ALL for keeping in keepings for kind in keeping.uses)
        payload = sum(k.totals.encrypted + k.totals.cleartext + k.totals.unknown for k in keepings)
        return not is_known, not is_told, -payload, -sum(s.frames for s in spans(group))

    # Sorting keeps the order of addresses among equals.
    chosen = frozenset(group.id for group in sorted(groups, key=rank)[:most])
    return tuple(group for group in groups if group.id in chosen)
