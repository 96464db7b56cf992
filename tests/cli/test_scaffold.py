"""``checks new`` writes a check that is whole: lint has nothing to say, and its samples hold."""

from pathlib import Path

import pytest

from iotscan.assess.lint import lint_folder
from iotscan.assess.registry import check_files, read_file
from iotscan.cli.scaffold import scaffold
from iotscan.model.errors import BadInput
from tests.checks.samples import judge, read_sample, worst


@pytest.mark.parametrize("element", ["hardware", "updates", "communication", "keys", "cloud"])
def test_a_new_check_is_whole(tmp_path: Path, element: str) -> None:
    paths = scaffold("door-open", element, tmp_path)
    assert all(p.is_file() for p in paths)
    assert lint_folder(tmp_path / "checks") == ()
    (check,) = (read_file(file, "mine") for file in check_files(tmp_path / "checks"))
    assert check.info.element.value == element
    for path in sorted((tmp_path / "tests/checks/door-open").iterdir()):
        sample = read_sample(path)
        assert worst(judge(check, sample), "").outcome is sample.expect.outcome, path.name


def test_nothing_is_overwritten(tmp_path: Path) -> None:
    scaffold("door-open", "keys", tmp_path)
    with pytest.raises(BadInput, match="exists already"):
        scaffold("door-open", "keys", tmp_path)


@pytest.mark.parametrize("name", ["Door", "door_open", "-door", "door-", "", "../door", "1door"])
def test_a_name_that_is_no_id_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(BadInput):
        scaffold(name, "keys", tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_an_unknown_element_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="hardware, updates"):
        scaffold("door-open", "doors", tmp_path)
