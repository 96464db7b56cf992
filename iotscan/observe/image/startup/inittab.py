"""inittab of System V init and of BusyBox, rcS and rc.local (inittab(5), BusyBox examples/inittab)."""

import re
from collections.abc import Iterator

from iotscan.observe.image.startup.command import split, understand
from iotscan.observe.image.startup.scripts import located, programs_started, read_text
from iotscan.observe.image.startup.service import Service
from iotscan.observe.image.startup.sysv import executable, links_of, numbered_scripts, script_service
from iotscan.observe.image.texts import not_beyond
from iotscan.observe.image.tree import Tree

_STAYS = ("respawn", "once", "boot", "wait", "askfirst", "bootwait", "respawnlate")
_LOCAL = ("/etc/rc.local", "/etc/rc.d/rc.local", "/etc/init.d/rc.local", "/etc/rc")
_DEFAULT_LEVEL = "2"
_MOST_LINES = 2000


def read(tree: Tree, *, is_busybox: bool) -> Iterator[Service]:
    """What inittab starts and the scripts that it runs. Raises Unreadable."""
    text = read_text(tree, "/etc/inittab")
    level = runlevel(text)
    scripts: list[str] = []
    for number, action, words in _lines(text, level, is_busybox=is_busybox):
        if action == "sysinit" or (words and words[0].startswith("/etc/")):
            scripts += [word for word in words if word.startswith("/etc/")]
        if action not in _STAYS or not words or words[0].startswith("/etc/"):
            continue
        command = understand(words)
        program = located(tree, command)
        if program:
            yield Service(
                name=program.rpartition("/")[2],
                path="/etc/inittab",
                line=number,
                started_by="inittab",
                enabled_by=f"inittab: {action}",
                program=program,
                arguments=command.arguments,
                user=command.user or "root",
            )
    if not text and is_busybox:
        # BusyBox without inittab runs this by itself.
        scripts.append("/etc/init.d/rcS")
    yield from _scripts(tree, tuple(dict.fromkeys((*scripts, *_LOCAL))), level, is_busybox=is_busybox)


def _scripts(tree: Tree, scripts: tuple[str, ...], level: str, *, is_busybox: bool) -> Iterator[Service]:
    for script in scripts:
        found = tree.find(script)
        if found is not None and found.kind == "file":
            yield from from_script(tree, found.path)
    for link in links_of(tree, ("S", level)):
        yield from script_service(tree, link)
    if is_busybox:
        links = numbered_scripts(tree, "/etc/init.d")
        for link in executable(tree, links) if _executes(tree) else links:
            yield from script_service(tree, link)


def _executes(tree: Tree) -> bool:
    """True where rcS runs its scripts as programs (``$i start``, Buildroot's), none of them as ``sh $i``."""
    text = read_text(tree, "/etc/init.d/rcS")
    runs = re.search(r"^\s*(?:\*\)\s*)?\"?\$\{?\w+\}?\"?\s+start\b", text, re.M)
    return runs is not None and not re.search(r"\bsh\s+(?:-\w+\s+)*\"?\$", text)


def from_script(tree: Tree, path: str) -> Iterator[Service]:
    """The daemons that a script of the start runs by itself (rcS, rc.local)."""
    text = read_text(tree, path)
    for started in programs_started(tree, text, {}):
        command = started.command
        yield Service(
            name=command.program.rpartition("/")[2],
            path=path,
            line=started.line,
            started_by="script",
            enabled_by=path.rpartition("/")[2],
            program=command.program,
            arguments=command.arguments,
            user=command.user or "root",
        )


def runlevel(text: str) -> str:
    """The runlevel of ``initdefault``."""
    found = re.search(r"^[^#:\n]*:(\d):initdefault:", text, re.M)
    return found[1] if found else _DEFAULT_LEVEL


def _lines(text: str, level: str, *, is_busybox: bool) -> Iterator[tuple[int, str, list[str]]]:
    for number, line in enumerate(not_beyond(text.splitlines(), _MOST_LINES, "lines of /etc/inittab"), start=1):
        fields = line.split(":", 3)
        if line.startswith("#") or len(fields) < 4:
            continue
        # BusyBox ignores the field of runlevels.
        if fields[1] and not is_busybox and level not in fields[1] and fields[2] not in ("sysinit", "boot", "bootwait"):
            continue
        yield number, fields[2], split(fields[3].lstrip("-+@"))
