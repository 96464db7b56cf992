"""One pass over the bytes of every file: each is read once, whoever wants it.

A text that is packed with gzip is shown as it is, and unpacked. A file comes in windows of :data:`WINDOW` bytes; two of
them share :data:`OVERLAP` bytes. Who saw a file under one name does not see it again under another (a hard link).
"""

from collections.abc import Callable, Sequence

import msgspec

from iotscan.observe.image.inspector import Sweeper, Swept
from iotscan.observe.image.packed_text import packed_text
from iotscan.observe.image.site import Place, Site
from iotscan.observe.image.tree import Entry, Tree
from iotscan.observe.image.unreadable import Unreadable

WINDOW = 32 << 20
OVERLAP = 64 << 10


class Unswept(msgspec.Struct, frozen=True, kw_only=True):
    """A file or folder whose bytes nobody saw, and why. ``path`` is shown."""

    path: str
    why: str


class Sweep(msgspec.Struct, frozen=True, kw_only=True):
    """How a pass ended: files read, what could not be, and the sweepers that broke with the type of their error."""

    searched: int
    unswept: tuple[Unswept, ...]
    broken: dict[int, str]


def sweep(site: Site, sweepers: Sequence[Sweeper], told: Callable[[int], None] = lambda _: None) -> Sweep:
    """Show every file of an image to the sweepers. ``told`` hears now and then how many files were read.

    What ``broken`` names by its place in ``sweepers`` saw nothing more after its error.
    """
    work = _Pass(sweepers, told)
    # What a file is called in the system that OSTree made of it tells more than its name in the store.
    for place, tree in sorted(site.trees, key=lambda found: found[0].holds_roots):
        try:
            work.over(place, tree)
        except Unreadable as error:
            work.unswept.append(Unswept(path=tree.show("/"), why=str(error)))
    return Sweep(searched=work.searched, unswept=tuple(work.unswept), broken=work.broken)


class _Guarded:
    """A sweeper that breaks for itself alone: the type of its error is kept, its text may hold what the image says."""

    def __init__(self, sweeper: Sweeper) -> None:
        self.passed = sweeper.passed
        self.wants = sweeper.wants
        self.see = sweeper.see
        self.error = ""

    def breaks(self, error: Exception) -> None:
        self.error = type(error).__name__


class _Pass:
    def __init__(self, sweepers: Sequence[Sweeper], told: Callable[[int], None]) -> None:
        self._sweepers = [_Guarded(sweeper) for sweeper in sweepers]
        self._told = told
        self._seen: dict[object, dict[int, list[_Guarded]]] = {}
        self.searched = 0
        self.unswept: list[Unswept] = []

    @property
    def broken(self) -> dict[int, str]:
        return {number: guarded.error for number, guarded in enumerate(self._sweepers) if guarded.error}

    def over(self, place: Place, tree: Tree) -> None:
        seen = self._seen.setdefault(tree.same_files, {})
        unread: list[tuple[str, str]] = []
        for entry in tree.walk(unread=unread):
            for guarded in self._sweepers:
                if not guarded.error:
                    try:
                        guarded.passed(place, tree, entry)
                    except Exception as error:
                        guarded.breaks(error)
            if entry.kind != "file" or entry.size == 0:
                continue
            wanting = self._wanting(entry)
            if entry.inode:
                # Another name of the same bytes may be wanted by who did not want the first.
                before = seen.setdefault(entry.inode, [])
                wanting = [guarded for guarded in wanting if guarded not in before]
                before += wanting
            if not wanting:
                continue
            try:
                self._file(place, tree, entry, wanting)
            except Unreadable as error:
                self.unswept.append(Unswept(path=tree.show(entry.path), why=str(error)))
        self.unswept += [Unswept(path=tree.show(path), why=why) for path, why in unread]

    def _wanting(self, entry: Entry) -> list[_Guarded]:
        wanting = []
        for guarded in self._sweepers:
            if not guarded.error:
                try:
                    if guarded.wants(entry):
                        wanting.append(guarded)
                except Exception as error:
                    guarded.breaks(error)
        return wanting

    @staticmethod
    def _show(swept: Swept, wanting: Sequence[_Guarded]) -> None:
        for guarded in wanting:
            if not guarded.error:
                try:
                    guarded.see(swept)
                except Exception as error:
                    guarded.breaks(error)

    def _file(self, place: Place, tree: Tree, entry: Entry, wanting: Sequence[_Guarded]) -> None:
        if entry.size > tree.budget.limits.file:
            raise Unreadable(f"larger than {tree.budget.limits.file >> 20:,} MiB")
        blob = tree.content(entry)
        offset = lines = 0
        while True:
            tree.budget.check_time()
            wanted = min(WINDOW, entry.size - offset)
            data = blob.read_at(offset, wanted)
            if len(data) < wanted:
                raise Unreadable("it is cut short")
            swept = Swept(place=place, tree=tree, entry=entry, data=data, offset=offset, lines=lines)
            self._show(swept, wanting)
            if swept.is_whole and (text := packed_text(entry, data, tree.budget)):
                inside = msgspec.structs.replace(entry, size=len(text))
                self._show(msgspec.structs.replace(swept, entry=inside, data=text), wanting)
            if offset + len(data) >= entry.size:
                break
            step = len(data) - OVERLAP
            lines += data.count(b"\n", 0, step)
            offset += step
        self.searched += 1
        if self.searched % 256 == 0:
            self._told(self.searched)
