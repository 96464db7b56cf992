"""Packages of images beside advisories: what comes out is what matched, and what could not be compared is told."""

import json
import stat
import zipfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from iotscan.model.answer import Answer
from iotscan.model.errors import BadInput
from iotscan.model.facts import (
    Fact,
    KnownVulnerabilities,
    Listener,
    OperatingSystem,
    Package,
    PackageDatabase,
    Packages,
    StartedService,
    StartedServices,
)
from iotscan.model.observation import Attempt, Observation, observe
from iotscan.model.subject import Subject
from iotscan.model.vocabulary import AttemptStatus, Reason
from iotscan.scan.advisories.data import open_advisories
from iotscan.scan.advisories.matching import known_vulnerabilities

DPKG = "/var/lib/dpkg/status"
WHOLE = Subject(image="img")
GRAVE = [{"type": "CVSS_V3", "score": "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H"}]


def affected(name: str, fixed: str = "", ecosystem: str = "Debian:12", **more: Any) -> dict[str, Any]:
    events = [{"introduced": "0"}, *([{"fixed": fixed}] if fixed else [])]
    package = {"ecosystem": ecosystem, "name": name}
    return {"package": package, "ranges": [{"type": "ECOSYSTEM", "events": events}], **more}


def record(id: str, *entries: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"id": id, "modified": "2026-11-20T10:00:00.123Z", "affected": list(entries), **more}


def a_zip(folder: Path, *records: dict[str, Any] | bytes, name: str = "all.zip") -> Path:
    path = folder / name
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for number, each in enumerate(records):
            text = each if isinstance(each, bytes) else json.dumps(each).encode()
            archive.writestr(f"{number}.json", text)
    return path


def packages(*listed: Package, path: str = DPKG, format: str = "dpkg") -> Packages:
    database = PackageDatabase(path=path, format=format, packages=len(listed))  # type: ignore[arg-type]  # a word of it
    return Packages(packages=listed, databases=(database,))


def package(name: str, version: str, source: str = "", **more: Any) -> Package:
    return Package(name=name, version=version, source=source, database=more.pop("database", DPKG), **more)


def system(id: str = "debian", version: str = "12") -> OperatingSystem:
    return OperatingSystem(path="/etc/os-release", id=id, version=version)


def seen(*facts: Any, at: Subject = WHOLE) -> list[Observation]:
    return [observe(fact, at, probe="packages/1") for fact in facts]


def compared(
    paths: Iterable[Path], facts: Iterable[Observation], attempts: Iterable[Attempt] = ()
) -> tuple[list[Fact], list[Attempt]]:
    found, gaps = known_vulnerabilities(list(facts), list(attempts), open_advisories(paths))
    return [o.fact for o in found], [a for a in gaps if a.status is not AttemptStatus.OBSERVED]


def the_fact(paths: Iterable[Path], *facts: Any) -> KnownVulnerabilities:
    (fact,) = compared(paths, seen(*facts))[0]
    assert isinstance(fact, KnownVulnerabilities)
    return fact


def test_source_packages_are_compared_and_only_what_is_affected_is_kept(tmp_path: Path) -> None:
    data = a_zip(
        tmp_path,
        record("DEBIAN-CVE-2024-5535", affected("openssl", "3.0.14-1"), upstream=["CVE-2024-5535"], severity=GRAVE),
        record("DEBIAN-CVE-2024-0001", affected("openssl", "3.0.10-1")),
        record("DEBIAN-CVE-2024-0002", affected("openssl", "9", ecosystem="Debian:13")),
        record("DEBIAN-CVE-2024-0003", affected("libssl3", "9")),
        record("DEBIAN-CVE-2024-0004", affected("openssl", "9"), withdrawn="2025-01-01T00:00:00Z"),
        record("DEBIAN-CVE-2024-0005", affected("bash", "9")),
    )
    installed = (
        package("libssl3", "3.0.11-1", "openssl"),
        package("openssl", "3.0.11-1"),
        package("zlib1g", "1", "zlib"),
    )
    fact = the_fact([data], system(), packages(*installed))
    (only,) = fact.affected
    assert (only.name, only.version, only.installed) == ("openssl", "3.0.11-1", ("libssl3", "openssl"))
    assert (only.serious, only.lesser, only.unrated) == (1, 0, 0)
    (flaw,) = only.advisories
    assert (flaw.id, flaw.aliases, flaw.score) == ("CVE-2024-5535", ("DEBIAN-CVE-2024-5535",), 9.8)
    assert flaw.fixed == "3.0.14-1"
    assert (fact.ecosystem, fact.compared, fact.newest, fact.not_compared) == ("Debian:12", 2, "2026-11-20", ())
    assert fact.data[0].records == 6


