"""Packs from folders and packages: what loads, and what an author is told when it does not."""

import subprocess
import sys
from pathlib import Path

import pytest

from iotscan.assess.registry import GROUP, PackError, check_files, gather, load_checks, read_file
from iotscan.model.errors import BadInput

CHECK = '''"""X."""
from iotscan.sdk import AdbServer, Returned, check, clause, good

@check(id="{id}", aliases=({alias!r},), title="Doors are shut", element="hardware",
       variants={{"open": ("high", "open")}}, clauses=(), since="0.1")
def doors(adb: AdbServer) -> Returned:
    """Look at doors."""
    return good("shut")
'''


def write(folder: Path, name: str = "doors.py", id: str = "doors", alias: str = "DOOR-1") -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / name
    path.write_text(CHECK.format(id=id, alias=alias))
    return path


def test_ours_load_sorted_and_owned():
    pack = load_checks()
    assert list(pack.ids) == sorted(pack.ids)
    assert {c.info.pack for c in pack.checks} == {"iotscan"}
    assert pack.by_id("tls-versions") is pack.by_id("TLS-002") is pack.by_id("tls-002")
    assert pack.by_id("no-such-check") is None


def test_a_folder_is_read_flat_and_by_element(tmp_path: Path):
    write(tmp_path / "acme")
    write(tmp_path / "acme" / "keys", "locks.py", "locks", "LOCK-1")
    write(tmp_path / "acme" / "other", "unseen.py", "unseen", "U-1")
    (tmp_path / "acme" / "_draft.py").write_text("raise SystemError")
    pack = load_checks([tmp_path / "acme"])
    assert {c.info.id for c in pack.checks if c.info.pack == "acme"} == {"doors", "locks"}
    found = pack.by_id("doors")
    assert found
    assert found.info.looks_at == ""


def test_two_packs_may_have_a_file_of_one_name(tmp_path: Path):
    write(tmp_path / "a", id="doors-a", alias="A-1")
    write(tmp_path / "b", id="doors-b", alias="B-1")
    pack = load_checks([tmp_path / "a", tmp_path / "b"])
    assert pack.by_id("doors-a") is not pack.by_id("doors-b")


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("def broken(:\n", ":1: syntax error"),
        ("x = 1\n", "no check in this file"),
        ("import no_such_module_at_all\n", "ModuleNotFoundError"),
        ("raise ValueError('boo')\n", "ValueError: boo"),
        (CHECK.format(id="x", alias="Y").replace("adb: AdbServer", "adb: int"), "no fact"),
        (CHECK.format(id="x", alias="Y").replace('"hardware"', '"software"'), "ValueError"),
        (CHECK.format(id="x", alias="Y") + CHECK.format(id="z", alias="Z"), "one check a file"),
    ],
)
def test_what_is_wrong_is_told_with_the_file(tmp_path: Path, source: str, said: str):
    path = tmp_path / "doors.py"
    path.write_text(source.replace("def doors", "def doors2", 1) if source.count("def doors") > 1 else source)
    with pytest.raises(PackError) as error:
        [read_file(file, "acme") for file in check_files(tmp_path)]
    assert said in str(error.value)
    assert str(path) in str(error.value)
    assert isinstance(error.value, BadInput)


def test_an_empty_or_missing_folder_is_told(tmp_path: Path):
    with pytest.raises(PackError, match="no check file"):
        load_checks([tmp_path])
    with pytest.raises(PackError, match="no such folder"):
        load_checks([tmp_path / "gone"])


@pytest.mark.parametrize(("id", "alias"), [("doors", "OTHER"), ("other", "DOOR-1"), ("other", "Doors")])
def test_one_name_for_two_checks_is_refused_naming_both_files(tmp_path: Path, id: str, alias: str):
    first = write(tmp_path / "a")
    second = write(tmp_path / "b", "other.py", id, alias)
    with pytest.raises(PackError) as error:
        gather([read_file(first, "a"), read_file(second, "b")])
    assert str(first) in str(error.value)
    assert str(second) in str(error.value)


def install(site: Path, module: str, value: str) -> None:
    info = site / "acme_checks-1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: acme-checks\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(f"[{GROUP}]\nacme = {value}\n")
    (site / "acme_pack.py").write_text(module)


@pytest.mark.parametrize("value", ["acme_pack", "acme_pack:doors"])
def test_installed_packages_bring_checks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, value: str):
    install(tmp_path, CHECK.format(id="doors", alias="D"), value)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "acme_pack", raising=False)
    found = load_checks().by_id("doors")
    assert found
    assert found.info.pack == "acme-checks"
    monkeypatch.delitem(sys.modules, "acme_pack")


@pytest.mark.parametrize(("module", "said"), [("x = 1\n", "no check in it"), ("1/0\n", "ZeroDivisionError")])
def test_a_broken_package_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, module: str, said: str):
    install(tmp_path, module, "acme_pack")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "acme_pack", raising=False)
    with pytest.raises(PackError, match=said) as error:
        load_checks()
    assert "acme-checks" in str(error.value)
    monkeypatch.delitem(sys.modules, "acme_pack", raising=False)


def test_nothing_is_loaded_from_the_working_directory(tmp_path: Path):
    install(tmp_path, CHECK.format(id="doors", alias="D"), "acme_pack")
    write(tmp_path / "checks" / "hardware", "doors.py", "doors", "DOOR-1")
    repo = Path(__file__).parents[2]
    code = (
        f"import sys; sys.path.append({str(repo)!r})\n"
        "from iotscan.assess.registry import load_checks\n"
        "print(load_checks().by_id('doors'))"
    )
    # -c puts the working directory first on sys.path, the worst case there is.
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "None"
