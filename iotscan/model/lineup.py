"""Devices or images side by side, for whoever chooses one: what each is, how it is graded, where they differ."""

from typing import Literal

import msgspec

from iotscan.model.grade import Gradebook
from iotscan.model.vocabulary import Reason, Severity

State = Literal["good", "bad", "open", "none"]
"""``open`` applies and nobody knows; ``none`` is a question that there was nothing to ask about."""


class Said(msgspec.Struct, frozen=True, kw_only=True):
    """What one question came to on one candidate.

    ``words`` are titles of what is bad, the gravest first; of an open question the protocols that keep anybody from
    saying yes. ``reason`` says why it is open, None with such words; ``source`` is ``configured`` or ``attested`` where
    nothing stronger answers.
    """

    state: State
    words: tuple[str, ...] = ()
    reason: Reason | None = None
    assessed: int = 0
    asked: int = 0
    source: Literal["", "configured", "attested"] = ""


class Candidate(msgspec.Struct, frozen=True, kw_only=True):
    """One column. ``doubtful`` names what of it is only hinted at; ``gravest`` is the title of its worst finding."""

    label: str
    kind: Literal["device", "image"]
    address: str = ""
    what: str = ""
    """``camera``; empty where nothing tells."""
    maker: str = ""
    model: str = ""
    firmware: str = ""
    doubtful: tuple[str, ...] = ()
    run: str
    started: str
    is_complete: bool
    judged_again: bool = False
    book: Gradebook | None = None
    findings: dict[Severity, int] = {}
    gravest: str = ""


class Question(msgspec.Struct, frozen=True, kw_only=True):
    """One row: what a buyer asks, and what each candidate comes to, in the order of the columns."""

    asks: str
    said: tuple[Said, ...]


class Difference(msgspec.Struct, frozen=True, kw_only=True):
    """A check that failed on one candidate and came to something else on another."""

    check: str
    severity: Severity
    title: str
    said: tuple[Said, ...]


class Lineup(msgspec.Struct, frozen=True, kw_only=True):
    """All of it. ``better`` are pairs of columns (from 0): the first is better even if all that is unknown of it is bad
    and all that is unknown of the second is good. ``winner`` is the one that is so beside every other, or None.

    ``shared`` are titles of what is wrong with all; ``left_out`` counts differences that are not among the gravest.
    """

    candidates: tuple[Candidate, ...]
    questions: tuple[Question, ...] = ()
    differences: tuple[Difference, ...] = ()
    left_out: int = 0
    shared: tuple[str, ...] = ()
    better: tuple[tuple[int, int], ...] = ()
    winner: int | None = None
    profile: str = ""
    as_of: tuple[str, ...] = ()