def test_an_advisory_beside_its_cves_is_told_once(tmp_path: Path) -> None:
    data = a_zip(
        tmp_path,
        record("DSA-1-1", affected("curl", "8"), upstream=["CVE-2024-0001", "CVE-2024-0002"]),
        record("DSA-2-1", affected("curl", "8"), upstream=["CVE-2024-0001", "DEBIAN-CVE-2024-0001"]),
        record("DSA-3-1", affected("curl", "8"), upstream=["CVE-2024-0001", "CVE-2024-0003"]),
        record("DEBIAN-CVE-2024-0001", affected("curl", "8"), upstream=["CVE-2024-0001"], severity=GRAVE),
        record("DEBIAN-CVE-2024-0002", affected("curl"), upstream=["CVE-2024-0002"]),
    )
    (only,) = the_fact([data], system(), packages(package("curl", "7"))).affected
    assert [a.id for a in only.advisories] == ["CVE-2024-0001", "CVE-2024-0002", "DSA-3-1"]
    assert only.advisories[0].aliases == ("DEBIAN-CVE-2024-0001", "DSA-2-1")
    assert (only.serious, only.unrated) == (1, 2)


def a_service(name: str, *, faces: bool | None) -> StartedService:
    answer = Answer[bool].of(faces) if faces is not None else Answer[bool].missing(Reason.NOT_OBSERVABLE)
    listener = Listener(transport="tcp", port=22, source="default")
    return StartedService(
        name=name, path="/x.service", started_by="systemd", user=Answer.of("root"), listeners=(listener,),
        faces_network=answer,
    )  # fmt: skip


def test_services_that_the_network_reaches_stand_with_their_package(tmp_path: Path) -> None:
    data = a_zip(tmp_path, record("X-1", affected("openssh", "9"), affected("dbus", "9"), affected("cups", "9")))
    installed = (
        package("openssh-server", "1", "openssh", starts=("ssh.service",)),
        package("openssh-client", "1", "openssh"),
        package("dbus", "1", starts=("dbus.service",)),
        package("cups", "1", starts=("cups.service", "gone.service")),
    )
    services = StartedServices(
        system="systemd",
        services=(
            a_service("ssh.service", faces=True),
            a_service("dbus.service", faces=False),
            a_service("cups.service", faces=None),
        ),
    )
    found = the_fact([data], system(), packages(*installed), services).affected
    assert {p.name: p.services for p in found} == {"openssh": ("ssh.service",), "dbus": (), "cups": ()}


def test_two_roots_are_two_answers_and_a_system_without_data_is_a_gap(tmp_path: Path) -> None:
    data = a_zip(tmp_path, record("A-1", affected("busybox", "1.36.1-r16", ecosystem="Alpine:v3.19")))
    apk = "/lib/apk/db/installed"
    alpine = packages(package("ssl_client", "1.36.1-r15", "busybox", database=apk), path=apk, format="apk")
    opkg = packages(package("dropbear", "2022.82-2"), format="opkg")
    facts = [
        *seen(system("alpine", "3.19.1"), alpine, at=Subject(image="img", path="p2")),
        *seen(system("openwrt", "23.05.3"), opkg, at=Subject(image="img", path="p3")),
        *seen(system("alpine", "3.20.0"), alpine, at=Subject(image="img", path="p4")),
        *seen(packages(package("x", "1")), at=Subject(image="other")),
    ]
    found, gaps = compared([data], facts)
    assert [f.affected[0].name for f in found if isinstance(f, KnownVulnerabilities)] == ["busybox"]
    told = {(g.subject.image, g.subject.path): g.detail for g in gaps}
    assert told == {
        ("img", "p3"): "no advisories are compared for openwrt 23.05.3",
        ("img", "p4"): "the data given holds nothing on Alpine:v3.20",
        ("other", ""): "the image does not say which system it is",
    }
    assert {g.reason for g in gaps} == {Reason.NOT_OBSERVABLE}


def test_what_could_not_be_read_of_packages_stays_open(tmp_path: Path) -> None:
    data = a_zip(tmp_path, record("A-1", affected("bash", "9")))
    lost = Attempt(
        subject=Subject(image="img", path="p3"), need="packages", status=AttemptStatus.UNREADABLE,
        reason=Reason.UNREADABLE, detail="p3: damaged",
    )  # fmt: skip
    none = Attempt(subject=Subject(image="bare"), need="packages", status=AttemptStatus.ABSENT)
    _, gaps = compared([data], seen(system(), packages(package("bash", "1"))), [lost, none])
    assert [(g.subject, g.reason, g.detail) for g in gaps] == [
        (lost.subject, Reason.UNREADABLE, "p3: damaged"),
        (none.subject, Reason.NOT_OBSERVABLE, "no package database is in the image"),
    ]


