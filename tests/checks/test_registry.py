"""What every shipped check must have, so that a reader is never left alone with a verdict."""

from pathlib import Path

import pytest

from iotscan.assess.lint import lint_check, lint_folder
from iotscan.assess.registry import check_files, gather, read_file
from iotscan.shipped import shipped

FILES = check_files(shipped("checks"))
GOOD = '''"""Doors are shut.

## What it looks at
Doors.

## Why it matters
Thieves.

## How to fix
Shut them.

## References
- None
"""

from iotscan.sdk import AdbServer, Returned, check, clause, good


@check(
    id="doors",
    title="Doors are shut",
    element="hardware",
    variants={"open": ("high", "A door is open")},
    clauses=(clause("X", "2022", "1"),),
    since="0.1",
)
def doors(adb: AdbServer) -> Returned:
    """Look at doors."""
    return good("shut")
'''


@pytest.mark.parametrize("path", FILES, ids=lambda p: p.stem)
def test_check_keeps_the_house_rules(path: Path):
    assert list(lint_check(read_file(path, "iotscan"), path)) == []


@pytest.mark.parametrize("path", FILES, ids=lambda p: p.stem)
def test_check_lies_under_its_element(path: Path):
    assert path.parent.name == read_file(path, "iotscan").info.element.value


@pytest.mark.parametrize("path", FILES, ids=lambda p: p.stem)
def test_check_can_be_selected_by_a_tag_that_tells_where_it_is_answered(path: Path):
    tags = read_file(path, "iotscan").info.tags
    assert len({"network", "image", "attestation", "traffic"} & set(tags)) == 1


def test_ids_and_aliases_are_unique():
    pack = gather(read_file(f, "iotscan") for f in FILES)
    for check in pack.checks:
        assert all(pack.by_id(name) is check for name in (check.info.id, *check.info.aliases))


def test_a_good_check_has_no_complaints(tmp_path: Path):
    (tmp_path / "doors.py").write_text(GOOD)
    assert lint_folder(tmp_path) == ()


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("Thieves.", "", "Why it matters"),
        ('id="doors"', 'id="Doors"', "kebab-case"),
        ('id="doors"', 'id="gates"', "named for the id: gates.py"),
        ('title="Doors are shut"', 'title="Doors"', "title"),
        ('title="Doors are shut"', 'title="All doors are shut."', "title"),
        ('(clause("X", "2022", "1"),)', "()", "clause"),
        ('(clause("X", "2022", "1"),)', '(clause("X", "", "1"),)', "clause"),
        ('since="0.1"', 'since="soon"', "since"),
        ('since="0.1"', 'since="0.1", effort="huge"', "effort"),
        ('since="0.1"', 'since="0.1", tags=("tsl",)', "the tag 'tsl' is unknown: did you mean 'tls'?"),
        ('since="0.1"', 'since="0.1", lifecycle="old"', "lifecycle"),
        ('"A door is open"', '"A door is open."', "variant"),
        ('    """Look at doors."""\n', "", "docstring"),
        ("from iotscan.sdk", "import os\nfrom iotscan.sdk", "imports os"),
        ("def doors(", "def doors((", "syntax error"),
    ],
)
def test_lint_complains(tmp_path: Path, old: str, new: str, said: str):
    assert old in GOOD
    (tmp_path / "doors.py").write_text(GOOD.replace(old, new))
    complaints = lint_folder(tmp_path)
    assert any(said in c for c in complaints)
    assert all("doors.py" in c for c in complaints)


def test_lint_complains_of_the_wrong_room(tmp_path: Path):
    (tmp_path / "keys").mkdir()
    (tmp_path / "keys" / "doors.py").write_text(GOOD)
    (complaint,) = lint_folder(tmp_path)
    assert "its element is hardware" in complaint
