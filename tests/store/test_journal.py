"""The journal: on disk before it returns, readable after any crash, loud about other damage."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from iotscan.store.journal import NAME, BadJournal, Journal, read_journal
from tests.store.test_runs import RUN


class Entry(msgspec.Struct, frozen=True):
    number: int


DECODER = msgspec.json.Decoder(Entry)


def write(folder, count: int) -> bytes:
    journal: Journal[Entry] = Journal(folder, RUN)
    for number in range(count):
        journal.append(Entry(number))
    journal.close()
    return (folder / NAME).read_bytes()


def test_round_trip_and_appending(tmp_path) -> None:
    write(tmp_path, 3)
    again: Journal[Entry] = Journal(tmp_path)
    again.append(Entry(3))
    again.close()
    header, entries = read_journal(tmp_path, DECODER)
    assert header == RUN
    assert entries == tuple(Entry(n) for n in range(4))


@given(st.integers(0, 100_000))
def test_a_crash_at_any_byte_loses_at_most_the_torn_entry(tmp_path_factory, cut: int) -> None:
    folder = tmp_path_factory.mktemp("journal")
    whole = write(folder, 5)
    first_line = whole.index(b"\n") + 1
    kept = first_line + cut % (len(whole) - first_line + 1)
    (folder / NAME).write_bytes(whole[:kept])
    _, entries = read_journal(folder, DECODER)
    assert entries == tuple(Entry(n) for n in range(whole[first_line:kept].count(b"\n")))
    # The torn line is gone, so that what is appended next is whole.
    journal: Journal[Entry] = Journal(folder)
    journal.append(Entry(9))
    journal.close()
    assert read_journal(folder, DECODER)[1][-1] == Entry(9)


def test_damage_in_the_middle_is_named_with_its_line(tmp_path) -> None:
    whole = write(tmp_path, 3).splitlines(keepends=True)
    (tmp_path / NAME).write_bytes(b"".join([whole[0], b"garbage\n", *whole[2:]]))
    with pytest.raises(BadJournal, match=r"journal\.jsonl:2"):
        read_journal(tmp_path, DECODER)


@pytest.mark.parametrize("content", [b"", b"{}\n", b"torn header"])
def test_what_is_no_journal_is_refused(tmp_path, content: bytes) -> None:
    (tmp_path / NAME).write_bytes(content)
    with pytest.raises(BadJournal, match="start the scan anew"):
        read_journal(tmp_path, DECODER)


def test_a_missing_journal_is_refused(tmp_path) -> None:
    with pytest.raises(BadJournal, match="nothing to resume"):
        read_journal(tmp_path, DECODER)
