"""``iotscan image --advisories``: a gateway's packages beside OSV data, judged again without it."""

from pathlib import Path

import pytest

from iotscan.model.result import Result
from iotscan.store.runs import read_run
from tests.observe.image.started_roots import debian
from tests.program import run_iotscan
from tests.scan.test_advisories import GRAVE, a_zip, affected, record

RELEASE = 'ID=debian\nVERSION_ID="12"\n'
STATUS = (
    "Package: openssh-server\nStatus: install ok installed\nVersion: 1:9.2p1-2+deb12u1\nSource: openssh\n\n"
    "Package: libssl3\nStatus: install ok installed\nVersion: 3.0.15-1~deb12u1\nSource: openssl\n"
)
UNIT = "[Service]\nExecStart=/usr/sbin/sshd -D\n"


@pytest.fixture
def gateway(tmp_path: Path) -> Path:
    folder = tmp_path / "gateway"
    files = {
        "etc/os-release": RELEASE,
        "usr/sbin/sshd": b"\x7fELF",
        "usr/lib/systemd/system/ssh.service": UNIT,
        "var/lib/dpkg/status": STATUS,
        "var/lib/dpkg/info/openssh-server.list": "/usr/sbin/sshd\n",
    }
    debian(folder, files, wants=("ssh.service",))
    return folder


def results(home: Path) -> list[Result]:
    return [r for r in read_run("latest", home / "out").results if r.check == "known-vulnerabilities"]


def test_a_service_with_a_grave_flaw_fails_and_does_so_again_without_the_data(gateway: Path, tmp_path: Path) -> None:
    flaws = {"2024-6387": ("openssh", "1:9.2p1-2+deb12u3"), "2024-5535": ("openssl", "3.0.15-1~deb12u1")}
    data = a_zip(
        tmp_path,
        *(record(f"DEBIAN-CVE-{n}", affected(*on), upstream=[f"CVE-{n}"], severity=GRAVE) for n, on in flaws.items()),
    )
    words = ("--check", "known-vulnerabilities", "-o", tmp_path / "out", "--fail-on", "high")
    without = run_iotscan("image", gateway, *words, home=tmp_path)
    (open_,) = results(tmp_path)
    assert (open_.outcome, open_.reason) == ("not_assessed", "not_observable")
    assert "--advisories" in open_.remedy
    assert without.returncode == 3, without.stderr  # nothing else was asked
    found = run_iotscan("image", gateway, *words, "--advisories", data, home=tmp_path)
    assert found.returncode == 1, found.stderr
    finding = next(r for r in results(tmp_path) if r.outcome == "fail")
    assert (finding.variant, finding.subject.path, finding.part) == ("reachable", "/var/lib/dpkg/status", "openssh")
    assert finding.observed.startswith("/var/lib/dpkg/status: openssh 1:9.2p1-2+deb12u1 (installed: openssh-server)")
    assert "CVE-2024-6387 (9.8, mended in 1:9.2p1-2+deb12u3)" in finding.observed
    data.unlink()
    again = run_iotscan("assess", "latest", "-o", tmp_path / "out", "--check", "known-vulnerabilities", home=tmp_path)
    assert "openssh 1:9.2p1-2+deb12u1, which ssh.service runs, has 1 known grave flaw" in again.stdout


def test_what_is_no_osv_data_is_refused_before_the_image_is_read(gateway: Path, tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("no zip")
    ended = run_iotscan("image", gateway, "-o", tmp_path / "out", "--advisories", tmp_path / "notes.txt", home=tmp_path)
    assert ended.returncode == 2
    assert len(ended.stderr.strip().splitlines()) == 1
    assert "notes.txt cannot be read (it is no zip): give OSV data" in ended.stderr
    assert not (tmp_path / "out").exists()
