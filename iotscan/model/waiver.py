"""What a person decided about a finding, or knows that no probe can see, as a run remembers it."""

from typing import Literal

import msgspec

WaiverState = Literal["applied", "expired", "unused", "void", "not_asked"]
"""``void``: it fits, but the finding is graver than the waiver may cover. ``unused``: what it names was assessed,
and nothing fails there. ``not_asked``: this run does not tell, and ``notes`` say why."""


class WaiverUse(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A waiver and what became of it in this run. ``expires`` is a date (UTC, end of day)."""

    id: str
    check: str
    target: str
    """What it names, in words: ``asset dev-9c8ecd0a1b22, service tcp/8443``."""
    decision: str
    reason: str
    owner: str
    expires: str
    state: WaiverState
    findings: tuple[str, ...] = ()
    """Fingerprints of the findings that it fits, whatever its state."""
    notes: tuple[str, ...] = ()
    """What is odd about it: over-broad, expires soon."""
    approved_by: str = ""
    ticket: str = ""


class AttestationUse(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A person's statement on a check that only a person can answer, and what became of it."""

    id: str
    check: str
    target: str
    holds: bool
    by: str
    reference: str
    expires: str
    state: Literal["applied", "expired", "not_asked"]
    notes: tuple[str, ...] = ()
    """Why this run does not ask for it, how long ago it expired, that it expires soon."""
