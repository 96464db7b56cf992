"""doas.conf(5): the last rule that matches holds. Alpine reads the folder /etc/doas.d, too."""

import re
from collections.abc import Iterator

import msgspec

from iotscan.model.text import safe_text
from iotscan.observe.image.privilege.people import People
from iotscan.observe.image.privilege.permit import Permit
from iotscan.observe.image.texts import LIMIT
from iotscan.observe.image.tree import Tree

_FILES = ("/etc/doas.conf", "/usr/local/etc/doas.conf")
_FOLDER = "/etc/doas.d"
PLACES = (*_FILES, _FOLDER)
_MOST = 500
_WORDS = re.compile(r"(?P<end>\n)|(?P<note>#[^\n]*)|(?P<sign>[{}])|(?P<blank>(?:[ \t\r]|\\\n)+)|"
                    r"(?P<word>(?:\"(?:[^\"\\\n]|\\.)*\"|\\[^\n]|[^\s\"\\{}#])+)|(?P<bad>.)")  # fmt: skip

_QUOTED = re.compile(r"\"((?:[^\"\\]|\\.)*)\"|\\(.)")


class _Rule(msgspec.Struct, frozen=True, kw_only=True):
    path: str
    line: int
    is_permit: bool
    asks: bool
    who: str
    becomes: str
    command: str
    arguments: tuple[str, ...] | None


def doas_permits(tree: Tree, people: People, not_understood: list[str]) -> Iterator[Permit]:
    """What each rule permits; a rule that a later one takes away is for nobody. Raises Unreadable."""
    rules: list[_Rule] = []
    files = [path for path in _FILES if tree.find(path) is not None]
    files += [entry.path for entry in tree.children(_FOLDER) if entry.name.endswith(".conf")]
    for path in files:
        if (found := tree.find(path)) is not None and found.kind == "file":
            for rule in _rules(path, tree.whole(path, LIMIT).decode("utf-8", "replace")):
                if isinstance(rule, _Rule):
                    rules.append(rule)
                else:
                    not_understood.append(f"{tree.show(path)}:{rule}")
    if len(rules) > _MOST:
        not_understood.append("doas.conf: more rules than are looked at")
    for place, rule in enumerate(rules[:_MOST]):
        if not rule.is_permit:
            continue
        some = _people(rule.who, people)
        for later in rules[place + 1 : _MOST]:
            if _covers(later, rule):
                some &= ~_people(later.who, people)
        yield Permit(
            path=rule.path,
            line=rule.line,
            system="doas",
            who=safe_text(rule.who.replace(":", "%", 1) if rule.who.startswith(":") else rule.who, 100),
            people=some,
            becomes=safe_text(rule.becomes or "ALL", 64),
            becomes_root=rule.becomes in ("", "root", "0"),
            program=safe_text(rule.command, 120) or "ALL",
            arguments="any" if rule.arguments is None else "fixed" if rule.arguments else "none",
            asks_password=rule.asks,
        )


def _people(who: str, people: People) -> int:
    if who.startswith(":"):
        return people.group(who[1:]) or people.group(f"#{who[1:]}")
    return people.named(who) or people.named(f"#{who}")


def _covers(later: _Rule, rule: _Rule) -> bool:
    if later.becomes not in ("", rule.becomes) and not (later.becomes in ("root", "0") and not rule.becomes):
        return False
    if not later.command:
        return True
    return later.command == rule.command and later.arguments in (None, rule.arguments)


def _rules(path: str, text: str) -> Iterator[_Rule | int]:
    """Each rule, or the line where there is none that can be read."""
    words: list[tuple[str, bool]] = []
    line = start = 1
    is_bad = False
    for match in _WORDS.finditer(f"{text}\n"):
        kind = match.lastgroup
        if kind in ("word", "sign"):
            start = start if words else line
            # A word with a quote or a backslash is no keyword.
            words.append((_plain(match[0]), kind == "sign" or match[0].isalnum()))
        is_bad = is_bad or kind == "bad"
        if kind == "end":
            if words or is_bad:
                yield (None if is_bad else _rule(path, start, words)) or start
            words, is_bad = [], False
        line += match[0].count("\n")
        start = start if words else line


def _plain(word: str) -> str:
    """Without its quotes and backslashes, in one pass: a quote behind a backslash begins nothing."""
    return _QUOTED.sub(lambda match: match[2] or re.sub(r"\\(.)", r"\1", match[1] or ""), word)


def _rule(path: str, line: int, words: list[tuple[str, bool]]) -> _Rule | None:
    left = list(words)

    def skip(*keywords: str) -> str:
        return left.pop(0)[0] if left and left[0][1] and left[0][0] in keywords else ""

    action = skip("permit", "deny")
    asks = True
    while action == "permit" and (option := skip("nopass", "nolog", "persist", "keepenv", "setenv")):
        asks = asks and option != "nopass"
        if option == "setenv":
            if not skip("{"):
                return None
            while left and not skip("}"):
                left.pop(0)
    if not action or not left:
        return None
    who = left.pop(0)[0]
    # A keyword that nothing follows is an error.
    if left and left[-1][1] and left[-1][0] in ("as", "cmd"):
        return None
    becomes = left.pop(0)[0] if skip("as") else ""
    command = left.pop(0)[0] if skip("cmd") else ""
    arguments = tuple(word for word, _ in left) if command and skip("args") else None
    if arguments is not None:
        arguments = tuple(word for word, _ in left)
        left.clear()
    if left:
        return None
    is_permit = action == "permit"
    return _Rule(path=path, line=line, is_permit=is_permit, asks=asks, who=who, becomes=becomes, command=command,
                 arguments=arguments)  # fmt: skip
