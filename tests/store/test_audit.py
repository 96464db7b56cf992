"""The audit log: written before each send, and whatever is changed in it afterwards shows."""

import contextlib
import os
from pathlib import Path

import msgspec
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from iotscan.model.audit import Caller, Send
from iotscan.model.errors import BadInput
from iotscan.store.audit import NAME, AuditLog, NotWritten, open_log
from iotscan.store.audit_chain import read_chain
from iotscan.store.audit_verify import verify
from iotscan.store.claim import claimed
from tests.store.test_runs import RUN

CALLER = Caller(argv=("scan", "192.0.2.1"), operator="me", host="here")


def send(port: int = 80) -> Send:
    return Send(kind="knock", to="192.0.2.1", transport="tcp", port=port, probe="sweep/1")


def written(folder: Path, sends: int = 5) -> str:
    log = AuditLog.begin(folder, RUN, CALLER)
    for port in range(sends):
        log.note(send(port))
    return log.end("complete")


def test_a_whole_log(tmp_path: Path) -> None:
    root = written(tmp_path)
    found = verify(tmp_path, root=root)
    assert found.is_whole
    assert (found.root, found.lines, found.status, found.counts) == (root, 7, "complete", {"knock": 5})
    assert (tmp_path / NAME).stat().st_mode & 0o777 == 0o600


def test_a_line_is_there_before_the_send_goes(tmp_path: Path) -> None:
    log = AuditLog.begin(tmp_path, RUN, CALLER)
    log.note(send(4711))
    assert b'"port":4711' in (tmp_path / NAME).read_bytes().splitlines()[-1]


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> tuple[list[bytes], str]:
    folder = tmp_path_factory.mktemp("whole")
    root = written(folder)
    return (folder / NAME).read_bytes().split(b"\n")[:-1], root


def problem_of(folder: Path, lines: list[bytes], root: str) -> str:
    (folder / NAME).write_bytes(b"".join(line + b"\n" for line in lines))
    try:
        return verify(folder, root=root).problem
    except BadInput as unusable:
        return str(unusable)


@given(data=st.data())
def test_any_change_of_a_byte_is_found(
    whole: tuple[list[bytes], str], tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    lines, root = whole
    number = data.draw(st.integers(0, len(lines) - 1))
    line = bytearray(lines[number])
    at = data.draw(st.integers(0, len(line) - 1))
    value = data.draw(st.integers(0, 255))
    assume(line[at] != value)
    line[at] = value
    changed = [*lines[:number], bytes(line), *lines[number + 1 :]]
    assert problem_of(tmp_path_factory.mktemp("changed"), changed, root)


@given(data=st.data())
def test_any_line_removed_moved_or_doubled_is_found(
    whole: tuple[list[bytes], str], tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    lines, root = whole
    numbers = data.draw(st.lists(st.integers(0, len(lines) - 1), max_size=len(lines) + 2))
    changed = [lines[n] for n in numbers]
    assume(changed != lines)
    assert problem_of(tmp_path_factory.mktemp("moved"), changed, root)


@settings(max_examples=60)
@given(cut=st.integers(min_value=1))
def test_any_truncation_is_found_without_a_root(
    whole: tuple[list[bytes], str], tmp_path_factory: pytest.TempPathFactory, cut: int
) -> None:
    raw = b"".join(line + b"\n" for line in whole[0])
    folder = tmp_path_factory.mktemp("cut")
    (folder / NAME).write_bytes(raw[: max(0, len(raw) - cut)])
    with contextlib.suppress(BadInput):
        assert verify(folder).problem


def test_the_line_that_breaks_is_named(tmp_path: Path, whole: tuple[list[bytes], str]) -> None:
    lines, root = whole
    changed = [*lines[:3], lines[3].replace(b"192.0.2.1", b"192.0.2.9"), *lines[4:]]
    assert f"{NAME}:5 does not follow" in problem_of(tmp_path, changed, root)


def test_a_log_written_anew_is_told_by_its_root_alone(tmp_path: Path, whole: tuple[list[bytes], str]) -> None:
    written(tmp_path, sends=2)
    assert verify(tmp_path).is_whole
    assert "the log was changed" in verify(tmp_path, root=whole[1]).problem
    assert "the run file says" in verify(tmp_path, recorded=whole[1]).problem


def test_going_on_continues_the_chain(tmp_path: Path) -> None:
    first = AuditLog.begin(tmp_path, RUN, CALLER)
    first.note(send(1))
    path = tmp_path / NAME
    path.write_bytes(path.read_bytes() + b'{"seq":2,"prev')
    assert "is cut off" in verify(tmp_path).problem
    second = open_log(tmp_path, RUN, CALLER, goes_on=True)
    second.note(send(2))
    interrupted = second.end("interrupted")
    third = open_log(tmp_path, RUN, CALLER, goes_on=True)
    third.note(send(3))
    root = third.end("complete")
    found = verify(tmp_path, root=root)
    assert found.is_whole, found.problem
    assert found.counts == {"knock": 3}
    assert b'"torn":14' in path.read_bytes()
    assert "came later" in verify(tmp_path, root=interrupted).problem


def test_a_changed_or_missing_log_is_not_gone_on_with(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="only a scan writes one"):
        open_log(tmp_path, RUN, CALLER, goes_on=True)
    written(tmp_path)
    path = tmp_path / NAME
    path.write_bytes(path.read_bytes().replace(b'"port":2', b'"port":9'))
    with pytest.raises(BadInput, match="start the scan anew"):
        open_log(tmp_path, RUN, CALLER, goes_on=True)


@pytest.mark.parametrize("other", [{"id": "another"}, {"scope_sha256": "f" * 64}])
def test_the_log_of_another_run_or_scope_is_not_gone_on_with(tmp_path: Path, other: dict[str, str]) -> None:
    written(tmp_path)
    with pytest.raises(BadInput, match="another run or another scope"):
        open_log(tmp_path, msgspec.structs.replace(RUN, **other), CALLER, goes_on=True)


def test_a_log_that_is_being_written_is_neither_whole_nor_broken(tmp_path: Path) -> None:
    log = AuditLog.begin(tmp_path, RUN, CALLER)
    log.note(send())
    with claimed(tmp_path), pytest.raises(BadInput, match="still being written"):
        verify(tmp_path)
    assert "closes nothing" in verify(tmp_path).problem
    log.end("complete")
    with claimed(tmp_path):
        assert verify(tmp_path).is_whole


def test_what_cannot_be_written_is_told_every_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    log = AuditLog.begin(tmp_path, RUN, CALLER)
    whole_write = os.write
    monkeypatch.setattr(os, "write", lambda file, data: whole_write(file, data[:10]))
    for _ in range(2):
        with pytest.raises(NotWritten, match="iotscan scan --resume"):
            log.note(send())
        monkeypatch.setattr(os, "write", whole_write)
    chain = read_chain(tmp_path / NAME)
    assert (chain.fault, chain.torn, chain.lines) == ("", 0, 1)


@given(st.binary(max_size=300))
def test_any_bytes_are_read_or_refused(tmp_path_factory: pytest.TempPathFactory, raw: bytes) -> None:
    folder = tmp_path_factory.mktemp("bytes")
    (folder / NAME).write_bytes(raw)
    with contextlib.suppress(BadInput):
        assert not verify(folder).is_whole
