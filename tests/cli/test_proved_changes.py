"""``iotscan explain`` prints every proved change word for word, and nothing of a program that nobody knows."""

import re

import pytest

from iotscan.data.remedies import load_programs
from iotscan.model.remedy import Remedy
from iotscan.report.changes import HEADING
from tests.cli.conftest import Cli, cli

__all__ = ["cli"]
EVERY = [r for p in load_programs() for r in p.remedies]


@pytest.mark.parametrize("remedy", EVERY, ids=lambda r: f"{r.id}-{r.check}")
def test_the_change_is_printed_word_for_word(cli: Cli, remedy: Remedy) -> None:
    ended = cli("explain", remedy.check, "--program", remedy.program)
    assert ended.code == 0
    page = section(ended.out)
    lines = [line.strip() for line in page.splitlines()]
    for line in (*remedy.remove, *remedy.text.splitlines(), *remedy.apply):
        assert line.strip() in lines
    flowed = " ".join(lines)
    for said in (remedy.title, f"`{remedy.file}`", remedy.note, remedy.source, *remedy.fill.values()):
        assert " ".join(said.split()) in flowed


def test_lines_are_as_narrow_as_a_terminal_but_for_code(cli: Cli) -> None:
    page = section(cli("explain", "forward-secrecy").out)
    assert [line for line in page.splitlines() if len(line) > 80 and not line.startswith("      ")] == []


def test_without_a_program_all_are_shown(cli: Cli) -> None:
    page = section(cli("explain", "forward-secrecy").out)
    assert set(re.findall(r"^  ([a-z]+): ", page, re.MULTILINE)) == {"lighttpd", "mosquitto", "nginx", "vsftpd"}
    assert "mosquitto" not in section(cli("explain", "forward-secrecy", "--program", "nginx").out)


def test_where_no_setting_helps_that_is_said(cli: Cli) -> None:
    page = section(cli("explain", "ssh-algorithms", "--program", "dropbear").out)
    assert "no change is proved" in page
    assert "when it is built" in " ".join(page.split())


def test_a_check_of_which_nothing_is_known_has_no_such_section(cli: Cli) -> None:
    assert HEADING.upper() not in cli("explain", "adb-access").out
    assert HEADING.upper() not in cli("explain", "snmp-community", "--program", "nginx").out


def test_an_unknown_program_is_refused_with_those_that_are_known(cli: Cli) -> None:
    ended = cli("explain", "tls-versions", "--program", "apache")
    assert ended.code == 2
    assert "known are dropbear, lighttpd, mosquitto, nginx, openssh, snmpd, vsftpd" in ended.err


def section(out: str) -> str:
    """What stands under the heading of proved changes."""
    found = re.search(rf"^{HEADING.upper()}\n(.*?)^[A-Z]", out, re.MULTILINE | re.DOTALL)
    assert found is not None, out
    return found[1]
