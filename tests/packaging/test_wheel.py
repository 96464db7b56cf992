"""What is installed from the wheel is whole, and works from anywhere."""

import json
import re
import tarfile
import tomllib
import zipfile
from email.message import Message
from email.parser import Parser
from pathlib import Path

import pytest

from iotscan import __version__
from iotscan.assess.registry import load_checks
from tests.packaging.conftest import ROOT, Make, Place

SHIPPED = ("checks", "profiles", "reports")
pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]


def files_below(folder: Path) -> dict[str, bytes]:
    return {
        p.relative_to(folder).as_posix(): p.read_bytes()
        for p in folder.rglob("*")
        if p.is_file() and "__pycache__" not in p.parts
    }


@pytest.fixture(scope="module")
def metadata(wheel: Path) -> Message:
    with zipfile.ZipFile(wheel) as archive:
        (name,) = (n for n in archive.namelist() if n.endswith(".dist-info/METADATA"))
        return Parser().parsestr(archive.read(name).decode())


@pytest.fixture(scope="module", params=["wheel", "editable"])
def installed(request: pytest.FixtureRequest, make_place: Make) -> Place:
    """Both ways to install it."""
    if request.param == "wheel":
        return request.getfixturevalue("place")  # type: ignore[no-any-return]
    return make_place(request.getfixturevalue("editable"))


def test_the_wheel_holds_what_it_must_and_no_more(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
    assert "iotscan/py.typed" in names
    assert f"iotscan-{__version__}.dist-info/licenses/LICENSE" in names
    assert not [n for n in names if n.endswith((".pth", ".pyc", ".orig", ".rej"))]
    assert {n.partition("/")[0] for n in names} == {"iotscan", f"iotscan-{__version__}.dist-info"}


def test_everything_of_the_checkout_is_in_the_wheel(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        inside = {n.removeprefix("iotscan/"): archive.read(n) for n in archive.namelist() if n.startswith("iotscan/")}
    wanted = files_below(ROOT / "iotscan")
    for folder in SHIPPED:
        wanted |= {f"_shipped/{folder}/{name}": text for name, text in files_below(ROOT / folder).items()}
    assert sorted(inside) == sorted(wanted)
    assert inside == wanted


def test_the_sdist_can_be_worked_with(wheel: Path) -> None:
    (sdist,) = wheel.parent.glob("*.tar.gz")
    with tarfile.open(sdist) as archive:
        names = {n.partition("/")[2] for n in archive.getnames()}
    assert {"pyproject.toml", "Makefile", "README.md", "LICENSE", ".ci/run", "tests/conftest.py"} <= names
    assert not [n for n in names if "__pycache__" in n or "iotscan-out" in n or n.startswith((".venv", ".git/"))]


def test_the_metadata(metadata: Message) -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert metadata["Name"] == "iotscan"
    assert metadata["Version"] == __version__
    assert metadata["License-Expression"] == project["license"]
    assert metadata["Requires-Python"] == project["requires-python"]
    assert metadata.get_payload(), "the README is what the registry shows"
    assert set(metadata.get_all("Provides-Extra") or ()) == {"image", "keys", "ot", "report", "unblob", "all"}


def test_the_extras_require_what_they_promise(metadata: Message) -> None:
    declared = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    wanted = {re.split(r"[<>=\[ ]", line)[0] for line in declared["dependencies"]}
    required = metadata.get_all("Requires-Dist") or []
    assert {re.split(r"[<>=\[; ]", r)[0] for r in required if "extra ==" not in r} == wanted
    for extra in ("image", "keys", "ot", "report", "unblob"):
        lines = declared["optional-dependencies"][extra]
        own = [r for r in required if f"extra == '{extra}'" in r]
        assert {re.split(r"[<>=; ]", r)[0] for r in own} == {re.split(r"[<>= ]", line)[0] for line in lines}
    assert any("extra == 'all'" in r for r in required)


def test_it_is_the_installed_one_that_runs(installed: Place, place: Place) -> None:
    """The wheel's own files, or the checkout itself; in neither case what the tests run on."""
    shown = Path(installed.run("python", "-c", "import iotscan; print(iotscan.__file__)").stdout.strip())
    home = place.packages if installed is place else ROOT
    assert shown == home / "iotscan" / "__init__.py"


def test_every_module_loads(place: Place) -> None:
    program = (
        "import importlib, pkgutil, sys, iotscan\n"
        "names = [m.name for m in pkgutil.walk_packages(iotscan.__path__, 'iotscan.')]\n"
        "names = [n for n in names if not n.endswith('__main__') and '._shipped' not in n]\n"
        "[importlib.import_module(n) for n in names]\n"
        "print(len(names))\n"
    )
    ended = place.run("python", "-W", "error::SyntaxWarning", "-c", program)
    assert ended.returncode == 0, ended.stderr
    assert int(ended.stdout) > 100


def test_everything_is_found(installed: Place) -> None:
    assert installed.iotscan("--version") == f"iotscan {__version__}\n"
    listed = json.loads(installed.iotscan("checks", "list", "-f", "json"))
    assert tuple(c["id"] for c in listed) == load_checks().ids
    assert "TLS" in installed.iotscan("explain", "tls-versions")
    assert "Tarpit" in installed.iotscan("lab", "list")
    program = (
        "from iotscan.shipped import shipped\n"
        "from iotscan.assess.profile import load_profile, profile_names\n"
        f"print(*(shipped(f) for f in {SHIPPED}), sep='\\n')\n"
        "[load_profile(n) for n in profile_names()]\n"
    )
    ended = installed.run("python", "-c", program)
    assert ended.returncode == 0, ended.stderr
    for folder, found in zip(SHIPPED, ended.stdout.splitlines(), strict=True):
        assert files_below(Path(found)) == files_below(ROOT / folder)


@pytest.mark.usefixtures("only_one")
def test_it_scans_the_practice_network(installed: Place, tmp_path: Path) -> None:
    """As after ``pipx install``: nothing is up, nothing is configured, and the working directory is not ours."""
    run = json.loads(installed.iotscan("scan", "--lab", "-f", "json", "-o", tmp_path / "out"))
    assert run["status"] == "complete"
    assert len(run["devices"]) == 13
    # The default profile asks no person.
    asked = {c.info.id for c in load_checks().checks if "attestation" not in c.info.tags}
    assert {r["check"] for r in run["results"]} == asked
    assert not [r for r in run["results"] if r["outcome"] == "error"]
    assert [r for r in run["results"] if r["outcome"] == "fail"]
    assert "down" in installed.iotscan("lab", "list").splitlines()[0], "the practice network stays up"