def test_what_nobody_can_compare_is_told(tmp_path: Path) -> None:
    data = a_zip(
        tmp_path,
        record("A-1", affected("bash", "no version"), affected("x", "9")),
        record("A-2", affected("bash", "5")),
        b"{not json",
        record("A-3") | {"affected": "all"},
    )
    installed = (package("bash", "4"), package("nodejs", "20-1nodesource1"), package("x", "not one"))
    fact = the_fact([data], system(), packages(*installed))
    assert [a.id for a in fact.affected[0].advisories] == ["A-2"]
    assert fact.compared == 1
    elsewhere, version, event, unread = fact.not_compared
    assert elsewhere == "nodejs 20-1nodesource1 came from another archive than Debian:12's"
    assert version.startswith("x: no version as Debian")
    assert event.startswith("bash, A-1: no version as Debian")
    assert unread == "all.zip: records that cannot be read: 2 (/2.json: no OSV record)"


def test_long_lists_are_bounded_and_counted(tmp_path: Path) -> None:
    data = a_zip(tmp_path, *(record(f"CVE-2024-{1000 + n}", affected("linux"), severity=GRAVE) for n in range(70)))
    (only,) = the_fact([data], system(), packages(package("linux-image", "6", "linux-signed-amd64"))).affected
    assert (only.serious, len(only.advisories)) == (70, 50)


def test_a_folder_and_several_files_count_together(tmp_path: Path) -> None:
    folder = tmp_path / "osv" / "Debian"
    folder.mkdir(parents=True)
    (folder / "a.json").write_text(json.dumps(record("A-1", affected("bash", "9"), modified="2026-01-01T00:00:00Z")))
    (folder / "readme.txt").write_text("no record")
    (folder / "link.json").symlink_to("/etc/passwd")
    data = a_zip(tmp_path, record("B-1", affected("curl", "9")), record("B-2", modified="9999-99-99"))
    fact = the_fact([folder, data], system(), packages(package("bash", "1"), package("curl", "1")))
    assert [p.name for p in fact.affected] == ["bash", "curl"]
    assert [(d.records, d.newest) for d in fact.data] == [(1, "2026-01-01"), (2, "2026-11-20")]


def test_the_order_of_files_does_not_show(tmp_path: Path) -> None:
    records = [record(f"X-{n}", affected("curl", "9"), upstream=["CVE-2024-0001"]) for n in range(4)]
    records[2]["severity"] = GRAVE
    facts = (system(), packages(package("curl", "1")))
    one = the_fact([a_zip(tmp_path, *records)], *facts)
    assert one.affected == the_fact([a_zip(tmp_path, *records[::-1])], *facts).affected


@pytest.mark.parametrize(
    ("make", "why"),
    [
        (lambda f: f / "none.zip", "No such file"),
        (lambda f: _written(f / "a.zip", b"not a zip"), "it is no zip"),
        (lambda f: _written(f / "a.zip", b"PK\3\4" + bytes(60)), "table of contents"),
        (lambda f: _written(f / "a.zip", b""), "it is no zip"),
        (lambda f: a_zip(f), "it is no zip"),
        (lambda f: a_zip(f, b"[]", b"{}"), "holds no OSV records"),
        (lambda f: _folder(f / "empty"), "holds no OSV records"),
    ],
)
def test_what_is_no_osv_data_is_refused_in_one_line(tmp_path: Path, make: Any, why: str) -> None:
    with pytest.raises(BadInput) as refused:
        open_advisories([make(tmp_path)])
    assert why in str(refused.value)
    assert str(refused.value).startswith("--advisories ")
    assert "\n" not in str(refused.value)


def _written(path: Path, data: bytes) -> Path:
    path.write_bytes(data)
    return path


def _folder(path: Path) -> Path:
    path.mkdir()
    return path


def test_bombs_are_named_and_not_suffered(tmp_path: Path) -> None:
    deep = b'{"id": "X", "details": ' + b"[" * 1_000_000
    wide = b'{"id": "Y", "details": "' + b"a" * (9 << 20) + b'"}'
    data = a_zip(tmp_path, record("A-1", affected("bash", "9")), deep, wide)
    (only,) = the_fact([data], system(), packages(package("bash", "1"))).not_compared
    assert only == "all.zip: records that cannot be read: 2 (/1.json: nested too deep)"


def test_nothing_of_a_record_reaches_the_run_as_it_is(tmp_path: Path) -> None:
    evil = "X\x1b[31m\u202e<script>" + "y" * 500
    data = a_zip(
        tmp_path,
        record(evil, affected("bash", "9"), aliases=[evil], database_specific={"severity": evil}),
        record("A-2", affected("bash", evil)),
    )
    fact = the_fact([data], system(), packages(package("bash", "1")))
    text = str(fact)
    assert "\x1b" not in text
    assert "\u202e" not in text
    assert len(text) < 3000


def test_a_fifo_does_not_hold_it_up(tmp_path: Path) -> None:
    import os

    os.mkfifo(tmp_path / "pipe.zip")
    assert stat.S_ISFIFO((tmp_path / "pipe.zip").stat().st_mode)
    with pytest.raises(BadInput, match="neither a folder nor a regular file"):
        open_advisories([tmp_path / "pipe.zip"])
