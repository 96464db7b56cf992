"""How grave a flaw is, by what its record says; where it says nothing, nobody knows.

CVSS of versions 3 and 4 is worked out from the vector (the library of Red Hat's product security: version 4 needs a
table of 270 classes); the gravest of several counts. Without one a word of the database counts. Debian's word
``unimportant`` counts before all: by it Debian says that the flaw does no harm in its package.
"""

from collections.abc import Iterator
from functools import lru_cache
from typing import Any

import msgspec

from iotscan.model.facts.vulnerabilities import Gravity
from iotscan.wire.osv.records import Affected, Record

_LONGEST_VECTOR = 400
_MOST_RATINGS = 20
_WORDS: dict[str, Gravity] = {
    "critical": "critical",
    "high": "high",
    "important": "high",
    "medium": "medium",
    "moderate": "medium",
    "low": "low",
    "negligible": "low",
    "unimportant": "low",
}
"""The words of GitHub, Debian, Ubuntu and Red Hat."""


class Rating(msgspec.Struct, frozen=True, kw_only=True):
    """``score`` is the base score of CVSS, None where ``said`` is a word; ``said`` is empty where nothing is known."""

    gravity: Gravity = "unknown"
    score: float | None = None
    said: str = ""


UNRATED = Rating()


def rating_of(record: Record, entry: Affected) -> Rating:
    """How grave a record says it is for the package of an entry of it."""
    urgency = _word(entry.ecosystem_specific, "urgency")
    if urgency == "unimportant":
        return Rating(gravity="low", said=urgency)
    vectors = [r.score for r in (*(entry.severity or ()), *(record.severity or ()))][:_MOST_RATINGS]
    scored = [rating for rating in map(_by_vector, vectors) if rating.score is not None]
    if scored:
        return max(scored, key=lambda rating: rating.score or 0.0)
    said = next((word for word in (*_words(record, entry), urgency, *vectors) if word.lower() in _WORDS), "")
    return Rating(gravity=_WORDS[said.lower()], said=said.lower()) if said else UNRATED


def _words(record: Record, entry: Affected) -> Iterator[str]:
    for place in (entry.ecosystem_specific, entry.database_specific, record.database_specific):
        yield _word(place, "severity")


def _word(place: Any, key: str) -> str:
    found = place.get(key) if isinstance(place, dict) else None
    return found if isinstance(found, str) else ""


@lru_cache(maxsize=4096)
def _by_vector(vector: str) -> Rating:
    """A vector's base score; UNRATED where it is none of CVSS 3 or 4."""
    from cvss import CVSS3, CVSS4
    from cvss.exceptions import CVSSError

    kinds = {"CVSS:3": CVSS3, "CVSS:4": CVSS4}
    kind = kinds.get(vector[:6])
    if kind is None or len(vector) > _LONGEST_VECTOR:
        return UNRATED
    try:
        score = float(kind(vector).base_score)
    except CVSSError:
        return UNRATED
    return Rating(gravity=_gravity(score), score=score, said=vector)


def _gravity(score: float) -> Gravity:
    """Source: CVSS 3.1 section 5, CVSS 4.0 section 6."""
    bounds: tuple[tuple[float, Gravity], ...] = ((9.0, "critical"), (7.0, "high"), (4.0, "medium"))
    return next((gravity for least, gravity in bounds if score >= least), "low")
