"""The inventories of standards, and what the reader says of a file that cannot be one."""

from pathlib import Path

import pytest

from iotscan.data.standards import FOLDER, our_standards, read_standard
from iotscan.data.strict_yaml import BadYaml

HEAD = 'schema: iotscan/standards@1\nstandard: "X"\nedition: "1"\ntitle: "T"\nsource: "S"\n'


def test_every_file_is_one_standard_and_has_titles():
    assert len(our_standards()) == len(list(FOLDER.glob("*.yaml"))) == 8
    assert all(c.title for s in our_standards() for c in s.clauses)


@pytest.mark.parametrize(
    ("clauses", "problem"),
    [
        ('clauses: [{id: "1", title: "a"}, {id: "1", title: "b"}]', "stands here twice"),
        ('clauses: [{id: "1", title: "a", also: ["2"]}]', "needs 'counts_from'"),
        ('clauses: [{id: "1", titel: "a"}]', "did you mean 'title'"),
        ("", "'clauses' is missing"),
    ],
)
def test_a_wrong_file_is_told_with_its_line(tmp_path: Path, clauses: str, problem: str):
    file = tmp_path / "x.yaml"
    file.write_text(f"{HEAD}{clauses}\n")
    with pytest.raises(BadYaml, match=problem):
        read_standard(file)
