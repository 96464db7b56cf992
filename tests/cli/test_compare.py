"""``iotscan compare`` on real runs: a scan of the practice network, images, other rules, bad input."""

import os
from pathlib import Path
from typing import Any

import msgspec
import pytest

from iotscan.model.run import Run, Tool
from tests.program import run_iotscan

from .conftest import Cli
from .test_diff import ROOT, build, changed

__all__ = ["build"]


@pytest.fixture(scope="module")
def scanned(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The run file of a scan of six devices of the practice network."""
    place = tmp_path_factory.mktemp("lab")
    run_iotscan("scan", "--lab", "-o", place / "out", "-f", f"json:{place / 'run.json'}", "-qq", home=place)
    return place / "run.json"


def addresses(path: Path) -> list[str]:
    return [device.address for device in msgspec.json.decode(path.read_bytes(), type=Run).devices]


def test_devices_of_one_scan_stand_side_by_side(cli: Cli, scanned: Path) -> None:
    one, two, three = (f"{scanned}:{address}" for address in addresses(scanned)[:3])
    ended = cli("compare", one, two, three)
    assert (ended.code, ended.err) == (0, "")
    assert "1 IN SHORT" in ended.out
    assert "Grade: communication" in ended.out
    assert "not assessed" in ended.out
    assert "judged again" not in ended.out


def test_it_goes_to_files_in_every_format(cli: Cli, scanned: Path, tmp_path: Path) -> None:
    columns = [f"{scanned}:{address}" for address in addresses(scanned)[:2]]
    formats = {name: tmp_path / f"compare.{name}" for name in ("md", "html", "pdf", "docx", "text")}
    ended = cli("compare", *columns, *(word for n, p in formats.items() for word in ("-f", f"{n}:{p}")))
    assert ended.code == 0, ended.err
    starts = {"md": b"# ", "html": b"<!", "pdf": b"%PDF-", "docx": b"PK\x03\x04", "text": b""}
    for name, place in formats.items():
        assert place.read_bytes().startswith(starts[name])
        assert place.stat().st_mode & 0o777 & ~0o600 == 0 or os.name == "nt"


def test_images_of_other_rules_are_judged_again(cli: Cli, build: Any) -> None:
    one, two = build("gw-1.0", ROOT), build("gw-1.1", "admin" + ROOT[4:])
    plain = cli("compare", one, two)
    assert plain.code == 0, plain.err
    assert "judged again" not in plain.out
    older = changed(one, tool=Tool(version="0.0.1"))
    again = cli("compare", older, two)
    assert again.out.count("judged again") == 1
    gone = changed(two, profile=msgspec.structs.replace(_run(two).profile, id="nowhere", sha256="a" * 64))
    refused = cli("compare", one, gone)
    assert (refused.code, refused.out) == (2, "")
    assert "--profile" in refused.err
    assert cli("compare", one, gone, "--profile", "gateway-image").code == 0


def _run(path: Path) -> Run:
    return msgspec.json.decode(path.read_bytes(), type=Run)


def test_bad_input_is_one_line(cli: Cli, scanned: Path, tmp_path: Path) -> None:
    first = addresses(scanned)[0]
    for words, said in (
        ((f"{scanned}:{first}",), "2 to 6"),
        ((scanned, f"{scanned}:{first}"), "say which device"),
        ((f"{scanned}:{first}", f"{scanned}:{first}"), "given twice"),
        ((f"{scanned}:{first}", f"{scanned}:nobody"), "no device 'nobody'"),
        ((f"{scanned}:{first}", tmp_path / "none.json"), "there is no run"),
        ((f"{scanned}:{first}", f"{scanned}:{addresses(scanned)[1]}", "-f", "pdf"), "-f pdf:compare.pdf"),
        ((f"{scanned}:{first}", f"{scanned}:{addresses(scanned)[1]}", "-f", "sarif"), "choose one of"),
    ):
        ended = cli("compare", *words)
        assert (ended.code, ended.out) == (2, "")
        assert said in ended.err
        assert len(ended.err.splitlines()) == 1


def test_a_list_of_devices_is_refused(cli: Cli, scanned: Path, tmp_path: Path) -> None:
    listed = tmp_path / "list.json"
    run = msgspec.structs.replace(_run(scanned), command="discover")
    listed.write_bytes(msgspec.json.encode(run))
    first = addresses(scanned)[0]
    ended = cli("compare", f"{listed}:{first}", f"{scanned}:{first}")
    assert ended.code == 2
    assert "judged none" in ended.err
