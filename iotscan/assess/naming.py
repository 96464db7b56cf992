"""Results put in order, each with its fingerprint."""

from collections import Counter
from collections.abc import Iterable
from itertools import groupby
from typing import Any

import msgspec

from iotscan.assess.evidence import Evidence, place_order
from iotscan.model.lasting import content, identities, lasting_part, lasting_place
from iotscan.model.result import Result, fingerprint


def named(results: Iterable[Result], evidence: Evidence) -> tuple[Result, ...]:
    """Sort results by subject and check and give each a fingerprint of its own.

    Results that check, variant, device, place and part do not tell apart are told apart by what was seen;
    only those that are equal in that too are counted.
    """
    who = identities(evidence.devices, evidence.images, evidence.observations)
    ordered = in_order(results)
    keys = [_key(r, who[r.subject.owner]) for r in ordered]
    bearers = Counter(keys)
    counted: Counter[tuple[str, ...]] = Counter()
    marked: list[Result] = []
    for result, key in zip(ordered, keys, strict=True):
        *others, part = key
        if bearers[key] > 1:
            part = f"{part}\x1e{content(result) if result.is_finding else result.outcome.value}"
            counted[(*others, part)] += 1
            number = counted[(*others, part)]
            part = part if number == 1 else f"{part}\x1e{number}"
        check, variant, identity, place = others
        marked.append(msgspec.structs.replace(result, fingerprint=fingerprint(check, variant, identity, place, part)))
    return tuple(marked)


def in_order(results: Iterable[Result]) -> tuple[Result, ...]:
    """Results that are named already, sorted by subject and check."""
    alike = (tuple(found) for _, found in groupby(sorted(results, key=_order), _order))
    # What a result says in full is asked only of those that nothing else tells apart: they are many.
    return tuple(r for found in alike for r in (sorted(found, key=msgspec.json.encode) if len(found) > 1 else found))


def _key(result: Result, identity: str) -> tuple[str, str, str, str, str]:
    return result.check, result.variant, identity, lasting_place(result.subject), lasting_part(result)


def _order(result: Result) -> tuple[Any, ...]:
    place = place_order(result.subject)
    return (place[:2], result.check, place, -result.outcome.weight)
