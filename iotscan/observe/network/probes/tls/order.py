"""Whose order of suites counts, as the selections show it."""

from iotscan.model.answer import Answer
from iotscan.model.vocabulary import Reason
from iotscan.observe.network.probes.tls.transcript import ORDINARY, Asked, Transcript


def server_preference(said: Transcript) -> Answer[bool]:
    """True when a suite was selected though an accepted one stood before it; False when two hellos that both offered
    two suites got one each.
    """
    insists = follows = False
    for version in said.accepted:
        selections = [a for a in said.selections(version) if a.topic in ORDINARY]
        accepted = {a.reply.suite for a in selections}
        insists = insists or any(_passed_over(a) & accepted for a in selections)
        choices = [(a.reply.suite, frozenset(a.offer.suites)) for a in selections]
        follows = follows or any(_is_moved(one, other) for one in choices for other in choices)
    if insists and follows:
        return Answer.missing(Reason.NOT_OBSERVABLE, "it follows its own order for some suites and ours for others")
    if insists or follows:
        return Answer.of(insists)
    return Answer.missing(Reason.NOT_OBSERVABLE, "no two suites are known from which it could choose")


def _passed_over(asked: Asked) -> set[int]:
    return set(asked.offer.suites[: asked.offer.suites.index(asked.reply.suite)])


def _is_moved(one: tuple[int, frozenset[int]], other: tuple[int, frozenset[int]]) -> bool:
    (first, offered), (second, beside) = one, other
    return first != second and first in beside and second in offered
