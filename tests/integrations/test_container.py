"""The container file: pinned, small, without privilege. There is no engine here that could build it."""

import re
from pathlib import Path

import pytest

from iotscan import __version__
from iotscan.shipped import PACKAGE
from tests.integrations.test_ci_files import DIGEST, GITLAB

ROOT = PACKAGE.parent
TEXT = (ROOT / "Dockerfile").read_text("utf-8")


def instructions(text: str) -> list[tuple[str, str]]:
    """Each instruction and its words, continued lines joined, comments left out."""
    lines = re.sub(r"\\\n\s*", "", re.sub(r"^#.*\n", "", text, flags=re.MULTILINE)).splitlines()
    return [(word, rest) for word, _, rest in (line.partition(" ") for line in lines if line.strip())]


INSTRUCTIONS = instructions(TEXT)


def words_of(name: str) -> list[str]:
    return [rest for word, rest in INSTRUCTIONS if word == name]


def test_every_stage_has_the_same_pinned_base() -> None:
    bases = {words.split()[0] for words in words_of("FROM")}
    assert len(words_of("FROM")) == 2
    (base,) = bases
    assert re.fullmatch(DIGEST, base)
    assert base in GITLAB.read_text(), "one base everywhere"


def test_nobody_is_root() -> None:
    last = max(i for i, (word, _) in enumerate(INSTRUCTIONS) if word == "FROM")
    final = INSTRUCTIONS[last:]
    user = next(i for i, (word, _) in enumerate(final) if word == "USER")
    assert re.fullmatch(r"[1-9]\d*:[1-9]\d*", final[user][1]), "a number: Kubernetes cannot tell a name from root"
    assert "RUN" not in [word for word, _ in final[user:]]
    assert "a-s" in TEXT, "programs that change their user lose that"


def test_exec_form_and_nothing_from_afar() -> None:
    assert words_of("ADD") == []
    for form in ("RUN", "ENTRYPOINT", "CMD"):
        assert all(words.startswith("[") and words.endswith("]") for words in words_of(form)), form
    assert words_of("ENTRYPOINT") == ['["iotscan"]']
    assert not re.search(r"curl|wget|https?://|apt-get", TEXT)
    assert "PIP_NO_CACHE_DIR=1" in TEXT


def test_what_is_copied_is_there_and_not_ignored() -> None:
    allowed = {line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")}
    copied = [words.split()[:-1] for words in words_of("COPY") if not words.startswith("--from")]
    names = {name for several in copied for name in several}
    assert names == allowed
    for name in names:
        assert (ROOT / name).exists(), name
    assert "*" in (ROOT / ".dockerignore").read_text().splitlines()


@pytest.mark.parametrize("name", ["title", "description", "licenses", "version", "revision"])
def test_labels(name: str) -> None:
    assert f"org.opencontainers.image.{name}=" in TEXT
    assert f"ARG VERSION={__version__}\n" in TEXT
    assert Path(ROOT / "LICENSE").read_text().lstrip().startswith("GNU AFFERO")
