"""Containers that renew containers: Watchtower and its kin, started by hand, by a script or from a compose file.

Sources: Watchtower's documentation (it pulls and starts again what runs); the Compose specification (names of the
file). A compose file that an image holds is one that somebody starts, be it once at installation.
"""

import re
from collections.abc import Iterator

from iotscan.observe.image.inspectors.updates.root import Root

_NAMES = ("docker-compose.yml", "docker-compose.yaml", "compose.yml", "compose.yaml")
_FOLDERS = ("", "/app", "/data", "/etc/docker", "/opt", "/root", "/srv", "/usr/local")
_ABOVE = ("/data", "/etc", "/etc/docker/compose", "/home", "/opt", "/srv", "/usr/share", "/var/lib")
"""Folders with one folder for each application."""
_MOST = 500
_RENEWS = re.compile(r"^[^#\n]*\bimage:[^#\n]*\b(watchtower|ouroboros)\b", re.MULTILINE)
_STARTED = re.compile(r"\b(watchtower|ouroboros)\b")


def renewing(root: Root) -> Iterator[tuple[str, str]]:
    """(path, name) of each thing that starts one. Raises Unreadable."""
    for command in root.calls("docker", "podman", "nerdctl"):
        found = _STARTED.search(" ".join(command.argv[1:])) if "run" in command.argv else None
        if found is not None:
            yield command.path, found[1]
    for path, text in root.texts(*_files(root)):
        found = _RENEWS.search(text)
        if found is not None:
            yield path, found[1]


def _files(root: Root) -> Iterator[str]:
    tree = root.tree
    below = (e.path for above in _ABOVE for e in list(tree.children(above))[:_MOST] if e.kind == "folder")
    for folder in dict.fromkeys((*_FOLDERS, *below)):
        yield from (f"{folder}/{name}" for name in _NAMES)
    for command in root.calls("docker", "docker-compose", "podman-compose", "podman"):
        for flag, value in zip(command.argv, command.argv[1:], strict=False):
            if flag in ("-f", "--file") and value.startswith("/"):
                yield value
