"""``scan --backend-credential`` with a file that is none: one line, and never a word of it."""

from pathlib import Path

import pytest

from tests.cli.conftest import Cli
from tests.data.test_backend_credential_file import GOOD, SECRET

UNREADABLE = {
    "empty": b"",
    "a password alone": SECRET.encode(),
    "two lines": f"{SECRET}\n{SECRET}\n".encode(),
    "binary": SECRET.encode() + bytes(range(256)),
    "UTF-16": SECRET.encode("utf-16"),
    "a zero": SECRET.encode() + b"\0",
    "too large": GOOD.encode() + f"# {SECRET}\n".encode() * 20_000,
    "broken": f"{SECRET}: [\n".encode(),
    "a reference": f"&a {SECRET}\n".encode(),
    "a secret as a key": f"schema: iotscan/backend-credentials@1\n{SECRET}: 1\n".encode(),
    "a secret as the schema": f"schema: {SECRET}\n".encode(),
}


@pytest.mark.parametrize("case", UNREADABLE)
def test_what_is_no_such_file_is_one_line_and_the_code_of_bad_input(cli: Cli, tmp_path: Path, case: str) -> None:
    path = tmp_path / "credentials.yaml"
    path.write_bytes(UNREADABLE[case])
    refused(cli, path)


def test_what_cannot_be_read_and_a_server_that_was_not_granted_are_one_line(cli: Cli, tmp_path: Path) -> None:
    refused(cli, tmp_path / "missing.yaml")
    refused(cli, tmp_path)
    path = tmp_path / "credentials.yaml"
    path.write_text(GOOD)
    refused(cli, path)


@pytest.mark.parametrize(("mode", "is_warned"), [(0o644, True), (0o600, False)])
def test_of_a_file_that_others_may_read_a_warning_is_told(cli: Cli, tmp_path: Path, mode: int, is_warned: bool) -> None:
    path = tmp_path / "credentials.yaml"
    path.write_text(GOOD.replace("broker.acme.example:8883", "127.0.0.1:9"))
    path.chmod(mode)
    words = ("--backend", "127.0.0.1:9", "--intrusive", "--no-progress", "--ports", "9", "-f", "json")
    ended = cli("scan", *words, "--backend-credential", path)
    warning = "credentials.yaml, the file of --backend-credential (chmod 600 credentials.yaml)"
    assert (warning in ended.err) == (warning in ended.out) == is_warned
    assert SECRET not in ended.out + ended.err


def refused(cli: Cli, path: Path) -> None:
    words = ("--backend", "127.0.0.1:9", "--intrusive", "--no-progress")
    ended = cli("scan", "127.0.0.1", *words, "--backend-credential", path)
    assert ended.code == 2
    assert len(ended.err.strip().splitlines()) == 1
    assert "Traceback" not in ended.err
    assert SECRET not in ended.out + ended.err
