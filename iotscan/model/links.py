"""Which of those who bear marks is which of others that bear marks: between two runs, and between a run and a history.

One is linked by a mark that it alone bears on both sides, the strongest kind first; clones that share a key are linked
where the address speaks for it as well. Nothing is linked against a contradiction: a wrong link would pass a
stranger's finding off as known, a missing one only calls a known finding new.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Final

import msgspec

from iotscan.model.identity import Key
from iotscan.model.lasting import PROVED, Marks, telling

_KEYS: Final = ("ssh", "tls")
_OWN: Final = tuple(kind for kind in PROVED if kind not in _KEYS)


class Link(msgspec.Struct, frozen=True, kw_only=True):
    """The id on the new side, and the kind of mark that says so."""

    to: str
    by: str


def linked(
    before: Marks,
    after: Marks,
    *,
    first: Mapping[str, str],
    then: Mapping[str, str],
    by_address: bool = False,
    by_key: bool = True,
) -> dict[str, Link]:
    """Old id -> its counterpart. ``first`` and ``then`` are the texts by which fingerprints know the ids of each side,
    as :func:`~iotscan.model.lasting.identities` gives them.

    ``by_address`` takes for one, too, who is at the same address where nothing speaks against it: enough for a list
    of devices, too little for a finding. Without ``by_key`` a key links only those at one address: a key that a whole
    series of devices has is borne by one alone in each of two runs that saw one each.
    """
    links: dict[str, Link] = {}
    telling_before, telling_after = telling(before), telling(after)
    for kind in PROVED if by_key else _OWN:
        _add(links, _sharing(telling_before, telling_after, kind), kind, before, after)
    owners = {identity: owner for owner, identity in then.items()}
    shared: dict[str, list[tuple[str, str]]] = defaultdict(list)
    for owner, identity in first.items():
        if identity in owners:
            shared[identity.partition(" ")[0]].append((owner, owners[identity]))
    for kind, pairs in shared.items():
        if kind in _KEYS and not by_key:
            continue
        _add(links, pairs, kind, before, after)
    _add(links, _clones(before, after), "key and address", before, after)
    if by_address:
        _add(links, _neither_proves_otherwise(before, after), "address", before, after)
    return links


def _sharing(before: Marks, after: Marks, kind: str) -> list[tuple[str, str]]:
    bearers = {mark: owner for owner, marks in after.items() for mark in marks if mark[0] == kind}
    return [(owner, bearers[mark]) for owner, marks in before.items() for mark in marks if mark in bearers]


def _clones(before: Marks, after: Marks) -> list[tuple[str, str]]:
    at: dict[str, set[str]] = defaultdict(set)
    for owner, marks in after.items():
        for kind, address in marks:
            if kind == "address":
                at[address].add(owner)
    return [
        (owner, other)
        for owner, marks in before.items()
        for kind, address in marks
        if kind == "address"
        for other in at[address]
        if {m for m in marks if m[0] in PROVED} & set(after[other])
    ]


def _neither_proves_otherwise(before: Marks, after: Marks) -> list[tuple[str, str]]:
    """Those at one address, unless both show a mark of one kind and share none of it."""
    pairs = _sharing(before, after, "address")
    return [(one, other) for one, other in pairs if not _differ(before[one], after[other], PROVED)]


def _add(links: dict[str, Link], pairs: list[tuple[str, str]], by: str, before: Marks, after: Marks) -> None:
    """Take over the pairs that are unequivocal: one to one, neither linked yet, no contradiction."""
    taken = {found.to for found in links.values()}
    free = {(a, b) for a, b in pairs if a not in links and b not in taken}
    forth: dict[str, set[str]] = defaultdict(set)
    back: dict[str, set[str]] = defaultdict(set)
    for a, b in free:
        forth[a].add(b)
        back[b].add(a)
    for a, b in sorted(free):
        if len(forth[a]) == len(back[b]) == 1 and not contradict(before.get(a, ()), after.get(b, ())):
            links[a] = Link(to=b, by=by)


def contradict(one: tuple[Key, ...], other: tuple[Key, ...]) -> bool:
    """Whether MAC addresses or serial numbers say that the bearers of these marks are two."""
    return _differ(one, other, ("mac", "serial"))


def _differ(one: tuple[Key, ...], other: tuple[Key, ...], kinds: Sequence[str]) -> bool:
    for kind in kinds:
        first, second = ({m for m in marks if m[0] == kind} for marks in (one, other))
        if first and second and not first & second:
            return True
    return False
