"""Files among the documentation and tests of programs that a device uses all the same.

A link from anywhere else leads to them, or a configuration, unit or script names their whole path. A path that is put
together when a program runs, or that begins in its own folder, cannot be seen.
"""

import posixpath
import re

from iotscan.observe.image.inspector import Swept
from iotscan.observe.image.places import is_documentation
from iotscan.observe.image.tree import Entry, Tree

_NAMED = re.compile(rb"/[\w.+@~-]{1,99}(?:/[\w.+@~-]{1,99}){1,20}")
_FOLDERS = ("/etc/", "/usr/lib/systemd/", "/lib/systemd/")
_ENDINGS = (
    *(".conf", ".cfg", ".cnf", ".ini", ".json", ".yaml", ".yml", ".toml", ".xml", ".properties", ".env", ".config"),
    *(".sh", ".service"),
)
_LARGEST = 4 << 20
_SIGNS = (b"/doc", b"/test", b"/example", b"/sample", b"/demo", b"/fixture", b"/share/")
_MOST = 10_000
"""Files and folders that are kept; where there are more, all count as used."""


class Used:
    """What is met in one pass over an image that names files of documentation."""

    def __init__(self) -> None:
        self._named: set[tuple[object, str]] = set()
        self._linked: set[tuple[object, str]] = set()

    def follow(self, tree: Tree, entry: Entry) -> None:
        """Look at where a link leads."""
        if entry.kind == "link" and not is_documentation(f"{entry.path}/"):
            target = posixpath.normpath(posixpath.join(posixpath.dirname(entry.path), entry.target))
            if is_documentation(f"{target}/") and len(self._linked) <= _MOST:
                self._linked.add((tree.same_files, target))

    def read(self, swept: Swept) -> None:
        """Look for whole paths in a file that says what is used."""
        path, data = swept.entry.path, swept.data
        if not (path.startswith(_FOLDERS) or path.endswith(_ENDINGS)) or is_documentation(path):
            return
        if len(data) > _LARGEST or b"\0" in data[:4096] or not any(sign in data for sign in _SIGNS):
            return
        for found in _NAMED.finditer(data):
            named = found[0].decode("utf-8", "replace")
            if is_documentation(named) and not _is_comment(data, found.start()) and len(self._named) <= _MOST:
                self._named.add((swept.tree.same_files, named))

    def names(self, tree: Tree, path: str) -> bool:
        """True where a file is named, or a link leads to it or to a folder above it."""
        if len(self._named) > _MOST or len(self._linked) > _MOST:
            return True
        above = [path]
        while above[-1] != "/":
            above.append(posixpath.dirname(above[-1]))
        is_linked = any((tree.same_files, place) in self._linked for place in above)
        return is_linked or (tree.same_files, path) in self._named


def _is_comment(data: bytes, at: int) -> bool:
    begun = data.rfind(b"\n", 0, at) + 1
    return data[begun:at].lstrip().startswith((b"#", b";", b"//"))
