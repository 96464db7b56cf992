"""``iotscan diff`` and ``--baseline``: exit codes, re-judging, and nothing green by accident."""

import json
from pathlib import Path

import msgspec
import pytest

from iotscan.model.run import Run
from iotscan.report.registry import write
from tests.assess.test_lists import listing
from tests.model.test_lasting import M1, M2, dev

from .conftest import Cli

ROOT = "root:$1$abcdefgh$aaaaaaaaaaaaaaaaaaaaaa:19000:0:99999:7:::\n"


def rootfs(folder: Path, shadow: str) -> Path:
    for name in ("etc", "bin", "lib"):
        (folder / name).mkdir(parents=True)
    users = [line.partition(":")[0] for line in shadow.splitlines()]
    lines = [f"{user}:x:{n}:{n}::/:/bin/sh\n" for n, user in enumerate(users)]
    (folder / "etc" / "passwd").write_text("".join(lines))
    (folder / "etc" / "shadow").write_text(shadow)
    return folder


@pytest.fixture
def build(cli: Cli, tmp_path: Path):
    """``build("gw-1.0", shadow)`` makes an image, assesses it, and gives the path of its run."""

    def made(name: str, shadow: str, *words: str) -> Path:
        place = tmp_path / f"run-{name.replace('/', '-')}.json"
        cli("image", rootfs(tmp_path / name, shadow), "-o", tmp_path / "out", "-f", f"json:{place}", *words)
        return place

    return made


def changed(path: Path, **fields: object) -> Path:
    run = msgspec.structs.replace(msgspec.json.decode(path.read_bytes(), type=Run), **fields)
    path.with_suffix(".changed.json").write_bytes(msgspec.json.encode(run))
    return path.with_suffix(".changed.json")


def counts(out: str) -> str:
    return next(line for line in out.splitlines() if line.startswith("diff: "))


def test_two_builds_of_one_image_say_the_same(cli: Cli, build):
    one, two = build("gw-1.0", ROOT), build("b/gw-1.1-rc1", ROOT.replace("19000", "19001"))
    ended = cli("diff", one, two)
    assert (ended.code, ended.err) == (0, "")
    assert counts(ended.out) == "diff: 0 added, 0 changed, 0 fixed, 0 no longer assessed, 5 unchanged"


def test_what_differs_is_exit_1_and_said(cli: Cli, build):
    one, two = build("gw-1.0", ROOT), build("gw-1.1", "admin" + ROOT[4:])
    ended = cli("diff", one, two)
    assert ended.code == 1
    assert counts(ended.out) == "diff: 1 added, 0 changed, 1 fixed, 0 no longer assessed, 4 unchanged"
    quiet = cli("diff", one, two, "-q")
    assert (quiet.code, quiet.out) == (1, counts(ended.out).removeprefix("diff: ") + "\n")
    told = json.loads(cli("diff", one, two, "-f", "json").out)
    assert {c["what"] for c in told["changes"]} == {"added", "fixed", "unchanged"}


def test_runs_of_other_rules_are_judged_again(cli: Cli, build):
    one, two = build("gw-1.0", ROOT), build("gw-1.1", ROOT)
    other = changed(one, results=(), checks=(), tool=msgspec.convert({"version": "0.0.1"}, type(_run(one).tool)))
    ended = cli("diff", other, two)
    assert ended.code == 0
    assert "judged again" in ended.out.splitlines()[0]
    assert "judged again" not in ended.out.splitlines()[1]


def _run(path: Path) -> Run:
    return msgspec.json.decode(path.read_bytes(), type=Run)


def test_a_profile_that_is_not_here_has_to_be_given(cli: Cli, build):
    one, two = build("gw-1.0", ROOT), build("gw-1.1", ROOT)
    foreign = changed(two, profile=msgspec.structs.replace(_run(two).profile, id="ours", sha256="f" * 64))
    ended = cli("diff", one, foreign)
    assert (ended.code, ended.out, ended.err.count("\n")) == (2, "", 1)
    assert "--profile NAME|FILE" in ended.err
    assert cli("diff", one, foreign, "--profile", "default").code == 0


@pytest.mark.parametrize("words", [("nowhere", "latest"), ("latest", "latest", "-f", "yaml")])
def test_what_cannot_be_compared_is_exit_2(cli: Cli, words: tuple[str, ...], tmp_path: Path):
    ended = cli("diff", *words, "-o", tmp_path)
    assert (ended.code, ended.out) == (2, "")
    assert ended.err.startswith("iotscan: ")


def test_the_gate_fails_on_what_the_baseline_has_not(cli: Cli, build, tmp_path: Path):
    one, two = build("gw-1.0", ROOT), build("gw-1.1", ROOT + "admin" + ROOT[4:])
    gate = ("gate", "--fail-on-new", "low", "--baseline")
    same = cli(*gate, changed(one, id="earlier"), one)
    assert same.code == 0
    worse = cli(*gate, one, two)
    assert worse.code == 1
    assert "not in the baseline" in worse.out
    assert cli(*gate, two, one).code == 0
    place = tmp_path / "marked.json"
    cli("assess", two, "--baseline", one, "-f", f"json:{place}")
    run = _run(place)
    assert sorted(r.baseline for r in run.results if r.is_finding) == ["known"] * 5 + ["new"]
    assert run.baseline is not None
    assert (run.baseline.new, run.baseline.known, run.baseline.fixed) == (1, 5, 0)


