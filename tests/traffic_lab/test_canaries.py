"""What was said in the clear and is secret: in nothing that a run leaves, writes meanwhile, or shows to others."""

import os
import subprocess
import sys
import threading
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.program import PROGRAM, environment
from tests.traffic_lab.canaries import OPAQUE, SECRETS, all_forms, all_talks
from tests.traffic_lab.spoken import write_capture
from tests.traffic_lab.understanding import understood

TEXTS = ("csv", "cyclonedx", "github-summary", "gitlab-codequality", "html", "json", "jsonl", "junit", "md", "sarif",
         "sarif-github", "text", "docx")  # fmt: skip
NEVER_READ = {"mqtt-auth", "mqtt-again", "mqtt-will", "rtsp-uri", "syslog", "xoauth2", "mail-body", "modbus"}
"""Nobody looks there for secrets: what is not kept need not be hidden."""


class Watch:
    """Reads what appears in a folder, and the command lines of all processes below this one, until it is left."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._is_over = threading.Event()
        self._thread = threading.Thread(target=self._look)
        self.files: dict[str, bytes] = {}
        self.lines: set[bytes] = set()

    def __enter__(self) -> "Watch":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._is_over.set()
        self._thread.join()

    def _look(self) -> None:
        while not self._is_over.wait(0.005):
            for path in self._folder.rglob("*"):
                self._read(path)
            for process in Path("/proc").glob("[0-9]*/cmdline"):
                try:
                    self.lines.add(process.read_bytes())
                except OSError:
                    continue

    def _read(self, path: Path) -> None:
        try:
            if path.is_file():
                self.files[str(path)] = self.files.get(str(path), b"") + path.read_bytes()
        except OSError:
            return


@pytest.fixture(scope="module")
def capture(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_capture(tmp_path_factory.mktemp("said") / "lan.pcap", all_talks())


def told(data: bytes, where: str) -> list[str]:
    """Which secrets stand in some bytes, in whatever writing."""
    text = data.decode("utf-8", "replace")
    return [f"{name} in {where}" for name, form in all_forms().items() if len(form) > 5 and form in text]


def left(folder: Path) -> Iterator[tuple[str, bytes]]:
    """All files, and those within documents."""
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            yield str(path.relative_to(folder)), path.read_bytes()
        if path.suffix == ".docx":
            with zipfile.ZipFile(path) as document:
                yield from ((f"{path.name} {name}", document.read(name)) for name in document.namelist())


def test_each_is_seen_where_it_stands(capture: Path) -> None:
    heard = understood(capture)
    hidden = [secret for said in heard.all for secret in said.secrets]
    missed = {name for name, secret in SECRETS.items() if not any(secret in one for one in hidden)}
    assert missed == NEVER_READ


@pytest.mark.parametrize("level", ["standard", "strict", "off"])
def test_no_secret_is_left_anywhere(capture: Path, tmp_path: Path, level: str) -> None:
    home, work, temporary = tmp_path / "home", tmp_path / "work", tmp_path / "tmp"
    for folder in (home, work, temporary):
        folder.mkdir()
    formats = [word for name in TEXTS for word in ("-f", f"{name}:{work / name}.out")]
    with Watch(temporary) as watch:
        ended = subprocess.run(
            [*PROGRAM, "traffic", str(capture), *formats, "--redact", level, "--color", "always", "--show-passed"],
            cwd=work, env=environment(home, TMPDIR=str(temporary)), capture_output=True, timeout=120, check=False,
        )  # fmt: skip
    assert ended.returncode in (0, 1, 3), ended.stderr
    (work / "report.docx").write_bytes((work / "docx.out").read_bytes())
    files = {**dict(left(home)), **dict(left(work)), **watch.files}
    assert any(name.endswith(".sqlite") for name in files)
    files |= {"standard output": ended.stdout, "standard error": ended.stderr, "argv": b"\n".join(watch.lines)}
    assert not [leak for name, data in files.items() for leak in told(data, name)]


def test_what_was_exposed_is_told(capture: Path) -> None:
    """The other half of the test above: silence would keep every secret."""
    shown = understood(capture).shown()
    for word in ("HTTP Basic password of admin", "/hook/*/send", "devices/*/state", "telnet password of root",
                 "AMQP password of ann", "/firmware/*.swu", "SNMP 2c community", "/rd/*", "read *"):  # fmt: skip
        assert word in shown
    assert not [name for name, token in OPAQUE.items() if token in shown and name != "host"]


FAILING = """
import sys
from iotscan.observe.traffic.content import finding
def fail(*args, **kwargs):
    raise RuntimeError("a reader that fails")
finding.masked = fail
from iotscan.cli.main import main
sys.argv = ["iotscan", *sys.argv[1:]]
main()
"""


def test_a_reader_that_fails_tells_none(capture: Path, tmp_path: Path) -> None:
    """Readers run in a process of their own: here it is this one that is broken, too."""
    script = tmp_path / "sitecustomize.py"
    script.write_text(FAILING.partition("from iotscan.cli")[0])
    home = tmp_path / "home"
    home.mkdir()
    ended = subprocess.run(
        [sys.executable, "-c", FAILING, "traffic", str(capture), "-f", "json:report.json"],
        cwd=home, env=environment(home, PYTHONPATH=f"{tmp_path}{os.pathsep}{os.environ.get('PYTHONPATH', '')}"),
        capture_output=True, timeout=120, check=False,
    )  # fmt: skip
    files = {**dict(left(home)), "standard output": ended.stdout, "standard error": ended.stderr}
    assert not [leak for name, data in files.items() for leak in told(data, name)]
