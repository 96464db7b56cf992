"""Which package brought the program of a service: by dpkg's lists and Alpine's database."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from iotscan.observe.image.owners import starters_of
from iotscan.observe.image.readers.folder import FolderTree
from tests.observe.image.looking import a_root
from tests.observe.image.started_roots import debian
from tests.observe.image.test_packages import RELEASE, found_in

APK = (
    "P:openssh-server\nV:9.6_p1-r0\no:openssh\nF:etc/ssh\nR:sshd_config\n"
    "F:usr/sbin\nR:sshd\na:0:0:755\n\nP:x\nV:1\nF:\nR:y\n"
)
STATUS = (
    "Package: openssh-server\nStatus: install ok installed\nVersion: 1:9.2p1-2+deb12u1\nSource: openssh\n\n"
    "Package: openssh-client\nStatus: install ok installed\nVersion: 1:9.2p1-2+deb12u1\nSource: openssh\n\n"
    "Package: bash\nStatus: install ok installed\nVersion: 5.2.15-2+b2\nSource: bash (5.2.15-2)\n"
)


def starting(folder: Path, program: str, files: Mapping[str, str | bytes]) -> FolderTree:
    """A Debian whose ssh.service runs this program."""
    unit = {"usr/lib/systemd/system/ssh.service": f"[Service]\nExecStart={program} -D\n"}
    programs = dict.fromkeys(("sbin/sshd", "usr/sbin/sshd"), b"\x7fELF")
    return debian(folder, {**unit, **programs, **files}, wants=("ssh.service",))


@pytest.mark.parametrize("listed", ["/usr/sbin/sshd", "/sbin/sshd"])
@pytest.mark.parametrize("program", ["/usr/sbin/sshd", "/sbin/sshd", "/usr/bin/../sbin/sshd"])
@pytest.mark.parametrize("name", ["openssh-server", "openssh-server:arm64"])
def test_dpkg_lists_are_read_by_either_name_of_a_merged_usr(
    tmp_path: Path, listed: str, program: str, name: str
) -> None:
    files = {
        "etc/os-release": RELEASE,
        "var/lib/dpkg/status": STATUS,
        f"var/lib/dpkg/info/{name}.list": f"/.\n/usr\n{listed}\n",
        "var/lib/dpkg/info/openssh-client.list": "/.\n/usr/bin/ssh\n",
        "var/lib/dpkg/info/openssh-client.md5sums": f"{listed}\n",
    }
    starting(tmp_path, program, files)
    packages = found_in(tmp_path, {}).packages
    assert {p.name: p.starts for p in packages} == {
        "openssh-server": ("ssh.service",),
        "openssh-client": (),
        "bash": (),
    }
    assert {p.name: (p.source, p.source_version) for p in packages}["bash"] == ("", "5.2.15-2")


def test_a_link_to_the_program_counts(tmp_path: Path) -> None:
    tree = starting(tmp_path, "/usr/sbin/a", {"var/lib/dpkg/info/a.list": "/usr/lib/a/daemon\n"})
    (tmp_path / "usr/lib/a").mkdir(parents=True)
    (tmp_path / "usr/lib/a/daemon").write_bytes(b"\x7fELF")
    (tmp_path / "usr/sbin/a").symlink_to("../lib/a/daemon")
    assert starters_of(tree) == {"a": ("ssh.service",)}


def test_alpine_says_it_in_its_database(tmp_path: Path) -> None:
    tree = starting(tmp_path, "/usr/sbin/sshd", {"lib/apk/db/installed": APK})
    assert starters_of(tree) == {"openssh-server": ("ssh.service",)}


def test_what_cannot_be_read_or_is_not_started_owns_nothing(tmp_path: Path) -> None:
    assert starters_of(a_root(tmp_path / "none", {"lib/apk/db/installed": APK})) == {}
    tree = starting(tmp_path / "odd", "/usr/sbin/sshd", {"lib/apk/db/installed": b"\xff\0P:\nR:\nF"})
    assert starters_of(tree) == {}