def test_no_comparison_without_a_baseline_that_can_be_read(cli: Cli, build, tmp_path: Path):
    one = build("gw-1.0", ROOT)
    broken = tmp_path / "broken.json"
    broken.write_bytes(one.read_bytes()[:-200])
    for baseline in (broken, tmp_path / "none.json"):
        ended = cli("gate", one, "--fail-on-new", "low", "--baseline", baseline)
        assert (ended.code, ended.out) == (2, "")


def test_a_baseline_of_something_else_knows_nothing_and_says_so(cli: Cli, build):
    one, other = build("gw-1.0", ROOT), build("printer-1.0", ROOT)
    ended = cli("gate", one, "--fail-on-new", "low", "--baseline", other)
    assert ended.code == 1
    told = cli("assess", one, "--baseline", other, "--fail-on-new", "low")
    assert "was seen again: everything is new" in told.out
    assert cli("gate", build("x/printer-2.0", ROOT), "--fail-on-new", "low", "--baseline", other).code == 0
    named = build("y/board-7", ROOT, "--name", "printer")
    assert cli("gate", named, "--fail-on-new", "low", "--baseline", other).code == 0


def test_a_run_is_no_baseline_of_itself(cli: Cli, build):
    """``gate latest --baseline latest`` would be green for ever."""
    one = build("gw-1.0", ROOT)
    ended = cli("gate", one, "--baseline", one, "--fail-on-new", "low")
    assert (ended.code, ended.out) == (2, "")
    assert "itself" in ended.err


def test_runs_that_nobody_judged_are_judged_before_they_are_compared(cli: Cli, build):
    one, two = build("gw-1.0", ROOT), build("gw-1.1", "admin" + ROOT[4:])
    before, after = (changed(path, results=(), checks=()) for path in (one, two))
    assert cli("diff", before, after).code == 1


def test_who_judged_is_in_the_run(cli: Cli, build, tmp_path: Path):
    """The rules of another version must not pass for those of the version that scanned."""
    one = build("gw-1.0", ROOT)
    old = changed(one, tool=msgspec.structs.replace(_run(one).tool, version="0.0.1"))
    cli("assess", old, "-f", f"json:{tmp_path / 'again.json'}")
    assert _run(tmp_path / "again.json").tool == _run(one).tool


@pytest.mark.parametrize("date", ["garbage", "", "0001-01-01T00:00+14:00", "9999-12-31T23:59-12:00"])
def test_a_date_that_is_none_is_bad_input(cli: Cli, build, date: str):
    one, other = build("gw-1.0", ROOT), build("gw-1.1", ROOT)
    spoilt = changed(one, as_of=date, profile=msgspec.structs.replace(_run(one).profile, sha256=""))
    lines = [cli("gate", spoilt), cli("diff", spoilt, other), cli("gate", other, "--baseline", spoilt)]
    lines += [cli("gate", one, "--as-of", date)] if date else []
    assert [(ended.code, ended.out, ended.err.count("\n")) for ended in lines] == [(2, "", 1)] * len(lines)


def test_a_baseline_that_fails_its_own_gate_is_told(cli: Cli, build, tmp_path: Path):
    """``--baseline latest`` after a red build: the same build again is green, and must say why."""
    build("gw-1.0", ROOT, "--fail-on", "low")
    again = cli(
        "image", tmp_path / "gw-1.0", "-o", tmp_path / "out", "--baseline", "latest", "--fail-on-new", "low", "-q"
    )
    assert again.code == 0
    assert "fails its own gate" in again.out


def test_two_lists_of_devices_are_compared_by_who_is_there(cli: Cli, tmp_path: Path):
    """As runs and as tables; no profile is asked for: nothing was judged."""
    paths = {}
    for name, run in (("then", listing(dev(1, M1), dev(2, M2))), ("now", listing(dev(9, M1), dev(3)))):
        foreign = msgspec.structs.replace(run, id=name, profile=msgspec.structs.replace(run.profile, id="not here"))
        paths[name] = tmp_path / f"{name}.json"
        paths[name].write_bytes(msgspec.json.encode(foreign))
        (tmp_path / f"{name}.csv").write_text(write(foreign, "csv"))
    ended = cli("diff", paths["then"], paths["now"])
    assert (ended.code, ended.err) == (1, "")
    assert ended.out.splitlines()[2:] == [
        "diff: 1 new, 1 not seen, 1 changed, 0 not looked for, 0 the same",
        "device: moved  192.0.2.9  192.0.2.1 -> 192.0.2.9 (known by its mac)",
        "device: new  192.0.2.3  192.0.2.3",
        "device: not seen since 2026-11-22T00:00:00  192.0.2.2  192.0.2.2",
    ]
    assert cli("diff", paths["now"], paths["now"]).code == 0
    table = cli("diff", tmp_path / "then.csv", paths["now"], "-q")
    assert table.out == "1 new, 1 not seen, 1 changed, 0 not looked for, 0 the same\n"
    first = cli("diff", tmp_path / "then.csv", paths["now"]).out.splitlines()[0]
    assert first.startswith("old: then.csv  discover of 20"), "no profile and no program stand behind a table"
    assert first[-1].isdigit()
    # Of whom a table does not list nobody can say that he was not there.
    table = cli("diff", paths["then"], tmp_path / "now.csv", "-q")
    assert table.out == "1 new, 0 not seen, 1 changed, 1 not looked for, 0 the same\n"
    told = json.loads(cli("diff", paths["then"], paths["now"], "-f", "json").out)
    assert [(m["what"], [s["what"] for s in m.get("shifts", [])]) for m in told["members"]] == [
        ("kept", ["address"]),
        ("added", []),
        ("gone", []),
    ]
