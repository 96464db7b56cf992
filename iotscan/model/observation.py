"""Facts with their origin, and attempts with their end."""

import hashlib

import msgspec

from iotscan.model.facts import AnyFact, kind_of
from iotscan.model.redaction import Hiding
from iotscan.model.subject import Subject
from iotscan.model.vocabulary import AttemptStatus, Reason, Vantage


class Observation(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One fact, whom it is about, from which vantage, when (UTC, ISO 8601), by which probe."""

    id: str
    subject: Subject
    fact: AnyFact
    vantage: Vantage = Vantage.OBSERVED
    at: str = ""
    probe: str = ""
    """Name and version: ``tls/1``."""
    excerpt: str = ""
    """A sanitised piece of what was read, for a person to recognise it."""


class Attempt(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The try to learn one kind of fact (``need``) about one subject, and how it ended."""

    subject: Subject
    need: str
    status: AttemptStatus
    reason: Reason | None = None
    detail: str = ""
    probe: str = ""
    seconds: float = 0.0
    connections: int = 0
    observations: tuple[str, ...] = ()


def observe(
    fact: AnyFact,
    subject: Subject,
    *,
    probe: str,
    at: str = "",
    vantage: Vantage = Vantage.OBSERVED,
    excerpt: str = "",
    hiding: Hiding | None = None,
) -> Observation:
    """Make an observation whose id follows from subject, kind and content alone, so that runs compare.

    Secrets that the device or image said are hidden here, before anything is made of the fact; ``hiding``
    also knows those that were said before. The id is that of what is kept: it tells nothing of a secret.
    """
    fact, excerpt = (hiding or Hiding()).within((fact, excerpt))
    body = msgspec.json.encode((subject, vantage, fact))
    digest = hashlib.sha256(body).hexdigest()[:16]
    return Observation(
        id=f"{kind_of(fact)}-{digest}", subject=subject, fact=fact, vantage=vantage, at=at, probe=probe, excerpt=excerpt
    )
