"""What kind of place a path of an image is."""

import re
from typing import Final

from iotscan.observe.image.tree import Tree
from iotscan.observe.image.unreadable import Unreadable

_DOCUMENTATION: Final = re.compile(
    r"/usr/(?:local/)?share/(?:doc|man|info|help|gtk-doc|perl|licenses|examples)/"
    r"|/(?:doc|docs|documentation|examples?|samples?|tests?|testing|testdata|test[-_]data|demos?|fixtures)/"
)
"""Where documentation, examples and tests of the programs lie; never below /etc, where a device reads from."""


def is_documentation(path: str) -> bool:
    """True for what is there to be read, not used: manuals, examples, tests."""
    return not path.startswith(("/etc/", "/var/", "/home/", "/root/")) and bool(_DOCUMENTATION.search(path))


_AVAILABLE: Final = re.compile(r"(/etc/(?:[^/]+/)+(?:sites|mods|conf|modules|servers)-)available/([^/]+)")
_FAIL2BAN: Final = re.compile(r"/etc/fail2ban/action\.d/([\w-]+)\.(?:conf|local)")
_JAILS: Final = ("/etc/fail2ban/jail.conf", "/etc/fail2ban/jail.local", "/etc/fail2ban/jail.d")
_LARGEST_JAIL: Final = 1 << 20


def is_set_aside(tree: Tree, path: str) -> bool:
    """True for a configuration that ships to be chosen, and was not.

    What stands in ``X-available`` and is in ``X-enabled`` by no name (a2ensite(8), Debian's nginx and FreeRADIUS), and
    an action of fail2ban that no jail names (jail.conf(5)). In doubt, and for what cannot be read, False.
    """
    try:
        available = _AVAILABLE.fullmatch(path)
        if available is not None:
            return _is_not_enabled(tree, f"{available[1]}enabled", path)
        action = _FAIL2BAN.fullmatch(path)
        return action is not None and not _is_named(tree, action[1])
    except Unreadable:
        return False


def _is_not_enabled(tree: Tree, folder: str, path: str) -> bool:
    if tree.find(folder) is None:
        return False
    reached = (tree.find(f"{folder}/{entry.name}") for entry in tree.children(folder))
    return all(found is None or found.path != path for found in reached)


def _is_named(tree: Tree, action: str) -> bool:
    files = [path for path in _JAILS if (found := tree.find(path)) is not None and found.kind == "file"]
    files += [entry.path for entry in tree.children(_JAILS[-1]) if entry.name.endswith((".conf", ".local"))]
    word = re.compile(rf"(?<![\w-]){re.escape(action)}(?![\w-])")
    texts = (tree.read(path, _LARGEST_JAIL).decode("utf-8", "replace") for path in files)
    return any(
        word.search(line) for text in texts for line in text.splitlines() if not line.lstrip().startswith(("#", ";"))
    )
