"""What a shell offers for a value; what cannot be known offers nothing."""

import subprocess
from pathlib import Path

import pytest

from iotscan.cli import complete
from iotscan.shipped import shipped
from tests.program import PROGRAM, environment

PROFILES = {p.stem for p in shipped("profiles").glob("*.yaml")}
PROGRAM_TEXT = "import sys; sys.argv[0] = 'iotscan'; from iotscan.cli.main import main; main()"


def offered(home: Path, line: str) -> tuple[list[str], str]:
    words = line.split(" ")
    ended = subprocess.run(
        [PROGRAM[0], "-c", PROGRAM_TEXT],
        cwd=home,
        env=environment(
            home,
            _IOTSCAN_COMPLETE="complete_bash",
            COMP_WORDS=line,
            COMP_CWORD=str(len(words) - 1),
        ),
        capture_output=True,
        text=True,
        check=False,
    )
    return ended.stdout.split(), ended.stderr


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("iotscan scan --fail-on h", {"high"}),
        ("iotscan image --incomplete ", {"fail", "warn", "ignore"}),
        ("iotscan scan --profile ", PROFILES),
        ("iotscan traffic --check tls-ver", {"tls-verification", "tls-versions"}),
        ("iotscan image --check tls-ver", {"tls-verification", "tls-versions"}),
        ("iotscan explain ssh-key-u", {"ssh-key-uniqueness"}),
        ("iotscan schema conf", {"config"}),
        ("iotscan gate ", {"latest", "20261122T191200Z-3fa9c1"}),
        ("iotscan scan --color a", {"auto", "always"}),
        ("iotscan discover -f j", {"json", "jsonl"}),
        ("iotscan discover --since ", {"latest", "20261122T191200Z-3fa9c1"}),
        ("iotscan diff latest 2", {"20261122T191200Z-3fa9c1"}),
    ],
)
def test_values(tmp_path: Path, line: str, expected: set[str]) -> None:
    run = tmp_path / "iotscan-out/20261122T191200Z-3fa9c1"
    run.mkdir(parents=True)
    (run / "run.json").touch()
    words, said = offered(tmp_path, line)
    assert set(words) == expected
    assert said == ""


def test_formats(tmp_path: Path) -> None:
    assert "json" in offered(tmp_path, "iotscan report x -f ")[0]


def test_bad_settings_do_not_break_the_prompt(tmp_path: Path) -> None:
    (tmp_path / "iotscan.yaml").write_text("schema: iotscan/config@1\ndefault_creds: true\n")
    words, said = offered(tmp_path, "iotscan scan --fail-on l")
    assert (words, said) == (["low"], "")


def test_what_breaks_offers_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError

    monkeypatch.setattr("iotscan.assess.registry.load_checks", fail)
    assert complete.complete_check("") == []
