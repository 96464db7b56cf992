"""OpenRC: the scripts of the runlevels sysinit, boot and default, with their conf.d (openrc-run(8))."""

from collections.abc import Iterator

from iotscan.observe.image.startup.command import Command, fill_in, split, understand
from iotscan.observe.image.startup.scripts import joined_lines, programs_started, read_assignments, read_text
from iotscan.observe.image.startup.service import Service
from iotscan.observe.image.tree import Tree

_LEVELS = ("sysinit", "boot", "default")
_ONLY_ROOT = ("root", "0", "")


def read(tree: Tree) -> Iterator[Service]:
    """The services of the runlevels that a start goes through. Raises Unreadable."""
    seen: set[str] = set()
    for level in _LEVELS:
        for entry in tree.children(f"/etc/runlevels/{level}"):
            if entry.kind == "folder" or entry.name in seen:
                continue
            script = tree.find(entry.path) or tree.find(f"/etc/init.d/{entry.name}")
            if script is not None and script.kind == "file":
                seen.add(entry.name)
                yield from _services(tree, entry.name, script.path, entry.path)


def _services(tree: Tree, name: str, script: str, by: str) -> Iterator[Service]:
    text = read_text(tree, script)
    given = {"RC_SVCNAME": name, "SVCNAME": name}
    for path in ("/etc/rc.conf", f"/etc/conf.d/{name.partition('.')[0]}", f"/etc/conf.d/{name}"):
        given |= read_assignments(read_text(tree, path))
    # The script is read after its conf.d: what it sets with := keeps what was given.
    known = dict(given)
    for _, said in joined_lines(text):
        kept = said.removeprefix(": ").strip('"')
        if said.startswith(":") and kept.startswith("${"):
            variable, _, value = kept.removeprefix("${").rstrip("}").partition(":=")
            known.setdefault(variable, fill_in(value, known))
        known |= read_assignments(said, known)
    command = _command(known)
    line = _line_of(text, "command=")
    if not command.program:
        for started in programs_started(tree, text, known):
            command, line = started.command, started.line
            break
    user = known.get("command_user", "").partition(":")[0]
    yield Service(
        name=name,
        path=script,
        line=line,
        started_by="openrc",
        enabled_by=tree.show(by),
        program=command.program,
        arguments=command.arguments,
        user=command.user or ("root" if user in _ONLY_ROOT else user),
        sandbox=tuple(_sandbox(known)),
        runs_once=not command.program,
    )


def _command(known: dict[str, str]) -> Command:
    program = known.get("command", "")
    words = [known.get(n, "") for n in ("command_args", "command_args_background", "command_args_foreground")]
    return understand([program, *split(fill_in(" ".join(words), known))]) if program else Command()


def _sandbox(known: dict[str, str]) -> Iterator[str]:
    if known.get("no_new_privs", "").lower() in ("yes", "true", "1", "on"):
        yield "no_new_privs=yes"
    if known.get("capabilities"):
        yield f"capabilities={known['capabilities']}"[:120]


def _line_of(text: str, start: str) -> int:
    return next((n for n, line in enumerate(text.splitlines(), start=1) if line.strip().startswith(start)), 0)
