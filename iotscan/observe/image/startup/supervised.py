"""runit and s6: one folder a service, with a script that becomes it (runsv(8), s6-supervise)."""

from collections.abc import Iterator

from iotscan.model.facts.startup import StartedBy
from iotscan.observe.image.startup.command import fill_in, split, understand
from iotscan.observe.image.startup.scripts import found_in, joined_lines, read_assignments, read_text
from iotscan.observe.image.startup.service import Service
from iotscan.observe.image.tree import Tree

RUNIT = ("/etc/runit/runsvdir/default", "/var/service", "/etc/service", "/service")
S6 = ("/etc/services.d", "/etc/s6-overlay/s6-rc.d", "/run/service", "/etc/s6/services", "/var/run/s6/services")


def read(tree: Tree, folders: tuple[str, ...], started_by: StartedBy) -> Iterator[Service]:
    """The services in these folders that have a ``run`` and no ``down``. Raises Unreadable."""
    seen: set[str] = set()
    for folder in folders:
        for entry in tree.children(folder):
            real = tree.find(entry.path)
            if real is None or real.kind != "folder" or real.path in seen or tree.find(f"{real.path}/down"):
                continue
            seen.add(real.path)
            script = tree.find(f"{real.path}/run")
            if script is not None and script.kind == "file":
                yield _service(tree, entry.name, script.path, entry.path, started_by)


def _service(tree: Tree, name: str, script: str, by: str, started_by: StartedBy) -> Service:
    variables: dict[str, str] = {}
    line, last = 0, ""
    for number, text in joined_lines(read_text(tree, script)):
        variables |= read_assignments(text)
        if text.startswith("exec ") or not text.startswith(("fi", "done", "}")):
            line, last = number, text
    words = split(fill_in(last, variables))
    command = understand([w for w in words if not w.startswith(("2>", ">"))])
    return Service(
        name=name,
        path=script,
        line=line,
        started_by=started_by,
        enabled_by=tree.show(by),
        program=found_in(tree, command.program) or command.program,
        arguments=command.arguments,
        user=command.user or "root",
    )
