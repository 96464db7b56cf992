"""What a probe or an inspector brings back: facts, and why there are none."""

from collections.abc import Iterable

import msgspec

from iotscan.model.facts import AnyFact, Fact, kind_of
from iotscan.model.observation import Attempt, Observation
from iotscan.model.subject import Subject
from iotscan.model.vocabulary import AttemptStatus, Reason


class Missed(msgspec.Struct, frozen=True, kw_only=True):
    """A kind of fact that was looked for and not got. ABSENT means: looked, and it is not there."""

    need: str
    status: AttemptStatus
    reason: Reason | None = None
    detail: str = ""


class Configured(msgspec.Struct, frozen=True, kw_only=True):
    """A fact about a service that a file of an image states: the same fact that a probe would see, where it is said.

    ``service`` is the port it will have (``tcp/443``), empty where the file does not say.
    """

    fact: AnyFact
    path: str
    line: int = 0
    service: str = ""


class Heard(msgspec.Struct, frozen=True, kw_only=True):
    """Facts and gaps. Whatever a probe ``gives`` and neither has nor missed counts as ABSENT."""

    facts: tuple[AnyFact, ...] = ()
    missed: tuple[Missed, ...] = ()
    configured: tuple[Configured, ...] = ()
    """What an image says of services; only inspectors bring any."""
    excerpt: str = ""
    """A piece of what was read, already safe, for a person to recognise."""


def attempts_of(
    gives: Iterable[type[Fact]],
    heard: Heard,
    seen: Iterable[Observation],
    subject: Subject,
    *,
    probe: str,
    seconds: float = 0.0,
    connections: int = 0,
) -> tuple[Attempt, ...]:
    """One attempt for each kind that was looked for: observed, missed for a reason, or absent."""
    ids: dict[str, tuple[str, ...]] = {}
    for observation in seen:
        need = kind_of(observation.fact)
        ids[need] = (*ids.get(need, ()), observation.id)
    gaps = {gap.need: gap for gap in heard.missed if gap.need not in ids}
    kinds = dict.fromkeys((*map(kind_of, gives), *ids, *gaps))

    def ended(need: str) -> Missed:
        status = AttemptStatus.OBSERVED if need in ids else AttemptStatus.ABSENT
        return gaps.get(need) or Missed(need=need, status=status)

    return tuple(
        Attempt(
            subject=subject,
            need=need,
            status=ended(need).status,
            reason=ended(need).reason,
            detail=ended(need).detail,
            probe=probe,
            seconds=seconds,
            connections=connections,
            observations=ids.get(need, ()),
        )
        for need in kinds
    )


def all_missed(gives: Iterable[type[Fact]], status: AttemptStatus, reason: Reason | None, detail: str) -> Heard:
    """Nothing was learnt, and the same reason holds for every kind."""
    return Heard(missed=tuple(Missed(need=kind_of(f), status=status, reason=reason, detail=detail) for f in gives))
