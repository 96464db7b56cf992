"""What an inspector is: one concern, facts read off an image. There are three kinds, by what they look at."""

from collections.abc import Callable
from typing import Protocol

import msgspec

from iotscan.model.facts import Fact
from iotscan.observe.heard import Heard
from iotscan.observe.image.site import Place, Site
from iotscan.observe.image.tree import Entry, Tree


class Swept(msgspec.Struct, frozen=True, kw_only=True):
    """A window of a file's bytes in the one pass over all files.

    ``data`` begins at ``offset`` of the file, after ``lines`` line ends; files up to the window's size come whole.
    Two windows of one file overlap (see :mod:`.sweeping`), so that nothing is cut where they meet.
    """

    place: Place
    tree: Tree
    entry: Entry
    data: bytes
    offset: int = 0
    lines: int = 0

    @property
    def is_whole(self) -> bool:
        """True where ``data`` is all of the file."""
        return self.offset == 0 and len(self.data) == self.entry.size

    @property
    def shown(self) -> str:
        """The file's path as facts show it."""
        return self.tree.show(self.entry.path)

    def line_at(self, position: int) -> int:
        """The line (from 1) of a position in ``data``."""
        return self.lines + self.data.count(b"\n", 0, position) + 1


class Sweeper(Protocol):
    """Sees every file of an image once, in whatever order they are stored; made anew for each image."""

    def wants(self, entry: Entry) -> bool:
        """Whether it wants the bytes of a regular file that is not empty. Cheap: it is asked of every file."""

    def see(self, swept: Swept) -> None:
        """Look at a window of a file."""

    def passed(self, place: Place, tree: Tree, entry: Entry) -> None:
        """Told of every entry, whatever its kind, before its bytes come: for what metadata alone shows."""

    def heard(self, searched: int) -> Heard:
        """What was found in ``searched`` files: asked once, at the end. Paths in it are ``swept.shown``."""


class Inspector(msgspec.Struct, frozen=True, kw_only=True):
    """Reads one concern of an image. Exactly one of the three is given; none of them raises.

    ``inspect`` looks at one root file system and is asked once for each; its facts are about that root.
    ``survey`` looks at the whole image (boot chain, disk layout, several file systems). ``sweep`` makes a
    :class:`Sweeper` that sees the bytes of every file in one pass: for what can stand anywhere.

    Paths in facts are ``tree.show(path)``, texts went through :func:`~iotscan.model.text.safe_text`, a secret is
    only its kind, place, length and hash prefix.
    """

    name: str
    version: int
    gives: tuple[type[Fact], ...]
    inspect: Callable[[Tree], Heard] | None = None
    boots: bool = False
    """It is about what starts a machine: a container image has no such thing, and is not asked."""
    survey: Callable[[Site], Heard] | None = None
    sweep: Callable[[], Sweeper] | None = None

    @property
    def label(self) -> str:
        """``accounts/1``, as observations name it."""
        return f"{self.name}/{self.version}"
