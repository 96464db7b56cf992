import fcntl
import os
import stat
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from iotscan.data.credential_records import EVERY_ACCOUNT
from iotscan.model.scope import TRIES_PER_ACCOUNT
from iotscan.model.tried import Tried
from iotscan.store.ledger import WINDOW, Ledger

D, E = Tried(address="d"), Tried(address="e")


class Clock:
    def __init__(self) -> None:
        self.now = 1_800_000_000.0

    def __call__(self) -> float:
        return self.now


def test_an_account_has_three_tries_a_day_across_runs(tmp_path: Path) -> None:
    clock = Clock()
    path = tmp_path / "state" / "ledger.jsonl"
    for _ in range(TRIES_PER_ACCOUNT):
        ledger = Ledger(path, clock=clock)
        assert ledger.may_try(Tried(address="10.0.0.1"), "admin")
        ledger.note(Tried(address="10.0.0.1"), "admin")
    ledger = Ledger(path, clock=clock)
    assert not ledger.may_try(Tried(address="10.0.0.1"), "admin")
    assert ledger.may_try(Tried(address="10.0.0.1"), "root")
    assert ledger.may_try(Tried(address="10.0.0.2"), "admin")
    clock.now += WINDOW + 1
    assert ledger.may_try(Tried(address="10.0.0.1"), "admin")


def test_a_clock_set_back_forgets_nothing(tmp_path: Path) -> None:
    clock = Clock()
    ledger = Ledger(tmp_path / "ledger", clock=clock)
    for _ in range(TRIES_PER_ACCOUNT):
        ledger.note(D, "admin")
    clock.now -= 10 * WINDOW
    assert not ledger.may_try(D, "admin")


def test_a_sign_of_lockout_closes_every_account_of_the_device(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path / "ledger")
    ledger.note(D, EVERY_ACCOUNT)
    assert not ledger.may_try(D, "never-tried")
    assert ledger.may_try(E, "never-tried")


def test_a_torn_last_line_neither_counts_nor_swallows_the_next(tmp_path: Path) -> None:
    path = tmp_path / "ledger"
    ledger = Ledger(path)
    ledger.note(D, "admin")
    ledger.note(D, "admin")
    path.write_bytes(path.read_bytes()[:-20])
    assert ledger.may_try(D, "admin")
    ledger.note(D, "admin")
    ledger.note(D, "admin")
    assert not ledger.may_try(D, "admin")


@pytest.mark.parametrize("junk", [b"\x00\xff\n", b"[]\n", b'{"at":"x"}\n', b"\n\n", b"{" * 5000])
def test_junk_is_passed_over(tmp_path: Path, junk: bytes) -> None:
    path = tmp_path / "ledger"
    path.write_bytes(junk)
    ledger = Ledger(path)
    assert ledger.may_try(D, "admin")
    for _ in range(TRIES_PER_ACCOUNT):
        ledger.note(D, "admin")
    assert not ledger.may_try(D, "admin")


