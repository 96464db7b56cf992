"""What of an earlier scan holds for the plan of this one."""

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

from iotscan.cli.recipe import is_newer


def test_files_that_were_written_since_are_others(tmp_path: Path) -> None:
    """Records of the same name with another pair in them: what was refused then was not that."""
    folder = tmp_path / "records"
    folder.mkdir()
    (folder / "own.yaml").write_text("")
    later, before = datetime.now(UTC) + timedelta(minutes=1), datetime.now(UTC) - timedelta(minutes=1)
    for given in (folder, folder / "own.yaml"):
        assert not is_newer([str(given)], later)
        assert is_newer([str(given)], before)
    os.utime(folder / "own.yaml", (0, 0))
    assert is_newer([str(folder / "own.yaml")], before), "an old file that was put there is new there"
    assert is_newer([str(tmp_path / "gone.yaml")], later)
    assert not is_newer([], before)
