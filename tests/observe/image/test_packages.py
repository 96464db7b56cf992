"""Package databases, written by the package managers themselves where Debian has them."""

import contextlib
import shutil
import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from iotscan.model.facts import OperatingSystem, Packages, SoftwareSupport
from iotscan.model.vocabulary import AttemptStatus
from iotscan.observe.image.inspectors import packages, software
from iotscan.wire.packages import BadDatabase
from iotscan.wire.packages.apk import read_apk
from iotscan.wire.packages.control import read_control
from iotscan.wire.packages.rpm import read_header, read_rpm_sqlite
from tests.observe.image.looking import a_root, heard_of
from tests.observe.network.daemons import tool

RELEASE = 'ID=debian\nVERSION_ID="12"\nPRETTY_NAME="Debian GNU/Linux 12 (bookworm)"\nVERSION_CODENAME=bookworm\n'
APK = (
    "C:Q1abc=\nP:musl\nV:1.2.4-r2\nA:aarch64\nL:MIT\no:musl\nF:lib\nR:ld-musl-aarch64.so.1\na:0:0:755\n\n"
    "P:libcrypto3\nV:3.1.4-r5\nA:aarch64\nL:Apache-2.0\no:openssl\n\n"
)
OPKG = "Package: dropbear\nVersion: 2022.82-2\nDepends: libc\nStatus: install user installed\nArchitecture: mips_24kc\n"


def found_in(folder: Path, files: dict[str, str | bytes]) -> Packages:
    facts = heard_of(packages.INSPECTOR, a_root(folder, files)).facts
    (fact,) = (f for f in facts if isinstance(f, Packages))
    return fact


@pytest.fixture(scope="module")
def dpkg_root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A root into which dpkg itself installed two packages, one of which it removed again but for its configuration."""
    root = tmp_path_factory.mktemp("dpkg")
    for folder in ("var/lib/dpkg/updates", "var/lib/dpkg/info", "etc", "usr"):
        (root / folder).mkdir(parents=True)
    (root / "var/lib/dpkg/status").touch()
    (root / "etc/os-release").write_text(RELEASE)
    for name, version, more in (
        ("gateway-app", "1:2.3+x~rc1-4", "Source: gateway (2.3)\n"),
        ("old-app", "1.0", ""),
    ):
        made = root.parent / f"{root.name}-{name}"
        (made / "DEBIAN").mkdir(parents=True)
        (made / "etc").mkdir()
        (made / f"etc/{name}.conf").write_text("x\n")
        (made / "DEBIAN/conffiles").write_text(f"/etc/{name}.conf\n")
        (made / "DEBIAN/control").write_text(
            f"Package: {name}\nVersion: {version}\nArchitecture: all\n{more}Maintainer: nobody <n@example.org>\n"
            "Description: a sample\n .\n Package: not-a-package\n"
        )
        package = made.parent / f"{name}.deb"
        subprocess.run([tool("dpkg-deb", "dpkg"), "-b", made, package], check=True, capture_output=True)
        dpkg(root, "-i", package)
    dpkg(root, "-r", "old-app")
    return root


def dpkg(root: Path, *words: str | Path) -> None:
    forced = ("--force-not-root", "--force-bad-path", "--no-triggers", "--log=/dev/null")
    subprocess.run([tool("dpkg", "dpkg"), f"--root={root}", *forced, *words], check=True, capture_output=True)


def test_what_dpkg_installed_is_listed_and_what_it_removed_is_not(dpkg_root: Path) -> None:
    (package,) = found_in(dpkg_root, {}).packages
    assert (package.name, package.version, package.source) == ("gateway-app", "1:2.3+x~rc1-4", "gateway")
    assert package.purl == "pkg:deb/debian/gateway-app@1:2.3%2Bx~rc1-4?arch=all&distro=debian-12"
    assert package.database == "/var/lib/dpkg/status"


@pytest.fixture(scope="module")
def rpm_root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A root in which rpm made its database and installed a package that rpmbuild built."""
    folder = tmp_path_factory.mktemp("rpm")
    spec = folder / "gw.spec"
    spec.write_text(
        "Name: gw-agent\nVersion: 4.5\nRelease: 6\nEpoch: 2\nSummary: a sample\nLicense: MIT and BSD\n"
        "BuildArch: noarch\n%description\nA sample.\n%files\n"
    )
    build = tool("rpmbuild", "rpm")
    words = [build, "-bb", "--define", f"_topdir {folder}/top", "--define", "_build_id_links none", str(spec)]
    subprocess.run(words, check=True, capture_output=True)
    (made,) = folder.glob("top/RPMS/*/*.rpm")
    root = folder / "root"
    (root / "etc").mkdir(parents=True)
    (root / "usr").mkdir()
    (root / "etc/os-release").write_text("ID=fedora\nVERSION_ID=41\n")
    rpm = [tool("rpm", "rpm"), "--root", str(root), "--dbpath", "/usr/lib/sysimage/rpm"]
    backend = ["--define", "_db_backend sqlite"]
    install = ["-i", "--nodeps", "--force-debian", "--ignorearch", "--noscripts"]
    subprocess.run([*rpm, *backend, *install, str(made)], check=True, capture_output=True)
    return root


