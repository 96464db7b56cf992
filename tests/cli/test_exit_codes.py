"""What goes wrong inside becomes an exit code and one line that gives nothing away."""

import errno
import re
from collections.abc import Callable

import pytest

from iotscan.cli import scaffold
from iotscan.model.errors import BadInput
from tests.cli.conftest import Cli

SECRET = "hunter2 \x1b[31m of a device"
NEW = ("checks", "new", "a-name", "--element", "keys")


@pytest.fixture
def going_wrong(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> Callable[[BaseException], tuple[int, str]]:
    """``going_wrong(error)`` runs a command in which that is raised."""

    def call(error: BaseException) -> tuple[int, str]:
        def fail(*_: object) -> None:
            raise error

        monkeypatch.setattr(scaffold, "scaffold", fail)
        ended = cli(*NEW)
        assert ended.out == ""
        return ended.code, ended.err

    return call


@pytest.mark.parametrize(
    ("error", "code", "line"),
    [
        (BadInput("say it otherwise"), 2, r"iotscan: say it otherwise\n"),
        (ExceptionGroup("", [BadInput("say it otherwise")]), 2, r"iotscan: say it otherwise\n"),
        (OSError(errno.ENOSPC, "No space left on device"), 2, r"iotscan: results cannot be written \(No space.*\n"),
        (ValueError(SECRET), 70, r"iotscan: internal error, ValueError at \S+\.py:\d+: .*\n"),
        (
            ExceptionGroup("", [ExceptionGroup("", [ValueError(SECRET)])]),
            70,
            r"iotscan: internal error, ValueError.*\n",
        ),
        (PermissionError(errno.EACCES, SECRET), 70, r"iotscan: internal error, PermissionError.*\n"),
        (KeyboardInterrupt(), 130, r"(Aborted\.\n)?"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_an_error_is_one_line_and_a_code(
    going_wrong: Callable[[BaseException], tuple[int, str]], error: BaseException, code: int, line: str
) -> None:

    ended, said = going_wrong(error)
    assert ended == code
    assert re.fullmatch(line, said.lstrip("\n")), said
    assert "hunter2" not in said


def test_the_traceback_is_there_for_who_asks(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise ValueError("wrong \x1b[31m password=hunter2")

    monkeypatch.setattr(scaffold, "scaffold", fail)
    monkeypatch.setenv("IOTSCAN_DEBUG", "1")
    ended = cli(*NEW)
    assert ended.code == 70, "a crash of ours is no finding"
    assert "Traceback" in ended.err
    assert "ValueError: wrong" in ended.err
    assert "\x1b" not in ended.err
    assert "hunter2" not in ended.err
