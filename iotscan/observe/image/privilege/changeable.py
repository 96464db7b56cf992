"""Which accounts may put another program in the place of one, by the owners and modes that the image keeps."""

import posixpath

from iotscan.observe.image.privilege.people import People
from iotscan.observe.image.tree import Entry, Tree

_STICKY = 0o1000


def who_may_change(tree: Tree, path: str, people: People) -> int:
    """A set of people; nobody where the owners are not the device's (FAT, a folder of whoever built it).

    Raises Unreadable.
    """
    etc = tree.find("/etc")
    if not tree.keeps_permissions or etc is None or etc.uid or not path.startswith("/"):
        return 0
    found = tree.find(path)
    place = found.path if found is not None else posixpath.normpath(path)
    able = _writers(found, people) if found is not None and found.kind == "file" else 0
    below: Entry | None = found
    while place != "/":
        place = posixpath.dirname(place)
        folder = tree.find(place)
        if folder is None:
            below = None
            continue
        writers = _writers(folder, people)
        if folder.mode & _STICKY and below is not None:
            writers &= people.named(f"#{below.uid}") | people.named(f"#{folder.uid}")
        able |= writers
        below = folder
    return able


def _writers(entry: Entry, people: People) -> int:
    owner, group = people.named(f"#{entry.uid}"), people.group(f"#{entry.gid}")
    others = people.everyone & ~owner & ~group
    able = owner if entry.mode & 0o200 else 0
    able |= group & ~owner if entry.mode & 0o020 else 0
    return able | (others if entry.mode & 0o002 else 0)
