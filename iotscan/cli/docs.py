"""``python -m iotscan.cli.docs DIR``: write the check pages of the documentation from the checks themselves."""

import sys
from pathlib import Path

from iotscan.assess.registry import load_checks
from iotscan.data.remedies import load_programs
from iotscan.report.checkdocs import pages


def write_pages(folder: Path) -> int:
    """Write one page a check and an index below ``folder``; pages of checks that are gone are removed."""
    written = pages([c.info for c in load_checks().checks], load_programs())
    folder.mkdir(parents=True, exist_ok=True)
    for stale in set(folder.glob("*.md")) - {folder / name for name in written}:
        stale.unlink()
    for name, text in written.items():
        (folder / name).write_text(text, "utf-8")
    return len(written)


if __name__ == "__main__":
    print(f"{write_pages(Path(sys.argv[1]))} pages in {sys.argv[1]}")
