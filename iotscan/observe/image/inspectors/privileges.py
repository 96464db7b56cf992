"""Who may become whom: sudoers(5) with its includes, doas.conf(5), rules of polkit(8).

A rule of polkit is a program (JavaScript) and is not run: only the two forms that give everything away are known by
their text. Pkla files of old polkit are read as what they are.
"""

import re
from collections.abc import Iterator

import msgspec

from iotscan.model.facts import PrivilegeRule, PrivilegeRules
from iotscan.model.text import safe_text
from iotscan.model.vocabulary import AttemptStatus, Reason
from iotscan.observe.heard import Heard, all_missed
from iotscan.observe.image.inspector import Inspector
from iotscan.observe.image.texts import lines_of, texts_below
from iotscan.observe.image.tree import Tree
from iotscan.observe.image.unreadable import Unreadable

_PROGRAMS = ("/usr/bin/sudo", "/usr/local/bin/sudo", "/usr/bin/doas", "/usr/local/bin/doas", "/usr/bin/pkexec")
_DEPTH = 8
_RUN_AS = re.compile(r"\(\s*([^)]{0,200})\)\s*")
_TAG = re.compile(r"(NOPASSWD|PASSWD|NOEXEC|EXEC|SETENV|NOSETENV|LOG_INPUT|NOLOG_INPUT|LOG_OUTPUT|NOLOG_OUTPUT|FOLLOW|"
                  r"NOFOLLOW|MAIL|NOMAIL|INTERCEPT|NOINTERCEPT)\s*:\s*")  # fmt: skip
_DOAS = re.compile(r"(permit|deny)((?:[ \t]+(?:nopass|nolog|persist|keepenv|setenv[ \t]*\{[^}]*\}))*)[ \t]+(\S+)(.*)$")
_RULES = ("/etc/polkit-1/rules.d", "/usr/share/polkit-1/rules.d", "/usr/local/share/polkit-1/rules.d")
_PKLA = ("/etc/polkit-1/localauthority", "/var/lib/polkit-1/localauthority")


class _Found(msgspec.Struct):
    rules: list[PrivilegeRule]
    not_understood: list[str]


def _inspect(tree: Tree) -> Heard:
    found = _Found([], [])
    try:
        _sudoers(tree, "/etc/sudoers", found, 0)
        _doas(tree, found)
        found.rules += _polkit(tree)
        programs = tuple(p.rpartition("/")[2] for p in _PROGRAMS if tree.find(p) is not None)
    except Unreadable as error:
        return all_missed((PrivilegeRules,), AttemptStatus.UNREADABLE, Reason.UNREADABLE, f"privileges: {error}")
    rules = tuple(msgspec.structs.replace(rule, path=tree.show(rule.path)) for rule in found.rules)
    missed = tuple(found.not_understood[:50])
    return Heard(facts=(PrivilegeRules(rules=rules, programs=programs, not_understood=missed),))


def _sudoers(tree: Tree, path: str, found: _Found, depth: int) -> None:
    aliases: dict[str, str] = {}
    for number, line in _joined(lines_of(tree, path) or []):
        words = line.split(None, 1)
        if len(words) == 2 and words[0] in ("@include", "#include", "@includedir", "#includedir"):
            if depth < _DEPTH:
                for file in _included(tree, words[0][1:], words[1].strip('" '), path):
                    _sudoers(tree, file, found, depth + 1)
            continue
        content = re.sub(r"(?:^|\s)#(?!\d).*$", "", line).strip()
        if not content or content.startswith("Defaults"):
            continue
        alias = re.match(r"(?:User|Runas|Host|Cmnd|Cmd)_Alias[ \t]+(.*)$", content)
        if alias:
            pairs = (definition.partition("=") for definition in alias[1].split(":"))
            aliases |= {name.strip(): value.strip() for name, _, value in pairs}
            continue
        rules = list(read_sudo_rule(content, path, number, aliases))
        if not rules:
            found.not_understood.append(f"{tree.show(path)}:{number}")
        found.rules += [rule for rule in rules if rule.who != "root"]


def _included(tree: Tree, kind: str, place: str, path: str) -> list[str]:
    target = place if place.startswith("/") else f"{path.rpartition('/')[0]}/{place}"
    if kind == "include":
        return [target]
    # sudoers(5): names with a dot or a tilde at the end are skipped.
    return [e.path for e in tree.children(target) if "." not in e.name and not e.name.endswith("~")]


def _joined(lines: list[str]) -> Iterator[tuple[int, str]]:
    pending, start = "", 0
    for number, line in enumerate(lines[:5000], start=1):
        start = start or number
        if line.endswith("\\"):
            pending += line[:-1] + " "
            continue
        yield start, (pending + line).strip()[:8000]
        pending, start = "", 0


