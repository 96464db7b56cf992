"""What our engine says of a server, laid beside what is true: every difference by its name."""

from collections.abc import Iterable, Mapping
from typing import Any, Literal

from iotscan.model.answer import Answer
from iotscan.model.facts.tls import DtlsServer, TlsEndpoint
from iotscan.model.result import Result
from iotscan.model.vocabulary import Outcome
from tests.tls_lab.truth import QUESTIONS, Open, Told, Truth

Differences = dict[str, str]
"""``answers.dh_bits`` -> what was said and what is true."""


def in_the_fact(fact: TlsEndpoint, truth: Truth) -> Differences:
    """Versions, answers and what else the fact tells."""
    found = _answers("versions", fact.versions, truth.versions_told)
    found |= _answers("answers", {q: getattr(fact, q) for q in QUESTIONS}, truth.answers)
    for name in ("opening", "psk_hint", "intolerances", "contradictions"):
        found |= _same(name, getattr(fact, name), getattr(truth, name, ()))
    if truth.signatures:
        found |= _same("signatures", fact.signatures, truth.signatures)
    return found


def in_the_whole(fact: TlsEndpoint, truth: Truth) -> Differences:
    """The complete lists of a thorough run."""
    found: Differences = {}
    for listed in fact.suite_lists:
        if listed.version in truth.suites:
            found |= _sets(f"suites.{listed.version}", (s.name for s in listed.suites), truth.suites[listed.version])
            found |= _same(f"suites.{listed.version}.is_complete", listed.is_complete, True)
    if truth.suites:
        found |= _sets("suites", (listed.version for listed in fact.suite_lists), truth.suites)
    if truth.groups:
        found |= _sets("groups", (e.group for e in fact.exchanges), truth.groups)
    return found


def between(once: TlsEndpoint, thorough: TlsEndpoint) -> Differences:
    """Answers of two runs that contradict each other; what only one of them knows is no contradiction."""
    found: Differences = {}
    for name in QUESTIONS:
        one, other = getattr(once, name), getattr(thorough, name)
        # The more hellos, the smaller may be the smallest prime.
        is_smaller = name == "dh_bits" and one.is_answered and other.is_answered and 0 < other.value < one.value
        if one.is_answered and other.is_answered and one.value != other.value and not is_smaller:
            found[f"answers.{name}"] = f"{one.value} asked with few hellos, {other.value} with many"
    return found


def in_dtls(fact: DtlsServer, truth: Truth) -> Differences:
    """What the first datagrams showed."""
    true = {name: (told,) for name, told in truth.dtls.items()}
    return _answers("dtls", {name: getattr(fact, name) for name in truth.dtls}, true)


def in_the_results(results: Iterable[Result], truth: Truth, policy: Literal["gateway", "constrained"]) -> Differences:
    """Findings that are missing or false, and questions left open that need not be."""
    failed = {f"{r.check}/{r.variant}" for r in results if r.outcome is Outcome.FAIL}
    opened: dict[str, str | None] = {r.check: r.reason for r in results if r.outcome is Outcome.NOT_ASSESSED}
    opened |= {r.check: f"error: {r.detail}" for r in results if r.outcome is Outcome.ERROR}
    found = _sets(f"findings.{policy}", failed, truth.findings.under(policy))
    # ``constrained/CHECK`` holds under that policy only.
    named = {c.removeprefix(f"{policy}/"): reason for c, reason in truth.not_assessed.items()}
    wanted = {check: reason for check, reason in named.items() if "/" not in check}
    for check in sorted(opened.keys() | wanted.keys()):
        found |= _same(f"not_assessed.{check}", opened.get(check), wanted.get(check))
    return found


def _answers(where: str, said: Mapping[str, Answer[Any]], true: Mapping[str, tuple[Told, ...]]) -> Differences:
    found: Differences = {}
    for name in sorted(said.keys() | true.keys()):
        if name not in said or name not in true:
            found[f"{where}.{name}"] = "not asked" if name not in said else "not in the truth"
        elif _told(said[name]) not in true[name]:
            want = " or ".join(map(_word, true[name]))
            found[f"{where}.{name}"] = f"said {_word(_told(said[name]))}{_why(said[name])}, true is {want}"
    return found


def _told(answer: Answer[Any]) -> Told:
    if answer.is_answered:
        value: Told = answer.value
        return value
    assert answer.reason is not None
    return Open(reason=answer.reason)


def _why(answer: Answer[Any]) -> str:
    return "" if answer.is_answered else f" ({answer.detail})"


def _word(told: Told) -> str:
    return str(told.reason) if isinstance(told, Open) else str(told)


def _same(name: str, said: Any, true: Any) -> Differences:
    return {} if said == true else {name: f"said {said!r}, true is {true!r}"}


def _sets(name: str, said: Iterable[str], true: Iterable[str]) -> Differences:
    said, true = set(said), set(true)
    found = {f"{name}+{one}": "said, and not true" for one in sorted(said - true)}
    return found | {f"{name}-{one}": "true, and not said" for one in sorted(true - said)}
