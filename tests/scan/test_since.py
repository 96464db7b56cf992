"""The earlier scan that another goes back to: what of it counts, and what is said of it."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec

from iotscan.model.run import ProfileInfo, Run, Tool
from iotscan.model.scope import Scope
from iotscan.observe.network.discovery.found import Found
from iotscan.observe.network.unit import Unit
from iotscan.scan.since import OLDEST, Earlier, read_earlier, since_notices
from iotscan.store.journal import Journal

NOW = datetime(2026, 11, 26, 12, tzinfo=UTC)
ADDRESS = "192.0.2.7"


def header(started: datetime) -> Run:
    said = started.isoformat()
    return Run(
        id="20261126T110000Z-abcdef",
        tool=Tool(version="0"),
        status="running",
        command="scan",
        started=said,
        as_of=said,
        targets=(),
        scope=Scope(include=("192.0.2.0/24",)),
        scope_sha256="",
        profile=ProfileInfo(id="default", version="1"),
    )


def stored(folder: Path, *entries: Unit | Found, started: datetime = NOW) -> Earlier:
    journal: Journal[Unit | Found] = Journal(folder, header(started))
    for entry in entries:
        journal.append(entry)
    journal.close()
    return read_earlier(folder, NOW)


def test_what_was_seen_long_ago_is_asked_anew(tmp_path: Path) -> None:
    long_ago = (NOW - OLDEST - timedelta(minutes=1)).isoformat()
    units = Unit(address=ADDRESS, name="young"), Unit(address=ADDRESS, name="old", seen=long_ago)
    assert [u.name for u in stored(tmp_path, *units).of(ADDRESS, "")] == ["young"]


def test_a_run_that_was_itself_taken_over_grows_no_younger(tmp_path: Path) -> None:
    assert stored(tmp_path, Unit(address=ADDRESS, name="u"), started=NOW - OLDEST * 2).units == {}


def test_another_machine_at_the_address_has_no_past(tmp_path: Path) -> None:
    sign = Found(address=ADDRESS, how="arp", mac="00:40:8c:00:00:01")
    earlier = stored(tmp_path, sign, Unit(address=ADDRESS, name="u"))
    assert earlier.of(ADDRESS, "00:40:8c:00:00:01")
    assert earlier.of(ADDRESS, "")
    assert earlier.of(ADDRESS, "00:40:8c:00:00:02") == ()


def test_what_is_asked_by_other_means_now_is_not_taken(tmp_path: Path) -> None:
    units = [Unit(address=ADDRESS, name=name) for name in ("login tcp/80", "tls tcp/443")]
    kept = stored(tmp_path, *units).without({"login"}).of(ADDRESS, "")
    assert [u.name for u in kept] == ["tls tcp/443"]


def test_the_run_says_what_is_of_then() -> None:
    earlier = Earlier(header=header(NOW))
    assert not list(since_notices(None, ()))
    (nothing,) = since_notices(earlier, [Unit(address=ADDRESS, name="u")])
    assert "all was asked anew" in nothing.text
    taken = Unit(address=ADDRESS, name="u", seen=NOW.isoformat())
    (some,) = since_notices(earlier, [taken, msgspec.structs.replace(taken, name="v")])
    assert some.about == "since"
    assert NOW.isoformat() in some.text
