"""OSV records: what they say of versions and how grave they are. Facts of real records, in the schema's own words."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from iotscan.model.facts import OperatingSystem, Package
from iotscan.wire.osv.ecosystems import ecosystem_of, listed_as
from iotscan.wire.osv.gravity import UNRATED, rating_of
from iotscan.wire.osv.ranges import hit_by
from iotscan.wire.osv.records import LARGEST, BadRecord, Record, read_heading, read_record
from iotscan.wire.versions import NotComparable
from iotscan.wire.versions.alpine import alpine_order
from iotscan.wire.versions.debian import debian_order

V3 = "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H"
V4 = "CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:N/VI:N/VA:H/SC:N/SI:N/SA:N"


def a_record(*events: dict[str, str], **more: Any) -> Record:
    affected = {
        "package": {"ecosystem": "Debian:12", "name": "openssl"},
        "ranges": [{"type": more.pop("type", "ECOSYSTEM"), "events": list(events)}],
        **more.pop("affected", {}),
    }
    return read_record(json.dumps({"id": "X-1", "affected": [affected], **more}).encode())


def hit(version: str, *events: dict[str, str], **more: Any) -> str | None:
    """The version it is mended in; None where it is not meant."""
    found = hit_by((a_record(*events, **more).affected or ())[0], version, debian_order)
    return found.fixed if found else None


BEGIN, FIXED = {"introduced": "0"}, {"fixed": "3.0.11-1~deb12u2"}


def test_a_backported_fix_counts() -> None:
    assert hit("3.0.11-1~deb12u1", BEGIN, FIXED) == "3.0.11-1~deb12u2"
    assert hit("3.0.11-1~deb12u2", BEGIN, FIXED) is None
    assert hit("3.0.11-1~deb12u10", BEGIN, FIXED) is None
    assert hit("3.0.2-0", BEGIN) == ""


def test_ranges_by_their_events() -> None:
    several = ({"introduced": "2.0"}, {"fixed": "2.5"}, {"introduced": "3.0"}, {"fixed": "3.1"})
    for events in (several, several[::-1]):
        found = {version: hit(version, *events) for version in ("1.9", "2.0", "2.4", "2.5", "2.9", "3.0", "3.1")}
        assert found == {"1.9": None, "2.0": "2.5", "2.4": "2.5", "2.5": None, "2.9": None, "3.0": "3.1", "3.1": None}
    assert hit("1.0", BEGIN, {"last_affected": "1.0"}) == ""
    assert hit("1.0.1", BEGIN, {"last_affected": "1.0"}) is None
    assert hit("1.0", BEGIN, {"limit": "1.0"}) is None
    assert hit("0.9", BEGIN, {"limit": "1.0"}) == ""
    assert hit("9", BEGIN, {"limit": "*"}) == ""
    assert [hit(version, {"fixed": "2.0"}) for version in ("1.0", "2.0")] == ["2.0", None]
    # How "was never affected" is written.
    assert hit("1.0", BEGIN, {"fixed": "0"}) is None
    assert hit("1.0", {"introduced": "1.0"}, {"fixed": "1.0"}) is None


def test_listed_versions_count_and_commits_do_not() -> None:
    assert hit("1.0-1", BEGIN, {"fixed": "0.5"}, affected={"versions": ["1.0-1"]}) == ""
    assert hit("1.0-1", BEGIN, type="GIT") is None
    assert hit("1.0-1") is None


def test_a_range_of_another_order_is_not_guessed_at() -> None:
    with pytest.raises(NotComparable):
        hit("1.0", BEGIN, {"fixed": "deadbeef version"})
    with pytest.raises(NotComparable):
        hit_by((a_record(BEGIN).affected or ())[0], "1.0-5", alpine_order)


@pytest.mark.parametrize(
    ("said", "gravity", "score"),
    [
        ({"severity": [{"type": "CVSS_V3", "score": V3}]}, "critical", 9.8),
        ({"severity": [{"type": "CVSS_V4", "score": V4}]}, "high", 8.7),
        ({"severity": [{"type": "CVSS_V4", "score": V4}, {"type": "CVSS_V3", "score": V3}]}, "critical", 9.8),
        ({"severity": [{"type": "CVSS_V3", "score": V3.replace("C:H/I:H/A:H", "C:N/I:N/A:N")}]}, "low", 0.0),
        ({"severity": [{"type": "Ubuntu", "score": "medium"}]}, "medium", None),
        ({"database_specific": {"severity": "HIGH"}}, "high", None),
        ({"affected": {"ecosystem_specific": {"severity": "Important"}}}, "high", None),
        ({"affected": {"ecosystem_specific": {"urgency": "low"}}}, "low", None),
        ({"affected": {"ecosystem_specific": {"urgency": "unimportant"}}, "severity": [{"score": V3}]}, "low", None),
        ({"affected": {"ecosystem_specific": {"urgency": "not yet assigned"}}}, "unknown", None),
        ({"affected": {"severity": [{"type": "CVSS_V3", "score": V3}]}}, "critical", 9.8),
        ({"severity": [{"type": "CVSS_V2", "score": "AV:N/AC:L/Au:N/C:P/I:P/A:P"}]}, "unknown", None),
        ({"severity": [{"type": "CVSS_V3", "score": "CVSS:3.1/AV:N"}]}, "unknown", None),
        ({"severity": None, "database_specific": ["high"]}, "unknown", None),
        ({}, "unknown", None),
    ],
)
def test_gravity(said: dict[str, Any], gravity: str, score: float | None) -> None:
    record = a_record(BEGIN, **said)
    rating = rating_of(record, (record.affected or ())[0])
    assert (rating.gravity, rating.score) == (gravity, score)


@given(st.text(max_size=60) | st.text("CVSS:3140/AVNLPHURIQ", max_size=60).map("CVSS:3.1/".__add__))
def test_no_vector_breaks_it(vector: str) -> None:
    record = a_record(BEGIN, severity=[{"type": "CVSS_V3", "score": vector}])
    rating = rating_of(record, (record.affected or ())[0])
    assert rating == UNRATED or rating.said


@pytest.mark.parametrize(
    "data",
    [b"", b"{", b"[]", b"{}", b'{"id": 1}', b'{"id": "X", "affected": 1}', b"\xff", b'{"id": "\xff"}',
     b'{"id": "X", "affected": ' + b"[" * 100_000, b'{"id":"X","database_specific":' + b'{"a":' * 100_000,
     b" " * (LARGEST + 1)],
)  # fmt: skip
def test_what_is_no_record(data: bytes) -> None:
    with pytest.raises(BadRecord):
        read_record(data)


@given(st.binary(max_size=80) | st.binary(max_size=40).map(b'{"id": "X", "affected": [{"ranges": '.__add__))
def test_no_bytes_break_it(data: bytes) -> None:
    for read in (read_heading, read_record):
        try:
            read(data)
        except BadRecord:
            continue


def test_a_date_that_the_converter_did_not_have_takes_nothing_back() -> None:
    assert not a_record(BEGIN, withdrawn="0001-01-01T00:00:00Z").is_withdrawn
    assert a_record(BEGIN, withdrawn="2024-01-01T00:00:00Z").is_withdrawn


@pytest.mark.parametrize(
    ("id", "version", "names"),
    [
        ("debian", "12", ("Debian:12",)),
        ("debian", "", None),
        ("ubuntu", "24.04", ("Ubuntu:24.04", "Ubuntu:24.04:LTS")),
        ("alpine", "3.19.1", ("Alpine:v3.19",)),
        ("alpine", "3.22_alpha20250108", None),
        ("openwrt", "23.05.3", None),
        ("poky", "5.0.4", None),
        ("raspbian", "12", None),
    ],
)
def test_ecosystems(id: str, version: str, names: tuple[str, ...] | None) -> None:
    found = ecosystem_of(OperatingSystem(path="/etc/os-release", id=id, version=version))
    assert (found.names if found else None) == names


@pytest.mark.parametrize(
    ("package", "listed"),
    [
        ({"name": "libssl3", "version": "3.0.11-1", "source": "openssl"}, ("openssl", "3.0.11-1")),
        ({"name": "bash", "version": "5.2-2+b3", "source_version": "5.2-2"}, ("bash", "5.2-2")),
        ({"name": "linux-image-6.1.0-18-arm64", "version": "6.1.76-1", "source": "linux-signed-arm64",
          "source_version": "6.1.76+1"}, ("linux", "6.1.76-1")),
        ({"name": "wpasupplicant", "version": "2:2.10-12+rpt1", "source": "wpa"}, None),
        ({"name": "nodejs", "version": "20.11.0-1nodesource1"}, None),
        ({"name": "rauc", "version": "1.12-1~bpo12+1"}, None),
    ],
)  # fmt: skip
def test_packages_as_advisories_name_them(package: dict[str, str], listed: tuple[str, str] | None) -> None:
    debian = ecosystem_of(OperatingSystem(path="/etc/os-release", id="debian", version="12"))
    assert debian is not None
    assert listed_as(Package(database="/var/lib/dpkg/status", **package), debian) == listed
