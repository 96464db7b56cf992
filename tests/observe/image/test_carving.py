"""What unblob makes of what we do not read: limits, faults and lies of it, and that nothing of it stays behind.

Most run against a program of ours in unblob's place, as no tool makes unblob hang or lie; one runs the real one.
"""

import importlib.util
import io
import json
import os
import signal
import subprocess
import sys
import tarfile
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest

from iotscan.observe.image import carved_report, carver, carving
from iotscan.observe.image.blob import Bytes
from iotscan.observe.image.budget import Budget, Limits
from iotscan.observe.image.carving import carve
from iotscan.observe.image.opening import BadImage, open_image
from iotscan.observe.image.site import Site
from iotscan.observe.image.unreadable import Unreadable

UNKNOWN = b"what no reader knows " * 400
GOOD = """
files = {"etc/passwd": "root:*:0:0::/:/bin/sh\\n", "bin/sh": "x", "etc/shadow": "root:*:::::::\\n"}
for name, text in files.items():
    place = pathlib.Path("out/blob_extract") / name
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_text(text)
"""
CHUNK = {"__typename__": "ChunkReport", "handler_name": "vendorfs", "is_encrypted": False, "extraction_reports": []}


@pytest.fixture
def room(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where temporary files go."""
    room = tmp_path / "room"
    room.mkdir()
    monkeypatch.setenv("TMPDIR", str(room))
    return room


@pytest.fixture
def unblob(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, room: Path) -> Callable[..., None]:
    """Puts a program in unblob's place that does ``body`` and leaves these reports."""

    def put(body: str, *reports: object) -> None:
        package = tmp_path / "site" / "unblob"
        package.mkdir(parents=True)
        (package / "__init__.py").touch()
        said = json.dumps([{"task": {}, "reports": reports}])
        (package / "cli.py").write_text(
            f"import os, pathlib, signal, subprocess, sys\n{body}\npathlib.Path('report.json').write_text({said!r})\n"
        )
        monkeypatch.syspath_prepend(tmp_path / "site")

    return put


@pytest.fixture
def image(tmp_path: Path) -> Path:
    place = tmp_path / "image.bin"
    place.write_bytes(UNKNOWN)
    return place


def places(site: Site) -> list[tuple[str, str, str]]:
    return [(place.path, place.role, place.problem) for place in site.places]


def why(budget: Budget | None = None) -> str:
    """Why nothing came back."""
    with pytest.raises(Unreadable) as refusal:
        carve(Bytes(UNKNOWN), budget or Budget())
    return str(refusal.value)


def test_what_it_found_is_a_place_and_the_run_stays_incomplete(
    unblob: Callable[..., None], image: Path, room: Path
) -> None:
    unblob(GOOD, CHUNK)
    site = open_image(image)
    lost = "made by unblob: owners, modes and links are not those of the image"
    assert places(site) == [
        ("", "opaque", "its format is not known; unblob found vendorfs in it"),
        ("unblob", "root", lost),
    ]
    tree = site.places[1].tree
    assert tree is not None
    assert not tree.keeps_permissions
    assert tree.read("/etc/passwd", 5) == b"root:"
    del site, tree
    assert list(room.iterdir()) == []


def test_its_process_sees_nothing_of_ours(
    unblob: Callable[..., None], image: Path, room: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("A_TOKEN", "value")
    looks = """
import resource
said = [oct(os.stat(".").st_mode & 0o777), "A_TOKEN" in os.environ, os.getsid(0) == os.getpid(), sys.stdin.read()]
said += [resource.getrlimit(resource.RLIMIT_CORE)[1], resource.getrlimit(resource.RLIMIT_AS)[0] <= 4 << 30]
said += [sys.argv[1:]]
pathlib.Path("out/blob_extract/seen").write_text(repr(said))
"""
    unblob(GOOD + looks, CHUNK)
    tree = open_image(image).places[1].tree
    assert tree is not None
    words = "--extract-dir out --depth 1 --randomness-depth 0 --process-num 1 --report report.json --log log blob"
    seen = ["0o700", False, True, "", 0, True, words.split()]
    assert tree.read("/seen", 1000).decode() == repr(seen)


def test_pieces_are_places_of_their_own(unblob: Callable[..., None], image: Path) -> None:
    body = """
for name in ("0-9.vendorfs_extract/etc", "0-9.vendorfs_extract/usr", "20-90.gzip_extract"):
    os.makedirs(f"out/blob_extract/{name}")
pathlib.Path("out/blob_extract/9-20.unknown").write_text("left over")
"""
    unknown = {"__typename__": "UnknownChunkReport", "size": 11}
    unblob(body, {"__typename__": "CarveDirectoryReport"}, CHUNK, CHUNK, unknown)
    site = open_image(image)
    said = "its format is not known; unblob found vendorfs (2x) in it, pieces that are not known: 1 (11 bytes)"
    assert site.places[0].problem == said
    assert [(p.path, p.role) for p in site.places[1:]] == [
        ("unblob", "files"),
        ("unblob/0-9.vendorfs_extract", "root"),
        ("unblob/20-90.gzip_extract", "files"),
    ]
    rest = site.places[1].tree
    assert rest is not None
    assert [entry.path for entry in rest.walk()] == ["/9-20.unknown"]


def test_links_lead_nowhere_out(unblob: Callable[..., None], image: Path, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("of the host")
    links = f"""
os.symlink({str(tmp_path / "secret")!r}, "out/blob_extract/etc/out")
os.symlink("../../../../secret", "out/blob_extract/etc/up")
os.symlink({str(tmp_path)!r}, "out/blob_extract/var")
"""
    unblob(GOOD + links, CHUNK)
    tree = open_image(image).places[1].tree
    assert tree is not None
    assert [tree.find(path) for path in ("/etc/out", "/etc/up", "/var/secret")] == [None, None, None]


@pytest.mark.parametrize("link", ["out", "out/blob_extract"])
def test_an_output_that_is_a_link_is_not_read(
    unblob: Callable[..., None], image: Path, tmp_path: Path, link: str
) -> None:
    (tmp_path / "host" / "blob_extract" / "etc").mkdir(parents=True)
    (tmp_path / "host" / "etc").mkdir()
    unblob(f"os.makedirs({link!r} + '/..', exist_ok=True)\nos.path.isdir({link!r}) and os.rmdir({link!r})\n"
           f"os.symlink({str(tmp_path / 'host')!r}, {link!r})", CHUNK)  # fmt: skip
    with pytest.raises(BadImage, match="unblob found vendorfs"):
        open_image(image)


def test_a_vendors_squashfs_is_handed_over_and_what_it_needs_is_named(unblob: Callable[..., None], image: Path) -> None:
    image.write_bytes(b"shsq" + bytes(8192))
    needs = {"__typename__": "ExtractorDependencyNotFoundReport", "severity": "ERROR", "dependencies": ["sasquatch"]}
    unblob("import atexit; atexit.register(os._exit, 1)", CHUNK | {"extraction_reports": [needs]})
    (place,) = open_image(image).places
    assert place.role == "opaque"
    said = "unblob found vendorfs in it, unblob says: it needs sasquatch, unblob ended with exit code 1"
    assert place.problem == f"a vendor's squashfs (shsq) is not read; {said}"


def test_a_program_that_hangs_is_killed_with_what_it_started(unblob: Callable[..., None], room: Path) -> None:
    body = "child = subprocess.Popen(['sleep', '600'])\n"
    body += f"pathlib.Path({str(room.parent / 'child')!r}).write_text(str(child.pid))\nchild.wait()"
    unblob(body, CHUNK)
    assert why(Budget(Limits(seconds=4.0))) == "unblob was stopped: it took longer than 2 s"
    assert is_gone(int((room.parent / "child").read_text()))
    assert list(room.iterdir()) == []


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("for n in range(99): pathlib.Path(f'{n}').write_bytes(bytes(100_000))", "it wrote more than 0 MiB"),
        ("for n in range(99): pathlib.Path(f'{n}').touch()\nsignal.pause()", "it made more than 50 files"),
    ],
)
def test_output_has_limits(unblob: Callable[..., None], room: Path, body: str, said: str) -> None:
    unblob(body, CHUNK)
    assert why(Budget(Limits(unpacked=1_500_000, entries=50, seconds=60.0))) == f"unblob was stopped: {said}"
    assert list(room.iterdir()) == []


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ("os.kill(os.getpid(), signal.SIGSEGV)", -11),
        # One file that is larger than all may be is stopped by the system, not by looking.
        ("open('huge', 'wb').truncate(1 << 30)", 1),
        ("os.symlink('/etc/passwd', 'report.json'); os._exit(0)", 0),
    ],
)
def test_no_report_is_no_answer(unblob: Callable[..., None], room: Path, body: str, code: int) -> None:
    unblob(body, CHUNK)
    assert why(Budget(Limits(unpacked=1 << 24))) == f"unblob left no report that can be read (exit code {code})"
    assert list(room.iterdir()) == []