def test_the_note_is_on_disk_before_the_call_returns(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    synced: list[int] = []
    real = os.fsync
    monkeypatch.setattr(os, "fsync", lambda fd: (synced.append(os.fstat(fd).st_size), real(fd)))
    path = tmp_path / "ledger"
    Ledger(path).note(D, "admin")
    assert synced == [path.stat().st_size]
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_link_in_its_place_is_refused(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").write_bytes(b"")
    (tmp_path / "ledger").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(OSError):
        Ledger(tmp_path / "ledger").note(D, "admin")


def test_an_unreadable_ledger_is_no_permission(tmp_path: Path) -> None:
    (tmp_path / "ledger").mkdir()
    with pytest.raises(OSError):
        Ledger(tmp_path / "ledger").may_try(D, "admin")


def test_scans_at_once_share_the_tries_of_an_account(tmp_path: Path) -> None:
    """Each asks first and then writes: the one that comes late must learn of it."""
    path = tmp_path / "ledger"
    with ThreadPoolExecutor(8) as pool:
        taken = list(pool.map(lambda _: Ledger(path).note(D, "admin"), range(24)))
    assert sum(taken) == TRIES_PER_ACCOUNT
    assert path.read_text().count('"admin"') == TRIES_PER_ACCOUNT
    assert Ledger(path).note(D, EVERY_ACCOUNT), "a sign of lock-out is always written down"


def test_a_try_waits_for_another_scan_that_counts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "ledger"
    for _ in range(TRIES_PER_ACCOUNT):
        Ledger(tmp_path / "full").note(D, "admin")
    waits, flock = threading.Event(), fcntl.flock

    def told(descriptor: int, operation: int) -> None:
        waits.set()
        flock(descriptor, operation)

    monkeypatch.setattr(fcntl, "flock", told)
    with path.open("ab") as other, ThreadPoolExecutor(1) as pool:
        flock(other, fcntl.LOCK_EX)
        late = pool.submit(Ledger(path).note, D, "admin")
        assert waits.wait(30), "it did not ask for the lock"
        other.write((tmp_path / "full").read_bytes())
        other.flush()
        flock(other, fcntl.LOCK_UN)
        assert late.result(30) is False


def test_a_try_that_was_let_in_is_no_miss(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path / "ledger")
    assert ledger.note(D, "admin", misses=2)
    ledger.note_taken(D, "admin")
    assert ledger.note(D, "admin", misses=2)
    assert ledger.note(D, "admin", misses=2)
    assert not ledger.may_try(D, "admin", misses=2), "three tries are three, whatever became of them"
    assert ledger.note(E, "admin", misses=2)
    assert ledger.note(E, "admin", misses=2)
    assert not ledger.note(E, "admin", misses=2), "a third miss locks some accounts"
    assert ledger.may_try(E, "root", misses=2)


A, B = "00:11:22:33:44:01", "00:11:22:33:44:02"


@pytest.mark.parametrize(
    ("noted", "asked", "counts"),
    [
        (Tried(address="10.0.0.1", lasting=A), Tried(address="10.0.0.9", lasting=A), True),
        (Tried(address="10.0.0.1", lasting=A), Tried(address="10.0.0.1", lasting=B), False),
        (Tried(address="10.0.0.1", lasting=A), Tried(address="10.0.0.1"), True),
        (Tried(address="10.0.0.1"), Tried(address="10.0.0.1", lasting=A), True),
        (Tried(address="10.0.0.1"), Tried(address="10.0.0.9", lasting=A), False),
        (Tried(address="10.0.0.1"), Tried(address="10.0.0.9"), False),
    ],
)
def test_tries_go_with_the_device_where_it_is_known_and_else_with_the_address(
    tmp_path: Path, noted: Tried, asked: Tried, counts: bool
) -> None:
    for _ in range(TRIES_PER_ACCOUNT):
        Ledger(tmp_path / "ledger").note(noted, "admin")
    assert Ledger(tmp_path / "ledger").may_try(asked, "admin") is not counts


def test_two_that_swap_their_addresses_keep_their_own_tries(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path / "ledger")
    for _ in range(TRIES_PER_ACCOUNT):
        ledger.note(Tried(address="10.0.0.1", lasting=A), "admin")
    ledger.note(Tried(address="10.0.0.2", lasting=B), EVERY_ACCOUNT)
    assert not ledger.may_try(Tried(address="10.0.0.2", lasting=A), "admin")
    assert ledger.may_try(Tried(address="10.0.0.2", lasting=A), "root")
    assert not ledger.may_try(Tried(address="10.0.0.1", lasting=B), "root")


def test_a_device_is_left_alone_between_tries_whichever_address_saw_the_last(tmp_path: Path) -> None:
    clock = Clock()
    ledger = Ledger(tmp_path / "ledger", clock=clock)
    here, there = Tried(address="10.0.0.1", lasting=A), Tried(address="fe80::1", lasting=A)
    assert ledger.due_in(here, 2.0) == 0
    ledger.note(here, "admin")
    clock.now += 0.5
    assert ledger.due_in(there, 2.0) == pytest.approx(1.5)
    assert ledger.due_in(Tried(address="10.0.0.2"), 2.0) == 0
    clock.now += 1.5
    assert ledger.due_in(there, 2.0) == 0
    clock.now -= 3600
    assert ledger.due_in(there, 2.0) == 0, "a clock that was set back makes nobody wait"
