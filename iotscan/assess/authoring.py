"""What the author of a check writes with: the decorator and the verdicts. Reached through :mod:`iotscan.sdk`."""

import shlex
from collections.abc import Callable
from datetime import datetime

import msgspec

from iotscan.assess.check import Check, Returned, Verdict, make_check
from iotscan.model.facts import Statement
from iotscan.model.parameter import ParameterInfo, ParameterKind, Value
from iotscan.model.result import Clause
from iotscan.model.subject import Subject
from iotscan.model.vocabulary import Confidence, Reason


def check(
    *,
    id: str,
    title: str,
    element: str,
    variants: dict[str, tuple[str, str]],
    clauses: tuple[Clause, ...],
    since: str,
    confidence: str = "certain",
    aliases: tuple[str, ...] = (),
    lifecycle: str = "stable",
    effort: str = "medium",
    tags: tuple[str, ...] = (),
    parameters: dict[str, ParameterInfo] | None = None,
) -> Callable[[Callable[..., Returned]], Check]:
    """Turn a function into a check.

    ``id`` is a neutral noun (``tls-versions``), ``title`` a sentence that says what is the case when
    it is good, ``variants`` maps the name of each way to fail to (severity, sentence), ``effort`` is
    that of the remedy: ``low``, ``medium`` or ``high``; ``tags`` are words of
    :data:`iotscan.model.vocabulary.TAGS`, by which profiles select; ``parameters`` (made by
    :func:`parameter`) are what a profile may set. The function returns :func:`good`, :func:`bad`,
    :func:`skip`, :func:`unknown`, :func:`disagree` or a list of them. Raises BadCheck on a broken contract.
    """

    def decorate(question: Callable[..., Returned]) -> Check:
        return make_check(
            question,
            id=id,
            title=title,
            element=element,
            variants=variants,
            confidence=confidence,
            aliases=aliases,
            clauses=clauses,
            since=since,
            lifecycle=lifecycle,
            effort=effort,
            tags=tags,
            parameters=parameters,
        )

    return decorate


def parameter(kind: ParameterKind, title: str, *, default: Value | None = None, unit: str = "") -> ParameterInfo:
    """A value that a profile may set; read in the check by ``policy.integer(name)`` and its siblings.

    ``title`` is a sentence without a full stop. Raises ValueError for a kind there is not.
    """
    return msgspec.convert({"kind": kind, "title": title, "default": default, "unit": unit}, ParameterInfo)


def clause(standard: str, edition: str, id: str) -> Clause:
    """A clause a result is evidence relevant to: ``clause("RFC 9325", "2022", "3.1.1")``."""
    return Clause(standard=standard, edition=edition, id=id)


def good(
    summary: str,
    *,
    observed: str = "",
    about: Subject | None = None,
    part: str = "",
    confidence: Confidence | None = None,
) -> Verdict:
    """The question is answered well; ``summary`` is one sentence. ``part`` and ``confidence`` are as in :func:`bad`."""
    return Verdict(kind="good", summary=summary, observed=observed, about=about, part=part, confidence=confidence)


def bad(
    variant: str,
    summary: str,
    *,
    observed: str,
    expected: str,
    reproduce: str = "",
    shows: str = "",
    about: Subject | None = None,
    part: str = "",
    confidence: Confidence | None = None,
) -> Verdict:
    """The question is answered badly in the way ``variant`` names.

    ``reproduce`` is a command anyone can paste (build it with :func:`command`); ``shows`` a text its
    output contains when this is true. ``about`` narrows the subject (a file and line, one of a fleet).
    ``part`` says which of several things there it is (an account, the hash of a key), so that each keeps
    its fingerprint when another is mended; it must not hold what changes from scan to scan. ``confidence``
    goes before the check's, as where only a second run makes sure.
    """
    return Verdict(
        kind="bad",
        variant=variant,
        summary=summary,
        observed=observed,
        expected=expected,
        reproduce=reproduce,
        shows=shows,
        about=about,
        part=part,
        confidence=confidence,
    )


def skip(summary: str, *, about: Subject | None = None) -> Verdict:
    """The question does not apply here; ``summary`` says why."""
    return Verdict(kind="skip", summary=summary, about=about)


def unknown(
    summary: str, *, reason: Reason = Reason.NOT_OBSERVABLE, about: Subject | None = None, part: str = ""
) -> Verdict:
    """What was seen does not settle the question; the result is *not assessed*. ``part`` is as in :func:`bad`."""
    return Verdict(kind="unknown", summary=summary, reason=reason, about=about, part=part)


def disagree(variant: str, summary: str, *, observed: str, about: Subject | None = None) -> Verdict:
    """Two of our own instruments answered one question differently, so that one of them is wrong.

    That is an *error* of ours and says nothing of the device; ``observed`` names both answers. ``variant`` carries
    the severity of what may be hidden behind it.
    """
    return Verdict(kind="disagree", variant=variant, summary=summary, observed=observed, about=about)


def attested(said: Statement, as_of: datetime, variant: str, *, yes: str, no: str, expected: str) -> Verdict:
    """What a person's word comes to: good, bad in the way of ``variant``, or unknown once it has expired.

    ``yes`` and ``no`` are the sentences for a statement that holds and one that does not.
    """
    if as_of.date() > said.expires:
        text = f"attestation {said.attestation} expired on {said.expires} (by {said.by})"
        return unknown(text, reason=Reason.NEEDS_ATTESTATION)
    source = f"attested by {said.by} until {said.expires}, reference {said.reference}"
    return good(yes, observed=source) if said.holds else bad(variant, no, observed=source, expected=expected)


def command(*words: str) -> str:
    """Join words to a shell line with every word quoted as needed: device text cannot break out."""
    return shlex.join(words)