def test_when_our_process_is_killed_everything_goes(unblob: Callable[..., None], image: Path, room: Path) -> None:
    unblob(f"pathlib.Path({str(room.parent / 'pid')!r}).write_text(str(os.getpid()))\nsignal.pause()", CHUNK)
    ours = "import sys; from pathlib import Path; from iotscan.observe.image.opening import open_image as o;"
    paths = os.pathsep.join(sys.path)
    process = subprocess.Popen(
        (sys.executable, "-c", f"{ours} o(Path(sys.argv[1]))", image), env={**os.environ, "PYTHONPATH": paths}
    )
    running = room.parent / "pid"
    eventually(lambda: running.exists() and bool(running.read_text()))
    process.kill()
    process.wait()
    eventually(lambda: is_gone(int(running.read_text())) and not list(room.iterdir()))


def test_it_is_not_started_for_ever(unblob: Callable[..., None], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(carving, "RUNS", 1)
    monkeypatch.setattr(carving, "LARGEST", 10_000)
    unblob("", CHUNK)
    budget = Budget()
    assert carve(Bytes(UNKNOWN), budget).parts == ()
    assert why(budget) == "unblob was started 1 times for this image already"
    with pytest.raises(Unreadable, match="larger than unblob is given"):
        carve(Bytes(UNKNOWN * 2), budget)
    assert carve(Bytes(b"tiny"), budget).said == ""


def test_without_it_the_extra_is_named(image: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(carving, "is_installed", lambda: False)
    with pytest.raises(BadImage) as refusal:
        open_image(image)
    assert str(refusal.value).endswith("its format is not known; unblob may know it: pip install 'iotscan[unblob]'")
    image.write_bytes(b"shsq" + bytes(8192))
    assert open_image(image).places[0].problem.endswith("pip install 'iotscan[unblob]'")


def test_a_report_that_is_new_to_us_is_named() -> None:
    reports = [CHUNK | {"is_encrypted": True}, {"__typename__": "NewTrouble"}, {"__typename__": "NewTrouble"}]
    verdict = carved_report.read(json.dumps([{"reports": reports}]).encode())
    assert verdict.said == "unblob found vendorfs in it, unblob says: NewTrouble (2x), encrypted pieces"
    assert carved_report.read(b"[]").said == "unblob does not know it either"
    for broken in (b"{", b"[" * 100_000):
        with pytest.raises(Unreadable):
            carved_report.read(broken)


def test_a_folder_that_closes_itself_is_removed(tmp_path: Path) -> None:
    (tmp_path / "own" / "in" / "deep").mkdir(parents=True)
    (tmp_path / "own" / "in" / "deep" / "file").touch()
    (tmp_path / "own" / "out").symlink_to(tmp_path)
    (tmp_path / "own" / "in" / "deep").chmod(0)
    (tmp_path / "own" / "in").chmod(0)
    carver.remove(tmp_path / "own")
    assert list(tmp_path.iterdir()) == []


def test_the_real_one(image: Path, room: Path) -> None:
    if importlib.util.find_spec("unblob") is None:
        # 100 MB of packages that nothing else needs.
        pytest.skip("unblob is not installed: pip install 'iotscan[unblob]'")
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as archive:
        for name in ("etc/passwd", "etc/issue", "usr/lib/x"):
            member = tarfile.TarInfo(name)
            member.size = 3000
            archive.addfile(member, io.BytesIO(bytes(range(250)) * 12))
    noise = b"".join(os.urandom(3000) for _ in range(1))
    image.write_bytes(noise + packed.getvalue() + noise)
    site = open_image(image)
    assert site.places[0].problem.startswith(
        "its format is not known; unblob found gzip in it, pieces that are not known: 2 (6,000 bytes)"
    )
    (root,) = site.roots
    assert root.path.startswith(f"unblob/{len(noise)}-")
    assert root.tree is not None
    assert root.tree.read("/etc/issue", 3) == b"\0\1\2"
    del site, root
    assert list(room.iterdir()) == []


def is_gone(pid: int) -> bool:
    with suppress(ProcessLookupError, FileNotFoundError):
        os.kill(pid, signal.SIGCONT)
        # A zombie whose parent has not looked yet runs no more.
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    return True


def eventually(holds: Callable[[], bool]) -> None:
    """Ask until it holds: a process that is not ours has no end that could be waited for."""
    ends = time.monotonic() + 60
    while not holds():
        assert time.monotonic() < ends
        time.sleep(0.02)
