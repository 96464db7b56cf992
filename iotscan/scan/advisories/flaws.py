"""The flaws of one package: what several records say of the same one is told once.

A distribution has a record for each CVE and one for each advisory that it sent out (``DEBIAN-CVE-2024-1`` and
``DSA-5000-1``): the latter adds nothing where all its CVEs are there.
"""

import re
from collections.abc import Iterable

import msgspec

from iotscan.model.facts import Advisory
from iotscan.model.text import safe_text
from iotscan.wire.osv.gravity import Rating, rating_of
from iotscan.wire.osv.ranges import Hit
from iotscan.wire.osv.records import Affected, Record

_CVE = re.compile(r"CVE-[0-9]{4}-[0-9]{4,19}")
_MOST_NAMES = 8
_MOST_CVES = 500
_RANKS = ("critical", "high", "medium", "low", "unknown")


class Flaw(msgspec.Struct, frozen=True, kw_only=True):
    """What one record says of a package."""

    id: str
    cves: tuple[str, ...]
    rating: Rating
    fixed: str


def flaw_of(record: Record, entry: Affected, hit: Hit) -> Flaw:
    """The flaw that a record means."""
    names = (record.id, *(record.upstream or ()), *(record.aliases or ()))
    cves = tuple(dict.fromkeys(name for name in names if _CVE.fullmatch(name)))[:_MOST_CVES]
    return Flaw(id=record.id, cves=cves, rating=rating_of(record, entry), fixed=hit.fixed)


def advisories_of(flaws: Iterable[Flaw]) -> list[Advisory]:
    """Each flaw once, the gravest first."""
    by_name: dict[str, list[Flaw]] = {}
    several = []
    for flaw in flaws:
        if len(flaw.cves) > 1:
            several.append(flaw)
        else:
            by_name.setdefault(flaw.cves[0] if flaw.cves else flaw.id, []).append(flaw)
    known = set(by_name)
    for flaw in several:
        if not known.issuperset(flaw.cves):
            by_name.setdefault(flaw.id, []).append(flaw)
    return sorted((_advisory(name, same) for name, same in by_name.items()), key=_rank)


def _advisory(name: str, same: list[Flaw]) -> Advisory:
    """One flaw, by the gravest of its ratings. Sorted first: the order of files in a zip must not show."""
    same = sorted(same, key=lambda flaw: (_RANKS.index(flaw.rating.gravity), -(flaw.rating.score or 0.0), flaw.id))
    rating = same[0].rating
    others = {other for flaw in same for other in (flaw.id, *flaw.cves)} - {name}
    return Advisory(
        id=safe_text(name, 60),
        aliases=tuple(safe_text(other, 60) for other in sorted(others)[:_MOST_NAMES]),
        gravity=rating.gravity,
        score=rating.score,
        rated=safe_text(rating.said, 200),
        fixed=safe_text(next((flaw.fixed for flaw in same if flaw.fixed), ""), 120),
    )


def _rank(advisory: Advisory) -> tuple[int, float, str]:
    return _RANKS.index(advisory.gravity), -(advisory.score or 0.0), advisory.id
