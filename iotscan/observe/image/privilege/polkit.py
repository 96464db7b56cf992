"""Rules of polkit(8), and the pkla files of old polkit (pkla-check-authorization(8)).

A rule is a program (JavaScript) and is not run. Known by their text are rules without a condition on the action, with
no condition at all or on a user or a group alone, and rules that name the actions they are about. What gives a yes in
any other way is named as not understood.
"""

import re
from collections.abc import Iterator
from itertools import pairwise

from iotscan.model.text import safe_text
from iotscan.observe.image.privilege.people import People
from iotscan.observe.image.privilege.permit import Permit
from iotscan.observe.image.texts import texts_below
from iotscan.observe.image.tree import Tree

_RULES = ("/etc/polkit-1/rules.d", "/usr/share/polkit-1/rules.d", "/usr/local/share/polkit-1/rules.d")
_PKLA = ("/etc/polkit-1/localauthority", "/var/lib/polkit-1/localauthority")
PLACES = (*_RULES, *_PKLA)
_LONGEST = 2000
"""Characters of a rule that has no condition on the action."""
_ADD = re.compile(r"polkit\s*\.\s*addRule\s*\(")
_YES = re.compile(r"polkit\s*\.\s*Result\s*\.\s*YES|[\"']yes[\"']")
_GROUP = re.compile(r"\w+\.isInGroup\(\s*[\"']([^\"']{1,64})[\"']\s*\)")
_USER = re.compile(r"\w+\.user\s*={2,3}\s*[\"']([^\"']{1,64})[\"']")
_ACTION = re.compile(r"[\"']([a-z][a-z0-9]{1,30}(?:\.[\w-]{1,60}){1,8}\.?)[\"']")
_ON_ACTION = re.compile(r"\.id\b|\.lookup\b|\[\s*[\"']id")
_SESSION = re.compile(r"\.(?:active|local)\b|\.session\b")
_MORE = re.compile(r"!(?!=)|!==?")
_ALONE = re.compile(
    r"\s*function\s*\([^()]*\)\s*\{\s*(?:if\s*\(\s*(?P<condition>[^;{}]*?)\s*\)\s*\{?\s*)?"
    r"return\s+(?:polkit\s*\.\s*Result\s*\.\s*YES|[\"']yes[\"'])\s*;?[\s}]*(?:else\s*\{?\s*)?"
    r"(?:return\s+(?:polkit\s*\.\s*Result\s*\.\s*NOT_HANDLED|null|undefined)?\s*;?)?[\s}]*\)\s*;?\s*"
)
_ATOM = re.compile(r"(?:\w+\.isInGroup\(\s*[\"'][^\"']+[\"']\s*\)|\w+\.user\s*={2,3}\s*[\"'][^\"']+[\"'])")


def polkit_permits(tree: Tree, people: People, not_understood: list[str]) -> Iterator[Permit]:
    """What rules say yes to, without a word of the person. Raises Unreadable."""
    for folder in _RULES:
        for path, lines in texts_below(tree, folder, endings=(".rules",)):
            yield from _javascript(tree, path, _without_comments(lines), people, not_understood)
    for folder in _PKLA:
        for path, lines in texts_below(tree, folder, endings=(".pkla",)):
            yield from _pkla(path, lines, people)


def _without_comments(lines: list[str]) -> str:
    """JavaScript with its comments of whole lines and its ``/* … */`` emptied; every line stays where it is."""
    kept: list[str] = []
    is_comment = False
    for line in lines:
        pieces, at = [], 0
        while at < len(line):
            end = line.find("*/" if is_comment else "/*", at)
            if not is_comment:
                pieces.append(line[at : end if end >= 0 else len(line)])
            if end < 0:
                break
            is_comment, at = not is_comment, end + 2
        text = "".join(pieces)
        kept.append("" if text.lstrip().startswith("//") else re.sub(r"(?<=[;{}])\s*//.*", "", text))
    return "\n".join(kept)


def _javascript(tree: Tree, path: str, text: str, people: People, not_understood: list[str]) -> Iterator[Permit]:
    starts = [match.end() for match in _ADD.finditer(text)][:200]
    for start, end in pairwise((*starts, len(text))):
        body = _ADD.sub("", text[start:end])[:20_000]
        yes = _YES.search(body)
        if yes is None:
            continue
        line = text.count("\n", 0, start + yes.start()) + 1
        groups, users = _GROUP.findall(body), _USER.findall(body)
        actions = [safe_text(action, 120) for action in _ACTION.findall(body)[:20]]
        short = re.sub(r"\s+", " ", body)
        whole = _ALONE.fullmatch(short) if len(short) <= _LONGEST else None
        condition = whole["condition"] or "" if whole else None
        is_alone = condition == "" or (
            condition is not None and not re.sub(r"[\s()]|\|\|", "", _ATOM.sub("", condition))
        )
        if not is_alone and not _ON_ACTION.search(body):
            if not _SESSION.search(body):
                not_understood.append(f"{tree.show(path)}:{line}")
            continue
        some = 0
        for name in groups:
            some |= people.group(name)
        for name in users:
            some |= people.named(name)
        has_more = bool(_SESSION.search(body)) or ".lookup" in body or bool(_MORE.search(body))
        for program in ["ALL"] if is_alone else actions or ["?"]:
            yield Permit(
                path=path,
                line=line,
                system="polkit",
                who=safe_text(", ".join([*(f"%{g}" for g in groups[:5]), *users[:5]]), 100),
                people=some if groups or users else people.everyone,
                is_for_everyone=not groups and not users,
                program=program,
                arguments="any" if is_alone or not has_more else "fixed",
                asks_password=False,
                unsettled="" if is_alone or actions else "actions that its program works out",
            )


def _pkla(path: str, lines: list[str], people: People) -> Iterator[Permit]:
    """``ResultActive=yes`` is for who sits at the device, and left out."""
    told: dict[str, str] = {}
    place = 0
    for number, line in enumerate([*lines, "["], start=1):
        if not line.startswith("["):
            key, _, value = line.partition("=")
            told[key.strip().lower()] = value.strip()
            place = number if key.strip().lower().startswith("resultany") else place
            continue
        if told.get("resultany") == "yes":
            names = [name.strip() for name in told.get("identity", "").split(";") if name.strip()][:50]
            some = 0
            for name in names:
                kind, _, value = name.partition(":")
                if kind == "unix-user":
                    some |= people.everyone if value == "*" else people.named(value)
                elif kind == "unix-group":
                    some |= people.everyone if value == "*" else people.group(value)
            for action in [a.strip() for a in told.get("action", "").split(";") if a.strip()][:20]:
                yield Permit(
                    path=path,
                    line=place,
                    system="polkit",
                    who=safe_text("; ".join(names), 100),
                    people=some,
                    is_for_everyone="unix-user:*" in names,
                    program="ALL" if action == "*" else safe_text(action, 120),
                    asks_password=False,
                )
        told = {}
