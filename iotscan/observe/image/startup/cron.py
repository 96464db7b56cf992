"""Jobs of cron (crontab(5)): the table of the system, its folder, and the tables of users."""

from collections.abc import Iterator

from iotscan.observe.image.startup.scripts import read_text
from iotscan.observe.image.startup.service import Job
from iotscan.observe.image.texts import not_beyond
from iotscan.observe.image.tree import Tree

_USER_TABLES = ("/var/spool/cron/crontabs", "/var/spool/cron", "/etc/crontabs")
_MOST_LINES = 2000


def read(tree: Tree) -> Iterator[Job]:
    """Every job. Raises Unreadable."""
    for path in ("/etc/crontab", *(e.path for e in tree.children("/etc/cron.d") if not e.name.startswith("."))):
        yield from _jobs(tree, path, user="")
    for folder in _USER_TABLES:
        for entry in tree.children(folder):
            if entry.kind == "file":
                yield from _jobs(tree, entry.path, user=entry.name)


def _jobs(tree: Tree, path: str, *, user: str) -> Iterator[Job]:
    for number, raw in enumerate(
        not_beyond(read_text(tree, path).splitlines(), _MOST_LINES, "lines of a crontab"), start=1
    ):
        line = raw.strip()
        if not line or line.startswith("#") or "=" in line.split()[0]:
            continue
        times = 1 if line.startswith("@") else 5
        words = line.split(None, times + (0 if user else 1))
        if len(words) == times + (1 if user else 2):
            yield Job(
                path=path,
                line=number,
                when=" ".join(words[:times]),
                user=user or words[times],
                command=words[-1],
            )
