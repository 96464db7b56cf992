"""Checks of other people, as a package and as a folder."""

import json
from pathlib import Path

import pytest

from tests.packaging.conftest import SAMPLE_PACK, Make, Place

CHECK = "acme-welcome-page"
SCAN = ("scan", "--lab", "--exclude", "127.77.0.18", "-f", "json")
pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]


@pytest.fixture(scope="module")
def with_pack(make_place: Make, wheel: Path, sample_wheel: Path) -> Place:
    place = make_place(wheel)
    place.install(sample_wheel)
    return place


def packs(listed: str) -> dict[str, str]:
    return {c["id"]: c["pack"] for c in json.loads(listed)}


def test_an_installed_pack_is_found(with_pack: Place) -> None:
    assert packs(with_pack.iotscan("checks", "list", "-f", "json"))[CHECK] == "acme-iotscan-checks"
    assert "[acme-iotscan-checks]" in with_pack.iotscan("checks", "list")
    assert "Acme house rule 7" in with_pack.iotscan("explain", "ACME-7")


@pytest.mark.usefixtures("only_one")
def test_an_installed_pack_judges(with_pack: Place, tmp_path: Path) -> None:
    run = json.loads(with_pack.iotscan(*SCAN, "-o", tmp_path / "out"))
    own = [r for r in run["results"] if r["check"] == CHECK]
    assert {r["outcome"] for r in own} >= {"pass"}
    assert len(run["results"]) > len(own), "ours judge beside it"
    assert [c["pack"] for c in run["checks"] if c["id"] == CHECK] == ["acme-iotscan-checks"]


@pytest.mark.usefixtures("only_one")
def test_a_folder_judges(place: Place, tmp_path: Path) -> None:
    assert CHECK not in packs(place.iotscan("checks", "list", "-f", "json"))
    run = json.loads(place.iotscan(*SCAN, "-o", tmp_path / "out", "--checks", SAMPLE_PACK, "--check", CHECK))
    assert {r["check"] for r in run["results"]} == {CHECK}
    assert [c["pack"] for c in run["checks"]] == [SAMPLE_PACK.name]


def test_the_same_check_twice_is_refused(with_pack: Place) -> None:
    ended = with_pack.run("iotscan", "checks", "list", "--checks", SAMPLE_PACK)
    assert (ended.returncode, ended.stdout) == (2, "")
    assert "acme-7" in ended.stderr
    assert len(ended.stderr.splitlines()) == 1


def test_a_pack_that_does_not_load_is_named(make_place: Make, wheel: Path, sample_wheel: Path) -> None:
    place = make_place(wheel)
    place.install(sample_wheel)
    (place.packages / "acme_welcome_page.py").write_text("import nothing_of_the_kind\n")
    ended = place.run("iotscan", "checks", "list")
    assert (ended.returncode, ended.stdout) == (2, "")
    assert "acme-iotscan-checks" in ended.stderr
    assert len(ended.stderr.splitlines()) == 1


def test_nothing_is_loaded_from_the_working_directory(place: Place, with_pack: Place, tmp_path: Path) -> None:
    """Neither a package that lies there nor a folder of checks, however it is started."""
    for source in with_pack.packages.glob("acme*"):
        target = tmp_path / source.name
        if source.is_dir():
            target.mkdir()
            for file in source.rglob("*"):
                if file.is_file():
                    (target / file.name).write_bytes(file.read_bytes())
        else:
            target.write_bytes(source.read_bytes())
    assert (tmp_path / "acme_welcome_page.py").exists()
    (tmp_path / "checks").mkdir()
    (tmp_path / "checks" / "mine.py").write_text("raise SystemExit(99)\n")
    for program in (("iotscan",), ("python", "-m", "iotscan")):
        ended = place.run(*program, "checks", "list", "-f", "json", cwd=tmp_path)
        assert ended.returncode == 0, ended.stderr
        assert CHECK not in packs(ended.stdout)
