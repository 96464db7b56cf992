"""The check pages in docs/checks/ are what the checks say today, and each decision has a number of its own."""

import re
from pathlib import Path

from iotscan.cli.docs import write_pages

DOCS = Path(__file__).parents[2] / "docs" / "checks"
DECISIONS = DOCS.parent / "decisions"


def test_the_pages_are_current(tmp_path: Path) -> None:
    assert write_pages(tmp_path) == len(list(DOCS.glob("*.md")))
    for page in tmp_path.iterdir():
        assert (DOCS / page.name).read_text("utf-8") == page.read_text("utf-8"), f"{page.name}: run make docs"


def test_stale_pages_go(tmp_path: Path) -> None:
    (tmp_path / "gone.md").write_text("old")
    write_pages(tmp_path)
    assert not (tmp_path / "gone.md").exists()


def test_a_number_names_one_decision() -> None:
    pages = sorted(DECISIONS.glob("*.md"))
    titles = [int(re.findall(r"\A# (?:Decision )?(\d+)", page.read_text("utf-8"))[0]) for page in pages]
    assert titles == [int(page.name[:4]) for page in pages]
    assert len(set(titles)) == len(titles)
