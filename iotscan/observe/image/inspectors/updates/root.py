"""A root file system as its update systems are asked for: what several of them want to know."""

from collections.abc import Iterator
from functools import cached_property

import msgspec

from iotscan.model.answer import Answer
from iotscan.model.facts import UpdateSource, UpdateTrait
from iotscan.model.facts.update_systems import Component, TraitName
from iotscan.model.text import safe_text
from iotscan.model.vocabulary import Reason
from iotscan.observe.image.inspectors.updates.loaders.counting import Counting
from iotscan.observe.image.startup.boot_commands import BootCommand, boot_commands
from iotscan.observe.image.startup.declared import declared_of
from iotscan.observe.image.tree import Tree

FILE_LIMIT = 256 * 1024
"""Bytes of a configuration that are read; one that is longer is not read at all."""
_PROGRAMS = ("/usr/bin", "/usr/sbin", "/usr/local/bin", "/usr/local/sbin", "/bin", "/sbin")
_DETAIL = 300


class Root:
    """One root file system. ``counts`` are the boot loaders that were found, each with what it counts; ``others`` the
    file systems of the image that are none to start from.
    """

    def __init__(
        self,
        tree: Tree,
        counts: tuple[Counting, ...],
        others: tuple[Tree, ...] = (),
        moved: tuple[str, Tree, str] | None = None,
    ) -> None:
        self.tree = tree
        self.counts = counts
        self._others = others
        self._moved = moved

    def with_data(self, folder: str, at: str) -> "Root":
        """Give this root with what lies at ``at`` of another file system in the place of ``folder``.

        The same one where ``folder`` is no link, or not exactly one other file system has ``at``.
        """
        above, _, name = folder.rpartition("/")
        link = next((entry for entry in self.tree.children(above) if entry.name == name), None)
        found = [tree for tree in self._others if (e := tree.find(at)) is not None and e.kind == "folder"]
        if link is None or link.kind != "link" or len(found) != 1:
            return self
        return Root(self.tree, self.counts, self._others, (folder, found[0], at))

    def _place(self, path: str) -> tuple[Tree, str]:
        """The file system that a path lies on, and the path there. What this one has counts."""
        if self._moved is not None and self.tree.find(path) is None:
            folder, tree, at = self._moved
            if path.startswith(f"{folder}/"):
                return tree, at + path.removeprefix(folder)
        return self.tree, path

    def show(self, path: str) -> str:
        """A path as facts show it."""
        tree, place = self._place(path)
        return tree.show(place)

    @cached_property
    def commands(self) -> tuple[BootCommand, ...]:
        """What the start may run, and what runs by the clock. Raises Unreadable."""
        return boot_commands(self.tree)

    @property
    def start_problem(self) -> str:
        """Why it is not known what the image starts; empty where it is."""
        return declared_of(self.tree).problem

    def program(self, *names: str) -> str:
        """The path of the first of these programs that is there; empty for none."""
        paths = (f"{folder}/{name}" for name in names for folder in _PROGRAMS)
        return next((p for p in paths if (e := self.tree.find(p)) is not None and e.kind == "file"), "")

    def has(self, path: str) -> bool:
        """True where something is at ``path``, links followed."""
        return self.tree.find(path) is not None

    def text(self, path: str) -> str | None:
        """A small text file; None where there is none, a folder or a link that leads nowhere. Raises Unreadable."""
        tree, place = self._place(path)
        found = tree.find(place)
        if found is None or found.kind != "file":
            return None
        return tree.whole(place, FILE_LIMIT).decode("utf-8", "replace")

    def texts(self, *paths: str, folder: str = "", ending: str = "") -> Iterator[tuple[str, str]]:
        """(path, text) of named files that are there, then of a folder's with an ending. Raises Unreadable."""
        listed = [e.path for e in self.tree.children(folder) if e.path.endswith(ending)] if folder else []
        for path in (*paths, *listed):
            text = self.text(path)
            if text is not None:
                yield path, text

    def calls(self, *programs: str) -> Iterator[BootCommand]:
        """The commands that start one of these programs."""
        return (command for command in self.commands if command.name in programs)

    def runs(self, *programs: str) -> Answer[bool]:
        """Whether the start runs one of these, as far as its files tell."""
        first = next(self.calls(*programs), None)
        if first is not None:
            return Answer.of(True)
        if self.start_problem:
            return Answer.missing(Reason.NOT_OBSERVABLE, self.start_problem)
        return Answer.missing(Reason.NOT_OBSERVABLE, "no file of the start calls it; a program may")

    def key_there(self, path: str) -> bool | None:
        """Whether a key's file, or a folder with a file in it, is there; None where its folder comes from elsewhere."""
        found = self.tree.find(path)
        if found is not None:
            return found.kind == "file" or any(e.kind in ("file", "link") for e in self.tree.children(path))
        above = self.tree.find(path.rpartition("/")[0] or "/")
        return False if above is not None and not self.tree.is_named(path) else None

    def trait(
        self,
        name: TraitName,
        holds: bool | None,
        detail: str,
        *,
        path: str = "",
        shown: str = "",
        line: int = 0,
        component: Component | None = None,
        period: int = 0,
    ) -> UpdateTrait:
        """A trait; ``holds`` is None where the image does not tell, ``detail`` says why then.

        ``path`` is one of the tree, ``shown`` one that facts show already.
        """
        said = safe_text(detail, _DETAIL)
        return UpdateTrait(
            name=name,
            holds=Answer.of(holds) if holds is not None else Answer.missing(Reason.NOT_OBSERVABLE, said),
            detail=said,
            path=shown or (self.show(path) if path else ""),
            line=line,
            component=component,
            period=period,
        )

    def source(
        self, url: str, path: str, line: int, verifies: Answer[bool], *, encrypted: bool | None = None
    ) -> UpdateSource:
        """Where updates come from."""
        return UpdateSource(
            url=shown_url(url),
            path=self.show(path),
            line=line,
            encrypted=url.lower().startswith(ENCRYPTED) if encrypted is None else encrypted,
            verifies=verifies,
        )


ENCRYPTED = ("https://", "ssh://", "wss://", "file:", "/")
"""What nobody on the way can read; files do not travel."""


def shown_url(url: str) -> str:
    """A URL without user and password, and without what it asks for: tokens stand there."""
    scheme, sep, rest = url.partition("//")
    place, slash, path = rest.partition("/")
    bare = f"{scheme}{sep}{place.rpartition('@')[2]}{slash}{path}" if sep else url
    place, asks, _ = bare.partition("?")
    return safe_text(f"{place}?…" if asks else place, 200)


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """A line of text that counts: its number and content without blanks around it."""

    number: int
    text: str


def lines(text: str, *comments: str) -> Iterator[Line]:
    """The lines of a text that are neither empty nor a comment."""
    marks = comments or ("#", ";", "//")
    for number, line in enumerate(text.splitlines(), start=1):
        content = line.strip()
        if content and not content.startswith(marks):
            yield Line(number=number, text=content)
