"""System V init scripts: the links of runlevels, LSB headers, and the daemon a script starts (init(8), insserv(8))."""

import posixpath
import re
from collections.abc import Iterable, Iterator

import msgspec

from iotscan.model.facts.startup import StartedBy
from iotscan.observe.image.startup.scripts import programs_started, read_assignments, read_text
from iotscan.observe.image.startup.service import Service
from iotscan.observe.image.texts import is_text
from iotscan.observe.image.tree import Tree

_SKIPPED = ("functions", "rc", "rcS", "rcK", "skeleton", "README")


class Link(msgspec.Struct, frozen=True, kw_only=True):
    """A script that a runlevel starts, and the link that says so."""

    script: str
    by: str


def links_of(tree: Tree, levels: Iterable[str]) -> Iterator[Link]:
    """The ``S`` links of some runlevels, each script once. Raises Unreadable."""
    seen: set[str] = set()
    for level in levels:
        for folder in (f"/etc/rc{level}.d", f"/etc/rc.d/rc{level}.d"):
            for entry in tree.children(folder):
                found = tree.find(entry.path) if re.fullmatch(r"S\d\d.+", entry.name) else None
                if found is not None and found.kind == "file" and found.path not in seen:
                    seen.add(found.path)
                    yield Link(script=found.path, by=entry.path)


def numbered_scripts(tree: Tree, folder: str) -> Iterator[Link]:
    """The scripts ``S??*`` that lie in a folder itself, as Buildroot's rcS runs them. Raises Unreadable."""
    for entry in tree.children(folder):
        found = tree.find(entry.path) if re.fullmatch(r"S\d\d.+", entry.name) else None
        if found is not None and found.kind == "file":
            yield Link(script=found.path, by=entry.path)


def executable(tree: Tree, links: Iterable[Link]) -> Iterator[Link]:
    """Those whose script may be executed: whoever switches one off with ``chmod -x`` has it not started.

    ``.sh`` is read by a shell instead. Where no script at all is executable, the bits were lost on the way here.
    """
    found = list(links)
    bits = [bool(entry.mode & 0o111) if (entry := tree.find(link.script)) else False for link in found]
    counts = tree.keeps_permissions and any(bits)
    yield from (x for x, can in zip(found, bits, strict=True) if can or not counts or x.script.endswith(".sh"))


def script_service(tree: Tree, link: Link, started_by: StartedBy = "sysv") -> Iterator[Service]:
    """The daemons of an init script; one service without a program where it shows none."""
    base = posixpath.basename(link.script)
    if base in _SKIPPED:
        return
    if not is_text(tree.read(link.script, 4096)):
        yield _program(tree, link, started_by)
        return
    text = read_text(tree, link.script)
    name = lsb_name(text) or re.sub(r"^S\d\d", "", base).removesuffix(".sh")
    defaults: dict[str, str] = {}
    for place in (f"/etc/default/{name}", f"/etc/default/{base}", f"/etc/sysconfig/{name}", f"/etc/conf.d/{name}"):
        defaults |= read_assignments(read_text(tree, place))
    found = list(programs_started(tree, text, {}, defaults))
    for started in found:
        command = started.command
        yield Service(
            name=name if len(found) == 1 else f"{name} ({posixpath.basename(command.program)})",
            path=link.script,
            line=started.line,
            started_by=started_by,
            enabled_by=tree.show(link.by),
            program=command.program,
            arguments=command.arguments,
            user=command.user or "root",
        )
    if not found:
        yield Service(
            name=name,
            path=link.script,
            started_by=started_by,
            enabled_by=tree.show(link.by),
            # A script without any sign of a daemon sets something up.
            runs_once=not re.search(r"start-stop-daemon|\bdaemon\b|procd_|\s&\s*$", text, re.M),
        )


def _program(tree: Tree, link: Link, started_by: StartedBy) -> Service:
    """A program in the place of a script: it is what is started."""
    name = re.sub(r"^S\d\d", "", posixpath.basename(link.script))
    by = tree.show(link.by)
    return Service(name=name, path=link.script, started_by=started_by, enabled_by=by, program=link.script)


def lsb_name(text: str) -> str:
    """``Provides`` of an LSB header (LSB Core, "Comment Conventions for Init Scripts"), its first word."""
    found = re.search(r"^### BEGIN INIT INFO$[\s\S]{0,2000}?^# Provides:[ \t]*(\S+)", text, re.M)
    return found[1] if found and not found[1].startswith("$") else ""
