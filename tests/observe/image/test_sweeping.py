"""The one pass over all bytes: hard links, windows, files that cannot be read, sweepers that break."""

import os
from pathlib import Path

from iotscan.observe.heard import Heard
from iotscan.observe.image import sweeping
from iotscan.observe.image.inspector import Swept
from iotscan.observe.image.site import Place
from iotscan.observe.image.sweeping import sweep
from iotscan.observe.image.tree import Entry, Tree
from tests.observe.image.looking import a_root, site_of


class Taker:
    """Takes the files whose names end in ``ending``, and breaks at those called ``breaks``."""

    def __init__(self, ending: str = "", breaks: str = "\0") -> None:
        self._ending, self._breaks = ending, breaks
        self.took: list[tuple[str, int, int, bytes]] = []

    def wants(self, entry: Entry) -> bool:
        return entry.path.endswith(self._ending)

    def passed(self, place: Place, tree: Tree, entry: Entry) -> None:
        pass

    def see(self, swept: Swept) -> None:
        if swept.entry.name == self._breaks:
            raise ValueError("what the image says")
        self.took.append((swept.entry.path, swept.offset, swept.lines, swept.data))

    def heard(self, searched: int) -> Heard:
        return Heard()


def test_another_name_of_a_file_reaches_who_did_not_want_the_first(tmp_path: Path) -> None:
    """A setting may be a hard link to a file whose first name says nothing."""
    tree = a_root(tmp_path, {"etc/a.bin": "secret"})
    os.link(tmp_path / "etc/a.bin", tmp_path / "etc/b.conf")
    every, settings = Taker(), Taker(".conf")
    ended = sweep(site_of(tree), [every, settings])
    assert [took[0] for took in every.took] == ["/etc/a.bin"]
    assert [took[0] for took in settings.took] == ["/etc/b.conf"]
    assert (ended.unswept, ended.broken) == ((), {})


def test_windows_overlap_and_count_lines(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr(sweeping, "WINDOW", 40)
    monkeypatch.setattr(sweeping, "OVERLAP", 10)
    text = b"".join(b"%08d\n" % number for number in range(12))
    taker = Taker("big")
    sweep(site_of(a_root(tmp_path, {"etc/big": text})), [taker])
    assert [offset for _, offset, _, _ in taker.took] == [0, 30, 60, 90]
    for _, offset, lines, data in taker.took:
        assert data == text[offset : offset + 40]
        assert lines == text.count(b"\n", 0, offset)


def test_a_sweeper_that_breaks_costs_nobody_else(tmp_path: Path) -> None:
    tree = a_root(tmp_path, {"etc/bad": "x", "etc/good": "y"})
    broken, whole = Taker(breaks="bad"), Taker()
    ended = sweep(site_of(tree), [broken, whole])
    assert ended.broken == {0: "ValueError"}
    assert (len(broken.took), len(whole.took)) == (0, 2)
