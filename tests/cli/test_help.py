"""Every command explains itself, and the program starts without what it does not need yet."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
from typer.main import get_command

from iotscan import __version__
from iotscan.cli.app import app
from tests.cli.conftest import Cli
from tests.program import PROGRAM, environment, run_iotscan

HEAVY = (
    "scapy",
    "sslyze",
    "cryptography",
    "asyncssh",
    "zeroconf",
    "anyio",
    "msgspec",
    "psutil",
    "yaml",
    "rich",
    "nassl",
    "jinja2",
)


def commands() -> dict[tuple[str, ...], object]:
    """Every command by the words that call it."""
    found: dict[tuple[str, ...], object] = {}
    waiting: list[tuple[tuple[str, ...], object]] = [((), get_command(app))]
    while waiting:
        words, command = waiting.pop()
        found[words] = command
        waiting += [((*words, name), inner) for name, inner in getattr(command, "commands", {}).items()]
    return found


COMMANDS = commands()


@pytest.mark.parametrize("words", sorted(COMMANDS), ids=" ".join)
def test_every_command_explains_itself(cli: Cli, words: tuple[str, ...]) -> None:
    long, short = cli(*words, "--help"), cli(*words, "-h")
    assert (long.code, long.err) == (0, "")
    assert long == short
    assert long.out.startswith("Usage: iotscan")
    for parameter in COMMANDS[words].params:  # type: ignore[attr-defined]
        if not getattr(parameter, "hidden", False):
            assert getattr(parameter, "help", "x"), f"{words}: {parameter.name} has no help"


@pytest.mark.parametrize("words", sorted(w for w in COMMANDS if w), ids=" ".join)
def test_every_command_has_a_sentence(words: tuple[str, ...]) -> None:
    text = COMMANDS[words].help or ""  # type: ignore[attr-defined]
    assert re.match(r"[A-Z].{20,}", text.strip()), words


@pytest.mark.parametrize("words", sorted(w for w in COMMANDS if hasattr(COMMANDS[w], "commands")), ids=" ".join)
def test_no_summary_is_cut(cli: Cli, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...]) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    listed = cli(*words, "--help").out.partition("Commands:")[2]
    assert listed
    assert [line for line in listed.splitlines() if line.endswith("...")] == []


def test_the_commands_are_those_of_the_design() -> None:
    assert {" ".join(w) for w in COMMANDS if len(w) == 1} == {
        *("scan", "discover", "image", "assess", "gate", "diff", "compare", "report", "explain", "checks", "lab"),
        *(
            "config",
            "credentials",
            "doctor",
            "profiles",
            "schema",
            "validate",
            "waivers",
            "scope",
            "audit",
            "plan",
            "helper",
            "history",
            "join",
            "traffic",
        ),
    }


def test_version(cli: Cli) -> None:
    assert cli("--version").out == cli("-V").out == f"iotscan {__version__}\n"


def test_no_words_show_the_help(cli: Cli) -> None:
    for words in ((), ("checks",), ("lab",)):
        ended = cli(*words)
        assert "Usage:" in ended.out + ended.err
        assert "Traceback" not in ended.err


@pytest.mark.parametrize(
    "words", [("--help",), ("--version",), ("scan", "--help"), ("image", "--help"), ("traffic", "--help")], ids=" ".join
)
def test_help_loads_nothing_heavy(words: tuple[str, ...], tmp_path: Path) -> None:
    program = (
        "import sys, json\n"
        f"sys.argv = ['iotscan', *{list(words)!r}]\n"
        "from iotscan.cli.main import main\n"
        "try:\n    main()\nexcept SystemExit:\n    pass\n"
        "sys.stderr.write(json.dumps(sorted({m.partition('.')[0] for m in sys.modules})))\n"
    )
    ended = subprocess.run(
        [sys.executable, "-c", program], env=environment(tmp_path), capture_output=True, text=True, check=True
    )
    loaded = set(json.loads(ended.stderr))
    assert "iotscan" in loaded
    assert loaded & set(HEAVY) == set()
    if words == ("--version",):
        assert "typer" not in loaded


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_is_there(shell: str, tmp_path: Path) -> None:
    shown = run_iotscan(
        "--show-completion", shell, home=tmp_path, env={"_TYPER_COMPLETE_TEST_DISABLE_SHELL_DETECTION": "1"}
    )
    assert shown.returncode == 0, shown.stderr
    assert "_COMPLETE" in shown.stdout


def test_completion_completes(tmp_path: Path) -> None:
    ended = subprocess.run(
        [*PROGRAM[:1], "-c", "import sys; sys.argv[0] = 'iotscan'; from iotscan.cli.main import main; main()"],
        env=environment(tmp_path, _IOTSCAN_COMPLETE="complete_bash", COMP_WORDS="iotscan sca", COMP_CWORD="1"),
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.stdout.split() == ["scan"]
