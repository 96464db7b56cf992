"""Appendix: Evidence. What findings rest on: who saw it, when, where, and a piece of it to know it again by."""

import hashlib
from collections.abc import Iterator
from typing import Final

import msgspec

from iotscan.model.facts import kind_of
from iotscan.model.observation import Observation
from iotscan.model.run import Run
from iotscan.report.audit import anchors
from iotscan.report.audit.cells import facts
from iotscan.report.audit.times import stamp
from iotscan.report.audit.told import Told
from iotscan.report.document import Block, Card, Code, Fact, Facts, Paragraph, Section, Span, plain
from iotscan.report.places import Places
from iotscan.report.words import clean, counted

_MOST: Final = 500
"""Pieces of evidence that are shown: those of the gravest findings."""
_EXCERPT: Final = 1500
_RECORD: Final = 700
"""Characters of an excerpt and of a record."""


def section(told: Told) -> Section | None:
    """The appendix; None where no finding refers to anything that was kept."""
    wanted = _wanted(told.run)
    known = {o.id: o for o in told.run.observations}
    seen = [(known[name], checks) for name, checks in wanted.items() if name in known]
    if not seen:
        return None
    places = Places(told.run)
    cards = tuple(_card(observation, checks, places) for observation, checks in seen[:_MOST])
    return Section(
        id="evidence",
        title="Evidence",
        blocks=(*_opening(told, len(seen)), *_unique(cards)),
        is_appendix=True,
        filterable=True,
    )


def _wanted(run: Run) -> dict[str, tuple[str, ...]]:
    """Ids of observations in the order of how grave the findings are that need them, and the checks of these."""
    wanted: dict[str, dict[str, None]] = {}
    found = [r for r in run.results if r.is_finding]
    found.sort(key=lambda r: (-r.severity.rank, r.check, r.subject, r.fingerprint))
    for result in found:
        for name in result.observations:
            wanted.setdefault(name, {})[clean(result.check, 80)] = None
    return {name: tuple(sorted(checks)) for name, checks in wanted.items()}


def _opening(told: Told, count: int) -> Iterator[Block]:
    level = {
        "strict": "Secrets are hidden, and names, identifiers and public addresses stand under pseudonyms.",
        "standard": "Secrets are hidden.",
        "off": "Nothing is hidden.",
    }[told.run.redaction]
    yield Paragraph(
        spans=plain(
            "What findings refer to. The hash is of the whole record at this level of redaction, as compact JSON; long "
            f"records are cut here, and whole in the run file. {level}"
        )
    )
    if count > _MOST:
        yield Paragraph(
            spans=plain(
                f"Shown are the {_MOST} that the gravest findings need; "
                f"{counted(count - _MOST, 'further piece')} of evidence are in the run file."
            )
        )


def _card(observation: Observation, checks: tuple[str, ...], places: Places) -> Card:
    place = places.place(observation.subject)
    rows = facts(
        ("Seen at", stamp(observation.at)),
        ("Place", f"{place} ({where})" if (where := places.where(observation.subject)) not in place else place),
        ("Kind", clean(kind_of(observation.fact), 60)),
        ("Seen by", clean(observation.probe, 60)),
        ("How", observation.vantage.value.replace("_", " ")),
        ("Needed by", ", ".join(checks)),
    )
    excerpt = clean(observation.excerpt, _EXCERPT)
    return Card(
        id=anchors.observation(observation.id),
        title=clean(observation.id, 80),
        blocks=(
            Facts(rows=(*rows, Fact(name="SHA-256", spans=(Span(digest(observation), "code"),)))),
            *((Code(text=excerpt, label="Excerpt"),) if excerpt else ()),
            Code(text=clean(msgspec.json.encode(observation.fact).decode(), _RECORD), label="Record"),
        ),
        search=" ".join(checks),
        listed=False,
    )


def digest(observation: Observation) -> str:
    """The hash of an observation as it is told here."""
    return hashlib.sha256(msgspec.json.encode(observation)).hexdigest()


def _unique(cards: tuple[Card, ...]) -> tuple[Card, ...]:
    kept: dict[str, Card] = {}
    for card in cards:
        kept.setdefault(card.id, card)
    return tuple(kept.values())