def test_what_rpm_installed_is_listed(rpm_root: Path) -> None:
    fact = found_in(rpm_root, {})
    (package,) = fact.packages
    assert (package.name, package.version, package.source) == ("gw-agent", "2:4.5-6", "")
    assert package.licence == "MIT and BSD"
    assert package.purl == "pkg:rpm/fedora/gw-agent@4.5-6?arch=noarch&distro=fedora-41&epoch=2"


def test_changes_in_a_write_ahead_log_are_named(rpm_root: Path, tmp_path: Path) -> None:
    shutil.copytree(rpm_root, tmp_path / "copy")
    (tmp_path / "copy/usr/lib/sysimage/rpm/rpmdb.sqlite-wal").write_bytes(b"frames")
    (lost,) = found_in(tmp_path / "copy", {}).not_read
    assert "rpmdb.sqlite-wal: its changes since the last checkpoint are not read" in lost


def test_a_damaged_rpm_database_is_refused(rpm_root: Path) -> None:
    data = (rpm_root / "usr/lib/sysimage/rpm/rpmdb.sqlite").read_bytes()
    for cut in range(100, len(data), len(data) // 23):
        torn = data[:cut] + bytes(64) + data[cut + 64 :]
        with contextlib.suppress(BadDatabase):
            assert len(list(read_rpm_sqlite(torn))) <= 1
    with pytest.raises(BadDatabase):
        list(read_rpm_sqlite(data[: len(data) // 2]))


def test_a_view_in_the_place_of_the_table_is_not_asked(tmp_path: Path) -> None:
    import sqlite3

    place = tmp_path / "db"
    with sqlite3.connect(place) as made:
        made.execute(
            "CREATE VIEW Packages AS WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x FROM n)"
            " SELECT 1 AS hnum, x AS blob FROM n"
        )
    made.close()
    with pytest.raises(BadDatabase, match="no table"):
        list(read_rpm_sqlite(place.read_bytes()))


@given(st.binary(max_size=200))
def test_any_header_is_a_package_none_or_refused(data: bytes) -> None:
    with contextlib.suppress(BadDatabase):
        read_header(data)


@given(st.text(max_size=300))
def test_any_text_is_read_as_a_database(text: str) -> None:
    list(read_apk(text))
    list(read_control(text))


def test_apk_and_opkg(tmp_path: Path) -> None:
    release = {"etc/os-release": "ID=alpine\nVERSION_ID=3.18.4\n"}
    fact = found_in(tmp_path / "a", {"lib/apk/db/installed": APK, **release})
    assert [(p.name, p.source) for p in fact.packages] == [("musl", ""), ("libcrypto3", "openssl")]
    assert fact.packages[0].purl == "pkg:apk/alpine/musl@1.2.4-r2?arch=aarch64&distro=alpine-3.18.4"
    assert fact.packages[0].licence == "MIT"
    fact = found_in(tmp_path / "o", {"usr/lib/opkg/status": OPKG, "usr/lib/opkg/info/dropbear.control": OPKG})
    assert [(p.name, p.architecture) for p in fact.packages] == [("dropbear", "mips_24kc")]
    assert fact.packages[0].purl == "pkg:generic/dropbear@2022.82-2?arch=mips_24kc"


def test_control_files_are_read_where_no_status_file_stayed(tmp_path: Path) -> None:
    files = {"usr/lib/opkg/info/a.control": "Package: a\nVersion: 1\n", "usr/lib/opkg/info/a.list": "/bin/a\n"}
    assert [p.name for p in found_in(tmp_path / "o", dict(files)).packages] == ["a"]
    distroless = {
        "var/lib/dpkg/status.d/base": "Package: base-files\nVersion: 12.4\n",
        "var/lib/dpkg/status.d/base.md5sums": "0  x\n",
    }
    assert [p.name for p in found_in(tmp_path / "d", dict(distroless)).packages] == ["base-files"]


def test_yoctos_licence_manifest_counts_where_no_database_stayed(tmp_path: Path) -> None:
    text = "PACKAGE NAME: openssl\nPACKAGE VERSION: 1.1.1w\nRECIPE NAME: openssl\nLICENSE: OpenSSL\n\n"
    fact = found_in(tmp_path, {"usr/share/common-licenses/license.manifest": text})
    assert [(p.name, p.version, p.licence) for p in fact.packages] == [("openssl", "1.1.1w", "OpenSSL")]


@pytest.mark.parametrize(
    ("path", "content", "why"),
    [
        ("var/lib/rpm/Packages", b"\x00\x05\x31\x61" * 9, "Berkeley DB"),
        ("var/lib/rpm/Packages.db", b"RpmP" * 9, "ndb"),
        ("usr/lib/sysimage/rpm/rpmdb.sqlite", b"no database", "no SQLite database"),
        ("var/lib/dpkg/status", b"\xff\xfe nothing of sense\n", "no package is listed"),
    ],
)
def test_a_database_that_cannot_be_read_is_named(tmp_path: Path, path: str, content: bytes, why: str) -> None:
    heard = heard_of(packages.INSPECTOR, a_root(tmp_path, {path: content}))
    assert not heard.facts
    (missed,) = heard.missed
    assert (missed.need, missed.status) == ("packages", AttemptStatus.UNREADABLE)
    assert why in missed.detail


@pytest.mark.parametrize(
    ("path", "content", "id", "version", "codename"),
    [
        ("etc/os-release", RELEASE, "debian", "12", "bookworm"),
        ("usr/lib/os-release", 'ID=poky\nVERSION_ID=4.0\nVERSION="4.0 (kirkstone)"\n', "poky", "4.0", "kirkstone"),
        ("etc/openwrt_release", "DISTRIB_ID='OpenWrt'\nDISTRIB_RELEASE='21.02.3'\n", "openwrt", "21.02.3", ""),
        ("system/build.prop", "# props\nro.build.version.release=11\n", "android", "11", ""),
    ],
)
def test_what_a_system_says_it_is(
    tmp_path: Path, path: str, content: str, id: str, version: str, codename: str
) -> None:
    (fact,) = heard_of(packages.INSPECTOR, a_root(tmp_path, {path: content})).facts
    assert isinstance(fact, OperatingSystem)
    assert (fact.id, fact.version, fact.codename, fact.path) == (id, version, codename, f"/{path}")


def support(folder: Path, files: dict[str, str | bytes]) -> dict[str, tuple[str | None, str]]:
    facts = heard_of(software.INSPECTOR, a_root(folder, files)).facts
    (fact,) = (f for f in facts if isinstance(f, SoftwareSupport))
    return {f"{i.name} {i.version}": (i.ends.known, i.maintainer) for i in fact.items}


def test_until_when_there_are_updates(tmp_path: Path) -> None:
    status = "Package: libssl3\nVersion: 3.0.17-1~deb12u2\nStatus: install ok installed\n\n"
    status += "Package: linux-image-6.1.0-18-amd64\nVersion: 6.1.76-1\nStatus: install ok installed\n\n"
    status += "Package: nodejs\nVersion: 20.20.2-1nodesource1\nStatus: install ok installed\n"
    files = {
        "etc/os-release": RELEASE,
        "var/lib/dpkg/status": status,
        "lib/modules/6.1.0-18-amd64/modules.dep": "\n",
        "lib/modules/5.4.0-vendor/modules.dep": "\n",
    }
    assert support(tmp_path, dict(files)) == {
        "Debian 12": ("2028-06-30", ""),
        "OpenSSL 3.0.17-1~deb12u2": ("2026-09-07", "Debian 12"),
        "Node.js 20.20.2-1nodesource1": ("2026-04-30", ""),
        "Linux 5.4.0-vendor": ("2025-12-03", ""),
        "Linux 6.1.0-18-amd64": ("2027-12-31", "Debian 12"),
    }


@pytest.mark.parametrize(
    ("release", "buildinfo", "ends", "called"),
    [
        ("ID=acme\nVERSION_ID=7\nVERSION='7 (dunfell)'\n", "", "2024-04-30", "acme, made of Yocto Project 3.1 7"),
        ("ID=acme\nVERSION_ID=7\n", "meta = kirkstone:1\n", "2026-04-27", "acme, made of Yocto Project 4.0 7"),
        ("ID=acme\nVERSION_ID=7\nSUPPORT_END=2025-02-01\n", "", "2025-02-01", "acme 7"),
        ("ID=kali\nID_LIKE=debian\nVERSION_ID=2024.1\n", "", None, "kali 2024.1"),
        ("ID=openwrt\nVERSION_ID=SNAPSHOT\n", "", None, "OpenWrt SNAPSHOT"),
        ("ID=debian\n", "", None, "Debian"),
    ],
)
def test_a_system_by_its_name_codename_or_own_word(
    tmp_path: Path, release: str, buildinfo: str, ends: str | None, called: str
) -> None:
    files = {"etc/os-release": release, "etc/buildinfo": buildinfo}
    ((name, (known, _)),) = support(tmp_path, dict(files)).items()
    assert (known, name.strip()) == (ends, called)
