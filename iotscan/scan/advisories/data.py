"""OSV data that the user gave: a zip as OSV offers it (``all.zip``), or a folder of records, one JSON file each.

They are read as images are, record by record, where they lie: what a zip may unpack to, how many files there may be and
how long it may take has the limits of :mod:`iotscan.observe.image.budget`.
"""

from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path

from iotscan.model.errors import BadInput
from iotscan.model.text import safe_text
from iotscan.observe.image.blob import FileBlob, read_whole
from iotscan.observe.image.budget import Budget, OverBudget
from iotscan.observe.image.readers.folder import FolderTree
from iotscan.observe.image.readers.zip_archive import ZIP
from iotscan.observe.image.tree import Entry, Tree
from iotscan.observe.image.unreadable import Unreadable
from iotscan.wire.osv.records import LARGEST, BadRecord, read_heading

_TRIED = 20
"""Files that are looked at to tell whether it is OSV data at all."""
_WANTED = "give OSV data: a zip (all.zip of an ecosystem) or a folder of its JSON files"


class AdvisoryFile:
    """One zip or folder. :attr:`unread` says what of it could not be read, once :meth:`records` was gone through."""

    def __init__(self, path: Path) -> None:
        self.shown = safe_text(str(path), 200)
        self.name = safe_text(path.name or str(path), 100)
        """What the run calls it: where it lay says nothing to who reads the run."""
        self._path = path
        self._problem = self._end = ""
        self._lost: dict[str, str] = {}

    def records(self) -> Iterator[tuple[str, bytes]]:
        """Name and bytes of each record. Never raises: see :attr:`unread`."""
        self._end = ""
        try:
            yield from self.within(self.open())
        except (OSError, Unreadable) as error:
            self._end = f"{getattr(error, 'strerror', None) or error}: the rest was not read"

    def open(self) -> Tree:
        """The files, with a budget of their own: its clock begins now. Raises OSError, Unreadable."""
        if self._path.is_dir():
            return FolderTree(self._path, Budget())
        blob = FileBlob(self._path)
        if not ZIP.recognises(blob.read_at(0, 4), blob):
            raise Unreadable("it is no zip")
        contents = ZIP.opens(blob, Budget())
        if contents.tree is None:
            raise Unreadable("it holds no files")
        self._problem = contents.problem
        return contents.tree

    def within(self, tree: Tree) -> Iterator[tuple[str, bytes]]:
        """The same, of files that are open. Raises Unreadable."""
        for entry in tree.walk():
            if entry.kind == "file" and entry.name.lower().endswith(".json"):
                data = self._read(tree, entry)
                if data is not None:
                    yield entry.path, data

    def lose(self, name: str, why: str) -> None:
        """Note that a record cannot be read."""
        self._lost[name] = why

    @property
    def unread(self) -> tuple[str, ...]:
        """What could not be read, in words."""
        told = [f"{self.name}: {text}" for text in (self._problem, self._end) if text]
        if self._lost:
            name, why = next(iter(self._lost.items()))
            first = f"{safe_text(name, 100)}: {why}"
            told.append(f"{self.name}: records that cannot be read: {len(self._lost):,} ({first})")
        return tuple(told)

    def _read(self, tree: Tree, entry: Entry) -> bytes | None:
        try:
            return read_whole(tree.content(entry), LARGEST)
        except OverBudget:
            raise
        except Unreadable as error:
            self.lose(entry.path, str(error))
            return None


def open_advisories(paths: Iterable[Path]) -> tuple[AdvisoryFile, ...]:
    """The files and folders given. Raises BadInput for one that holds no OSV records."""
    return tuple(map(_open, paths))


def _open(path: Path) -> AdvisoryFile:
    file = AdvisoryFile(path)
    try:
        is_osv = any(_is_osv(data) for _, data in islice(file.within(file.open()), _TRIED))
    except (OSError, ValueError, Unreadable) as error:
        why = getattr(error, "strerror", None) or str(error)
        raise BadInput(f"--advisories {file.shown} cannot be read ({safe_text(why, 200)}): {_WANTED}") from error
    if not is_osv:
        raise BadInput(f"--advisories {file.shown} holds no OSV records: {_WANTED}")
    return file


def _is_osv(data: bytes) -> bool:
    try:
        return bool(read_heading(data).id)
    except BadRecord:
        return False
