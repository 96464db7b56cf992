"""procd of OpenWrt: ``/etc/rc.d/S*`` and what the scripts tell procd (OpenWrt documentation, "procd init scripts")."""

import posixpath
import re
from collections.abc import Iterator

from iotscan.observe.image.startup.command import fill_in, split, understand
from iotscan.observe.image.startup.scripts import found_in, joined_lines, read_assignments, read_text
from iotscan.observe.image.startup.service import Service
from iotscan.observe.image.startup.sysv import Link, numbered_scripts, script_service
from iotscan.observe.image.tree import Tree

_TELLS = re.compile(r"\bprocd_(set_param|append_param)\s+(\w+)\s*(.*)")


def read(tree: Tree) -> Iterator[Service]:
    """The services of ``/etc/rc.d``. Raises Unreadable."""
    for link in numbered_scripts(tree, "/etc/rc.d"):
        yield from _services(tree, link)


def _services(tree: Tree, link: Link) -> Iterator[Service]:
    text = read_text(tree, link.script)
    name = posixpath.basename(link.script)
    told = _told(text)
    commands = [words for key, words, _ in told if key == "command" and words]
    if not commands:
        yield from script_service(tree, link, "procd")
        return
    line = next(line for key, words, line in told if key == "command" and words)
    command = understand(commands[-1])
    added = tuple(word for key, words, _ in told if key == "+command" for word in words)
    user = next((words[0] for key, words, _ in told if key == "user" and words), "")
    program = found_in(tree, command.program) or command.program
    yield Service(
        name=name,
        path=link.script,
        line=line,
        started_by="procd",
        enabled_by=tree.show(link.by),
        program=program,
        arguments=(*command.arguments, *added),
        user=command.user or user or "root",
        sandbox=tuple(_sandbox(text, told)),
    )


def _told(text: str) -> list[tuple[str, list[str], int]]:
    """(parameter, words, line); what is appended has a plus before its name."""
    variables: dict[str, str] = {}
    found: list[tuple[str, list[str], int]] = []
    for number, line in joined_lines(text):
        variables |= read_assignments(line, variables) if "=" in line and "procd_" not in line else {}
        told = _TELLS.search(line)
        if told:
            words = split(fill_in(re.split(r"\s#|;;|\s&&\s", told[3])[0], variables))
            found.append((f"{'+' if told[1] == 'append_param' else ''}{told[2]}", words, number))
    return found


def _sandbox(text: str, told: list[tuple[str, list[str], int]]) -> Iterator[str]:
    if re.search(r"^[ \t]*(?:\[[^\]]*\]\s*&&\s*)?procd_add_jail\b", text, re.M):
        yield "procd_add_jail"
    for key, words, _ in told:
        if key in ("no_new_privs", "capabilities", "seccomp") and words and words[0] not in ("0", ""):
            yield f"{key} {words[0]}"[:120]
