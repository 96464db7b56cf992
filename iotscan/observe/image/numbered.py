"""A tree whose folders have numbers: inodes, first clusters. Folders are listed when somebody asks for them.

A sound file system has each folder in one place. One that is met again under another path would be walked for ever,
so its second place cannot be listed.
"""

from abc import abstractmethod
from collections.abc import Iterable, Iterator

from iotscan.observe.image.budget import Budget, OverBudget
from iotscan.observe.image.tree import Entry, Tree
from iotscan.observe.image.unreadable import Unreadable


class NumberedTree(Tree):
    """Lists a folder by its number, which stands in the ``where`` of its entry."""

    def __init__(self, budget: Budget, root: int) -> None:
        super().__init__(budget)
        self._number_at = {"/": root}
        self._path_of = {root: "/"}

    @abstractmethod
    def entries(self, number: int, path: str) -> Iterator[Entry]:
        """What lies in folder ``number``; its entries' paths begin with ``path``, which ends in ``/``.

        Raises :class:`Unreadable`.
        """

    def listed(self, path: str) -> Iterable[Entry]:
        """See :class:`Tree`."""
        number = self._number(path)
        if self._path_of.setdefault(number, path) != path:
            raise Unreadable("a folder that lies in another place, too: the file system is damaged")
        found: list[Entry] = []
        for entry in self.entries(number, path.rstrip("/") + "/"):
            if len(found) >= self.budget.limits.entries:
                raise OverBudget(f"more than {self.budget.limits.entries:,} files")
            found.append(entry)
            if entry.kind == "folder":
                self._number_at[entry.path] = entry.where
        return found

    def _number(self, path: str) -> int:
        known = self._number_at.get(path)
        if known is None:
            entry = self.entry(path)
            if entry is None or entry.kind != "folder":
                raise Unreadable("there is no such folder")
            known = entry.where
        return known
