"""The words in which both tools' answers are compared.

An answer is about one thing: ``kex NAME``, ``host key NAME``, ``cipher NAME``, ``mac NAME``, or a question of its own.
"""

from collections.abc import Mapping

Verdicts = dict[str, str]
"""Thing -> verdict."""
FAMILIES = ("kex", "host key", "cipher", "mac")
QUESTIONS = ("RSA host key", "smallest group", "flaws by version")
BAD = ("broken", "weak", "dated", "short", "fail", "warn")
"""Verdicts that something should not be there."""


def is_bad(verdict: str) -> bool:
    """Whether somebody should do something about it."""
    return verdict in BAD


def differ(thing: str, ours: str, theirs: str) -> bool:
    """Two verdicts on a name differ where one wants it gone and the other does not; two values where they are two."""
    return ours != theirs if thing in QUESTIONS else is_bad(ours) != is_bad(theirs)


def shared(ours: Mapping[str, str], theirs: Mapping[str, str]) -> list[str]:
    """What both have an answer to."""
    return sorted(ours.keys() & theirs.keys())
