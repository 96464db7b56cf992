"""``iotscan image`` on root file systems good, bad and hostile."""

import os
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from iotscan.model.run import Run
from iotscan.store.runs import read_run
from tests.pipeline import images
from tests.pipeline.images import bare, write
from tests.program import run_iotscan

CANARY = "host-file-that-no-image-may-show"


@pytest.fixture
def good(tmp_path: Path) -> Path:
    return images.good(tmp_path / "good")


@pytest.fixture
def bad(tmp_path: Path) -> Path:
    """An empty root password, a private key for everybody, updates from anybody."""
    root = bare(tmp_path / "bad")
    write(root, "etc/shadow", "root::19000:0:99999:7:::\n")
    write(root, "etc/swupdate.cfg", "globals: { verbose = true; };\n")
    write(root, "etc/opkg.conf", "src/gz base http://feed.example/base\ndest root /\n")
    made = subprocess.run(["openssl", "genpkey", "-algorithm", "ed25519"], capture_output=True, text=True, check=True)
    write(root, "etc/ssl/private/device.key", made.stdout)
    return root


def image(root: Path, home: Path, *words: str | Path) -> tuple[subprocess.CompletedProcess[str], Run]:
    ended = run_iotscan("image", root, "-o", home / "out", *words, home=home)
    assert "Traceback" not in ended.stderr
    assert ended.returncode in (0, 1, 3), ended.stderr
    return ended, read_run("latest", home / "out")


def outcomes(run: Run) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for result in run.results:
        found.setdefault(result.check, set()).add(result.outcome.value)
    return found


def test_a_good_image_ships(good: Path, tmp_path: Path) -> None:
    ended, run = image(good, tmp_path, "--fail-on", "high")
    assert ended.returncode == 0, [r for r in run.results if r.is_finding]
    assert {r.check for r in run.results if r.outcome in ("fail", "error")} == images.LEFT_OUT
    said = outcomes(run)
    for check in ("password-hashes", "private-keys", "updater-verification", "package-feed-signature"):
        assert said[check] == {"pass"}, check


@pytest.mark.parametrize(
    ("level", "code"), [("", 0), ("none", 0), ("critical", 1), ("high", 1), ("medium", 1), ("low", 1), ("info", 1)]
)
def test_a_bad_image_does_not(bad: Path, tmp_path: Path, level: str, code: int) -> None:
    ended, run = image(bad, tmp_path, *(("--fail-on", level) if level else ()), "-q")
    assert ended.returncode == code
    assert len(ended.stdout.splitlines()) == 1
    places = {(r.check, r.subject.path) for r in run.results if r.is_finding}
    assert places >= {
        ("password-hashes", "/etc/shadow"),
        ("private-keys", "/etc/ssl/private/device.key"),
        ("private-key-permissions", "/etc/ssl/private/device.key"),
        ("package-feed-signature", "/etc/opkg.conf"),
        ("updater-verification", "/etc/swupdate.cfg"),
    }
    lines = {r.subject.path: r.subject.line for r in run.results if r.is_finding}
    assert lines["/etc/shadow"] == 1


def test_findings_keep_their_fingerprint_where_the_image_lies(bad: Path, tmp_path: Path) -> None:
    moved = tmp_path / "elsewhere" / bad.name
    _, first = image(bad, tmp_path)
    moved.parent.mkdir()
    bad.rename(moved)
    _, second = image(moved, tmp_path / "elsewhere")
    assert [r.fingerprint for r in first.results] == [r.fingerprint for r in second.results]


def test_nothing_is_written_into_the_image(bad: Path, tmp_path: Path) -> None:
    before = {p: p.lstat() for p in (bad, *bad.rglob("*"))}
    image(bad, tmp_path)
    # Reading changes the time of access at most.
    assert {p: (s.st_mode, s.st_size, s.st_mtime_ns, s.st_ctime_ns) for p, s in before.items()} == {
        p: (s.st_mode, s.st_size, s.st_mtime_ns, s.st_ctime_ns) for p in (bad, *bad.rglob("*")) for s in (p.lstat(),)
    }


@pytest.fixture
def hostile(tmp_path: Path) -> Iterator[Path]:
    """Links to the host, links in a circle, things that block, names that lie."""
    host = tmp_path / "host"
    made = subprocess.run(["openssl", "genpkey", "-algorithm", "ed25519"], capture_output=True, text=True, check=True)
    write(host, "secret.key", made.stdout)
    write(host, "shadow", f"{CANARY}::19000:0:99999:7:::\n")
    root = bare(tmp_path / "hostile")
    (root / "etc/shadow").symlink_to(host / "shadow")
    (root / "etc/shadow-").symlink_to("/etc/shadow")
    (root / "etc/host").symlink_to(host)
    (root / "etc/up.key").symlink_to("../../host/secret.key")
    (root / "etc/up").symlink_to("../../../../../../../../" + str(host))
    (root / "etc/loop").symlink_to("loop")
    (root / "etc/a").symlink_to("b")
    (root / "etc/b").symlink_to("a")
    (root / "etc/circle").symlink_to(".")
    os.mkfifo(root / "etc/opkg.conf")
    os.mkfifo(root / "etc/pipe.key")
    (root / "etc/opkg").symlink_to("/proc/self")
    write(root, "etc/\x1b]0;owned\x07\u202e.key", made.stdout)
    write(root, "etc/[bold]<b>{{7*7}}.key", made.stdout)
    write(root, "etc/locked/inside", "x")
    (root / "etc/locked/inside").chmod(0)
    (root / "etc/locked").chmod(0)
    listening = socket.socket(socket.AF_UNIX)
    here = os.getcwd()
    os.chdir(root / "etc")  # the path of a UNIX socket is short
    listening.bind("socket.key")
    os.chdir(here)
    yield root
    listening.close()
    (root / "etc/locked").chmod(0o700)


@pytest.mark.timeout(60)
def test_a_hostile_image_shows_nothing_of_the_host(hostile: Path, tmp_path: Path) -> None:
    ended, run = image(hostile, tmp_path, "--color", "always", "--width", "100")
    kept = "".join(p.read_text() for p in (tmp_path / "out").rglob("*.json"))
    for text in (ended.stdout, ended.stderr, kept):
        assert CANARY not in text
        assert "\x1b]" not in text
        assert "\u202e" not in text
    shown = {r.subject.path for r in run.results if r.is_finding}
    assert not any("host" in path or "up.key" in path for path in shown)
    assert sum(r.check == "private-keys" for r in run.results if r.is_finding) == 2, "two keys are the image's own"
    assert outcomes(run)["password-hashes"] != {"pass"}, "a shadow file that is not there proves nothing"


@pytest.mark.timeout(60)
@pytest.mark.parametrize("given", ["empty", "loop", "fifo", "proc"])
def test_what_is_no_image_is_refused(tmp_path: Path, given: str) -> None:
    place = tmp_path / given
    match given:
        case "empty":
            place.mkdir()
        case "loop":
            place.symlink_to(place)
        case "fifo":
            os.mkfifo(place)
        case _:
            place = Path("/proc/self")
    ended = run_iotscan("image", place, "-o", tmp_path / "out", home=tmp_path)
    assert (ended.returncode, ended.stdout) == (2, "")
    assert ended.stderr.startswith("iotscan: ")
    assert len(ended.stderr.splitlines()) == 1
    assert not (tmp_path / "out").exists()
