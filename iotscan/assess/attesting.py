"""Attestations as evidence: what a person states becomes an observation like any other, marked as attested.

The observations are made while judging and taken out again before the next judging, so that a stored run can
be judged with another file.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, date, datetime

import msgspec

from iotscan.assess.check import Check
from iotscan.assess.evidence import whole
from iotscan.assess.targets import Owner, owners_of
from iotscan.assess.waiving import has_expired, say_target, until
from iotscan.data.waiver_file import AttestationEntry, KnownChecks
from iotscan.model.device import Device, Image
from iotscan.model.facts import AnyFact
from iotscan.model.facts.statement import Statement
from iotscan.model.observation import Observation, observe
from iotscan.model.text import safe_text
from iotscan.model.vocabulary import Vantage
from iotscan.model.waiver import AttestationUse

PROBE = "attestation/1"
Kinds = Mapping[str, type[Statement]]
"""Check id -> what a person states for it."""


class Attested(msgspec.Struct, frozen=True, kw_only=True):
    """Statements as observations, what became of each attestation, and what a person should mend."""

    observations: tuple[Observation, ...]
    uses: tuple[AttestationUse, ...]
    warnings: tuple[str, ...]


def statement_kinds(checks: Iterable[Check]) -> dict[str, type[Statement]]:
    """The checks that a person answers, and with what."""
    anchors = {c.info.id: c.anchor.fact for c in checks}
    return {check: fact for check, fact in anchors.items() if issubclass(fact, Statement)}


def known_checks(checks: Sequence[Check]) -> KnownChecks:
    """The checks that a waiver file may name."""
    names = {name.lower(): c.info.id for c in checks for name in (*c.info.aliases, c.info.id)}
    return KnownChecks(ids=names, attestable=frozenset(statement_kinds(checks)))


def observed_only(observations: Iterable[Observation]) -> tuple[Observation, ...]:
    """Observations without what persons stated, and what was concluded, at an earlier judging."""
    return tuple(o for o in observations if o.fact.per not in ("person", "vantages"))


def attest(
    entries: Iterable[AttestationEntry],
    devices: Sequence[Device],
    images: Sequence[Image],
    kinds: Kinds,
    *,
    as_of: datetime,
) -> Attested:
    """Make the statements for the devices and images of a run.

    ``kinds`` are those of the selected checks. An expired statement stands only where no other speaks: its
    check then says that it has expired.
    """
    today = as_of.astimezone(UTC).date()
    listed = sorted(entries, key=lambda e: e.id)
    owned = [(entry, owner) for entry in listed for owner in owners_of(entry.target, devices, images)]
    in_force = {(e.check, o.id) for e, o in owned if not has_expired(e, today)}
    latest = {(e.check, o.id): e.id for e, o in sorted(owned, key=lambda pair: (pair[0].expires, pair[0].id))}
    made = []
    for entry, owner in owned:
        place = (entry.check, owner.id)
        stands = not has_expired(entry, today) if place in in_force else latest[place] == entry.id
        if entry.check in kinds and stands:
            made.append(_observation(entry, owner, kinds[entry.check]))
    named = {entry.id for entry, _ in owned}
    uses = tuple(_use(e, today, is_asked=e.check in kinds, is_here=e.id in named) for e in listed)
    return Attested(observations=tuple(made), uses=uses, warnings=tuple(w for u in uses for w in _warnings(u)))


def _observation(entry: AttestationEntry, owner: Owner, kind: type[Statement]) -> Observation:
    said = kind(
        attestation=entry.id,
        holds=entry.holds,
        by=safe_text(entry.by),
        reference=safe_text(entry.reference),
        expires=entry.expires,
    )
    fact: AnyFact = msgspec.convert(msgspec.to_builtins(said), AnyFact)
    return observe(fact, whole(owner), probe=PROBE, at=entry.created.isoformat(), vantage=Vantage.ATTESTED)


def _use(entry: AttestationEntry, today: date, *, is_asked: bool, is_here: bool) -> AttestationUse:
    who = f"by {safe_text(entry.by)}"
    pressing = until(entry, today, who)
    notes = [pressing] if pressing else []
    notes += [] if is_asked else ["the profile leaves its check out"]
    notes += [] if is_here else ["nothing that it names is in this run"]
    expired = has_expired(entry, today)
    return AttestationUse(
        id=entry.id,
        check=entry.check,
        target=say_target(entry.target),
        holds=entry.holds,
        by=safe_text(entry.by),
        reference=safe_text(entry.reference),
        expires=entry.expires.isoformat(),
        state="expired" if expired else "applied" if is_asked and is_here else "not_asked",
        notes=tuple(notes),
    )


def _warnings(use: AttestationUse) -> list[str]:
    return [f"attestation {use.id}: {'; '.join(use.notes)}"] if use.state != "applied" else []
