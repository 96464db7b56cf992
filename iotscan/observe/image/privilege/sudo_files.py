"""/etc/sudoers with what it includes: sudoers(5), "Including other files from within sudoers"."""

import msgspec

from iotscan.observe.image.privilege.sudo_grammar import Alias, Broken, Grant, Include, Members, Setting, sentences
from iotscan.observe.image.tree import Tree

PLACES = ("/etc/sudoers", "/usr/etc/sudoers")
"""The first that is there holds."""
_DEPTH, _MOST_FILES, _MOST_GRANTS = 8, 300, 3000
_MOST_BYTES = 512 << 10
"""Of all files together."""


class SudoFiles(msgspec.Struct):
    """All sentences, in the order in which sudo reads them."""

    host: str
    """What /etc/hostname says, empty where there is none."""
    aliases: dict[tuple[str, str], Members]
    settings: list[tuple[str, Setting]]
    grants: list[tuple[str, Grant]]
    not_understood: list[str]
    files: int = 0
    size: int = 0


def read_sudo_files(tree: Tree) -> SudoFiles:
    """What the first of the places has. Raises Unreadable."""
    name = tree.read("/etc/hostname", 300) if tree.find("/etc/hostname") is not None else b""
    host = next((line.strip() for line in name.decode("utf-8", "replace").split("\n") if line.strip()[:1] != "#"), "")
    read = SudoFiles(host, {}, [], [], [])
    for path in PLACES:
        if tree.find(path) is not None:
            _read(tree, path, read, 0)
            break
    return read


def _read(tree: Tree, path: str, read: SudoFiles, depth: int) -> None:
    found = tree.find(path)
    if found is None or found.kind == "char":
        return
    read.files += 1
    read.size += found.size
    if read.size > _MOST_BYTES:
        read.not_understood.append(f"{tree.show(path)}: more than is looked at")
        return
    for said in sentences(tree.whole(path, _MOST_BYTES).decode("utf-8", "replace")):
        place = f"{tree.show(path)}:{said.line}" if not isinstance(said, Alias) else tree.show(path)
        if isinstance(said, Broken):
            read.not_understood.append(place)
        elif isinstance(said, Alias):
            # A second one of the same name is an error, and the first one stays.
            read.aliases.setdefault((said.kind, said.name), said.members)
        elif isinstance(said, Setting):
            read.settings.append((path, said))
        elif isinstance(said, Include):
            _include(tree, path, said, read, depth)
        elif len(read.grants) < _MOST_GRANTS:
            read.grants.append((path, said))
        elif len(read.grants) == _MOST_GRANTS:
            read.not_understood.append(f"{place}: more rules than are looked at")
            return


def _include(tree: Tree, path: str, said: Include, read: SudoFiles, depth: int) -> None:
    named = said.path.replace("%h", read.host.partition(".")[0]) if read.host else said.path
    target = named if named.startswith("/") else f"{path.rpartition('/')[0]}/{named}"
    if depth >= _DEPTH or read.files >= _MOST_FILES:
        read.not_understood.append(f"{tree.show(path)}:{said.line}: more files than are looked at")
    elif said.is_folder:
        # Names with a dot or a tilde at the end are passed over; the order is that of their bytes.
        for entry in sorted(tree.children(target), key=lambda e: e.name.encode("utf-8", "surrogateescape")):
            found = tree.find(entry.path) if "." not in entry.name and not entry.name.endswith("~") else None
            if found is not None and found.kind == "file":
                if read.files >= _MOST_FILES:
                    read.not_understood.append(f"{tree.show(path)}:{said.line}: more files than are looked at")
                    return
                _read(tree, entry.path, read, depth + 1)
    elif tree.find(target) is None:
        read.not_understood.append(f"{tree.show(path)}:{said.line}: another file that is not there")
    else:
        _read(tree, target, read, depth + 1)
