"""Every command and option that a guide shows exists, and every link leads somewhere."""

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest

from iotscan.report.registry import known
from iotscan.shipped import PACKAGE
from tests.cli.test_help import COMMANDS

ROOT = PACKAGE.parent
GUIDES = sorted((ROOT / "docs" / "guide").glob("*.md"))
NO_COMMANDS = {"iotscan run"}
"""What stands between backticks for another reason: the name of a JUnit suite."""
pytestmark = pytest.mark.skipif(not GUIDES, reason="a wheel has no guides")


def lines(text: str) -> Iterator[str]:
    """What a reader would type: our lines of shell blocks, joined where they go on, and commands between backticks."""
    for block in re.findall(r"^```(?:sh|console|bash)\n(.*?)^```", text, re.MULTILINE | re.DOTALL):
        for line in block.replace("\\\n", " ").splitlines():
            yield line.strip().removeprefix("$ ")
    yield from re.findall(r"`(iotscan [^`]+)`", re.sub(r"^```.*?^```", "", text, flags=re.MULTILINE | re.DOTALL))


def commands(text: str) -> Iterator[list[str]]:
    """The words after ``iotscan``, up to a pipe, a redirection or a comment."""
    for line in lines(text):
        words = shlex.split(line.partition(" #")[0].replace("\\|", " "), comments=False)
        if words[:1] != ["iotscan"] or line in NO_COMMANDS:
            continue
        ends = [n for n, word in enumerate(words) if word in ("|", ">", ">>", "&&", ";", "||")]
        yield words[1 : ends[0] if ends else len(words)]


def known_options(words: list[str]) -> tuple[list[str], set[str]]:
    """The options that were used, and those of the command that the words call."""
    path: tuple[str, ...] = ()
    for word in words:
        if (*path, word) not in COMMANDS:
            break
        path = (*path, word)
    known = {"-h", "--help"}
    for depth in range(len(path) + 1):
        for parameter in COMMANDS[path[:depth]].params:  # type: ignore[attr-defined]
            known |= {*parameter.opts, *parameter.secondary_opts}
    rest = words[len(path) :]
    used = [w.partition("=")[0] for w in rest if re.fullmatch(r"--?[a-zA-Z][a-z-]*(=.*)?", w)]
    assert path or used, f"there is no command {words[:1]}"
    return used, known


@pytest.mark.parametrize("guide", GUIDES, ids=lambda p: p.name)
def test_commands_and_options_exist(guide: Path) -> None:
    for words in commands(guide.read_text("utf-8")):
        used, known = known_options(words)
        assert set(used) <= known, f"{guide.name}: iotscan {shlex.join(words)}"


@pytest.mark.parametrize("guide", GUIDES, ids=lambda p: p.name)
def test_formats_exist(guide: Path) -> None:
    for words in commands(guide.read_text("utf-8")):
        if words[0] not in ("scan", "discover", "image", "assess", "report"):
            continue
        given = [words[n + 1] for n, w in enumerate(words[:-1]) if w in ("-f", "--format")]
        named = {name for g in given if g != "FMT" for name in g.partition(":")[0].split(",")}
        assert named <= set(known()), f"{guide.name}: iotscan {shlex.join(words)}"


@pytest.mark.parametrize("guide", GUIDES, ids=lambda p: p.name)
def test_links_lead_somewhere(guide: Path) -> None:
    for link in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", guide.read_text("utf-8")):
        assert (guide.parent / link).exists(), f"{guide.name} links to {link}"
