"""Who else may read the files of secrets that the user gives."""

import os
from pathlib import Path

import pytest

from iotscan.scan.secret_files import open_to_others

SAID = (
    "others on this machine may read or change credentials.yaml, the file of --backend-credential "
    "(chmod 600 credentials.yaml)"
)


@pytest.mark.parametrize(
    ("mode", "is_told"),
    [(0o600, False), (0o400, False), (0o640, True), (0o604, True), (0o644, True), (0o620, True), (0o666, True)],
)
def test_what_the_group_or_everybody_may_read_is_told(tmp_path: Path, mode: int, is_told: bool) -> None:
    file = tmp_path / "credentials.yaml"
    file.write_text("secret")
    file.chmod(mode)
    told = [notice.text for notice in open_to_others({"--backend-credential": file})]
    assert told == ([SAID] if is_told else [])


def test_what_is_no_file_is_not_told(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe, 0o644)
    pipe.chmod(0o644)
    files = {"--a": None, "--b": tmp_path / "missing", "--c": tmp_path, "--d": pipe}
    assert not list(open_to_others(files))