def read_sudo_rule(text: str, path: str, line: int, aliases: dict[str, str]) -> Iterator[PrivilegeRule]:
    """The rules of one user specification, one for each run of commands with the same tags; none where it is none."""
    # USER HOSTS = COMMANDS
    before, is_rule, what = text.partition("=")
    names = before.split()
    if not is_rule or len(names) < 2 or not what.strip():
        return
    becomes, asks = "root", True
    groups: dict[tuple[str, bool], list[str]] = {}
    for piece in _split(what):
        run_as = _RUN_AS.match(piece)
        if run_as:
            becomes, piece = run_as[1].strip() or "root", piece[run_as.end() :]
        while tag := _TAG.match(piece):
            asks = {"NOPASSWD": False, "PASSWD": True}.get(tag[1], asks)
            piece = piece[tag.end() :]
        commands = _split(aliases[piece]) if piece in aliases else [piece]
        groups.setdefault((becomes, asks), []).extend(c.split(" ")[0] for c in commands if c)
    for (who_else, asks_password), commands in groups.items():
        yield PrivilegeRule(
            path=path,
            line=line,
            system="sudo",
            who=safe_text(names[0], 100),
            becomes=safe_text(who_else, 100),
            commands=tuple(safe_text(c, 120) for c in commands[:40]),
            asks_password=asks_password,
            is_for_all="ALL" in commands,
        )


def _split(text: str) -> list[str]:
    """The members of a list; a backslash keeps a comma."""
    return [piece.strip() for piece in re.split(r"(?<!\\),", text[:8000])]


def _doas(tree: Tree, found: _Found) -> None:
    for path in ("/etc/doas.conf", "/usr/local/etc/doas.conf", "/etc/doas.d/doas.conf"):
        for number, line in enumerate(lines_of(tree, path) or [], start=1):
            content = line.partition("#")[0].strip()[:4000]
            if not content:
                continue
            match = _DOAS.match(content)
            if match is None:
                found.not_understood.append(f"{tree.show(path)}:{number}")
                continue
            if match[1] == "deny" or match[3] == "root":
                continue
            becomes = re.search(r"\bas[ \t]+(\S+)", match[4])
            command = re.search(r"\bcmd[ \t]+(\S+)", match[4])
            rule = PrivilegeRule(
                path=path,
                line=number,
                system="doas",
                who=safe_text(match[3].replace(":", "%", 1) if match[3].startswith(":") else match[3], 100),
                becomes=safe_text(becomes[1] if becomes else "root", 64),
                commands=(safe_text(command[1], 120),) if command else ("ALL",),
                asks_password="nopass" not in match[2].split(),
                is_for_all=command is None,
            )
            found.rules.append(rule)


def _polkit(tree: Tree) -> Iterator[PrivilegeRule]:
    for folder in _RULES:
        for path, lines in texts_below(tree, folder, endings=(".rules",)):
            yield from _javascript(path, _without_comments(lines))
    for folder in _PKLA:
        for path, lines in texts_below(tree, folder, endings=(".pkla",)):
            yield from _pkla(path, lines)


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
        kept.append("" if text.lstrip().startswith("//") else text)
    return "\n".join(kept)


def _javascript(path: str, text: str) -> Iterator[PrivilegeRule]:
    """A rule whose ``return polkit.Result.YES`` stands under no condition on the action."""
    for rule in re.finditer(r"polkit\.addRule\s*\(", text):
        end = text.find("polkit.addRule", rule.end())
        body = text[rule.end() : end if end > 0 else len(text)][:20_000]
        yes = re.search(r"polkit\.Result\.YES", body)
        if yes is None:
            continue
        group = re.search(r"isInGroup\(\s*[\"']([^\"']{1,64})", body)
        user = re.search(r"\.user\s*==?=?\s*[\"']([^\"']{1,64})", body)
        actions = re.findall(r"action\.id[^\"'\n]{0,40}[\"']([^\"']{1,120})", body)
        yield PrivilegeRule(
            path=path,
            line=text.count("\n", 0, rule.end() + yes.start()) + 1,
            system="polkit",
            who=safe_text(f"%{group[1]}" if group else user[1] if user else "", 100),
            commands=tuple(safe_text(a, 120) for a in actions[:20]),
            asks_password=False,
            is_for_all="action.id" not in body and "action.lookup" not in body,
        )


def _pkla(path: str, lines: list[str]) -> Iterator[PrivilegeRule]:
    told: dict[str, str] = {}
    place = 0
    for number, line in enumerate([*lines, "["], start=1):
        if not line.startswith("["):
            key, _, value = line.partition("=")
            told[key.strip().lower()] = value.strip()
            place = number if key.strip().lower().startswith("result") else place
            continue
        if told.get("resultany") == "yes" or told.get("resultactive") == "yes":
            actions = told.get("action", "").split(";")
            yield PrivilegeRule(
                path=path,
                line=place,
                system="polkit",
                who=safe_text(told.get("identity", ""), 100),
                commands=tuple(safe_text(a, 120) for a in actions[:20]),
                asks_password=False,
                is_for_all="*" in actions,
            )
        told = {}


INSPECTOR = Inspector(name="privileges", version=1, gives=(PrivilegeRules,), inspect=_inspect)
