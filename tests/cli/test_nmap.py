"""``--nmap``: it is in the plan and in the run; without one nothing is sent, and a line says what to do."""

from pathlib import Path

import anyio
import msgspec
import pytest

from iotscan.cli.launch import Wish
from iotscan.cli.prepare import prepare
from iotscan.cli.recipe import NAME, Recipe
from iotscan.model.errors import BadInput
from iotscan.observe.network.opinion import installed
from tests.observe.network.opinion.fakes import fake

VERSION = "echo 'Nmap version 7.93 ( https://nmap.org )'"


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The only folder where programs are looked for."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", str(folder))
    monkeypatch.setattr(installed.os, "geteuid", lambda: 1000)
    return folder


def wish(tmp_path: Path, *, nmap: bool = True) -> Wish:
    return Wish(command="discover", targets=("127.0.0.1",), nmap=nmap, output=tmp_path / "out", yes=True)


def test_the_run_names_its_version_and_words_and_goes_on_with_it(path: Path, tmp_path: Path) -> None:
    fake(path, VERSION)
    request = anyio.run(prepare, wish(tmp_path)).request
    assert request.nmap is not None
    assert (request.nmap.name, request.nmap.path) == ("nmap 7.93", str(path / "nmap"))
    (notice,) = [n for n in request.header.notices if n.about == "nmap"]
    assert "nmap 7.93" in notice.text
    assert "-Pn -n --noninteractive --unprivileged -sT -sV" in notice.text
    assert msgspec.json.decode((request.folder / NAME).read_bytes(), type=Recipe).plan.nmap


def test_without_the_option_nobody_looks_for_it(path: Path, tmp_path: Path) -> None:
    fake(path, 'touch "$HERE/ran"')
    request = anyio.run(prepare, wish(tmp_path, nmap=False)).request
    assert request.nmap is None
    assert not any(n.about == "nmap" for n in request.header.notices)
    assert not (path / "ran").exists()


@pytest.mark.parametrize(
    ("script", "words"),
    [
        ("", "not installed here: install it"),
        ("echo 'Nmap version 6.47'", "too old"),
        ("echo something else", "names no version"),
        ("exit 1", "names no version"),
    ],
)
def test_without_one_that_can_be_used_a_line_says_how_to_get_it(
    script: str, words: str, path: Path, tmp_path: Path
) -> None:
    if script:
        fake(path, script)
    with pytest.raises(BadInput, match="--nmap") as caught:
        anyio.run(prepare, wish(tmp_path))
    assert words in str(caught.value)
    assert "apt install nmap" in str(caught.value)
    assert "\n" not in str(caught.value)
    assert not (tmp_path / "out").exists()


def test_one_that_does_not_start_is_none(path: Path) -> None:
    (path / "nmap").write_bytes(b"\x7fELF")
    (path / "nmap").chmod(0o755)
    with pytest.raises(BadInput, match="does not start"):
        installed.find_nmap()


def test_root_takes_none_from_a_folder_of_the_users(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fake(path, f'touch "$HERE/ran"; {VERSION}')
    monkeypatch.setattr(installed.os, "geteuid", lambda: 0)
    try:
        found = installed.find_nmap().path
    except BadInput:
        found = ""
    assert not found.startswith(str(path))
    assert not (path / "ran").exists()
