"""The check pages in docs/checks/ are what the checks say today."""

from pathlib import Path

from iotscan.cli.docs import write_pages

DOCS = Path(__file__).parents[2] / "docs" / "checks"


def test_the_pages_are_current(tmp_path: Path) -> None:
    assert write_pages(tmp_path) == len(list(DOCS.glob("*.md")))
    for page in tmp_path.iterdir():
        assert (DOCS / page.name).read_text("utf-8") == page.read_text("utf-8"), f"{page.name}: run make docs"


def test_stale_pages_go(tmp_path: Path) -> None:
    (tmp_path / "gone.md").write_text("old")
    write_pages(tmp_path)
    assert not (tmp_path / "gone.md").exists()
