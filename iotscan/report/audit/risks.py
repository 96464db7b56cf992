"""What failed, by kind: the same weakness wherever it is, the gravest and most widespread first."""

import re
from collections import defaultdict
from collections.abc import Iterable
from itertools import takewhile
from typing import Final

import msgspec

from iotscan.model.result import CheckInfo, Result
from iotscan.model.run import Run
from iotscan.model.vocabulary import Severity
from iotscan.report.places import Places
from iotscan.report.prose import blocks
from iotscan.report.words import clean, first_sentence

_JARGON: Final = re.compile(r"`|\bCVE-\d|\bRFC \d|https?://")
"""What has no place in a summary."""


class Risk(msgspec.Struct, frozen=True, kw_only=True):
    """One way to fail of one check. ``owners`` are the names of the devices and images, ``accepted`` places waived.

    ``why`` is empty where the check says it only in the words of its trade; ``fix`` too.
    """

    check: str
    variant: str
    severity: Severity
    title: str
    goal: str
    """What the check wants to be true."""
    why: str
    fix: str
    places: int
    accepted: int
    owners: tuple[str, ...]


def risks(run: Run) -> tuple[Risk, ...]:
    """All of them; findings that only inform are none."""
    groups: defaultdict[tuple[str, str, Severity], list[Result]] = defaultdict(list)
    for result in run.results:
        if result.is_finding and result.severity is not Severity.INFO:
            groups[result.check, result.variant, result.severity].append(result)
    places, checks = Places(run), {c.id: c for c in run.checks}
    made = (_risk(group, checks.get(key[0]), places) for key, group in groups.items())
    return tuple(sorted(made, key=lambda r: (-r.severity.rank, -len(r.owners), -r.places, r.check, r.variant)))


def _risk(group: list[Result], info: CheckInfo | None, places: Places) -> Risk:
    first = group[0]
    variant = info.variants.get(first.variant) if info else None
    owners = [r.subject.owner for r in sorted(group, key=lambda r: places.order(r.subject))]
    title = variant.title if variant else info.title if info else first.check
    return Risk(
        check=first.check,
        variant=first.variant,
        severity=first.severity,
        title=clean(title, 200),
        goal=clean(info.title, 200) if info else "",
        why=plainly(info.matters) if info else "",
        fix=plainly(info.fix) if info else "",
        places=len(group),
        accepted=sum(bool(r.waiver) for r in group),
        owners=tuple(places.told_apart(o) if o else "the network" for o in dict.fromkeys(owners)),
    )


def plainly(prose: str) -> str:
    """The first sentence of prose, as far as it is no jargon and without what stands in parentheses as such.

    Empty where it begins with jargon, or only leads over to a list.
    """
    bare = re.sub(r"\s*\(([^()]*)\)", lambda m: "" if _JARGON.search(m[1]) else m[0], _opening(prose))
    sentence = first_sentence(bare, 400)
    kept = list(takewhile(lambda part: not _JARGON.search(part), sentence.split("; ")))
    plain = "; ".join(kept)
    return "" if not plain or plain.endswith(":") else plain if plain.endswith((".", "!", "?")) else f"{plain}."


def _opening(prose: str) -> str:
    """The first paragraph: what follows may be commands and lists."""
    return next((b.text for b in blocks(prose) if b.kind == "paragraph"), "")


def open_ones(found: Iterable[Risk]) -> tuple[Risk, ...]:
    """Those that somebody has still to decide about: not accepted wherever they are."""
    return tuple(r for r in found if r.accepted < r.places)
