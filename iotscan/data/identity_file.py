"""The file in which a person says which addresses are one device and which are not: ``--identity FILE``.

Schema ``iotscan/identity@1``: ``same`` and ``separate`` are lists of entries, each with ``of`` (addresses, MAC
addresses, ids of sightings) and a ``reason``.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Final

import msgspec

from iotscan.data.typed_yaml import Typed, read_typed, shown
from iotscan.model.identity_rule import IdentityRule, plain_word
from iotscan.model.text import safe_text

SCHEMA: Final = "iotscan/identity@1"
_RULES: Final = 1000
_WORDS: Final = 256
_REASON: Final = 300
"""Characters of a reason."""


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """One rule, as the file has it."""

    of: tuple[str, ...]
    reason: str


class IdentityFile(msgspec.Struct, frozen=True, kw_only=True):
    """The whole file."""

    same: tuple[Entry, ...] = ()
    separate: tuple[Entry, ...] = ()


def read_identity(path: Path) -> tuple[IdentityRule, ...]:
    """The rules of a file, those that join first. Raises BadYaml with file and line."""
    return tuple(_rules(read_typed(path, IdentityFile, schema=SCHEMA)))


def _rules(typed: Typed[IdentityFile]) -> Iterator[IdentityRule]:
    said = typed.value
    if len(said.same) + len(said.separate) > _RULES:
        raise typed.bad(f"there are more than {_RULES} rules")
    for index, entry in enumerate(said.same):
        words = _words(typed, entry, "same", index)
        if len(words) == 1 and not _is_mac(words[0]):
            raise typed.bad("two are needed to be the same: name another address, or their MAC", "same", index, "of")
        yield _rule(typed, IdentityRule(kind="same", of=words, reason=entry.reason), index)
    for index, entry in enumerate(said.separate):
        words = _words(typed, entry, "separate", index)
        yield _rule(typed, IdentityRule(kind="separate", of=words, reason=entry.reason), index)


def _rule(typed: Typed[IdentityFile], rule: IdentityRule, index: int) -> IdentityRule:
    reason = safe_text(rule.reason.strip(), _REASON)
    if not reason:
        raise typed.bad("a reason is needed: how is it known?", rule.kind, index, "reason")
    return msgspec.structs.replace(rule, reason=reason, file=safe_text(typed.path.name, 100))


def _words(typed: Typed[IdentityFile], entry: Entry, kind: str, index: int) -> tuple[str, ...]:
    if not 0 < len(entry.of) <= _WORDS:
        raise typed.bad(f"one to {_WORDS} addresses, MAC addresses or ids are needed", kind, index, "of")
    for number, word in enumerate(entry.of):
        if not plain_word(word):
            problem = f"'{shown(word)}' is no address, MAC address or id (dev-1a2b3c4d)"
            raise typed.bad(problem, kind, index, "of", number)
    return tuple(dict.fromkeys(map(plain_word, entry.of)))


def _is_mac(word: str) -> bool:
    return len(word) == 17 and word.count(":") == 5
