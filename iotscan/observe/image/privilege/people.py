"""The accounts and groups of a root file system, as sets: who is named, who is a member (passwd(5), group(5)).

A set of people is a number with one bit for each account, so that lists of any length are cheap to go through.
"""

import msgspec

from iotscan.model.facts.accounts import NO_LOGIN
from iotscan.observe.image.texts import lines_of
from iotscan.observe.image.tree import Tree

_MOST = 10_000
_MOST_GROUPS = 5000


class Person(msgspec.Struct, frozen=True):
    """An account; ``groups`` are the numbers of those that it is in."""

    name: str
    uid: int
    groups: frozenset[int]
    has_shell: bool = False


class People:
    """Who is there. ``root`` is, whatever the files say. Raises Unreadable."""

    def __init__(self, tree: Tree) -> None:
        self._gids: dict[str, int] = {}
        groups: dict[str, set[int]] = {}
        for fields in _fields(tree, "/etc/group", 3, _MOST_GROUPS):
            gid = self._gids.setdefault(fields[0], int(fields[2]))
            for name in fields[3].split(",") if len(fields) > 3 else ():
                groups.setdefault(name.strip(), set()).add(gid)
        known = {"root": (0, 0, True)}
        lines = _fields(tree, "/etc/passwd", 4, _MOST + 1)
        self.is_cut = len(lines) > _MOST
        """True where there are more accounts than are looked at."""
        for fields in lines[:_MOST]:
            # The first line of a name is the one that holds (getpwnam(3)).
            gid = int(fields[3]) if fields[3].isdecimal() and fields[3].isascii() and len(fields[3]) < 11 else -1
            has_shell = (fields[6].strip() if len(fields) > 6 else "").rpartition("/")[2] not in NO_LOGIN
            known.setdefault(fields[0], (int(fields[2]), gid, has_shell))
        self.all = tuple(
            Person(name, uid, frozenset(groups.get(name, set()) | {gid}), has_shell)
            for name, (uid, gid, has_shell) in known.items()
        )
        self.everyone = (1 << len(self.all)) - 1
        self._by_name = {person.name: 1 << place for place, person in enumerate(self.all)}
        self._by_uid: dict[int, int] = {}
        self._by_gid: dict[int, int] = {}
        for place, person in enumerate(self.all):
            self._by_uid[person.uid] = self._by_uid.get(person.uid, 0) | 1 << place
            for gid in person.groups:
                self._by_gid[gid] = self._by_gid.get(gid, 0) | 1 << place
        self.root = self.named("root")

    def named(self, text: str) -> int:
        """Those of a name (none, or one), or of a number where it is ``#10``."""
        if text[:1] == "#" and text[1:].isdecimal() and text.isascii():
            return self._by_uid.get(int(text[1:11]), 0)
        return self._by_name.get(text, 0)

    def group(self, text: str) -> int:
        """The members of ``wheel`` or ``#10``, those whose first group it is among them."""
        if text[:1] == "#" and text[1:].isdecimal() and text.isascii():
            return self._by_gid.get(int(text[1:11]), 0)
        return self._by_gid.get(self._gids[text], 0) if text in self._gids else 0

    def logins(self) -> int:
        """Those with a login shell."""
        return sum(1 << place for place, person in enumerate(self.all) if person.has_shell)

    def names(self, some: int) -> tuple[str, ...]:
        """Their names, those left out that are root by their number."""
        return tuple(p.name for place, p in enumerate(self.all) if some >> place & 1 and p.uid)


def _fields(tree: Tree, path: str, least: int, most: int) -> list[list[str]]:
    lines = (line.strip().split(":") for line in lines_of(tree, path) or [])
    sound = [f for f in lines if len(f) >= least and f[0] and f[2].isascii() and f[2].isdecimal() and len(f[2]) < 11]
    return sound[:most]
