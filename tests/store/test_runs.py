"""Run files: written whole, read back, and refused in one line when they are anything else."""

import errno
import json
import os
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from iotscan.model.run import ProfileInfo, Run, Tool
from iotscan.model.scope import Scope
from iotscan.store import runs
from iotscan.store.runs import (
    BadRun,
    Unwritable,
    decode_run,
    find_run,
    is_stream,
    make_folder,
    new_run_id,
    read_run,
    write_report,
    write_run,
)
from tests.report.example import example_run

RUN = Run(
    id="20261122T000000Z-000000",
    tool=Tool(version="0.1.0"),
    status="complete",
    command="scan",
    started="2026-11-22T00:00:00+00:00",
    as_of="2026-11-22T00:00:00+00:00",
    targets=("192.0.2.1",),
    scope=Scope(include=("192.0.2.1/32",)),
    scope_sha256="0" * 64,
    profile=ProfileInfo(id="default", version="1"),
)


def test_round_trip(tmp_path) -> None:
    folder = make_folder(tmp_path, RUN.id)
    path = write_run(folder, RUN)
    assert (
        read_run(str(path), tmp_path)
        == read_run(str(folder), tmp_path)
        == read_run(RUN.id, tmp_path)
        == read_run("latest", tmp_path)
        == RUN
    )
    assert path.stat().st_mode & 0o777 == 0o600
    assert [p.name for p in folder.iterdir()] == ["run.json"]


def test_a_run_of_any_size_is_written_as_one_text_would_be(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A piece at a time, for the sake of memory: nobody who reads it can tell."""
    run = example_run()
    for at_once in (1, 7, 100_000):
        monkeypatch.setattr(runs, "_AT_ONCE", at_once)
        for told in (RUN, run):
            as_one = msgspec.json.format(msgspec.json.encode(told), indent=2) + b"\n"
            assert write_run(tmp_path, told).read_bytes() == as_one


def test_a_link_is_replaced_not_followed(tmp_path) -> None:
    victim = tmp_path / "victim"
    victim.write_text("precious")
    folder = make_folder(tmp_path, RUN.id)
    (folder / "run.json").symlink_to(victim)
    write_run(folder, RUN)
    assert victim.read_text() == "precious"


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "no whole run file"),
        (b"[]", "no whole run file"),
        (b'{"schema": "iotscan/run@9"}', "use the version that wrote it"),
        (b'{"schema": "iotscan/run@1"}', "does not hold"),
        (b"\xff\xfe", "no whole run file"),
        (b"[" * 100_000, "no whole run file"),
    ],
)
def test_what_is_no_run_is_refused(content: bytes, says: str) -> None:
    with pytest.raises(BadRun) as refusal:
        decode_run(content, "x.json")
    assert says in str(refusal.value)
    assert "\n" not in str(refusal.value)


@given(st.integers(0, 10_000))
def test_a_truncated_run_is_refused(cut: int) -> None:
    whole = msgspec.json.encode(RUN)
    with pytest.raises(BadRun):
        decode_run(whole[: cut % len(whole)], "x.json")


def test_unknown_fields_of_a_later_minor_version_are_read_over() -> None:
    document = json.loads(msgspec.json.encode(RUN)) | {"added_later": 1}
    assert decode_run(json.dumps(document).encode(), "x.json") == RUN


def test_missing_runs_are_named(tmp_path) -> None:
    with pytest.raises(BadRun, match="there is no run 'nothing'"):
        find_run("nothing", tmp_path)
    make_folder(tmp_path, "cut")
    with pytest.raises(BadRun, match="--resume"):
        read_run("cut", tmp_path)


def test_an_unwritable_place_is_refused(tmp_path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("")
    with pytest.raises(Unwritable, match="--output-dir"):
        make_folder(blocked, new_run_id())


def test_run_ids_sort_by_time_and_differ() -> None:
    assert len({new_run_id() for _ in range(50)}) == 50
    assert os.sep not in new_run_id()


def test_the_latest_of_one_second_is_the_one_written_last(tmp_path: Path) -> None:
    for name, age in (("20261122T191200Z-aaaaaa", 2), ("20261122T191200Z-ffffff", 1), ("20261122T191159Z-ffffff", 3)):
        (tmp_path / name).mkdir()
        (tmp_path / name / "run.json").touch()
        os.utime(tmp_path / name / "run.json", (age, age))
    assert find_run("latest", tmp_path).name == "20261122T191200Z-aaaaaa"


@pytest.mark.parametrize("is_linked", [False, True])
def test_a_pipe_is_written_into_and_stays_one(tmp_path, is_linked: bool) -> None:
    pipe = given = tmp_path / "pipe"
    os.mkfifo(pipe)
    if is_linked:
        given = tmp_path / "link"
        given.symlink_to(pipe)
    with open(os.open(pipe, os.O_RDONLY | os.O_NONBLOCK), "rb") as reader:
        write_report(given, b"told")
        assert reader.read() == b"told"
    assert (pipe.is_fifo(), given.is_symlink()) == (True, is_linked)
    with pytest.raises(Unwritable, match="cannot be written"):
        write_report(given, b"nobody reads it")


def test_a_report_is_a_file_of_its_own(tmp_path) -> None:
    link = tmp_path / "link"
    link.symlink_to(tmp_path / "other")
    write_report(link, b"told")
    assert (link.is_symlink(), link.read_bytes(), (tmp_path / "other").exists()) == (False, b"told", False)
    assert [is_stream(Path(p)) for p in ("/dev/stdout", "/dev/null", "/dev/new", "/")] == [True, True, False, False]


def test_nothing_is_left_of_what_could_not_be_written(tmp_path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(Unwritable, match="No space left"):
        write_run(tmp_path, RUN)
    assert not list(tmp_path.iterdir())
