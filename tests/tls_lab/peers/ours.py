"""Our own verdicts: from a run that asked for everything, and as the lab's truth has them."""

from collections.abc import Mapping, Sequence
from typing import Any

from iotscan.model.answer import Answer
from iotscan.model.facts.tls import EVERY_VERSION, TlsEndpoint
from tests.tls_lab.peers.verdicts import NONE, OPEN, QUESTIONS, Verdicts, listed, of_suites, yes
from tests.tls_lab.truth import STREAM_VERSIONS, Open, Told, Truth

_ANSWERS = {
    "forward secrecy": "forward_secrecy",
    "static": "without_forward_secrecy",
    "ems": "extended_master_secret",
    "renegotiation": "secure_renegotiation",
    "compression": "compression",
    "client certificate": "client_certificate",
    "scsv": "fallback_scsv",
}


def verdicts(fact: TlsEndpoint | None) -> Verdicts:
    """Every question; ``open`` where the fact has no answer, everywhere where nothing was learnt."""
    if fact is None:
        return dict.fromkeys(QUESTIONS, OPEN)
    every = {s.name for listing in fact.suite_lists for s in listing.suites} | {s.name for s in fact.selected}
    by_suites = of_suites(every)
    told = {question: _word(getattr(fact, name)) for question, name in _ANSWERS.items()}
    return told | {
        "versions": listed(v for v in EVERY_VERSION if v in fact.versions and fact.versions[v].known),
        "broken": by_suites["broken"],
        "psk": by_suites["psk"],
        "dh": _bits(fact.dh_bits),
    }


def _word(answer: Answer[bool]) -> str:
    return OPEN if answer.known is None else yes(answer.known)


def _bits(answer: Answer[Any]) -> str:
    return OPEN if answer.known is None else str(answer.known or NONE)


def as_the_truth_has_them(truth: Truth) -> Mapping[str, Sequence[str]]:
    """What each question may be answered with, by the file that the lab's own tests hold the engine against."""
    if "endpoint" in truth.wrong:
        return dict.fromkeys(QUESTIONS, (OPEN,))
    told = {q: _allowed(truth, name) for q, name in _ANSWERS.items()} | {"dh": _allowed(truth, "dh_bits")}
    told["versions"] = (listed(v for v in STREAM_VERSIONS if v in truth.versions),)
    if truth.suites:
        by_suites = of_suites(name for names in truth.suites.values() for name in names)
        told |= {question: (by_suites[question],) for question in ("broken", "psk")}
    return told


def _allowed(truth: Truth, name: str) -> tuple[str, ...]:
    return tuple(_told(said) for said in truth.answers[name])


def _told(said: Told) -> str:
    if isinstance(said, Open):
        return OPEN
    return yes(said) if isinstance(said, bool) else str(said or NONE)
